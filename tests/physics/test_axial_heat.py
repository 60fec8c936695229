"""Pennes' equation about an axis against closed forms: the reference solution of case B1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.physics.analytic import Medium, gaussian_decay
from gpu_ablate.physics.maxwell_geometry import AxialGrid
from gpu_ablate.verification.axial_heat import axial_heat

Array = NDArray[np.float64]

MEDIUM = Medium(0.52, 1079.0 * 3540.0, 1.3e4)
STILL = Medium(0.52, 1079.0 * 3540.0)


def graded(cells: int) -> AxialGrid:
    """60 mm wide and 120 mm long, finest at the axis and in the middle."""
    way = np.linspace(0.0, 1.0, cells + 1)
    half = 60e-3 * (0.2 * way + 0.8 * way**2)
    return AxialGrid(half, np.concatenate((-half[:0:-1], half)))


def bell(grid: AxialGrid, sigma: float) -> Array:
    """exp(-ρ²/2σ²), mean over each ring."""
    across = -(sigma**2) * np.diff(np.exp(-(grid.r**2) / (2.0 * sigma**2))) / (0.5 * np.diff(grid.r**2))
    primitive = np.array([math.erf(z / (math.sqrt(2.0) * sigma)) for z in grid.z])
    along = sigma * math.sqrt(0.5 * math.pi) * np.diff(primitive) / np.diff(grid.z)
    return np.outer(along, across)


def spread(cells: int, step: float, medium: Medium = MEDIUM) -> float:
    """Greatest error of a bell of 4 mm and 10 K after 60 s [K]."""
    grid = graded(cells)
    (found,) = axial_heat(medium, grid, np.zeros(grid.shape), (60.0,), step, 10.0 * bell(grid, 4e-3))
    distance = np.hypot(grid.radii, grid.heights[:, None])
    return float(np.abs(found - gaussian_decay(medium, 10.0, 4e-3, distance, 60.0)).max())


@pytest.mark.parametrize("medium", [MEDIUM, STILL])
def test_a_bell_spreads_as_in_the_closed_form(medium: Medium) -> None:
    """Within 0.3 % of its height; A8's formula."""
    assert spread(80, 1.0, medium) < 0.01


def test_the_error_falls_with_the_square_of_the_cells() -> None:
    coarse, fine = spread(40, 0.25), spread(80, 0.25)
    assert math.log2(coarse / fine) == pytest.approx(2.0, abs=0.25)


def test_what_is_heated_is_stored() -> None:
    """Insulated and without blood, to rounding, at every step."""
    grid = graded(30)
    density = np.random.default_rng(1).uniform(0.0, 1e6, grid.shape)
    for time, rise in zip((2.0, 10.0), axial_heat(STILL, grid, density, (2.0, 10.0), 1.0), strict=True):
        stored = STILL.heat_capacity * float((rise * grid.volumes).sum())
        assert stored == pytest.approx(time * float((density * grid.volumes).sum()), rel=1e-10)


def test_evenly_heated_tissue_comes_to_what_blood_carries_off() -> None:
    """T = q/w (1 - exp(-w t/ρc)) everywhere; the half steps at the start leave 1.4e-5."""
    grid = graded(20)
    early, late = axial_heat(MEDIUM, grid, np.full(grid.shape, 1e5), (100.0, 4000.0), 1.0)
    rate = MEDIUM.perfusion / MEDIUM.heat_capacity
    assert early == pytest.approx(1e5 / MEDIUM.perfusion * (1.0 - math.exp(-100.0 * rate)), rel=2e-5)
    assert late == pytest.approx(1e5 / MEDIUM.perfusion, rel=1e-5)
