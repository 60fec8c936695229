"""Surfaces that the set-up does not carry: bone, made from the labels, and vessels thinner than a voxel."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_dilation

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import contour, smooth
from gpu_ablate.language import say
from gpu_ablate.outcome.bone import is_bone

SIDES = 16
"""Of the polygon that stands for a vessel's round wall."""


def bone_surfaces(setup: Setup) -> list[tuple[str, Surface]]:
    """(name, surface) of the bones of a scene: the outside of cortex and spongy bone together, smoothed to the volume
    of their cells, flat where the box cuts it; empty without bone.

    A tumour that has mostly bone around it counts as bone: the wall of its hole would coincide with its own surface.
    """
    grid = setup.grid
    bone = np.isin(setup.labels, [i for i, region in enumerate(setup.regions) if is_bone(region.tissue)])
    if not bone.any():
        return []
    drawn = bone.copy()
    for index, region in enumerate(setup.regions):
        if region.role == "target":
            tumour = setup.labels == index
            around = binary_dilation(tumour) & ~tumour
            if 2 * np.count_nonzero(bone & around) > np.count_nonzero(around):
                drawn |= tumour
    first = np.array(grid.origin) + 0.5 * grid.spacing
    points, faces = contour(drawn, 0.5, np.full(3, grid.spacing), first)
    rim = 0.25 * grid.spacing
    at_box = np.any((points < np.array(grid.origin) + rim) | (points > np.array(grid.upper) - rim), axis=1)
    smoothed = smooth(points, faces, float(drawn.sum()) * grid.cell_volume, at_box)
    return [(say("bone"), Surface(smoothed.astype(np.float32), faces))]


def vessel_surfaces(setup: Setup) -> list[tuple[str, Surface]]:
    """(name, closed surface) of each thin vessel."""
    import pyvista as pv

    found = []
    for vessel in setup.vessels:
        line = pv.lines_from_points(np.array(vessel.points))
        tube = line.strip().tube(radius=vessel.radius, n_sides=SIDES, capping=True).triangulate().clean()
        found.append((vessel.name, Surface(np.asarray(tube.points, np.float32), tube.regular_faces.astype(np.int32))))
    return found
