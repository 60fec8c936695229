"""Lesions that are seen some months after the treatment: at the treated zone, or new."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpu_ablate.case.grid import Grid
from gpu_ablate.geometry.meshes import Mesh, centroid
from gpu_ablate.geometry.shapes import in_box
from gpu_ablate.outcome.agreement import away_from, even
from gpu_ablate.outcome.observed import Observed
from gpu_ablate.outcome.places import Past, tell
from gpu_ablate.units import CM3, MM

AT_EDGE_MM = 10.0
"""A lesion nearer to the edge of the simulated zone than this counts as at its edge [mm]: about as far off (11 mm) were
simulated edges at worst where they were measured (Int J Hyperthermia 2020, doi 10.1080/02656736.2020.1845402). The
standardised terms (Ahmed et al. 2014, Radiology 273:241) speak of tumour foci at the edge of the ablation zone and give
no distance (from memory, not re-read)."""

MOST_LESIONS = 20
"""The largest are told of."""

SAMPLES = 200_000
"""Points in the box around a lesion by which shares of it are counted."""

INSIDE, EDGE, NEW = "local progression inside the zone", "local progression at the edge", "new lesion"


def measure_lesions(past: Past, observed: Observed, zone: Mesh) -> list[dict[str, Any]]:
    """The `lesions` of compare.json, the largest first.

    zone : the simulated one, which stands for the treated one

    class : INSIDE where more than half of it lies in the zone, EDGE where it comes within AT_EDGE_MM of it, else NEW
    inside_zone_percent, to_zone_mm (0 where they touch), to_target_mm, inside_target_percent : of the nearest target
    beyond_box_percent : of it, where the run says nothing
    and what `tell` says of it, at its middle
    """
    grid = past.result.setup.grid
    targets = [Mesh(each.surface.points.astype(np.float64), each.surface.faces) for each in past.targets]
    found = []
    for part in observed.parts[:MOST_LESIONS]:
        inside = share_in(part, zone)
        gap = least_gap(part, zone)
        gaps = [least_gap(part, target) for target in targets]
        nearest = int(np.argmin(gaps))
        found.append(
            {
                "class": INSIDE if inside > 0.5 else EDGE if gap <= AT_EDGE_MM * MM else NEW,
                "volume_cm3": part.volume() / CM3,
                "inside_zone_percent": 100.0 * inside,
                "to_zone_mm": gap / MM,
                "inside_target_percent": 100.0 * share_in(part, targets[nearest]),
                "to_target_mm": gaps[nearest] / MM,
                "beyond_box_percent": 100.0 * (1.0 - share_in(part, grid)),
                **tell(past, part, centroid(part.points, part.faces)),
            }
        )
    return found


def share_in(part: Mesh, other: Mesh | Grid) -> float:
    """Share of a part that lies in another body, or in the box of a grid."""
    lower, upper = part.bounds()
    step = float(np.cbrt(np.prod(upper - lower) / SAMPLES))
    sides = [np.arange(low + step / 2, high, step) for low, high in zip(lower, upper, strict=True)]
    points = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 3)
    own = points[part.contains(points)]
    if not len(own):
        own = centroid(part.points, part.faces)[None]
    if isinstance(other, Grid):
        return float(in_box(own, (np.array(other.origin), np.array(other.upper))).mean())
    return float(other.contains(own).mean())


def least_gap(part: Mesh, other: Mesh) -> float:
    """Least distance between two bodies [m], 0 where they touch or overlap."""
    if part.contains(other.points).any():
        return 0.0
    away, _ = away_from(other, even(part.points, part.faces).points.astype(np.float64))
    return max(float(away.min()), 0.0)
