"""Faces between cells of two kinds, counted so that their sum is the true area of the surface between them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Array = NDArray[np.float64]

NORMAL_WIDTH = 1.5
"""Standard deviation of the blur from which the normal is taken [cells]."""


def faces_towards(
    inner: NDArray[np.bool_], outer: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], tuple[int, int], Array]]:
    """The faces between cells of two masks (nz, ny, nx), by the six directions: the inner cells (n, 3), array axis and
    step (-1 or 1) that lead outwards, and the share that each face counts (n,).

    Each face of the staircase counts |n·e|, n the smooth normal and e the face's: summed over a surface that is its
    true area (Σ_d A|n_d|·|n_d| = A).
    """
    blurred = gaussian_filter(outer.astype(np.float32), NORMAL_WIDTH, mode="nearest")
    for axis in range(3):
        for step in (-1, 1):
            faces = np.argwhere(inner & _shifted(outer, axis, step))
            if not len(faces):
                continue
            beyond = faces.copy()
            beyond[:, axis] += step
            # on both sides of the face, so that the two skins of a thin fold don't cancel
            gradient = np.stack(
                [_gradient(blurred, faces, d) + _gradient(blurred, beyond, d) for d in range(3)], axis=1
            )
            length = np.maximum(np.linalg.norm(gradient, axis=1), 1e-12)
            yield faces, (axis, step), np.abs(gradient[:, axis]) / length


def _shifted(mask: NDArray[np.bool_], axis: int, step: int) -> NDArray[np.bool_]:
    """Whether the neighbour at `step` along an axis is set; False beyond the box."""
    result = np.zeros_like(mask)
    here: list[slice] = [slice(None)] * 3
    there: list[slice] = [slice(None)] * 3
    here[axis], there[axis] = (slice(None, -1), slice(1, None)) if step > 0 else (slice(1, None), slice(None, -1))
    result[tuple(here)] = mask[tuple(there)]
    return result


def _gradient(field: NDArray[np.float32], cells: NDArray[np.int64], axis: int) -> Array:
    """Central difference along an axis at cells (n, 3), one-sided at the edge of the box."""
    up, down = cells.copy(), cells.copy()
    up[:, axis] = np.minimum(up[:, axis] + 1, field.shape[axis] - 1)
    down[:, axis] = np.maximum(down[:, axis] - 1, 0)
    return np.asarray(field[tuple(up.T)] - field[tuple(down.T)], dtype=np.float64)
