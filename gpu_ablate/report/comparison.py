"""What a comparison of plans says, in words and numbers, without any layout: differences, no ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpu_ablate.language import say
from gpu_ablate.report.comparison_cautions import cautions
from gpu_ablate.report.comparison_rows import Block, blocks
from gpu_ablate.report.differences import Differences, needle_differences, scene_differences, step_differences
from gpu_ablate.report.headline import Line
from gpu_ablate.report.one_run import (
    KINDS,
    OneRun,
    Shown,
    intent_words,
    kind_words,
    read_lines,
    shown,
    treatment_words,
)
from gpu_ablate.report.page import render_page

MOST = 6
"""Plans that fit side by side."""

WIDE = ("film_strip",)
"""Kinds of pictures whose panels are too small beside each other."""


@dataclass(frozen=True)
class PlanHead:
    """What a plan is and how it reads."""

    label: str
    folder: str
    title: str
    intent: str
    treatment: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class PictureRow:
    """A kind of picture of each plan; None where a plan has none. Wide ones stand one under the other."""

    kind: str
    title: str
    wide: bool
    pictures: tuple[Shown | None, ...]


@dataclass(frozen=True)
class Comparison:
    """The whole page."""

    title: str
    order: str
    cautions: tuple[str, ...]
    plans: tuple[PlanHead, ...]
    blocks: tuple[Block, ...]
    differences: tuple[Differences, ...]
    pictures: tuple[PictureRow, ...]


def write_comparison(runs: Sequence[OneRun], path: Path) -> None:
    """Write the comparison of runs, in the order given, as one HTML file."""
    words = {"missing": say("not drawn"), "plans": say("Scene"),
             "verdict": say("Verdict"), "intent": say("Intent"), "close": say("Close"),
             "treatment": say("Treatment"), "pictures": say("Pictures"), "steps": say("What the plans do differently"),
             "cautions": say("Before comparing"), "larger": say("Choose a picture to see it large."),
             "absent": say("not in this plan")}  # fmt: skip
    page = compare(runs)
    text = render_page("comparison.html.j2", "board.css", page.title, page=page, words=words)
    path.write_text(text, encoding="utf-8")


def compare(runs: Sequence[OneRun]) -> Comparison:
    """Gather the comparison of runs, in the order given."""
    labels = [plan_words(number) for number in range(len(runs))]
    folders = folder_names([run.folder for run in runs])
    differences = (step_differences(runs), needle_differences(runs), scene_differences(runs))
    return Comparison(
        title=say("{n} plans side by side", n=len(runs)),
        order=say("Plans in the order given. Differences are stated; no plan is ranked or recommended."),
        cautions=cautions(runs, labels),
        plans=tuple(
            PlanHead(
                label=label,
                folder=folder,
                title=run.title,
                intent=intent_words(run.setup.plan.intent),
                treatment=treatment_words(run.setup),
                lines=read_lines(run.metrics),
            )
            for label, folder, run in zip(labels, folders, runs, strict=True)
        ),
        blocks=blocks(runs),
        differences=tuple(found for found in differences if found.rows or found.note),
        pictures=picture_rows(runs, labels),
    )


def plan_words(number: int) -> str:
    """What a plan is called, counted from 0."""
    return say("Plan {n}", n=number + 1)


def folder_names(folders: Sequence[Path]) -> list[str]:
    """The names of run folders, with the folder that they lie in where two have the same."""
    parts = [folder.resolve().parts for folder in folders]
    count = 1 if len({own[-1] for own in parts}) == len(parts) else 2
    return ["/".join(own[-count:]) for own in parts]


def picture_rows(runs: Sequence[OneRun], labels: Sequence[str]) -> tuple[PictureRow, ...]:
    """The kinds of pictures that any plan has."""
    return tuple(
        PictureRow(
            kind,
            kind_words(kind),
            kind in WIDE,
            tuple(shown(run, kind, label) for run, label in zip(runs, labels, strict=True)),
        )
        for kind in KINDS
        if any(kind in run.figures for run in runs)
    )
