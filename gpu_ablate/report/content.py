"""What the report says, in words and numbers, without any layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render.gl import NO_PICTURES
from gpu_ablate.render.words import disclaimer_words, endpoint_words, plain, seconds
from gpu_ablate.report.bracket import bracket_table
from gpu_ablate.report.cold import (
    bone_table,
    cold_load_table,
    cold_notes,
    cryoprobe_table,
    cycle_table,
    ice_table,
    refreeze_table,
)
from gpu_ablate.report.dose_volume import dose_table
from gpu_ablate.report.headline import (
    Line,
    Tile,
    allowed_words,
    headline,
    safety_words,
    tiles,
    uncertainty_words,
    unfinished_words,
)
from gpu_ablate.report.needles import needle_table, pair_table
from gpu_ablate.report.protection import isolation_table, skin_table
from gpu_ablate.report.tables import (
    Table,
    energy_table,
    other_measures,
    provenance_table,
    steps_table,
    target_table,
    value_table,
    zone_table,
)
from gpu_ablate.report.text import measured, quantity_words, reference, xyz_mm
from gpu_ablate.report.thinnest import thinnest_words
from gpu_ablate.result.result import Result

LIMITS_OF_THE_MODEL = (
    "Nothing moves in the model: no breathing, no shrinkage of heated tissue, no gas or steam that spreads.",
    "Material values are means from the literature; a single body or sample differs, perfusion most of all.",
)
LIMITS_IN_TISSUE = (
    "The dead zone is where a threshold of damage is passed; real damage has no sharp edge, and pathology "
    "weeks later can differ from it by millimetres.",
)
LIMITS_WITH_NEEDLES = (
    "Positions are as exact as the images and the needle's placement, of which the model knows nothing.",
)
LIMIT_OF_THE_BOX = (
    "Around {name} the killed tissue reaches the box of the model nearer than the thinnest margin: what lies "
    "beyond the box is not known, and the margin may be less than stated."
)


@dataclass(frozen=True)
class LimitLine:
    """A safety limit and what became of it."""

    words: str
    value: str
    allowed: str
    where: str
    source: str
    status: str


@dataclass(frozen=True)
class Picture:
    """A figure's file with its caption and the text for those who cannot see it."""

    name: str
    file: Path
    caption: str
    alt: str


@dataclass(frozen=True)
class Content:
    """The whole report; status words are "ok", "warning", "broken" or ""."""

    title: str
    scene: str
    run_problem: str
    disclaimer: str
    headline: tuple[Line, ...]
    status: str
    why: str
    thinnest: str
    rule: str
    safety: str
    cautions: str
    uncertainty: str
    unfinished: str
    tiles: tuple[Tile, ...]
    limits: tuple[LimitLine, ...]
    remarks: str
    pictures: tuple[Picture, ...]
    pictures_note: str
    plan: tuple[Table, ...]
    measures: tuple[Table, ...]
    background: tuple[Table, ...]
    model_limits: tuple[str, ...]
    references: tuple[str, ...]


def collect(result: Result, metrics: dict[str, Any], figures: dict[str, Path], bibliography: dict[str, str]) -> Content:
    """Gather the report of a run.

    Parameters
    ----------
    metrics : metrics.json; every measured number is taken from here
    figures : name -> PNG file, in the order in which they are shown
    bibliography : citation key -> BibTeX entry
    """
    setup = result.setup
    verdict = metrics["verdict"]
    problem = ""
    if metrics["status"] != "done":
        ended = seconds(metrics["time"]["simulated_s"])
        problem = f"This run is {metrics['status']}: it ended after {ended} s, before its plan was done."
    judged = bool(metrics["targets"])
    lines = headline(metrics)
    plan = (
        steps_table(result),
        needle_table(metrics),
        pair_table(metrics),
        isolation_table(metrics),
        cryoprobe_table(metrics),
        refreeze_table(metrics),
    )
    measures = (
        target_table(metrics),
        zone_table(result, metrics),
        *bracket_table(metrics, setup.endpoint),
        dose_table(metrics, setup.endpoint),
        skin_table(metrics),
        ice_table(metrics),
        cycle_table(metrics),
        cold_load_table(metrics),
        bone_table(metrics),
        *other_measures(metrics),
    )
    background = (energy_table(metrics), provenance_table(result, metrics), value_table(result))
    sources = {(limit.where, limit.quantity): limit.source for limit in setup.limits}
    return Content(
        title=setup.title or setup.name,
        scene=setup.name,
        run_problem=problem,
        disclaimer=disclaimer_words(),
        headline=lines,
        status=next((state for state in ("broken", "warning", "ok") if state in {line.status for line in lines}), ""),
        why=verdict["why"] if judged else "",
        thinnest=thinnest_words(setup, metrics),
        rule=verdict["rule"].replace(setup.endpoint.name, endpoint_words(setup.endpoint)) if judged else "",
        safety=safety_words(metrics),
        cautions=cold_notes(metrics),
        uncertainty=uncertainty_words(result),
        unfinished=unfinished_words(result),
        tiles=tiles(result, metrics),
        limits=tuple(limit_line(found, sources[found["where"], found["quantity"]]) for found in metrics["limits"]),
        remarks=remark_words(setup.notes),
        pictures=tuple(picture(name, file, result, metrics) for name, file in figures.items()),
        pictures_note=pictures_note(figures),
        plan=tuple(table for table in plan if table.rows),
        measures=tuple(table for table in measures if table.rows),
        background=tuple(table for table in background if table.rows),
        model_limits=model_limits(setup, metrics),
        references=tuple(reference(key, bibliography.get(key)) for key in setup.citations),
    )


def remark_words(notes: tuple[str, ...]) -> str:
    """What the notes are about (their words before the colon), for the first screen; empty without notes."""
    subjects = dict.fromkeys(note.split(":")[0] if ":" in note[:60] else note for note in notes)
    return "; ".join(subject.rstrip(".") for subject in subjects)


def model_limits(setup: Setup, metrics: dict[str, Any]) -> tuple[str, ...]:
    """What the numbers do not know: of this run, then of the model."""
    boxed = [target["name"] for target in metrics["targets"] if target["margin_ends_at_box"]]
    return (
        *setup.notes,
        *(LIMIT_OF_THE_BOX.format(name=plain(name)) for name in boxed),
        *LIMITS_OF_THE_MODEL,
        *(LIMITS_IN_TISSUE if setup.phase_mask("body").any() else ()),
        *(LIMITS_WITH_NEEDLES if setup.probes else ()),
    )


def limit_line(limit: dict[str, Any], source: str) -> LimitLine:
    """A limit of metrics.json in words."""
    where = "" if limit["at_s"] is None else f"at {seconds(limit['at_s'])} s"
    if limit["at_mm"] is not None:
        where = f"{where}, {xyz_mm(limit['at_mm'])}".removeprefix(", ")
    return LimitLine(
        words=f"{plain(limit['where'])}: {quantity_words(limit['quantity'])}",
        value="not measured" if limit["value"] is None else measured(limit["quantity"], limit["value"]),
        allowed=allowed_words(limit),
        where=where,
        source="this scene" if source == "scene" else source,
        status=limit["status"],
    )


def pictures_note(figures: dict[str, Path]) -> str:
    """Why pictures are missing, if they are."""
    if not figures:
        return "Not drawn; `gpu-ablate report` with the run folder draws them."
    return "" if "scene3d" in figures else NO_PICTURES[:1].upper() + NO_PICTURES[1:]


def picture(name: str, file: Path, result: Result, metrics: dict[str, Any]) -> Picture:
    """A figure with its words."""
    words = caption(name, result.setup, metrics)
    told = [words, metrics["verdict"]["why"]] if metrics["targets"] else [words]
    if result.setup.phase_mask("body").any():
        told.append(f"Killed tissue: {endpoint_words(result.setup.endpoint)}.")
    return Picture(name, file, words, " ".join(told))


def caption(name: str, setup: Setup, metrics: dict[str, Any]) -> str:
    """What a figure shows of this scene."""
    roles = {region.role for region in setup.regions}
    what, farther = ("Ice", "colder than 0 °C") if is_cold(setup.endpoint) else ("Heat", "hotter")
    heat = f"Killed tissue and {what.lower()}" if setup.phase_mask("body").any() else what
    if name == "scene3d":
        named = [("tumour", "target" in roles), ("skin", bool(roles & {"skin", "involved_skin"})),
                 ("needle", bool(setup.probes))]  # fmt: skip
        beside = [word for word, there in named if there]
        against = f" against {', '.join(beside)}" if beside else ""
        return f"{heat}{against}. Outlines: around everything that was ever {farther}, as seen from there."
    if name == "margin_map":
        return "How far the killed tissue reaches beyond the tumour, all around."
    if name == "slices":
        measured_margin = any(target["min_margin_mm"] is not None for target in metrics["targets"])
        place = "the thinnest margin" if measured_margin else "the middle of the target"
        return f"Slices through {place if metrics['targets'] else 'the hottest point'}, and along the needle."
    if name == "film_strip":
        return "The procedure in pictures: the slice along the needle at the end of each step."
    if name == "movie":
        return "The procedure as a movie: temperatures in the slice along the needle."
    if name == "ultrasound":
        return "What an ultrasound probe on the skin might show at the end of each step; drawn, not simulated."
    if name == "dose_volume":
        return say(
            "What share of each volume got at least a dose, by cells of the grid. Dashed: the threshold of killed "
            "tissue; dotted: limits."
        )
    return "Over time: power, temperatures" + (", killed tissue." if setup.phase_mask("body").any() else ".")
