"""What the CPU kernels need to know of the label volume: runs of one material, cells that meet another material."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import halves


def material_runs(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64]]:
    """Runs of one label along the flat index of each plane.

    Returns
    -------
    first cell of each run in its plane, and a 0 after the last run (runs + 1,); their labels (runs,);
    the run in which each grid row (z, y) begins (nz·ny,)
    """
    nz, ny, nx = labels.shape
    flat = labels.reshape(-1)
    begins = np.ones(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    begins[:: ny * nx] = True
    first = np.flatnonzero(begins)
    rows = np.searchsorted(first, np.arange(nz * ny) * nx, side="right") - 1
    return np.append(first % (ny * nx), 0).astype(np.int32), flat[first], rows


Listed = tuple[NDArray[np.int32], NDArray[np.int64]]
"""What is listed, and the first of each grid row (nz·ny + 1,)."""


def meeting_cells(labels: NDArray[np.uint8], solved: NDArray[np.bool_]) -> tuple[Listed, Listed]:
    """Cells with a neighbour of another label: all of them, and the solved ones by the side on which it lies.

    solved : (regions,)

    Returns
    -------
    list of all (n,); on the sides -x +x -y +y -z +z in turn: a solved cell and the other (sides, 2), by their places
    in the list of all, and the first of each row (6, nz·ny + 1)
    """
    nz, ny, nx = labels.shape
    differ = {axis: np.diff(labels, axis=axis) != 0 for axis in range(3)}
    anywhere = np.zeros(labels.shape, bool)
    for axis in range(3):
        low, high = halves(axis)
        anywhere[low] |= differ[axis]
        anywhere[high] |= differ[axis]
    cells = np.flatnonzero(anywhere)
    rows = np.arange(nz * ny + 1) * nx
    sides, firsts, count = [], [], 0
    for axis in (2, 1, 0):
        stride = (ny * nx, nx, 1)[axis]
        for half, step in zip(reversed(halves(axis)), (-stride, stride), strict=True):
            here = np.zeros(labels.shape, bool)
            here[half] = differ[axis]
            here &= solved[labels]
            own = np.flatnonzero(here)
            sides.append(np.column_stack((np.searchsorted(cells, own), np.searchsorted(cells, own + step))))
            firsts.append(np.searchsorted(own, rows) + count)
            count += len(own)
    listed = (cells % (ny * nx)).astype(np.int32), np.searchsorted(cells, rows)
    return listed, (np.concatenate(sides).astype(np.int32), np.stack(firsts))


def blocks_of_rows(ny: int, nx: int, cells: int) -> list[tuple[int, int]]:
    """Rows of a plane in even blocks of about so many cells at most, whatever the number of threads."""
    count = max(1, -(-ny * nx // cells))
    edges = np.linspace(0, ny, min(count, ny) + 1).astype(int).tolist()
    return list(pairwise(edges))


def uniform_blocks(
    labels: NDArray[np.uint8], solved: NDArray[np.bool_], blocks: list[tuple[int, int]]
) -> NDArray[np.bool_]:
    """Whether the cells of each block of rows in each plane and all their neighbours are of one solved material, and
    rows are longer than a cell (blocks, nz)."""
    nz, _, nx = labels.shape
    found = np.zeros((len(blocks), nz), bool)
    for uniform, (y0, y1) in zip(found, blocks, strict=True):
        near = labels[:, max(y0 - 1, 0) : y1 + 1]
        least, greatest = (np.pad(extreme, 1, "edge") for extreme in (near.min(axis=(1, 2)), near.max(axis=(1, 2))))
        for z in range(nz if nx > 1 else 0):
            one = least[z : z + 3].min()
            uniform[z] = one == greatest[z : z + 3].max() and solved[one]
    return found
