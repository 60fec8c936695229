"""A coaxial antenna as a list of rings, and the graded grid (r, z) around it.

The antenna's frame: r from its axis, z along it, growing from the tip towards the generator. Where z = 0 lies is the
antenna's own matter; the tip is a good place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.physics.dielectric import VACUUM_PERMEABILITY, VACUUM_PERMITTIVITY

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


def complex_permittivity(
    relative_permittivity: float | Array, conductivity: float | Array, frequency: float
) -> ComplexArray:
    """ε' - jσ/(ωε0) [-] of fields that go as exp(+jωt); σ [S m⁻¹], frequency [Hz]; the shape of the arguments.

    Source: Jin 2014, The Finite Element Method in Electromagnetics, 3rd ed.
    """
    loss = np.asarray(conductivity) / (2.0 * math.pi * frequency * VACUUM_PERMITTIVITY)
    return np.asarray(relative_permittivity - 1j * loss, dtype=np.complex128)


@dataclass(frozen=True)
class Ring:
    """What fills inner < r < outer, start < z < end [m]: a dielectric, or a perfect conductor if σ is infinite.

    end may be infinite: the ring then goes on beyond the window. conductivity [S m⁻¹] at the antenna's frequency,
    losses of polar liquids such as cooling water included. Rings of one name are reported together.
    """

    name: str
    inner: float
    outer: float
    start: float
    end: float
    relative_permittivity: float = 1.0
    conductivity: float = 0.0

    @property
    def conducts(self) -> bool:
        """Whether it is a perfect conductor."""
        return math.isinf(self.conductivity)


@dataclass(frozen=True)
class CoaxialAntenna:
    """Rings about an axis, later ones in place of earlier ones, and the coaxial line that feeds them.

    The line arrives at z = feed between the conductors at r = line_inner and line_outer [m]; what lies above, within
    line_outer, is left out like a conductor. frequency [Hz]. Cones and round tips are given as steps.
    """

    frequency: float
    rings: tuple[Ring, ...]
    line_inner: float
    line_outer: float
    feed: float

    @property
    def angular_frequency(self) -> float:
        """ω [rad s⁻¹]."""
        return 2.0 * math.pi * self.frequency

    @property
    def wavenumber(self) -> float:
        """k0 = ω √(μ0 ε0) of a plane wave in vacuum [m⁻¹]."""
        return self.angular_frequency * math.sqrt(VACUUM_PERMEABILITY * VACUUM_PERMITTIVITY)


@dataclass(frozen=True)
class Window:
    """The part of the medium that is solved: r < radius, start < z < end [m]; beyond it the medium goes on."""

    radius: float
    start: float
    end: float


@dataclass(frozen=True)
class Spacing:
    """Cell sizes [m]: finest at the edges of the rings, each next cell larger by `growth` up to the coarsest."""

    finest: float = 0.03e-3
    growth: float = 1.25
    coarsest: float = 1.0e-3

    def count(self, distance: float) -> float:
        """Number of cells up to this distance [m] from an edge: ∫ dx/h, h = min(finest + ln(growth) x, coarsest)."""
        rate, full = math.log(self.growth), self._full
        graded = math.log1p(rate * min(distance, full) / self.finest) / rate
        return graded + max(distance - full, 0.0) / self.coarsest

    def distance(self, count: float) -> float:
        """Distance [m] from an edge after so many cells; the inverse of `count`."""
        rate, graded = math.log(self.growth), self.count(self._full)
        near = self.finest * math.expm1(rate * min(count, graded)) / rate
        return near + max(count - graded, 0.0) * self.coarsest

    @property
    def _full(self) -> float:
        """Distance [m] from an edge at which the cells reach the coarsest size."""
        return (self.coarsest - self.finest) / math.log(self.growth)


@dataclass(frozen=True)
class AxialGrid:
    """Lines of a tensor grid: r (nr + 1,) from the axis outwards and z (nz + 1,) [m]. Arrays on cells are (nz, nr)."""

    r: Array
    z: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Cells along z and along r."""
        return len(self.z) - 1, len(self.r) - 1

    @cached_property
    def radii(self) -> Array:
        """Middles of the cells along r (nr,) [m]."""
        return 0.5 * (self.r[1:] + self.r[:-1])

    @cached_property
    def heights(self) -> Array:
        """Middles of the cells along z (nz,) [m]."""
        return 0.5 * (self.z[1:] + self.z[:-1])

    @cached_property
    def volumes(self) -> Array:
        """Volumes of the cells' rings (nz, nr) [m³]."""
        return np.pi * np.diff(self.z)[:, None] * np.diff(self.r**2)

    def paint(self, rings: tuple[Ring, ...]) -> NDArray[np.intp]:
        """Which ring fills each cell (nz, nr): its index, the last one that covers the cell's middle, or -1."""
        painted = np.full(self.shape, -1)
        for index, ring in enumerate(rings):
            along = (self.heights > ring.start) & (self.heights < ring.end)
            across = (self.radii > ring.inner) & (self.radii < ring.outer)
            painted[along[:, None] & across] = index
        return painted


def graded_lines(low: float, high: float, edges: set[float], spacing: Spacing) -> Array:
    """Lines from low to high [m]: one on each edge between them and half way between two edges, graded between."""
    # by their rounded values, lest two edges that differ by rounding alone make a cell without size
    inside = sorted({round(edge, 12): edge for edge in edges if low <= edge <= high}.values())
    if not inside:
        return np.linspace(low, high, math.ceil((high - low) / spacing.coarsest) + 1)
    cuts = [low, *(0.5 * (left + right) for left, right in pairwise(inside)), high]
    lines = [*inside, *cuts]
    for edge, left, right in zip(inside, cuts, cuts[1:], strict=False):
        lines += [edge - step for step in _steps(edge - left, spacing)]
        lines += [edge + step for step in _steps(right - edge, spacing)]
    return np.unique(lines)


def _steps(length: float, spacing: Spacing) -> list[float]:
    """Distances [m] from an edge of the lines within `length`, both ends left out."""
    total = spacing.count(length)
    cells = math.ceil(total - 1e-9)
    return [spacing.distance(total * i / cells) for i in range(1, cells)]


def graded_grid(antenna: CoaxialAntenna, window: Window, spacing: Spacing) -> AxialGrid:
    """The grid of a window with a line on every edge of the antenna's rings, graded away from it, and one at the feed.

    Raises SceneError if the line that feeds the antenna is not inside the window.
    """
    if not (0.0 < antenna.line_inner < antenna.line_outer < window.radius):
        raise SceneError(
            f"antenna: the feeding line, {antenna.line_inner} to {antenna.line_outer} m, does not fit into a window of "
            f"radius {window.radius} m\n  remedy: 0 < line_inner < line_outer < radius"
        )
    if not (window.start < antenna.feed <= window.end):
        raise SceneError(
            f"antenna: the feed at z = {antenna.feed} m lies outside of the window, {window.start} to {window.end} m\n"
            "  remedy: move the feed or widen the window"
        )
    across = {edge for ring in antenna.rings for edge in (ring.inner, ring.outer)}
    along = {edge for ring in antenna.rings for edge in (ring.start, ring.end)}
    r = graded_lines(0.0, window.radius, across | {antenna.line_inner, antenna.line_outer}, spacing)
    below = graded_lines(window.start, antenna.feed, along, spacing)
    above = graded_lines(antenna.feed, window.end, along, spacing)
    return AxialGrid(r, np.append(below, above[1:]))
