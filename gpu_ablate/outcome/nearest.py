"""The nearest point of a surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gpu_ablate.case.setup import Surface
from gpu_ablate.geometry.meshes import corners

Points = NDArray[np.float64]

NEIGHBOURS = 16
"""Triangles tried for each point. Those of a zero surface are no wider than a voxel, so that the nearest one
is among the nearest few centroids."""


def feet_on(surface: Surface, points: Points) -> Points:
    """The point of a surface's triangles that is nearest to each point, both (n, 3) [m]."""
    a, b, c = corners(surface.points, surface.faces)
    count = min(NEIGHBOURS, len(a))
    _, near = cKDTree((a + b + c) / 3.0).query(points, k=range(1, count + 1), workers=-1)
    feet, best = np.zeros(points.shape), np.full(len(points), np.inf)
    for triangle in np.asarray(near).T:
        tried = feet_on_triangles(points, a[triangle], b[triangle], c[triangle])
        distance = np.linalg.norm(points - tried, axis=1)
        nearer = distance < best
        feet[nearer], best[nearer] = tried[nearer], distance[nearer]
    return feet


def feet_on_triangles(points: Points, a: Points, b: Points, c: Points) -> Points:
    """Nearest point on each point's own triangle, all (n, 3): the foot on the plane where that lies in the
    triangle, else the one on the nearest edge."""
    normal = np.cross(b - a, c - a)
    square = np.einsum("ij,ij->i", normal, normal)
    above = square > 0
    feet, best = a, np.full(len(points), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        side, to_point = end - start, points - start
        length = np.maximum(np.einsum("ij,ij->i", side, side), np.finfo(float).tiny)
        along = np.clip(np.einsum("ij,ij->i", to_point, side) / length, 0.0, 1.0)
        off = to_point - along[:, None] * side
        distance = np.einsum("ij,ij->i", off, off)
        feet = np.where((distance < best)[:, None], points - off, feet)
        best = np.minimum(best, distance)
        above &= np.einsum("ij,ij->i", np.cross(side, to_point), normal) >= 0
    height = np.einsum("ij,ij->i", points - a, normal) / np.where(square > 0, square, 1.0)
    return np.where(above[:, None], points - height[:, None] * normal, feet)
