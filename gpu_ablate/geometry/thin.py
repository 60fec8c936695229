"""Labels thinner than a cell: sheets that stay closed, tubes that stay in one piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, maximum_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from gpu_ablate.geometry.images import TIE_M, LabelImage
from gpu_ablate.geometry.shapes import Vector
from gpu_ablate.geometry.voxelize import Labels, Painter

BETWEEN, LEAST_BETWEEN = 15, 3
"""Places looked at on the way between the centres of two cells, and how many a sheet must fill to part them: a fifth of
a cell. Less is the rim of a sheet that ends there."""

LEAST_SHARE = 0.02
"""A cell of which a tube fills so much, more than of the cells around it, holds a piece of it worth keeping ..."""

LEAST_CELLS = 0.5
"""... where the whole piece is as large as this [cells]."""

AROUND = np.ones((3, 3, 3), bool)
"""A cell and the 26 that share a face, an edge or a corner with it."""


def close_sheet(
    labels: Labels,
    painter: Painter,
    sheet: frozenset[int],
    outside: frozenset[int],
    spacing: float,
    origin: Vector,
) -> int:
    """Close the holes that cells leave in a sheet which parts outside from inside; the number of cells changed.

    Wherever a cell outside touches one that is neither outside nor of the sheet, and the sheet lies between their
    centres, the one of which it takes more on that way becomes sheet; the inner one where both have the same.

    Parameters
    ----------
    labels : (nz, ny, nx), changed in place
    sheet, outside : labels
    spacing : edge of a cell [m]; origin : minimum corner [m]
    """
    out, skin = np.isin(labels, list(outside)), np.isin(labels, list(sheet))
    changed: dict[int, int] = {}
    along = (np.arange(BETWEEN) + 1) / (BETWEEN + 1)
    for axis in range(3):
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        meets = ~skin[low] & ~skin[high] & (out[low] != out[high])
        first = np.argwhere(meets)
        if not len(first):
            continue
        step = np.zeros(3)
        step[2 - axis] = spacing
        centres = (first[:, ::-1] + 0.5) * spacing + np.array(origin)
        found = painter.label_at((centres[:, None] + along[:, None] * step).reshape(-1, 3)).reshape(-1, BETWEEN)
        of_sheet = np.isin(found, list(sheet))
        for cell, there, values in zip(first, of_sheet, found, strict=True):
            if there.sum() < LEAST_BETWEEN:
                continue
            near, far = (int(part.sum()) for part in (there[: BETWEEN // 2], there[BETWEEN // 2 + 1 :]))
            low_is_out = bool(out[tuple(cell)])
            take_far = far > near or (far == near and low_is_out)
            other = cell.copy()
            other[axis] += take_far
            changed[int(np.ravel_multi_index(tuple(other), labels.shape))] = int(values[there][0])
    flat = labels.reshape(-1)
    for place, value in changed.items():
        flat[place] = value
    return len(changed)


def join_tubes(
    labels: Labels, image: LabelImage, value: int, tube: int, free: NDArray[np.bool_], spacing: float, origin: Vector
) -> int:
    """Join the pieces into which cells break a tube of an image; the number of cells added.

    In each connected part of the tube, the cells that hold it and those of which it fills more than of all around them
    are joined along a spanning tree through the cells of which it fills the most.

    Parameters
    ----------
    labels : (nz, ny, nx), changed in place
    value, tube : of the tube in the image, and its label
    free : (nz, ny, nx), cells that may become tube
    spacing : edge of a cell [m]; origin : minimum corner [m]
    """
    share = cell_shares(image, value, labels.shape, spacing, origin)
    held = labels == tube
    candidates = held | (free & (share > 0))
    parts, count = label(candidates, AROUND)
    _, pieces = label(held, AROUND)
    if count == pieces and len(np.unique(parts[held])) == count:
        return 0
    weight = np.where(held, 1.0, np.minimum(share, 1.0))
    peaks = ~held & candidates & (share >= LEAST_SHARE) & (weight >= maximum_filter(weight, footprint=AROUND))
    volumes = np.bincount(parts.ravel(), np.where(held, np.maximum(share, 1.0), share).ravel())
    ends = held | (peaks & (volumes[parts] >= LEAST_CELLS))
    cells = np.flatnonzero(candidates)
    kept = _tree_between(cells, labels.shape, weight.ravel()[cells], ends.ravel()[cells])
    added = cells[kept & ~held.ravel()[cells]]
    labels.reshape(-1)[added] = tube
    return len(added)


def cell_shares(
    image: LabelImage, value: int, shape: tuple[int, ...], spacing: float, origin: Vector
) -> NDArray[np.float64]:
    """Share of each cell (nz, ny, nx) that the voxels of a label fill, each voxel counted where its centre lies; above
    1 where voxels are larger than cells."""
    lattice = image.lattice
    voxels = np.argwhere(image.values == value)[:, ::-1]
    cells = np.floor((lattice.points(voxels) + TIE_M - np.array(origin)) / spacing).astype(np.int64)[:, ::-1]
    inside = np.all((cells >= 0) & (cells < shape), axis=1)
    places = np.ravel_multi_index(tuple(cells[inside].T), shape)
    counts = np.bincount(places, minlength=int(np.prod(shape))).reshape(shape)
    return np.asarray(counts * (lattice.voxel_volume / spacing**3))


def _tree_between(
    cells: NDArray[np.int64], shape: tuple[int, ...], weight: NDArray[np.float64], ends: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which cells lie on the ways between ends, or are ends (n,), in a spanning tree that prefers heavy cells.

    cells : flat indices (n,), ascending; weight : (n,) above 0 to 1
    """
    number = np.full(int(np.prod(shape)), -1)
    number[cells] = np.arange(len(cells))
    index = np.array(np.unravel_index(cells, shape)).T
    one, other = [], []
    for offset in np.argwhere(AROUND) - 1:
        if tuple(offset) <= (0, 0, 0):
            continue
        there = index + offset
        inside = np.flatnonzero(np.all((there >= 0) & (there < shape), axis=1))
        neighbours = number[np.ravel_multi_index(tuple(there[inside].T), shape)]
        known = neighbours >= 0
        one.append(inside[known])
        other.append(neighbours[known])
    a, b = np.concatenate(one), np.concatenate(other)
    cost = 2.0 - np.minimum(weight[a], weight[b])
    tree = minimum_spanning_tree(coo_array((cost, (a, b)), (len(cells), len(cells)))).tocoo()
    kept = np.ones(len(cells), bool)
    edges = np.column_stack([tree.row, tree.col])
    while True:  # leaves fall until only ends are leaves
        degree = np.bincount(edges.ravel(), minlength=len(cells))
        leaves = kept & ~ends & (degree <= 1)
        if not leaves.any():
            return kept
        kept &= ~leaves
        edges = edges[kept[edges].all(axis=1)]
