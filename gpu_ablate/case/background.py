"""The CT or MR that slices are drawn on, resampled to the grid; nothing is computed from it."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.anatomy import in_scene
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import MR_BRIGHTEST, Setup
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.imaging import read_intensities
from gpu_ablate.scene.schema import Scene

AIR_HU, DENSEST_HU = -1024, 3071
"""Ends of the usual scale of CT numbers (12 bits) [HU]."""

MR_USUAL = 1.0, 99.0
"""Percentiles of an MR between which its values are usual."""

MR_MOST = 10 * MR_BRIGHTEST
"""Brighter than this is cut off."""


EMPTY_HU, EMPTY_MOST = -600, 0.2
"""Tissue of less than this is air on a CT [HU]; where more than this share of it is, labels and CT contradict each
other. Chosen here: fat ends at -190 HU, gas in bowel is less of a box."""


def backdrop_notes(setup: Setup) -> list[str]:
    """A warning where the CT shows air, or nothing, in much of what the labels call tissue (lung aside)."""
    if setup.backdrop is None or setup.modality != "CT":
        return []
    lung = [i for i, region in enumerate(setup.regions) if "lung" in region.tissue]
    body = setup.phase_mask("body") & ~np.isin(setup.labels, lung)
    share = float((setup.backdrop[body] < EMPTY_HU).mean()) if body.any() else 0.0
    if share <= EMPTY_MOST:
        return []
    return [
        f"The CT shows air, or ends, in {100 * share:.0f} % of what the labels call tissue: one of them may be "
        "flipped, or of another body; compare them in a viewer."
    ]


def resampled_backdrop(scene: Scene, grid: Grid) -> NDArray[np.int16] | None:
    """CT numbers [HU] or values of an MR (nz, ny, nx) at the cell centres, trilinear; air, or 0, beyond the image. None
    without an image.

    Raises
    ------
    SceneError
        The image cannot be used, does not reach into the box, or a layer moves tissue that it would still show where it
        was.
    """
    if scene.anatomy is None or (scene.anatomy.ct is None and scene.anatomy.mr is None):
        return None
    key, file = ("ct", scene.anatomy.ct) if scene.anatomy.ct is not None else ("mr", scene.anatomy.mr)
    where = f"[anatomy] {key}"
    if any(layer.displaces != "none" for layer in scene.isolation):
        raise SceneError(
            f"{scene.path}: {where}: an [[isolation]] moves tissue, and the {key.upper()} would lie beside it\n"
            f'  remove {key}, or set displaces = "none"'
        )
    image = in_scene(scene, where, partial(read_intensities, modality=key.upper()), scene.folder / str(file))
    darkest, scale, beyond, low, high = 0.0, 1.0, AIR_HU, AIR_HU, DENSEST_HU
    if key == "mr":
        darkest, brightest = (float(value) for value in np.percentile(image.values, MR_USUAL))
        scale, beyond, low, high = MR_BRIGHTEST / max(brightest - darkest, 1e-12), 0, -MR_MOST, MR_MOST
    xs, ys, zs = grid.axes()
    values = np.empty(grid.shape, np.int16)
    seen = False
    for k, z in enumerate(zs):
        y, x = np.meshgrid(ys, xs, indexing="ij")
        found, inside = image.sample(np.column_stack([x.ravel(), y.ravel(), np.full(x.size, z)]))
        grey = np.where(inside, np.clip(np.rint((found - darkest) * scale), low, high), beyond)
        values[k] = grey.reshape(x.shape).astype(np.int16)
        seen = seen or bool(inside.any())
    if not seen:
        raise SceneError(
            f"{scene.path}: {where}: {file} does not reach into the box ({grid.describe()})\n"
            "  remedy: give the image of the same body; where one axis is flipped, export it again with its orientation"
        )
    return values
