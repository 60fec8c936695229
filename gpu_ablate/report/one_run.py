"""A run folder as a comparison and a case report read it, and the words that both have for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render.words import plain, seconds
from gpu_ablate.report.cold import cold_notes
from gpu_ablate.report.headline import Line, headline, margin_tile, safety_words, unfinished_words, worst
from gpu_ablate.report.retold import retold
from gpu_ablate.report.text import measured, number, percent, quantity_words
from gpu_ablate.result.result import Result
from gpu_ablate.result.store import load_metrics, load_result, require_free

KINDS = ("scene3d", "margin_map", "slices", "film_strip", "curves")
"""Pictures of a run's figures that are set side by side, in order."""


@dataclass(frozen=True)
class OneRun:
    """A run folder, what it holds, and its figures by name, as far as they are there."""

    folder: Path
    result: Result
    metrics: dict[str, Any]
    figures: dict[str, Path]

    @property
    def setup(self) -> Setup:
        """What was treated, and how."""
        return self.result.setup

    @property
    def cold(self) -> bool:
        """Whether it is judged by cold."""
        return is_cold(self.setup.endpoint)

    @property
    def title(self) -> str:
        """Title of its scene, or the scene's name."""
        return self.setup.title or self.setup.name


@dataclass(frozen=True)
class Cell:
    """A text of a table with its state: "ok", "warning", "broken" or ""."""

    words: str
    status: str = ""


NOTHING = Cell("–")


@dataclass(frozen=True)
class Shown:
    """A figure's file with its caption and the text for those who cannot see it."""

    file: Path
    caption: str
    alt: str


def read_run(folder: Path, draw: bool, log: Callable[[str], None]) -> OneRun:
    """Read a run folder; its figures are drawn into it where there are none.

    log : takes what drawing has to say

    Raises
    ------
    ResultError
        The folder holds no run that has ended, or its figures cannot be written.
    """
    result = load_result(folder)
    metrics = retold(result.setup, load_metrics(folder))
    figures = figures_of(folder)
    if draw and not figures:
        from gpu_ablate.render.figures import write_figures

        require_free(folder)
        log(f"drawing the figures of {folder}")
        write_figures(result, metrics, folder / "figures", log)
        figures = figures_of(folder)
    return OneRun(folder, result, metrics, figures)


def figures_of(folder: Path) -> dict[str, Path]:
    """The figures that a run folder holds, by name."""
    files = {name: folder / "figures" / f"{name}.png" for name in KINDS}
    return {name: file for name, file in files.items() if file.is_file()}


def kind_words(kind: str) -> str:
    """What a figure shows."""
    words = {
        "scene3d": say("3D picture"),
        "margin_map": say("Margin map"),
        "slices": say("Slices"),
        "film_strip": say("Film strip"),
        "curves": say("Curves over time"),
    }
    return words[kind]


def shown(run: OneRun, kind: str, name: str) -> Shown | None:
    """A figure of a run with its words; None where the run has none.

    name : what the run is called where it is shown
    """
    file = run.figures.get(kind)
    if file is None:
        return None
    what = kind_words(kind)
    told = " ".join(f"{line.words}." for line in read_lines(run.metrics))
    return Shown(file, f"{name}: {what}", f"{what}. {name}, {run.title}. {told}")


def read_lines(metrics: dict[str, Any]) -> tuple[Line, ...]:
    """How the report of a run reads first: broken limits, verdict, warnings, or that all limits were kept."""
    kept = (Line(safety_words(metrics), "ok"),) if worst(metrics["limits"]) == "ok" else ()
    return (*headline(metrics), *kept)


def not_done_words(metrics: dict[str, Any]) -> str:
    """That a run did not come to the end of its plan; empty where it did."""
    states = {"interrupted": say("interrupted"), "failed": say("failed")}
    if metrics["status"] == "done":
        return ""
    return say(
        "this run is {state}: it ended after {s} s, before its plan was done",
        state=states[metrics["status"]],
        s=seconds(metrics["time"]["simulated_s"]),
    )


def notes(run: OneRun) -> tuple[str, ...]:
    """What else the report of a run tells on its first screen: weak bone, a large lesion, what still grew."""
    return tuple(words for words in (cold_notes(run.metrics), unfinished_words(run.result)) if words)


def intent_words(intent: str) -> str:
    """The intent of a plan."""
    return {"radical": say("radical"), "palliative": say("palliative")}[intent]


def treatment_words(setup: Setup) -> str:
    """By what a plan treats."""
    used = [probe for probe in setup.probes if probe.steps]
    words = []
    if any(not probe.freezes for probe in used):
        words.append(say("microwave"))
    if any(probe.freezes for probe in used):
        words.append(say("cryoablation"))
    return say("{one} and {other}", one=words[0], other=words[1]) if len(words) == 2 else "".join(words) or "–"


def killed_cm3(run: OneRun) -> float | None:
    """Volume of the killed tissue [cm³]; None where nothing lives."""
    value = run.metrics["zones"][run.setup.endpoint.name]["volume_cm3"]
    return None if value is None else float(value)


def procedure_s(run: OneRun) -> float:
    """When the last step of the plan ended [s]; 0 without steps."""
    return max((station.end_s for station in run.result.stations), default=0.0)


def judged_margin(run: OneRun, target: dict[str, Any]) -> Cell:
    """The margin of a target by which the verdict goes (of cold that of the ice), with its state."""
    value = target.get("boundary_margin_mm") if run.cold else target["min_margin_mm"]
    return NOTHING if value is None else Cell(f"{number(value, 1)} mm", margin_status(run, target))


def margin_status(run: OneRun, target: dict[str, Any]) -> str:
    """How good the margin of a target is; empty where none is asked."""
    asked = target.get("role", "target") == "target" and target["min_margin_mm"] is not None
    return margin_tile(run.result, target).status if asked else ""


def least_killed(metrics: dict[str, Any]) -> str:
    """Share of the least covered target that was killed."""
    shares = [target["ablated_percent"] for target in metrics["targets"] if target["ablated_percent"] is not None]
    return percent(min(shares)) if shares else "–"


def thinnest(run: OneRun) -> tuple[Cell, ...]:
    """The thinnest margin over all targets: that of the killed tissue, and of cold, judged by it, that of the ice."""
    asked = [t for t in run.metrics["targets"] if t.get("role", "target") == "target"]
    known = [target for target in asked if target["min_margin_mm"] is not None]
    if not known:
        return (NOTHING,)
    own = min(known, key=lambda target: float(target["min_margin_mm"]))
    if not run.cold:
        return (judged_margin(run, own),)
    ice = judged_margin(run, min(known, key=lambda target: float(target["boundary_margin_mm"])))
    return (
        Cell(say("ice {margin}", margin=ice.words), ice.status),
        Cell(say("killed tissue {mm} mm", mm=number(own["min_margin_mm"], 1))),
    )


def limit_words(limit: dict[str, Any]) -> str:
    """Which limit it is."""
    return f"{plain(limit['where'])}: {quantity_words(limit['quantity'])}"


def verdict_lines(metrics: dict[str, Any]) -> tuple[Line, ...]:
    """The same without the broken limits."""
    broken = sum(limit["status"] == "broken" for limit in metrics["limits"])
    return read_lines(metrics)[broken:]


def broken_limits(metrics: dict[str, Any]) -> tuple[Cell, ...]:
    """Each broken limit with its value."""
    return tuple(
        Cell(
            say(
                "{limit} {value} (limit {allowed})",
                limit=limit_words(limit),
                value=measured(limit["quantity"], limit["value"]),
                allowed=measured(limit["quantity"], limit["fail"]),
            ),
            "broken",
        )
        for limit in metrics["limits"]
        if limit["status"] == "broken"
    )
