"""Thin vessels, which no voxel shows, as surfaces."""

from __future__ import annotations

import numpy as np

from gpu_ablate.case.setup import Setup, Surface

SIDES = 16
"""Of the polygon that stands for a vessel's round wall."""


def vessel_surfaces(setup: Setup) -> list[tuple[str, Surface]]:
    """(name, closed surface) of each thin vessel."""
    import pyvista as pv

    found = []
    for vessel in setup.vessels:
        line = pv.lines_from_points(np.array(vessel.points))
        tube = line.strip().tube(radius=vessel.radius, n_sides=SIDES, capping=True).triangulate().clean()
        found.append((vessel.name, Surface(np.asarray(tube.points, np.float32), tube.regular_faces.astype(np.int32))))
    return found
