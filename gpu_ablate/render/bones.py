"""Bone as one surface, to show where needles and ice lie in a skeleton."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import contour
from gpu_ablate.outcome.bone import is_bone

BLUR_CELLS = 0.7
"""The labels are blurred by so much before the surface is drawn; it is a backdrop and nothing is measured on it."""


def bone_surface(setup: Setup) -> Surface | None:
    """The surface of all bone, with the tumour in it as if that were bone; None where there is none."""
    labels = [i for i, region in enumerate(setup.regions) if is_bone(region.tissue)]
    bone = np.isin(setup.labels, labels)
    if not bone.any():
        return None
    bone |= setup.mask("target")
    level = gaussian_filter(np.pad(bone.astype(np.float32), 1, mode="edge"), BLUR_CELLS)
    spacing = np.full(3, setup.grid.spacing)
    points, faces = contour(level, 0.5, spacing, np.array(setup.grid.origin) - 0.5 * spacing)
    return Surface(points.astype(np.float32), faces)
