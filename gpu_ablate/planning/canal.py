"""Where the spinal canal is likely to be in an image of a spine that does not name it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import binary_dilation, binary_fill_holes, binary_opening, label

from gpu_ablate.case.structures import CANAL, is_named
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.outcome.bone import is_bone
from gpu_ablate.planning.labels import Label
from gpu_ablate.units import CM2, MM

SPINE = re.compile(r"vertebr|\barch\b|spinous|lumbar|\b[ctls]\d+\b", re.IGNORECASE)

FURTHER = 15 * MM
"""The canal is taken to go on so far above and below the slices in which bone closes around it [m]."""

LARGEST = 8 * CM2
"""What bone encloses over a larger area is no canal, but the pelvis or the chest [m²]; chosen here."""


def likely_canal(image: LabelImage, labels: Sequence[Label]) -> LabelImage | None:
    """1 in what bone encloses in axial slices, and up to FURTHER beyond along them where no bone is. None for an image
    without a spine, that names its canal, or in which bone encloses nothing."""
    spine = any(SPINE.search(each.name) for each in labels)
    if not spine or any(is_named(CANAL, each.name) for each in labels):
        return None
    rise = np.abs(image.lattice.axes[2])
    axis = 2 - int(np.argmax(rise))
    bone = np.isin(image.values, [each.value for each in labels if is_bone(each.means.tissue)])
    slices = np.moveaxis(bone, axis, 0)
    most = int(LARGEST * float(rise.max()) / image.lattice.voxel_volume)
    holes = np.array([_small(binary_fill_holes(each) & ~each, most) for each in slices])
    reach = round(FURTHER / float(rise.max()))
    canal = binary_dilation(holes, np.ones((2 * reach + 1, 1, 1), bool)) & ~slices
    if not canal.any():
        return None
    return LabelImage(np.ascontiguousarray(np.moveaxis(canal, 0, axis)).astype(np.uint8), image.lattice)


def _small(holes: np.ndarray, most: int) -> np.ndarray:
    """Holes of a slice of at most so many voxels, without single ones."""
    numbered, _ = label(binary_opening(holes, np.ones((2, 2), bool)))
    sizes = np.bincount(numbered.ravel())
    return (numbered > 0) & (sizes[numbered] <= most)
