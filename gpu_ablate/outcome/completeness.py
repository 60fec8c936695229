"""Whether the zone that was seen covers the targets, and where it does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt, label

from gpu_ablate.geometry.meshes import Mesh, volume
from gpu_ablate.outcome.agreement import away_from
from gpu_ablate.outcome.coverage import covered_percent, killed_share
from gpu_ablate.outcome.levelset import Field
from gpu_ablate.outcome.margins import NO_MARGIN, cell_centres, front, measure_margins
from gpu_ablate.outcome.places import Past, cell_surface, tell
from gpu_ablate.outcome.verdict import COVERED_PERCENT, palliative
from gpu_ablate.result.result import Result
from gpu_ablate.scene.body import TO_KILL
from gpu_ablate.units import CM3, MM

BAND_CELLS = 3
"""Cells so near to the edge of what was seen get their distance to it; more where SLIVER_MM is further."""

SLIVER_MM = 2.0
"""Living tissue that is thinner than this between what was seen and fluid or gas ends no margin [mm]: a segmentation
cannot tell it from the edge of its voxels."""

MOST_RESIDUALS = 5
"""Of each target, the largest."""

MARGINS = ("min_margin_mm", "min_margin_at_mm", "margin_p5_mm", "margin_5mm_percent", "margin_10mm_percent")

COMPLETE, PARTIAL = "complete", "partial"


def measure_completeness(past: Past, observed: Mesh) -> dict[str, object] | None:
    """The `completeness` of compare.json; None where the run has nothing to kill.

    The observed zone takes the place of the simulated one in what metrics.json measures of targets.

    class : "complete" where every target is covered to COVERED_PERCENT, else "partial"
    effect : of a palliative plan "effective", "undetermined" or "not effective" (`verdict.palliative`), else None
    targets[] : `name`, `role`, `volume_cm3`, `covered_percent`, the margin keys, `margin_ends_at_box`, `residual_parts`
        and `residuals[]`: `volume_cm3`, `percent` of the target, `depth_mm` below the observed edge, and what `tell`
        says of it
    """
    setup = past.result.setup
    body = setup.phase_mask("body")
    phi = observed_field(observed, past.result)
    share, edge = killed_share(phi, body), front(without_slivers(phi, past.result), body, setup.grid)
    targets: list[dict[str, Any]] = []
    for region in setup.regions:
        percent = covered_percent(setup, share, region.name) if region.role in TO_KILL else None
        if percent is None:
            continue
        surface = setup.surfaces.get(region.name)
        margin = measure_margins(setup, region.name, edge) if region.role == "target" else NO_MARGIN
        count, parts = residuals(past, region.name, observed, share)
        targets.append(
            {
                "name": region.name,
                "role": region.role,
                "volume_cm3": 0.0 if surface is None else abs(volume(surface.points, surface.faces)) / CM3,
                "covered_percent": percent,
                **{key: margin[key] for key in (*MARGINS, "margin_ends_at_box")},
                "residual_parts": count,
                "residuals": parts,
            }
        )
    if not targets:
        return None
    least = min(target["covered_percent"] for target in targets)
    judged = [target | {"ablated_percent": target["covered_percent"]} for target in targets]
    return {
        "class": COMPLETE if least >= COVERED_PERCENT else PARTIAL,
        "covered_percent": least,
        "effect": palliative(judged)[0] if setup.plan.intent == "palliative" else None,
        "margin_goal_mm": setup.plan.margin_goal / MM,
        "targets": targets,
    }


def observed_field(observed: Mesh, result: Result) -> Field:
    """φ (nz, ny, nx) of a body: the distance inwards from its edge [mm], exact near it and bounded elsewhere."""
    grid = result.setup.grid
    inside = observed.contains(grid.centres()).reshape(grid.shape)
    band = max(BAND_CELLS, 1 + math.ceil(SLIVER_MM * MM / grid.spacing))
    near = binary_dilation(inside, iterations=band) & ~binary_erosion(inside, iterations=band)
    most = band * grid.spacing / MM
    phi = np.where(inside, most, -most).astype(np.float32)
    if near.any():
        phi[near] = np.clip(-away_from(observed, cell_centres(near, grid))[0] / MM, -most, most)
    return phi


def without_slivers(phi: Field, result: Result) -> Field:
    """The same field, with what lies between the body and fluid or gas and is thinner than SLIVER_MM taken in."""
    body, spacing = result.setup.phase_mask("body"), result.setup.grid.spacing / MM
    if body.all():
        return phi
    beyond = (distance_transform_edt(body) - 0.5) * spacing
    sliver = body & (phi < 0) & (phi > -SLIVER_MM) & (beyond < SLIVER_MM)
    return np.where(sliver, np.float32(spacing / 2), phi)


def residuals(past: Past, name: str, observed: Mesh, share: Field) -> tuple[int, list[dict[str, Any]]]:
    """How many parts of a target, of a cell at least, lie outside of what was seen, and the largest of them."""
    setup = past.result.setup
    cells = setup.mask(name)
    numbers, count = label(cells & (share < 0.5), np.ones((3, 3, 3)))
    every = [numbers == number for number in range(1, count + 1)]
    sized = [(float((1.0 - share[part]).sum(dtype=np.float64)), i) for i, part in enumerate(every)]
    large = sorted((each for each in sized if each[0] >= 1.0), reverse=True)
    found: list[dict[str, Any]] = []
    for missed, i in large[:MOST_RESIDUALS]:
        places = cell_centres(every[i], setup.grid)
        away, _ = away_from(observed, places)
        found.append(
            {
                "volume_cm3": missed * setup.grid.cell_volume / CM3,
                "percent": 100.0 * missed / np.count_nonzero(cells),
                "depth_mm": float(away.max()) / MM,
                **tell(past, cell_surface(every[i], setup), places[int(away.argmax())]),
            }
        )
    return len(large), found
