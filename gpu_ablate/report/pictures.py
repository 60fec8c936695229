"""The pictures of a report with their words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import retell, say
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render.gl import NO_PICTURES
from gpu_ablate.render.words import endpoint_words, listed
from gpu_ablate.result.result import Result


@dataclass(frozen=True)
class Picture:
    """A figure's file with its caption and the text for those who cannot see it."""

    name: str
    file: Path
    caption: str
    alt: str


def pictures_note(figures: dict[str, Path]) -> str:
    """Why pictures are missing, if they are."""
    if not figures:
        return say("Not drawn; `gpu-ablate report` with the run folder draws them.")
    if "scene3d" in figures:
        return ""
    why = retell(NO_PICTURES)
    return why[:1].upper() + why[1:]


def picture(name: str, file: Path, result: Result, metrics: dict[str, Any]) -> Picture:
    """A figure with its words."""
    words = caption(name, result.setup, metrics)
    told = [words, metrics["verdict"]["why"]] if metrics["targets"] else [words]
    if result.setup.phase_mask("body").any():
        told.append(say("Killed tissue: {rule}.", rule=endpoint_words(result.setup.endpoint)))
    return Picture(name, file, words, say(" ").join(told))


def caption(name: str, setup: Setup, metrics: dict[str, Any]) -> str:
    """What a figure shows of this scene."""
    words = {
        "margin_map": say("How far the killed tissue reaches beyond the tumour, all around."),
        "film_strip": say("The procedure in pictures: the slice along the needle at the end of each step."),
        "movie": say("The procedure as a movie: temperatures in the slice along the needle."),
        "ultrasound": say(
            "What an ultrasound probe on the skin might show at the end of each step; drawn, not simulated."
        ),
        "dose_volume": say(
            "What share of each volume got at least a dose, by cells of the grid. Dashed: the threshold of killed "
            "tissue; dotted: limits."
        ),
        "curves": say("Over time: power, temperatures, killed tissue.")
        if setup.phase_mask("body").any()
        else say("Over time: power, temperatures."),
    }
    if name == "scene3d":
        return scene_caption(setup)
    return slices_caption(metrics, is_cold(setup.endpoint)) if name == "slices" else words[name]


def scene_caption(setup: Setup) -> str:
    """What the 3D picture shows."""
    roles = {region.role for region in setup.regions}
    cold, living = is_cold(setup.endpoint), setup.phase_mask("body").any()
    if living:
        what = say("Killed tissue and ice") if cold else say("Killed tissue and heat")
    else:
        what = say("Ice") if cold else say("Heat")
    beside = [say("tumour")] if "target" in roles else []
    beside += [say("skin")] if roles & {"skin", "involved_skin"} else []
    beside += [say("needle")] if setup.probes else []
    if beside:
        what = say("{what} against {beside}", what=what, beside=listed(beside))
    around = (
        say("Outlines: around everything that was ever colder than 0 °C, as seen from there.")
        if cold
        else say("Outlines: around everything that was ever hotter, as seen from there.")
    )
    return say("{what}. {around}", what=what, around=around)


def slices_caption(metrics: dict[str, Any], cold: bool) -> str:
    """Through what the slices go."""
    if not metrics["targets"] and cold:
        return say("Slices through the coldest point, and along the needle.")
    if not metrics["targets"]:
        return say("Slices through the hottest point, and along the needle.")
    if any(target["min_margin_mm"] is not None for target in metrics["targets"]):
        return say("Slices through the thinnest margin, and along the needle.")
    return say("Slices through the middle of the target, and along the needle.")
