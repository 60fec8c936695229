"""The CT that slices are drawn on, resampled to the grid; nothing is computed from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.anatomy import in_scene
from gpu_ablate.case.grid import Grid
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import read_scalars
from gpu_ablate.scene.schema import Scene

AIR_HU, DENSEST_HU = -1024, 3071
"""Ends of the usual scale of CT numbers (12 bits) [HU]."""


def resampled_ct(scene: Scene, grid: Grid) -> NDArray[np.int16] | None:
    """CT numbers (nz, ny, nx) [HU] at the cell centres, trilinear; air beyond the image. None without a CT.

    Raises
    ------
    SceneError
        The image cannot be used, or a layer moves tissue that it would still show where it was.
    """
    if scene.anatomy is None or scene.anatomy.ct is None:
        return None
    if any(layer.displaces != "none" for layer in scene.isolation):
        raise SceneError(
            f"{scene.path}: [anatomy] ct: an [[isolation]] moves tissue, and the CT would lie beside it\n"
            '  remove ct, or set displaces = "none"'
        )
    image = in_scene(scene, "[anatomy] ct", read_scalars, scene.folder / scene.anatomy.ct)
    xs, ys, zs = grid.axes()
    values = np.empty(grid.shape, np.int16)
    for k, z in enumerate(zs):
        y, x = np.meshgrid(ys, xs, indexing="ij")
        found, inside = image.sample(np.column_stack([x.ravel(), y.ravel(), np.full(x.size, z)]))
        hu = np.where(inside, np.clip(np.rint(found), AIR_HU, DENSEST_HU), AIR_HU)
        values[k] = hu.reshape(x.shape).astype(np.int16)
    return values
