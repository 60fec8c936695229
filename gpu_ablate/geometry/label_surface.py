"""The smooth surfaces of the connected parts of a label image, finer than its voxels and with their volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, gaussian_filter, label

from gpu_ablate.geometry.images import Lattice
from gpu_ablate.geometry.meshes import Mesh, area, contour, point_normals, volume

SMOOTHING = 1.0
"""Standard deviation of the average over the signed distance, in edges of the finest voxel."""

RIM = 4
"""Voxels around a part that its signed distance is smoothed with."""

SHIFTS = 3
"""Times that the surface is moved evenly along its normals until the volume is right."""

LEAST_SHARE = 0.5
"""A part that smoothing leaves less of is too small for it, and is taken as it is, scaled to its volume."""


def label_parts(inside: NDArray[np.bool_], lattice: Lattice) -> list[Mesh]:
    """Closed surface of each connected part of the voxels (nz, ny, nx) that are true, the largest first.

    Voxels are connected by faces, edges and corners. Between slices that are further apart than their pixels the
    surface follows the signed distance (shape-based interpolation, Raya and Udupa 1990), so that it has no terraces.
    """
    (around,) = find_objects(inside.view(np.int8)) or (None,)
    if around is None:
        return []
    first = np.array([side.start for side in around])
    numbers, _ = label(inside[around], np.ones((3, 3, 3)))
    parts = [
        part_surface(numbers[box] == i, first + [side.start for side in box], lattice)
        for i, box in enumerate(find_objects(numbers), start=1)
    ]
    return sorted(parts, key=lambda part: -part.volume())


def part_surface(inside: NDArray[np.bool_], corner: NDArray[np.int64], lattice: Lattice) -> Mesh:
    """The surface of one part that fills some voxels of a box of the image, whose first voxel is `corner` (k, j, i)."""
    voxel = np.linalg.norm(lattice.axes, axis=0)[::-1]
    finest = float(voxel.min())
    mask = np.pad(inside, RIM)
    distance = distance_transform_edt(mask, sampling=voxel) - distance_transform_edt(~mask, sampling=voxel)
    wanted = float(np.count_nonzero(inside))
    first = corner[::-1] - RIM
    points, faces = np.zeros((0, 3)), np.zeros((0, 3), np.int32)
    for width in (SMOOTHING, 0.0):
        field = gaussian_filter(distance / finest, width * finest / voxel) if width else distance / finest
        points, faces = contour(field, 0.0, np.ones(3), first.astype(float))
        if volume(points, faces) >= LEAST_SHARE * wanted:
            break
    else:
        middle = points.mean(axis=0)
        points = middle + np.cbrt(wanted / volume(points, faces)) * (points - middle)
    for _ in range(SHIFTS):
        points = points + point_normals(points, faces) * (wanted - volume(points, faces)) / area(points, faces)
    if np.linalg.det(lattice.axes) < 0:
        faces = faces[:, ::-1]
    return Mesh(lattice.points(points), np.ascontiguousarray(faces))
