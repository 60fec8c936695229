"""What the report says, in words and numbers, without any layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_ablate.render.style import DISCLAIMER
from gpu_ablate.render.words import endpoint_words
from gpu_ablate.report.tables import (
    Table,
    energy_table,
    needle_table,
    other_measures,
    provenance_table,
    steps_table,
    target_table,
    tissue_tables,
    zone_table,
)
from gpu_ablate.report.text import number, percent, quantity_words, reference, unit_of, xyz_mm
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

OUTCOME_STATUS = {
    "radical": "ok",
    "effective": "ok",
    "covered, margin short": "warning",
    "partial": "warning",
    "incomplete": "broken",
    "not effective": "broken",
}
"""How good an outcome of the verdict is; any other has no colour."""

CAPTIONS = {
    "scene3d": "Where the killed tissue lies against tumour, skin and needle",
    "margin_map": "How far the killed tissue reaches beyond the tumour, all around",
    "slices": "Slices through the place named in the legend",
    "curves": "Power, skin temperature, killed volume and coverage over time",
}

NO_3D = "The 3D pictures are missing: OpenGL did not work on this machine; log.txt says what to install."

LIMITS_OF_THE_MODEL = (
    "Nothing moves in the model: no breathing, no shrinkage of heated tissue, no gas or steam that spreads.",
    "Tissue values are means from the literature; one patient's tissue differs, perfusion most of all.",
    "The dead zone is where a threshold of damage is passed; real damage has no sharp edge, and pathology "
    "weeks later can differ from it by millimetres.",
    "Positions are as exact as the images and the needle's placement, of which the model knows nothing.",
)


@dataclass(frozen=True)
class Tile:
    """One of the numbers of the first screen."""

    label: str
    value: str
    detail: str
    status: str


@dataclass(frozen=True)
class LimitLine:
    """A safety limit and what became of it."""

    words: str
    value: str
    allowed: str
    where: str
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
    verdict: str
    verdict_status: str
    why: str
    rule: str
    safety: str
    safety_status: str
    tiles: tuple[Tile, ...]
    limits: tuple[LimitLine, ...]
    notes: tuple[str, ...]
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
    outcome = verdict["outcome"]
    goal_mm = setup.plan.margin_goal / MM
    problem = ""
    if metrics["status"] != "done":
        seconds = number(metrics["time"]["simulated_s"], 0)
        problem = f"This run is {metrics['status']}: it ended after {seconds} s, before its plan was done."
    return Content(
        title=setup.title or setup.name,
        scene=setup.name,
        run_problem=problem,
        disclaimer=DISCLAIMER,
        verdict=outcome[:1].upper() + outcome[1:],
        verdict_status=OUTCOME_STATUS.get(outcome, ""),
        why=verdict["why"],
        rule=verdict["rule"],
        safety=safety_words(metrics),
        safety_status=worst_limit(metrics),
        tiles=(*target_tiles(metrics, goal_mm), *skin_tile(metrics), zone_tile(result, metrics)),
        limits=tuple(limit_line(limit) for limit in metrics["limits"]),
        notes=setup.notes,
        pictures=tuple(picture(name, file, result, metrics) for name, file in figures.items()),
        pictures_note=NO_3D if figures and "scene3d" not in figures else "",
        plan=(steps_table(result), needle_table(setup.probes)),
        measures=(target_table(metrics), zone_table(result, metrics), *other_measures(metrics)),
        background=(energy_table(metrics), provenance_table(result, metrics), *tissue_tables(result)),
        model_limits=LIMITS_OF_THE_MODEL,
        references=tuple(reference(key, bibliography.get(key)) for key in setup.citations),
    )


def target_tiles(metrics: dict[str, Any], goal_mm: float) -> tuple[Tile, ...]:
    """Coverage and thinnest margin, each of the worst target."""
    targets = [target for target in metrics["targets"] if target["ablated_percent"] is not None]
    if not targets:
        return ()
    least = min(targets, key=lambda target: float(target["ablated_percent"]))
    covered = float(least["ablated_percent"])
    tiles = [
        Tile(
            "Tumour killed",
            percent(covered),
            f"{least['name']}, {number(least['volume_cm3'], 2)} cm³",
            "ok" if OUTCOME_STATUS.get(metrics["verdict"]["outcome"]) != "broken" else "broken",
        )
    ]
    margins = [target for target in targets if target["min_margin_mm"] is not None]
    if not margins:
        return (*tiles, Tile("Thinnest margin", "none", "nothing was killed", "broken"))
    thin = min(margins, key=lambda target: float(target["min_margin_mm"]))
    margin = float(thin["min_margin_mm"])
    state = "broken" if margin < 0 else ("ok" if margin >= goal_mm else "warning")
    at = thin.get("min_margin_at_mm")
    detail = f"aim {goal_mm:g} mm" + (f"; at {xyz_mm(at)}" if at else "")
    if margin < 0:
        detail = f"below 0: tumour left; {detail}"
    return (*tiles, Tile("Thinnest margin", f"{number(margin, 1)} mm", detail, state))


def skin_tile(metrics: dict[str, Any]) -> tuple[Tile, ...]:
    """Hottest skin against its limit."""
    for limit in metrics["limits"]:
        temperature = limit["where"] == "skin" and limit["quantity"] == "max_temperature_c"
        if temperature and limit["value"] is not None:
            allowed = allowed_words(limit)
            detail = f"{allowed}; at {number(limit['at_s'], 0)} s" if limit["at_s"] is not None else allowed
            return (Tile("Hottest skin", f"{number(limit['value'], 1)} °C", detail, limit["status"]),)
    return ()


def zone_tile(result: Result, metrics: dict[str, Any]) -> Tile:
    """Volume of the dead zone."""
    endpoint = result.setup.endpoint
    zone = metrics["zones"][endpoint.name]
    return Tile("Killed tissue", f"{number(zone['volume_cm3'], 2)} cm³", endpoint_words(endpoint), "")


def worst_limit(metrics: dict[str, Any]) -> str:
    """The worst state of all limits; empty without limits."""
    states = [limit["status"] for limit in metrics["limits"]]
    return next((state for state in ("broken", "warning", "ok") if state in states), "")


def safety_words(metrics: dict[str, Any]) -> str:
    """What became of the safety limits, in one line."""
    words = {"broken": "Safety limit broken", "warning": "Safety warning", "ok": "All safety limits kept"}
    worst = worst_limit(metrics)
    if worst in ("", "ok"):
        return words.get(worst, "No safety limit was set")
    found = [limit for limit in metrics["limits"] if limit["status"] == worst]
    named = [f"{limit['where']}: {quantity_words(limit['quantity'])}" for limit in found]
    return f"{words[worst]} ({'; '.join(named)})"


def limit_line(limit: dict[str, Any]) -> LimitLine:
    """A limit of metrics.json in words."""
    unit = unit_of(limit["quantity"])
    where = "" if limit["at_s"] is None else f"at {number(limit['at_s'], 0)} s"
    if limit["at_mm"] is not None:
        where = f"{where}, {xyz_mm(limit['at_mm'])}".removeprefix(", ")
    return LimitLine(
        words=f"{limit['where']}: {quantity_words(limit['quantity'])}",
        value="not measured" if limit["value"] is None else f"{number(limit['value'], 2)} {unit}".strip(),
        allowed=allowed_words(limit),
        where=where,
        status=limit["status"],
    )


def allowed_words(limit: dict[str, Any]) -> str:
    """From where a limit warns and is broken."""
    unit = unit_of(limit["quantity"])
    beyond = "below" if limit["quantity"] == "min_temperature_c" else "above"
    words = [
        f"{word} {beyond} {limit[key]:g} {unit}".strip()
        for word, key in (("warns", "warn"), ("broken", "fail"))
        if limit.get(key) is not None
    ]
    return ", ".join(words)


def picture(name: str, file: Path, result: Result, metrics: dict[str, Any]) -> Picture:
    """A figure with its words."""
    caption = CAPTIONS.get(name, name)
    alt = f"{caption}. {metrics['verdict']['why']} Killed tissue: {endpoint_words(result.setup.endpoint)}."
    return Picture(name, file, caption, alt)
