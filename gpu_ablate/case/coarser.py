"""The scene of a case on a coarser grid."""

from __future__ import annotations

from gpu_ablate.case.grid import Grid
from gpu_ablate.scene.schema import Scene
from gpu_ablate.units import MM


def coarser(scene: Scene, grid: Grid, ratio: float) -> Scene:
    """The same scene with cells `ratio` times as large, in the same box, rounded up to whole cells at its max.

    grid : of the case at the scene's own spacing
    """
    box = {
        "spacing_mm": ratio * grid.spacing / MM,
        "min_mm": tuple(value / MM for value in grid.origin),
        "max_mm": tuple(value / MM for value in grid.upper),
        "margin_mm": None,
    }
    return scene.model_copy(update={"domain": scene.domain.model_copy(update=box)})
