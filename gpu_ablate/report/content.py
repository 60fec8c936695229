"""What the report says, in words and numbers, without any layout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.language import retell, say
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
from gpu_ablate.report.model_limits import model_limits
from gpu_ablate.report.needles import needle_table, pair_table
from gpu_ablate.report.pictures import Picture, picture, pictures_note
from gpu_ablate.report.protection import isolation_table, skin_table
from gpu_ablate.report.retold import retold
from gpu_ablate.report.tables import (
    Table,
    beside_vessels_table,
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
from gpu_ablate.units import MM

CAUTIONS = ("Caution:", "注意：")
"""What a caution begins with, in each language."""


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
    metrics = retold(setup, metrics)
    verdict = metrics["verdict"]
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
        beside_vessels_table(metrics, setup.plan.margin_goal / MM),
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
        run_problem=problem_words(metrics),
        disclaimer=disclaimer_words(),
        headline=lines,
        status=next((state for state in ("broken", "warning", "ok") if state in {line.status for line in lines}), ""),
        why=verdict["why"] if judged else "",
        thinnest=thinnest_words(setup, metrics),
        rule=rule_words(verdict["rule"], setup.endpoint) if judged else "",
        safety=safety_words(metrics),
        cautions=cold_notes(metrics),
        uncertainty=uncertainty_words(result),
        unfinished=unfinished_words(result),
        tiles=tiles(result, metrics),
        limits=tuple(limit_line(found, sources[found["where"], found["quantity"]]) for found in metrics["limits"]),
        remarks=remark_words([retell(note) for note in setup.notes]),
        pictures=tuple(picture(name, file, result, metrics) for name, file in figures.items()),
        pictures_note=pictures_note(figures),
        plan=tuple(table for table in plan if table.rows),
        measures=tuple(table for table in measures if table.rows),
        background=tuple(table for table in background if table.rows),
        model_limits=model_limits(setup, metrics),
        references=tuple(reference(key, bibliography.get(key)) for key in setup.citations),
    )


def problem_words(metrics: dict[str, Any]) -> str:
    """That a run did not come to its end; empty where it did."""
    ended = seconds(metrics["time"]["simulated_s"])
    words = {
        "failed": say("This run is failed: it ended after {s} s, before its plan was done.", s=ended),
        "interrupted": say("This run is interrupted: it ended after {s} s, before its plan was done.", s=ended),
    }
    return words.get(metrics["status"], "")


def rule_words(rule: str, endpoint: Endpoint) -> str:
    """The rule of the verdict with the endpoint in words where it names the zone: an endpoint may be called "ice"."""
    words = endpoint_words(endpoint).replace("\\", "\\\\")
    return re.sub(rf"\b{re.escape(endpoint.name)}(?= zone| 区)", words, rule)


def remark_words(notes: Sequence[str]) -> str:
    """What the notes are about, for the first screen; empty without notes."""
    return say("; ").join(dict.fromkeys(_subject(note).rstrip(".。") for note in notes))


def _subject(note: str) -> str:
    """The words of a note before its colon; of a caution those after it, up to the first comma or semicolon."""
    if note.startswith(CAUTIONS):
        return re.split("[,;，；]", re.split("[:：]", note, maxsplit=1)[1].strip())[0]
    return re.split("[:：]", note)[0] if re.search("[:：]", note[:60]) else note


def limit_line(limit: dict[str, Any], source: str) -> LimitLine:
    """A limit of metrics.json in words."""
    where = [] if limit["at_s"] is None else [say("at {s} s", s=seconds(limit["at_s"]))]
    where += [] if limit["at_mm"] is None else [xyz_mm(limit["at_mm"])]
    return LimitLine(
        words=say("{where}: {quantity}", where=plain(limit["where"]), quantity=quantity_words(limit["quantity"])),
        value=say("not measured") if limit["value"] is None else measured(limit["quantity"], limit["value"]),
        allowed=allowed_words(limit),
        where=say(", ").join(where),
        source=say("this scene") if source == "scene" else source,
        status=limit["status"],
    )
