"""Power reaches the voxels: normalised, the same at every angle, weighted by the tissue."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu_ablate.case.grid import Grid
from gpu_ablate.engine.deposit import axial_density, point_shares
from gpu_ablate.physics.antenna import line_source, power_attenuation

GRID = Grid((96, 96, 96), 1e-3, (-48e-3, -48e-3, -48e-3))


def test_the_line_source_holds_one_watt() -> None:
    """∫ 2πr q dr dz = 1 by an independent quadrature of the table."""
    source = line_source(10e-3, 0.8e-3, 98.0)
    r = np.geomspace(0.8e-3, source.reach * 0.999, 4000)
    z = np.linspace(0.0, source.reach * 0.999, 3000)
    rows = np.array([np.trapezoid(source.density(np.full_like(z, radius), z), z) for radius in r])
    assert 2.0 * np.trapezoid(2.0 * math.pi * r * rows, r) == pytest.approx(1.0, abs=3e-3)


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.6, 0.0, 0.8), (0.48, 0.6, 0.64)])
def test_deposited_power_does_not_depend_on_the_angle(direction: tuple[float, float, float]) -> None:
    """Within 1 % of one watt less what leaves the box, whatever the angle and the place among the voxels."""
    source = line_source(10e-3, 0.8e-3, 98.0)
    field = axial_density(GRID, source, (0.3e-3, -0.2e-3, 0.4e-3), direction)
    z, y, x = np.meshgrid(*GRID.axes()[::-1], indexing="ij")
    within = np.sqrt(x**2 + y**2 + z**2) < 40e-3
    # a point radiator leaves exp(-2α·40 mm) = 2 % beyond 40 mm; a line of 10 mm hardly differs
    assert field[within].sum() * GRID.cell_volume == pytest.approx(1.0 - math.exp(-98.0 * 40e-3), abs=0.01)


def test_a_point_shares_its_watt_among_eight_cells() -> None:
    cells, shares = point_shares(GRID, (0.3e-3, -0.2e-3, 0.4e-3))
    assert len(set(cells.tolist())) == 8
    assert shares.min() > 0.0
    assert shares.sum() * GRID.cell_volume == pytest.approx(1.0, rel=1e-12)
    centre = shares @ GRID.centres()[cells] * GRID.cell_volume
    assert centre == pytest.approx([0.3e-3, -0.2e-3, 0.4e-3], abs=1e-12)


def test_what_a_point_gives_beyond_the_box_is_lost() -> None:
    """On a face half of it, on an edge three quarters."""
    low = GRID.origin[0]
    for point, kept in (((low, 0.2e-3, 0.0), 0.5), ((low, low, 0.1e-3), 0.25), ((2.0 * low, 0.0, 0.0), 0.0)):
        _, shares = point_shares(GRID, point)
        assert shares.sum() * GRID.cell_volume == pytest.approx(kept, rel=1e-12)


@pytest.mark.parametrize(
    ("permittivity", "conductivity", "depth_mm"), [(43.04, 1.686, 10.4), (5.147, 0.137, 44.2), (57.2, 1.968, 10.3)]
)
def test_a12_plane_wave_penetration(permittivity: float, conductivity: float, depth_mm: float) -> None:
    """1/2α at 2.45 GHz of liver, fat and gland (Gabriel 1996 values)."""
    assert 1e3 / power_attenuation(permittivity, conductivity, 2.45e9) == pytest.approx(depth_mm, rel=0.01)
