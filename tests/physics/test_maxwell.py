"""The field solver against closed forms: coaxial lines, a dipole, Poynting's theorem, reciprocity, convergence."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.physics.dielectric import power_attenuation
from gpu_ablate.physics.maxwell import AntennaField, solve
from gpu_ablate.physics.maxwell_geometry import (
    AxialGrid,
    CoaxialAntenna,
    Ring,
    Spacing,
    Window,
    complex_permittivity,
    graded_grid,
    graded_lines,
)
from gpu_ablate.physics.maxwell_system import discretise

MM = 1e-3
F = 2.45e9
LINE = 40 * MM
"""Distance from the feed of a coaxial line to its load."""

Load = list[tuple[float, float, float, float]]
"""Sections of a line below z = 0: from and to [m], ε', σ [S/m]."""


def coaxial_line(load: Load, spacing: float, depth: float = 60 * MM) -> AntennaField:
    """A line of PTFE between r = 1 and 3 mm from z = 0 to the feed, and its load below; without any, a short."""
    rings = [Ring("metal", 0.0, math.inf, -math.inf, math.inf, conductivity=math.inf)]
    rings.append(Ring("line", 1 * MM, 3 * MM, 0.0, math.inf, 2.03))
    rings += [Ring("load", 1 * MM, 3 * MM, low, high, er, sigma) for low, high, er, sigma in load]
    antenna = CoaxialAntenna(F, tuple(rings), 1 * MM, 3 * MM, LINE)
    z = spacing * np.arange(round(-depth / spacing), round(LINE / spacing) + 1)
    return solve(discretise(antenna, AxialGrid(np.r_[0.0, np.linspace(1, 3, 9), 4.0] * MM, z)), 1.0)


def half_space(er: float, sigma: float) -> Load:
    return [(-math.inf, 0.0, er, sigma)]


def index(er: float, sigma: float) -> complex:
    return complex(np.sqrt(complex_permittivity(er, sigma, F)))


def reflected_by(er: float, sigma: float) -> complex:
    """Γ at the feed of a line whose dielectric changes at z = 0: impedances go as 1/n."""
    line, load = index(2.03, 0.0), index(er, sigma)
    wave = 2.0 * math.pi * F / 299792458.0
    return (line - load) / (line + load) * complex(np.exp(-2j * wave * line * LINE))


def halved(grid: AxialGrid) -> AxialGrid:
    r, z = (np.sort(np.append(x, 0.5 * (x[1:] + x[:-1]))) for x in (grid.r, grid.z))
    return AxialGrid(r, z)


def monopole(length: float, medium: complex, spacing: Spacing, radius: float) -> tuple[AntennaField, complex]:
    """A bare wire of 0.2 mm that stands on a plane of metal, z = 0, fed from behind: field, and its impedance [Ω]."""
    rings = (
        Ring("plane", 0.0, math.inf, 0.0, math.inf, conductivity=math.inf),
        Ring("line", 0.1 * MM, 0.23 * MM, 0.0, math.inf),
        Ring("wire", 0.0, 0.1 * MM, -length, 0.0, conductivity=math.inf),
    )
    antenna = CoaxialAntenna(F, rings, 0.1 * MM, 0.23 * MM, 3 * MM)
    system = discretise(antenna, graded_grid(antenna, Window(radius, -radius, 3 * MM), spacing))
    field = solve(system, medium)
    at_plane = field.reflection * np.exp(2j * antenna.wavenumber * 3 * MM)
    return field, complex(system.feed.impedance * (1.0 + at_plane) / (1.0 - at_plane))


def test_matched_line() -> None:
    """A line that goes on reflects nothing, carries its watt out, and V/I is its impedance throughout."""
    field = coaxial_line(half_space(2.03, 0.0), 1 * MM)
    assert field.reflected < 1e-4
    assert field.escaped == pytest.approx(1.0, abs=1e-4)
    radial, axial = field.electric
    r = field.grid.r[1:10]
    voltage = radial[:, 1:9] @ (np.sqrt(0.5 * (r[1:] ** 2 + r[:-1] ** 2)) * np.log(r[1:] / r[:-1]))
    current = 2.0 * math.pi * 0.5 * (field.u[1:, 4] + field.u[:-1, 4])
    impedance = 376.730313 / math.sqrt(2.03) * math.log(3.0) / (2.0 * math.pi)
    assert -voltage / current == pytest.approx(np.full(len(current), impedance), rel=0.012)
    assert np.mean(-voltage[:86] / current[:86]) == pytest.approx(impedance, rel=1e-3)  # over one wavelength
    assert 0.5 * impedance * np.abs(current) ** 2 == pytest.approx(np.ones(len(current)), rel=0.02)
    assert np.abs(axial).max() < 1e-9 * np.abs(radial).max()


def test_short() -> None:
    field = coaxial_line([], 1 * MM)
    phase = np.exp(-2j * field.antenna.wavenumber * math.sqrt(2.03) * LINE)
    assert field.reflection == pytest.approx(complex(-phase), abs=3e-4)
    assert field.escaped == pytest.approx(0.0, abs=1e-12)


TISSUES = [(43.04, 1.686, 10.43), (5.147, 0.137, 44.2), (57.20, 1.968, 10.28)]
"""ε', σ [S/m] and the published depth at which a plane wave keeps 1/e of its power [mm]: liver, fat, gland."""


@pytest.mark.parametrize(("er", "sigma", "depth_mm"), TISSUES)
def test_plane_wave(er: float, sigma: float, depth_mm: float) -> None:
    """In a line filled with tissue, power falls like that of a plane wave."""
    field = coaxial_line(half_space(er, sigma), 1 * MM)
    z, density = field.grid.heights, field.absorbed.sum(axis=1)
    inside = (z < -2 * MM) & (z > -40 * MM)
    found = 1.0 / np.polyfit(z[inside], np.log(density[inside]), 1)[0]
    assert found == pytest.approx(1.0 / power_attenuation(er, sigma, F), rel=1e-3)
    assert found / MM == pytest.approx(depth_mm, rel=2e-3)


@pytest.mark.parametrize(("er", "sigma", "_depth"), TISSUES)
def test_reflection_by_tissue(er: float, sigma: float, _depth: float) -> None:
    """Size and phase as Fresnel's formula has them; the error falls with the square of the cells' size."""
    errors = [abs(coaxial_line(half_space(er, sigma), h * MM).reflection - reflected_by(er, sigma)) for h in (2, 1)]
    assert errors[1] < 0.01 * abs(reflected_by(er, sigma))
    if sigma > 1.0:  # in fat the layer's own reflection, 0.001, takes over
        assert math.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_reciprocity() -> None:
    """As much goes through an uneven lossy stretch of line from one side as from the other."""
    stretch = [(-10 * MM, 0.0, 20.0, 0.8), (-16 * MM, -10 * MM, 5.0, 0.1), (-30 * MM, -16 * MM, 9.0, 0.0)]
    turned = [(-30 * MM - low, -30 * MM - high, er, sigma) for high, low, er, sigma in stretch]
    rest = (-math.inf, -30 * MM, 2.03, 0.0)
    one, other = (coaxial_line([*part, rest], 0.5 * MM) for part in (stretch, turned))
    assert abs(one.reflected - other.reflected) > 0.05
    assert one.escaped == pytest.approx(other.escaped, rel=2e-3)


@pytest.mark.parametrize(("er", "sigma"), [(43.04, 1.686), (57.20, 1.968), (5.147, 0.137), (1.0, 0.0)])
def test_short_monopole_is_a_dipole(er: float, sigma: float) -> None:
    """|E|² of Hertz's dipole in a lossy medium, from 6 to 45 mm and in all directions, over a hundred decibels.

    E_R = 2 cosθ/R² (1 + 1/x) e^-x, E_θ = jk sinθ/R (1 + 1/x + 1/x²) e^-x, x = jkR (Balanis 2005, Antenna Theory, 4.2).
    """
    medium = complex(complex_permittivity(er, sigma, F))
    field, _ = monopole(1 * MM, medium, Spacing(0.05 * MM, 1.25, 0.5 * MM), 50 * MM)
    r, z = np.broadcast_arrays(field.grid.radii, field.grid.heights[:, None])
    distance, theta = np.hypot(r, z), np.arctan2(r, -z)
    wave = field.antenna.wavenumber * np.sqrt(medium)
    x = 1j * wave * distance
    radial = 2.0 * np.cos(theta) / distance**2 * (1.0 + 1.0 / x)
    polar = 1j * wave * np.sin(theta) / distance * (1.0 + 1.0 / x + 1.0 / x**2)
    dipole = (np.abs(radial) ** 2 + np.abs(polar) ** 2) * np.abs(np.exp(-2.0 * x))
    far = (distance > 6 * MM) & (distance < 45 * MM) & (z < 0.0) & (r > 2 * MM)
    ratio = field.half_square[far] / dipole[far]
    assert ratio / np.median(ratio) == pytest.approx(np.ones(len(ratio)), abs=0.05)
    assert np.std(ratio) < 0.012 * np.median(ratio)


def test_resonant_monopole() -> None:
    """A thin wire resonates where it is 0.235-0.24 wavelengths long, with half of a dipole's 67-72 Ω (Balanis 4.6)."""
    wavelength = 299792458.0 / F
    spacing = Spacing(0.05 * MM, 1.25, 3 * MM)
    shorter, longer = (monopole(share * wavelength, 1.0, spacing, 90 * MM)[1] for share in (0.235, 0.24))
    assert shorter.imag < 0.0 < longer.imag
    assert 33.5 < shorter.real < longer.real < 37.0


def can_theorem(field: AntennaField) -> float:
    """Poynting's theorem for a can around the slot: power in through its surface, from E and H there, less absorbed."""
    grid, (radial, axial) = field.grid, field.electric
    wall, low, high = (int(np.argmin(np.abs(x - at))) for x, at in ((grid.r, 10e-3), (grid.z, -4e-3), (grid.z, 30e-3)))
    e_z = 0.5 * (axial[low:high, wall - 1] + axial[low:high, wall])
    u_side = 0.5 * (field.u[low:high, wall] + field.u[low + 1 : high + 1, wall])
    entering = float(np.sum(math.pi * np.real(e_z * u_side.conj()) * np.diff(grid.z)[low:high]))
    for line, sign in ((low, 1.0), (high, -1.0)):
        e_r = 0.5 * (radial[line - 1, :wall] + radial[line, :wall])
        u_end = 0.5 * (field.u[line, :wall] + field.u[line, 1 : wall + 1])
        entering += sign * float(np.sum(math.pi * np.real(e_r * u_end.conj()) * np.diff(grid.r)[:wall]))
    return entering - float(field.absorbed[low:high, :wall].sum())


def slot_antenna() -> CoaxialAntenna:
    rings = (
        Ring("catheter", 0.0, 0.9 * MM, 0.0, math.inf, 2.6),
        Ring("metal", 0.0, 0.6 * MM, 0.5 * MM, math.inf, conductivity=math.inf),
        Ring("line", 0.15 * MM, 0.5 * MM, 0.6 * MM, math.inf, 2.03),
        Ring("slot", 0.5 * MM, 0.6 * MM, 6 * MM, 7 * MM),
    )
    return CoaxialAntenna(F, rings, 0.15 * MM, 0.5 * MM, 60 * MM)


def series(spacing: Spacing, count: int) -> list[AntennaField]:
    """The slot antenna in gland on a grid and its halvings."""
    antenna = slot_antenna()
    grids = [graded_grid(antenna, Window(30 * MM, -10 * MM, 60 * MM), spacing)]
    for _ in range(count - 1):
        grids.append(halved(grids[-1]))
    return [solve(discretise(antenna, grid), complex_permittivity(57.2, 1.968, F)) for grid in grids]


def test_convergence() -> None:
    """At edges of metal u goes as ρ^(2/3), so the order in h lies between 4/3 and 2; fields alone obey Poynting."""
    fields = series(Spacing(0.06 * MM, 1.5, 2 * MM), 4)
    absorbed = [float(field.absorbed.sum()) for field in fields]
    steps = [abs(fine - coarse) for coarse, fine in pairwise(absorbed)]
    orders = [math.log2(before / after) for before, after in pairwise(steps)]
    assert all(1.3 < order < 2.2 for order in orders)
    assert steps[-1] < 2e-4
    gaps = [abs(can_theorem(field)) for field in fields[1:]]
    assert gaps[-1] < 5e-4
    assert all(before > 3.0 * after for before, after in pairwise(gaps))


def test_standard_spacing() -> None:
    """The standard spacing gives the field outside of the antenna within 2.5 % of one with 16 times the cells."""
    coarse, _, fine = series(Spacing(), 3)
    means = (fine.half_square * fine.grid.volumes).reshape(len(coarse.grid.heights), 4, -1, 4).sum(axis=(1, 3))
    means /= coarse.grid.volumes
    beside = (coarse.piece < 0) & (coarse.grid.radii > 1.5 * MM)
    assert coarse.half_square[beside] == pytest.approx(means[beside], rel=0.025)


def test_medium_by_cells_is_medium_by_rings() -> None:
    """A layer of fat and the air behind it, given as values of cells or as rings."""
    antenna = slot_antenna()
    layers = (Ring("fat", 0.9 * MM, math.inf, 20 * MM, 25 * MM, 5.147, 0.137),)
    layers += (Ring("air", 0.9 * MM, math.inf, 25 * MM, math.inf),)
    ringed = CoaxialAntenna(F, antenna.rings + layers, 0.15 * MM, 0.5 * MM, 60 * MM)
    grid = graded_grid(ringed, Window(30 * MM, -10 * MM, 60 * MM), Spacing())
    gland = complex_permittivity(57.2, 1.968, F)
    expected = solve(discretise(ringed, grid), gland)
    medium: NDArray[np.complex128] = np.full(grid.shape, gland)
    medium[grid.heights > 20 * MM] = complex_permittivity(5.147, 0.137, F)
    medium[grid.heights > 25 * MM] = 1.0
    found = solve(discretise(antenna, grid), medium)
    assert found.half_square == pytest.approx(expected.half_square, rel=1e-9)
    assert found.absorbed_in["medium"] == pytest.approx(
        expected.absorbed_in["medium"] + expected.absorbed_in["fat"], rel=1e-9
    )
    assert expected.absorbed_in["air"] == 0.0


def test_edges_equal_but_for_rounding_make_one_line() -> None:
    lines = graded_lines(0.0, 10 * MM, {0.95 * MM, (1.05 - 0.1) * MM, 1.05 * MM}, Spacing())
    assert 0.95 * MM != (1.05 - 0.1) * MM
    assert np.diff(lines).min() > 0.005 * MM


def test_grid() -> None:
    """A line on each edge, fine cells there, none longer than the coarsest, neighbours alike."""
    antenna, spacing = slot_antenna(), Spacing()
    grid = graded_grid(antenna, Window(30 * MM, -10 * MM, 60 * MM), spacing)
    for lines, edges in ((grid.r, (0.15, 0.5, 0.6, 0.9)), (grid.z, (0.0, 0.5, 0.6, 6.0, 7.0))):
        steps = np.diff(lines)
        assert steps.max() <= spacing.coarsest * (1 + 1e-9)
        ratio = steps[1:] / steps[:-1]
        assert np.maximum(ratio, 1.0 / ratio).max() < 1.7
        for edge in edges:
            at = int(np.argmin(np.abs(lines - edge * MM)))
            assert lines[at] == edge * MM
            assert steps[at - 1 : at + 1].max() < 1.3 * spacing.finest


@pytest.mark.parametrize("medium", [43.0 + 1j, -1.0, math.nan])
def test_impossible_medium_is_refused(medium: complex) -> None:
    antenna = slot_antenna()
    system = discretise(antenna, graded_grid(antenna, Window(10 * MM, -5 * MM, 60 * MM), Spacing(coarsest=2 * MM)))
    with pytest.raises(SceneError, match="remedy"):
        solve(system, medium)


@pytest.mark.parametrize("feed", [(0.15, 0.55, 60.0), (0.15, 0.5, 6.5), (0.15, 0.5, 80.0), (0.5, 0.15, 60.0)])
def test_feed_without_line_is_refused(feed: tuple[float, float, float]) -> None:
    inner, outer, z = (x * MM for x in feed)
    antenna = CoaxialAntenna(F, slot_antenna().rings, inner, outer, z)
    with pytest.raises(SceneError, match="remedy"):
        discretise(antenna, graded_grid(antenna, Window(10 * MM, -5 * MM, 60 * MM), Spacing(coarsest=2 * MM)))
