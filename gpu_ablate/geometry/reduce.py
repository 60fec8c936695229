"""Meshes of fewer triangles, for a screen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.geometry.meshes import Faces, Points, area, areas, point_normals, volume

TRIANGLES_IN_CELL = 3.0
"""A surface that crosses cells at random keeps one point in each, thus between 2 (along the cells) and 3 (across their
corners) triangles for the area of a cell's face."""


def reduced(points: NDArray[np.floating], faces: Faces, triangles: int, closed: bool = True) -> tuple[Points, Faces]:
    """A mesh of about so many triangles: points in one cell of a raster become their mean (vertex clustering,
    Rossignac & Borrel 1993), then, of a closed mesh, an even shift along the normals gives the volume back.

    The same mesh gives the same bytes. A mesh that is small enough is returned as it is; parts smaller than a cell
    vanish.
    """
    exact = np.asarray(points, float)
    if len(faces) <= triangles:
        return exact, faces
    edge = float(np.sqrt(TRIANGLES_IN_CELL * area(exact, faces) / triangles))
    x, y, z = ((exact - exact.min(axis=0)) / edge).astype(np.int64).T
    keys = (z * (y.max() + 1) + y) * (x.max() + 1) + x
    _, cluster, count = np.unique(keys, return_inverse=True, return_counts=True)
    merged = np.stack([np.bincount(cluster, exact[:, axis]) / count for axis in range(3)], axis=1)
    kept = without_folds(cluster[faces].astype(np.int32))
    used, joined = np.unique(kept, return_inverse=True)
    merged, kept = merged[used], joined.reshape(-1, 3).astype(np.int32)
    if closed and len(kept):
        wanted = volume(exact, faces)
        for _ in range(2):
            shift = (wanted - volume(merged, kept)) / float(areas(merged, kept).sum())
            merged = merged + point_normals(merged, kept) * shift
    return merged, kept


def without_folds(faces: Faces) -> Faces:
    """Triangles (m, 3) without those of two equal corners and without pairs that lie on each other back to back; each
    begins with its lowest corner, in order."""
    a, b, c = faces.T
    proper = faces[(a != b) & (b != c) & (c != a)]
    first = proper.argmin(axis=1)
    turned = np.take_along_axis(proper, (first[:, None] + np.arange(3)) % 3, axis=1)
    back = turned[:, 1] > turned[:, 2]
    _, number = np.unique(np.sort(turned, axis=1), axis=0, return_inverse=True)
    balance = np.bincount(number.reshape(-1), np.where(back, -1, 1), minlength=1)
    keep = (balance[number.reshape(-1)] > 0) & ~back | (balance[number.reshape(-1)] < 0) & back
    return np.unique(turned[keep], axis=0).astype(np.int32)
