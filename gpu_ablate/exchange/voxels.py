"""A run's fields, labels and zones on the voxels of an image: exact where those are the solver's own cells, flipped or
permuted; else resampled from the continuous fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.case.grid import Grid
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.outcome.levelset import Mask, beyond_body

SAME_VOXELS = 0.01
"""Voxels count as the solver's cells if every centre lies so near to that of a cell [cells]; files round a little."""

SMALLEST_DOSE = 2.0**-40
"""Doses are interpolated on their logarithm from here on; less than twice as much is written as 0."""

Values = NDArray[np.float32]


def same_cells(grid: Grid, lattice: Lattice) -> bool:
    """Whether the image's voxels are the solver's cells: same edges along the same lines, in any order and extent."""
    cells = grid.lattice()
    steps = np.linalg.solve(cells.axes, lattice.axes)
    unit = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    corners = cells.indices(lattice.points(unit * (lattice.size - 1)))
    permuted = np.allclose(np.abs(np.rint(steps)).sum(axis=0), 1) and np.allclose(np.abs(np.rint(steps)).sum(axis=1), 1)
    return bool(permuted and np.abs(corners - np.rint(corners)).max() <= SAME_VOXELS)


def copied(values: NDArray[Any], grid: Grid, lattice: Lattice, beyond: float) -> NDArray[Any]:
    """Values (nz, ny, nx) of the solver's cells in the order of an image made of them (see `same_cells`).

    beyond : what voxels outside the box get
    """
    cells = grid.lattice()
    steps = np.rint(np.linalg.solve(cells.axes, lattice.axes)).astype(int)
    start = np.rint(cells.indices(lattice.origin[None, :])[0]).astype(int)
    picks, inside, order = [], [], []
    for axis in (2, 1, 0):
        along = int(np.argmax(np.abs(steps[:, axis])))
        count = grid.shape[2 - along]
        index = start[along] + steps[along, axis] * np.arange(lattice.size[axis])
        inside.append((index >= 0) & (index < count))
        picks.append(np.clip(index, 0, count - 1))
        order.append(2 - along)
    out = np.ascontiguousarray(values.transpose(order)[np.ix_(*picks)])
    out[~(inside[0][:, None, None] & inside[1][None, :, None] & inside[2][None, None, :])] = beyond
    return out


def field_on(values: Values, kind: str, beyond: float, grid: Grid, gas: Mask, lattice: Lattice) -> Values:
    """A field of the run (nz, ny, nx) on the voxels of an image.

    Trilinear between the centres of the solver's cells, on the logarithm for doses, the nearest cell for counts. Gas,
    which is not solved, doesn't mix into tissue: a voxel whose centre lies in tissue or fluid takes nothing from it,
    one in gas has what the run holds there.

    kind : "linear", "dose" or "count"
    beyond : value outside the box
    gas : cells that are not solved
    """
    if same_cells(grid, lattice):
        return copied(values, grid, lattice, beyond).astype(np.float32)
    out = np.full(lattice.shape, beyond, np.float32)
    solved = values
    if kind != "count":
        solved = np.log2(np.maximum(values, np.float32(SMALLEST_DOSE))) if kind == "dose" else values
        solved = beyond_body(solved, ~gas)

    def at(index: NDArray[np.float64]) -> Values:
        nearest = _nearest(index, grid)
        if kind == "count":
            return np.asarray(values[nearest])
        found = map_coordinates(solved, index, output=np.float32, order=1, mode="nearest", prefilter=False)
        if kind == "dose":
            found = np.exp2(found)
            found[found < 2 * SMALLEST_DOSE] = 0.0
        return np.where(gas[nearest], values[nearest], found)

    return _fill(out, at, grid, lattice)


def _nearest(index: NDArray[np.float64], grid: Grid) -> tuple[NDArray[np.int64], ...]:
    """The cells that hold places given by their continuous index (3, n), the higher one of two at a face."""
    return tuple(
        np.clip(np.floor(row + 0.5).astype(np.int64), 0, n - 1) for row, n in zip(index, grid.shape, strict=True)
    )


def labels_on(labels: NDArray[Any], grid: Grid, lattice: Lattice) -> NDArray[np.uint16]:
    """One more than the label of the cell that holds each voxel's centre; 0 outside the box."""
    raised = labels.astype(np.uint16) + np.uint16(1)
    if same_cells(grid, lattice):
        return copied(raised, grid, lattice, 0).astype(np.uint16)

    def at(index: NDArray[np.float64]) -> NDArray[np.uint16]:
        return np.asarray(raised[_nearest(index, grid)])

    return _fill(np.zeros(lattice.shape, np.uint16), at, grid, lattice)


def touches(grid: Grid, lattice: Lattice) -> bool:
    """Whether some voxel's centre lies in the box of the run."""
    part = lattice.overlap(np.array(grid.origin), np.array(grid.upper))
    crop = lattice.cut(part)
    return 0 not in crop.shape and any(_inside(points, grid).any() for _, points in crop.centres())


def _fill(
    out: NDArray[Any], at: Callable[[NDArray[np.float64]], NDArray[Any]], grid: Grid, lattice: Lattice
) -> NDArray[Any]:
    """Set the voxels whose centre lies in the box to `at` of their indices (3, n) kji in the solver's cells."""
    part = lattice.overlap(np.array(grid.origin), np.array(grid.upper))
    crop, cells = lattice.cut(part), grid.lattice()
    if 0 in crop.shape:
        return out
    flat = out[part].reshape(-1)
    for where, points in crop.centres():
        inside = _inside(points, grid)
        flat[where][inside] = at(cells.indices(points[inside]).T[::-1])
    out[part] = flat.reshape(crop.shape)
    return out


def _inside(points: NDArray[np.float64], grid: Grid) -> NDArray[np.bool_]:
    return np.asarray(np.all((points >= np.array(grid.origin)) & (points <= np.array(grid.upper)), axis=1))
