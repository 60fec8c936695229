"""compare.json: what was seen after a treatment, against the run that computed it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from gpu_ablate.errors import ResultError
from gpu_ablate.geometry.meshes import Mesh
from gpu_ablate.outcome.agreement import measure_agreement
from gpu_ablate.outcome.completeness import measure_completeness
from gpu_ablate.outcome.follow_up import MOST_LESIONS, measure_lesions
from gpu_ablate.outcome.inset import INSETS, inset_fields
from gpu_ablate.outcome.metrics import finite
from gpu_ablate.outcome.observed import Observed
from gpu_ablate.outcome.perfusion import NONPERFUSED
from gpu_ablate.outcome.places import Past, side
from gpu_ablate.outcome.zones import ISOTHERMS, zone_field, zone_surface
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

SCHEMA_VERSION = 1

When = Literal["immediate", "1m", "3m", "6m", "12m"]
Seen = Literal["zone", "lesion"]

EARLY = ("immediate", "1m")
"""When a zone is seen, unless told otherwise; later a lesion is."""


def simulated_zone(result: Result, name: str, folder: Path) -> Mesh:
    """The closed surface of a zone of metrics.json.

    Raises
    ------
    ResultError
        There is no such zone, or nothing lies in it.
    """
    endpoint, insets = result.setup.endpoint.name, {f"ice_inset_{inset:g}mm": i for i, inset in enumerate(INSETS)}
    names = [endpoint, NONPERFUSED, *(c.name for c in ISOTHERMS), *(f"{c.name}_now" for c in ISOTHERMS), *insets]
    if name not in names:
        raise ResultError(f'{folder}: no zone "{name}" in a run\n  zones: {", ".join(dict.fromkeys(names))}')
    phi = zone_field(result, "below_0c" if name in insets else name)
    other = f"compare with another zone, for example --zone {endpoint}"
    if phi is None:
        raise ResultError(f'{folder}: the run kept no history for the zone "{name}"\n  {other}')
    body, grid = result.setup.phase_mask("body"), result.setup.grid
    if name in insets:
        phi = inset_fields(phi, body, grid)[insets[name]]
    surface = zone_surface(phi, body, grid)
    if not len(surface.faces):
        raise ResultError(f'{folder}: the zone "{name}" of this run is empty\n  {other}')
    return Mesh(surface.points.astype(np.float64), surface.faces)


def compare(past: Past, observed: Observed, zone: Mesh, name: str, at: When, seen: Seen) -> dict[str, Any]:
    """What compare.json holds: JSON types only, every number finite or None.

    zone, name : the simulated zone and its name in metrics.json
    """
    setup = past.result.setup
    as_zone = seen == "zone"
    return finite(
        {
            "schema_version": SCHEMA_VERSION,
            "scene": setup.name,
            "status": past.result.status,
            "observed": observed.file,
            "label": observed.label,
            "label_name": observed.label_name,
            "at": at,
            "seen": seen,
            "zone": name,
            "parts": len(observed.parts),
            "agreement": agreement(past, observed, zone) if as_zone else None,
            "completeness": measure_completeness(past, observed.whole) if as_zone else None,
            "lesions": [] if as_zone else measure_lesions(past, observed, zone),
            "lesions_left_out": 0 if as_zone else max(0, len(observed.parts) - MOST_LESIONS),
        }
    )


def agreement(past: Past, observed: Observed, zone: Mesh) -> dict[str, Any]:
    """The `agreement` of compare.json; `largest` also says on which side of the target it is."""
    found: dict[str, Any] = measure_agreement(observed.whole, zone, past.result.setup.grid)
    return found | {"largest": found["largest"] | side(past, np.array(found["largest"]["at_mm"]) * MM)}
