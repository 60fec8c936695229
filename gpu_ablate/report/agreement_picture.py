"""What the picture of a comparison shows and says."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import Mesh
from gpu_ablate.language import say
from gpu_ablate.outcome.agreement import away_from, even
from gpu_ablate.outcome.observed import Observed
from gpu_ablate.render.outlines import Outlines
from gpu_ablate.report.agreement import agreement_words, apart_place_words, suggestion_words, when_words
from gpu_ablate.units import MM


def picture_words(told: dict[str, Any], setup: Setup) -> tuple[str, str]:
    """Title of the picture, and what stands below it in two lines."""
    subject = say("{title}; seen {when}.", title=setup.title or setup.name, when=when_words(told["at"]))
    return suggestion_words(told), f"{subject}\n{agreement_words(told, setup)}"


def outlines_of(told: dict[str, Any], setup: Setup, observed: Observed, zone: Mesh) -> Outlines:
    """What the picture shows: the slices go through the largest residual, else through the place where the zones are
    furthest apart; of lesions through the largest.

    zone : the simulated one
    """
    body = observed.whole
    simulated = Surface(zone.points.astype(np.float32), zone.faces)
    if told["seen"] == "lesion":
        at, where = told["lesions"][0]["at_mm"], say("middle of the largest lesion")
        shown = Surface(body.points.astype(np.float32), body.faces)
        numbered = tuple(np.array(lesion["at_mm"]) * MM for lesion in told["lesions"])
        return Outlines(simulated, shown, None, np.array(at) * MM, where, say("observed lesion"), numbered)
    even_surface = even(body.points, body.faces)
    away, _ = away_from(zone, even_surface.points.astype(np.float64))
    left = [part for target in (told["completeness"] or {"targets": []})["targets"] for part in target["residuals"]]
    if left:
        at = max(left, key=lambda part: float(part["volume_cm3"]))["at_mm"]
        where = say("tumour not covered by the observed zone")
    else:
        at, where = told["agreement"]["largest"]["at_mm"], apart_place_words(told)
    return Outlines(simulated, even_surface, away, np.array(at) * MM, where, say("observed zone"))
