"""Put power into voxels: point sources shared among the nearest cells, antenna fields averaged over each cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.physics.antenna import AxialSource

Array = NDArray[np.float64]

NEAR_CELLS = 4.0
"""Within this many cells of the needle a cell's mean is taken over NEAR_SAMPLES³ points, beyond over one."""

NEAR_SAMPLES = 5


@dataclass(frozen=True)
class AntennaShape:
    """An antenna's field about its centre (x, y, z) [m] along a unit vector.

    absorption : what each region takes up of what the medium would, σ/σ_medium; 0 of gas (regions,)
    """

    source: AxialSource
    centre: Vector
    direction: Vector
    absorption: Array


@dataclass(frozen=True)
class PointShape:
    """A point (x, y, z) [m]; what falls to gas or outside the box is lost."""

    point: Vector


@dataclass(frozen=True)
class FieldShape:
    """A density per watt (nz, ny, nx) [m⁻³], taken as it is."""

    field: Array


Shape = AntennaShape | PointShape | FieldShape


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


def axial_density(grid: Grid, source: AxialSource, centre: Vector, direction: Vector) -> Array:
    """Cell means of an antenna's field per watt (nz, ny, nx) [m⁻³], antenna centre [m] and unit axis given."""
    x, y, z = (axis - c for axis, c in zip(grid.axes(), centre, strict=True))
    field = np.zeros(grid.shape)
    window = tuple(_within(axis, source.reach) for axis in (z, y, x))
    dz, dy, dx = z[window[0], None, None], y[None, window[1], None], x[None, None, window[2]]
    along = dx * direction[0] + dy * direction[1] + dz * direction[2]
    squared = dx**2 + dy**2 + dz**2
    across = np.sqrt(np.maximum(squared - along**2, 0.0))
    values = source.density(across, along)

    near = across < NEAR_CELLS * grid.spacing
    offsets = (np.arange(NEAR_SAMPLES) + 0.5) / NEAR_SAMPLES - 0.5
    mean = np.zeros(int(near.sum()))
    cx, cy, cz = (np.broadcast_to(d, near.shape)[near] for d in (dx, dy, dz))
    for oz, oy, ox in product(offsets * grid.spacing, repeat=3):
        sx, sy, sz = cx + ox, cy + oy, cz + oz
        s = sx * direction[0] + sy * direction[1] + sz * direction[2]
        r = np.sqrt(np.maximum(sx**2 + sy**2 + sz**2 - s**2, 0.0))
        mean += source.density(r, s)
    values[near] = mean / NEAR_SAMPLES**3
    field[window] = values
    return field


def _within(axis: Array, reach: float) -> slice:
    """Slice of the cells of one axis no further than `reach` from its zero."""
    inside = np.flatnonzero(np.abs(axis) <= reach)
    return slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(0, 0)
