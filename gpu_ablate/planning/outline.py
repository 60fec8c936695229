"""The body around labelled organs, from a CT: many segmentations name organs alone, and a scene must know where the air
begins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, binary_opening, label, median_filter

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.images import LabelImage, ScalarImage
from gpu_ablate.planning.labels import Label
from gpu_ablate.planning.names import Meaning

BODY_HU = -300.0
"""Above this it is body, not air [HU]; chosen here."""

FAT_HU = (-190.0, -30.0)
"""Fat on a CT [HU]; the usual range, from memory, not re-read."""

LEAST_SHARE = 0.02
"""A CT that shows less of the image as body does not fit it."""


def with_body(image: LabelImage, labels: list[Label], ct: ScalarImage) -> tuple[LabelImage, list[Label]]:
    """The image with what is body and not labelled as two further values, fat and other tissue by the CT; 0 is air.

    Body is what lies above BODY_HU, its largest piece, filled in each slice along the image's last axis. Fat is told by
    the median of 3 x 3 x 3 voxels, so that noise makes no islands.

    Raises
    ------
    SceneError
        The CT does not meet the image.
    """
    hu = np.empty(image.values.shape, np.float32)
    for part, points in image.lattice.centres():
        found, inside = ct.sample(points)
        hu.reshape(-1)[part] = np.where(inside, found, -1024.0)
    body = _body(hu)
    if body.mean() < LEAST_SHARE:
        raise SceneError(
            f"--ct: shows body in {100 * body.mean():.1f} % of the label image alone\n"
            "  remedy: give the CT that was segmented, in HU and in the same frame"
        )
    fat, other = (max(image.labels_present()) + extra for extra in (1, 2))
    values = image.values.astype(np.int32)
    free = body & (values == 0)
    even = median_filter(hu, 3)
    in_fat = (even >= FAT_HU[0]) & (even <= FAT_HU[1])
    values[free & in_fat], values[free & ~in_fat] = fat, other
    added = [
        Label(fat, "fat on the CT", Meaning("subcutaneous_fat", "tissue", True, f"not labelled, {_range()}")),
        Label(other, "other tissue on the CT", Meaning("muscle", "tissue", True, "not labelled; muscle stands for it")),
    ]
    known = [replace(each, name="air", means=Meaning("air", "tissue", True, f"below {BODY_HU:g} HU, outside the body"))
             if each.value == 0 else each for each in labels]  # fmt: skip
    present = set(np.unique(values).tolist())
    kept = [each for each in (*known, *added) if each.value in present]
    return LabelImage(values.astype(np.min_scalar_type(int(values.max()))), image.lattice), kept


def _range() -> str:
    return f"{FAT_HU[0]:g} to {FAT_HU[1]:g} HU"


def _body(hu: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Voxels of the body: the largest piece above BODY_HU without thin bridges (a table), filled slice by slice."""
    numbered, count = label(binary_opening(hu > BODY_HU, np.ones((1, 3, 3), bool)))
    if not count:
        return np.zeros(hu.shape, bool)
    largest = numbered == 1 + int(np.argmax(np.bincount(numbered.ravel())[1:]))
    return np.array([binary_fill_holes(each) for each in largest])
