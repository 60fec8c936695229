"""What the numbers of a report do not know."""

from __future__ import annotations

from typing import Any

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import retell, say
from gpu_ablate.render.words import plain


def model_limits(setup: Setup, metrics: dict[str, Any]) -> tuple[str, ...]:
    """What the numbers do not know: of this run, then of the model."""
    boxed = [target["name"] for target in metrics["targets"] if target["margin_ends_at_box"]]
    return (
        *(retell(note) for note in setup.notes),
        *(limit_of_the_box(name) for name in boxed),
        say("Nothing moves in the model: no breathing, no shrinkage of heated tissue, no gas or steam that spreads."),
        say("Material values are means from the literature; a single body or sample differs, perfusion most of all."),
        *(limits_in_tissue() if setup.phase_mask("body").any() else ()),
        *(limits_with_needles() if setup.probes else ()),
    )


def limit_of_the_box(target: str) -> str:
    """That a margin may be less, since the zone meets the box."""
    return say(
        "Around {name} the killed tissue reaches the box of the model nearer than the thinnest margin: what lies "
        "beyond the box is not known, and the margin may be less than stated.",
        name=plain(target),
    )


def limits_in_tissue() -> tuple[str, ...]:
    """What is not known where something lives."""
    return (
        say(
            "The dead zone is where a threshold of damage is passed; real damage has no sharp edge, and pathology "
            "weeks later can differ from it by millimetres."
        ),
    )


def limits_with_needles() -> tuple[str, ...]:
    """What is not known of needles."""
    return (say("Positions are as exact as the images and the needle's placement, of which the model knows nothing."),)
