"""The outer surface of the body: where it meets the air outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.air import outside_air
from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import corners
from gpu_ablate.outcome.levelset import EMPTY

BEYOND_CELLS = (0.6, 1.2)
"""How far outwards of a triangle air is looked for [cells]; a smooth surface lies within half a cell of the voxels'."""


def outer_surface(setup: Setup) -> Surface:
    """Triangles of the body's surface that have air outside before them; the points are those of the whole.

    Faces of the box and walls of enclosed gas are not among them. Its area is the true one, not the staircase's.
    """
    body = setup.surfaces.get("body")
    if body is None:
        return EMPTY
    air = outside_air(setup.phase_mask("gas"))
    centres, normals = centres_and_normals(body)
    before = np.zeros(len(centres), bool)
    for cells in BEYOND_CELLS:
        places = centres + cells * setup.grid.spacing * normals
        index = np.floor((places - np.asarray(setup.grid.origin)) / setup.grid.spacing).astype(int)[:, ::-1]
        inside = np.all((index >= 0) & (index < setup.grid.shape), axis=1)
        before[inside] |= air[tuple(index[inside].T)]
    return Surface(body.points, body.faces[before])


def centres_and_normals(surface: Surface) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre [m] and unit normal of each triangle, both (m, 3)."""
    a, b, c = corners(surface.points, surface.faces)
    normal = np.cross(b - a, c - a)
    return (a + b + c) / 3.0, normal / np.maximum(np.linalg.norm(normal, axis=1), np.finfo(float).tiny)[:, None]
