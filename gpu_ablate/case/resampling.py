"""What becomes of the labels of an image on the grid: thin ones are kept whole, and what changed is told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Region, ResampledLabel
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.thin import close_sheet, join_tubes
from gpu_ablate.geometry.voxelize import Labels, Painter, PaintImage, label_volume
from gpu_ablate.units import CM3, MM

SHEETS, TUBES = ("skin", "involved_skin"), ("vessel",)
"""Roles of what must not have holes, and of what must not break."""

KEPT = ("target", "nerve", "risk", *SHEETS, *TUBES)
"""Roles of cells that no vessel takes."""

TOLD_SHARE, TOLD_M3 = 0.05, CM3
"""Changes of volume above both are worth a note; `check` tells all."""


def close_skin(labels: Labels, painter: Painter, regions: list[Region], grid: Grid) -> None:
    """Close the holes of skin thinner than cells, in place."""
    skin = frozenset(i for i, region in enumerate(regions) if region.role in SHEETS)
    gas = frozenset(i for i, region in enumerate(regions) if region.phase == "gas")
    if skin and gas:
        close_sheet(labels, painter, skin, gas, grid.spacing, grid.origin)


def join_vessels(labels: Labels, of_image: Labels, painter: PaintImage, regions: list[Region], grid: Grid) -> None:
    """Join the pieces of vessels thinner than cells, in place, where nothing was painted over the image.

    of_image : (nz, ny, nx) labels of the image alone; painter : of the image
    """
    kept = [i for i, region in enumerate(regions) if region.role in KEPT]
    for value, tube in painter.lookup.items():
        if regions[tube].role in TUBES:
            free = (labels == of_image) & ~np.isin(labels, kept)
            join_tubes(labels, painter.image, value, tube, free, grid.spacing, grid.origin)


@dataclass(frozen=True)
class Resampled:
    """The image alone on the grid: labels (nz, ny, nx) at the cell centres, and what became of each region."""

    plain: Labels
    volumes: tuple[ResampledLabel, ...]


def resampled_labels(painter: PaintImage, regions: list[Region], grid: Grid, join: bool) -> Resampled:
    """The image alone on the grid. What lies beyond its edge too has no volume in it.

    painter : of the image; join : whether vessels are joined
    """
    image, lookup = painter.image, painter.lookup
    plain = label_volume(painter, grid.shape, grid.spacing, grid.origin)
    whole = plain.copy()
    close_skin(whole, painter, regions, grid)
    if join:
        join_vessels(whole, plain, painter, regions, grid)
    before = _volumes_in_box(image, grid)
    told = []
    beyond = painter.outside if painter.outside is not None else 0
    for label in (label for label in dict.fromkeys(lookup.values()) if label != beyond):
        after = int((whole == label).sum())
        told.append(
            ResampledLabel(
                regions[label].name,
                sum(before.get(value, 0.0) for value, its in lookup.items() if its == label),
                after * grid.cell_volume,
                max(0, after - int((plain == label).sum())),
            )
        )
    return Resampled(plain, tuple(told))


def _volumes_in_box(image: LabelImage, grid: Grid) -> dict[int, float]:
    """Volume [m³] of the voxels of each value whose centre lies in the box."""
    lattice = image.lattice
    lower, upper = np.array(grid.origin), np.array(grid.upper)
    part = lattice.overlap(lower, upper)
    values = image.values[part].reshape(-1)
    counts: dict[int, int] = {}
    for voxels, centres in lattice.cut(part).centres():
        inside: NDArray[np.bool_] = np.all((centres >= lower) & (centres < upper), axis=1)
        found, count = np.unique(values[voxels][inside], return_counts=True)
        for value, number in zip(found.tolist(), count.tolist(), strict=True):
            counts[value] = counts.get(value, 0) + number
    return {value: count * lattice.voxel_volume for value, count in counts.items()}


def resampling_notes(told: tuple[ResampledLabel, ...], regions: tuple[Region, ...], spacing: float) -> list[str]:
    """What resampling changed, for people: volumes that changed, cells added."""
    gas = {region.name for region in regions if region.phase == "gas"}
    changed = [
        f"{each.region} {each.before / CM3:.1f} to {each.after / CM3:.1f} cm³"
        + (f" ({each.added} cells added so that it stays whole)" if each.added > 0 else "")
        for each in told
        if each.region not in gas
        and (each.added > 0 or abs(each.after - each.before) > max(TOLD_M3, TOLD_SHARE * each.before))
    ]
    if not changed:
        return []
    return [f"Resampling the image to voxels of {spacing / MM:g} mm changed volumes: {', '.join(changed)}."]
