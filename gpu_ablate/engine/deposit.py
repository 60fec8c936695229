"""Put power into voxels: point sources shared among the nearest cells, antenna fields averaged over each cell.

An antenna heats a cell by σ(T) times the mean of |E|²/2 over what of the cell lies outside of the needle. Within
NEAR_CELLS of the axis a cell is sampled at several points, elsewhere at its middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.physics.axial_field import AxialField

Array = NDArray[np.float64]

NEAR_CELLS = 4.0
"""Within this many cells of the axis a cell is sampled at n³ points, beyond at one ..."""

FIELD_SAMPLES = 5
"""... n for the mean of |E|², which rises steeply towards the needle ..."""

AROUND_SAMPLES = 3
"""... and for what lies around the needle."""


@dataclass(frozen=True)
class Frame:
    """Where a needle is: tip (x, y, z) [m] and the unit vector from it to the handle."""

    tip: Vector
    direction: Vector


@dataclass(frozen=True)
class AntennaShape:
    """An antenna's field where the antenna is; cells take σ(T) times it."""

    field: AxialField
    frame: Frame


@dataclass(frozen=True)
class PointShape:
    """A point (x, y, z) [m]; what falls to gas or outside the box is lost."""

    point: Vector


@dataclass(frozen=True, eq=False)
class FieldShape:
    """A density per watt (nz, ny, nx) [m⁻³], taken as it is."""

    field: Array


Shape = AntennaShape | PointShape | FieldShape


@dataclass(frozen=True)
class Rings:
    """Rings about a needle's axis in which its surroundings are averaged.

    Ring (j, i) is at z_first + j·width and r_min + i·width [m], (rows, columns) of them along z and along r. A sample
    counts to the four rings around it by linear weights, so that its place among them never matters suddenly. What
    lies before the tip (z < 0) within r_min counts as at r_min; what lies in the needle counts to none.
    """

    r_min: float
    width: float
    z_first: float
    rows: int
    columns: int

    @property
    def radius(self) -> float:
        """Beyond this no sample counts [m]."""
        return self.r_min + self.columns * self.width

    @property
    def heights(self) -> tuple[float, float]:
        """Beyond these no sample counts [m]."""
        return self.z_first - self.width, self.z_first + self.rows * self.width


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What lies in each of `Rings`, summed over sample points that count as parts of a cell; arrays (rows, columns).

    inside, outside : cells' worth of the box and of beyond it
    permittivity, conductivity : ε' and σ [S m⁻¹] of what is inside, times cells; gas counts as ε' = 1, σ = 0
    """

    inside: Array
    outside: Array
    permittivity: Array
    conductivity: Array


def point_shares(grid: Grid, point: Vector) -> tuple[NDArray[np.int64], Array]:
    """One watt at a point [m], shared linearly among the 8 nearest cell centres: flat indices, density there [m⁻³].

    What falls outside the box is left out.
    """
    cells, shares = [], []
    place = [(p - o) / grid.spacing - 0.5 for p, o in zip(point, grid.origin, strict=True)]
    first = [int(np.floor(p)) for p in place]
    nz, ny, nx = grid.shape
    for corner in product((0, 1), repeat=3):
        i, j, k = (f + c for f, c in zip(first, corner, strict=True))
        if 0 <= i < nx and 0 <= j < ny and 0 <= k < nz:
            cells.append((k * ny + j) * nx + i)
            shares.append(np.prod([abs(1 - c - (p - f)) for p, f, c in zip(place, first, corner, strict=True)]))
    return np.array(cells, np.int64), np.array(shares) / grid.cell_volume


def window(
    grid: Grid, frame: Frame, radius: float, z_first: float, z_last: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last + 1 index (x, y, z) of the cells whose middles may lie in a cylinder about a needle's axis [m].

    They may lie outside of the box. The cells in which samples are taken reach a cell further.
    """
    ends = np.array(frame.tip) + np.outer([z_first, z_last], frame.direction)
    aside = radius * np.sqrt(np.maximum(1.0 - np.array(frame.direction) ** 2, 0.0))
    low = (ends.min(axis=0) - aside - grid.origin) / grid.spacing - 0.5
    high = (ends.max(axis=0) + aside - grid.origin) / grid.spacing - 0.5
    return np.floor(low).astype(np.int64), np.ceil(high).astype(np.int64) + 1


def antenna_field(grid: Grid, shape: AntennaShape) -> Array:
    """Cell means of an antenna's |E|²/2 per watt (nz, ny, nx) [V² m⁻² W⁻¹]."""
    source, total = shape.field, np.zeros(grid.shape)
    first, last = window(grid, shape.frame, source.radius, source.z_first, source.z_last)
    first, last = np.clip(first, 0, grid.shape[::-1]), np.clip(last, 0, grid.shape[::-1])
    for cells, r, z, weight in _samples(grid, shape.frame, first, last, FIELD_SAMPLES):
        i, j, k = cells
        np.add.at(total, (k, j, i), weight * source.half_square(r, z))
    return total


def surroundings(grid: Grid, frame: Frame, rings: Rings, permittivity: Array, conductivity: Array) -> Surroundings:
    """What lies around a needle, given ε' and σ of each cell (nz, ny, nx)."""
    sums = np.zeros((4, rings.rows * rings.columns))
    first, last = window(grid, frame, rings.radius, *rings.heights)
    for (i, j, k), r, z, weight in _samples(grid, frame, first, last, AROUND_SAMPLES):
        held = (i >= 0) & (j >= 0) & (k >= 0) & (i < grid.shape[2]) & (j < grid.shape[1]) & (k < grid.shape[0])
        cell = np.where(held, k, 0), np.where(held, j, 0), np.where(held, i, 0)
        values = (1.0 * held, 1.0 * ~held, held * permittivity[cell], held * conductivity[cell])
        across, along = np.maximum((r - rings.r_min) / rings.width, 0.0), (z - rings.z_first) / rings.width
        beside = (r >= rings.r_min) | (z < 0.0)
        column, row = np.floor(across).astype(np.int64), np.floor(along).astype(np.int64)
        for dj, di in product((0, 1), repeat=2):
            part = weight * np.abs(1 - dj - (along - row)) * np.abs(1 - di - (across - column))
            known = beside & (row + dj >= 0) & (row + dj < rings.rows) & (column + di < rings.columns)
            ring = ((row + dj) * rings.columns + column + di)[known]
            for total, value in zip(sums, values, strict=True):
                total += np.bincount(ring, (part * value)[known], len(total))
    inside, outside, permittivities, conductivities = sums.reshape(4, rings.rows, rings.columns)
    return Surroundings(inside, outside, permittivities, conductivities)


Samples = tuple[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], Array, Array, float]


def _samples(
    grid: Grid, frame: Frame, first: NDArray[np.int64], last: NDArray[np.int64], per_edge: int
) -> Iterator[Samples]:
    """Sample points of the cells from `first` to `last` (x, y, z): their cells (i, j, k), distance from the axis and
    height along it [m], and the part of a cell that each stands for."""
    axes = [np.arange(low, high) for low, high in zip(first, last, strict=True)]
    k, j, i = (index.ravel() for index in np.meshgrid(*axes[::-1], indexing="ij"))
    middle = [
        origin + (index + 0.5) * grid.spacing - tip
        for index, origin, tip in zip((i, j, k), grid.origin, frame.tip, strict=True)
    ]
    r, z = _about_axis(middle, frame.direction)
    near = r < NEAR_CELLS * grid.spacing
    yield (i[~near], j[~near], k[~near]), r[~near], z[~near], 1.0
    cells, at = (i[near], j[near], k[near]), [x[near] for x in middle]
    steps = ((np.arange(per_edge) + 0.5) / per_edge - 0.5) * grid.spacing
    for offset in product(steps, repeat=3):
        r, z = _about_axis([x + o for x, o in zip(at, offset, strict=True)], frame.direction)
        yield cells, r, z, float(per_edge) ** -3


def _about_axis(at: list[Array], direction: Vector) -> tuple[Array, Array]:
    """Distance from the axis and height along it [m] of points relative to the tip."""
    z = at[0] * direction[0] + at[1] * direction[1] + at[2] * direction[2]
    squared = at[0] ** 2 + at[1] ** 2 + at[2] ** 2 - z**2
    return np.sqrt(np.maximum(squared, 0.0)), z
