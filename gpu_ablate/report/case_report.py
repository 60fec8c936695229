"""What the report of a case says, in words and numbers, without any layout."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gpu_ablate.language import say
from gpu_ablate.library.load import bibliography
from gpu_ablate.outcome.cold_load import longest_mm
from gpu_ablate.render.words import endpoint_words
from gpu_ablate.report.definitions import definitions, told
from gpu_ablate.report.headline import Line
from gpu_ablate.report.one_run import (
    Cell,
    OneRun,
    Shown,
    broken_limits,
    intent_words,
    least_killed,
    not_done_words,
    notes,
    shown,
    thinnest,
    treatment_words,
    verdict_lines,
)
from gpu_ablate.report.page import render_page
from gpu_ablate.report.sessions import Session, sessions
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import number, reference
from gpu_ablate.report.thinnest import thinnest_words
from gpu_ablate.scene.case_file import LoadedCase, Planned

SAME_SIZE = 0.2
"""A target whose greatest extent differs from the diameter that was read by more than this share of it is pointed out;
chosen here."""

NOT_REREAD = "†"
"""Mark of what is from memory."""

PICTURES = ("scene3d", "margin_map")


@dataclass(frozen=True)
class LesionLine:
    """One lesion in the overview.

    thinnest : where its margin is thinnest, in a sentence
    link : to its own report; empty without one
    """

    order: str
    session: str
    name: str
    site: str
    size: str
    treatment: str
    intent: str
    lines: tuple[Line, ...]
    killed: str
    margins: tuple[Cell, ...]
    broken: tuple[Cell, ...]
    thinnest: str
    link: str
    pictures: tuple[Shown, ...]


@dataclass(frozen=True)
class CaseReport:
    """The whole page."""

    title: str
    local_only: str
    cautions: tuple[str, ...]
    lesions: tuple[LesionLine, ...]
    sessions: Table
    definitions: Table
    marked: str
    no_conclusion: str
    sources: tuple[str, ...]
    disciplines: tuple[str, ...]


def write_case_report(case: LoadedCase, runs: Sequence[OneRun], path: Path) -> None:
    """Write the report of a case as one HTML file.

    Parameters
    ----------
    runs : one for each lesion, in their order
    path : HTML file; the links to the reports of the lesions are relative to its folder
    """
    words = {"lesion": say("Lesion"), "session": say("Session"),
             "size": say("Diameter [mm]"),
             "treatment": say("Treatment"), "intent": say("Intent"), "verdict": say("Verdict"),
             "killed": say("Killed"), "margin": say("Thinnest margin"), "broken": say("Broken limits"),
             "none": say("none"), "report": say("Report"), "own": say("open"), "no_report": say("not written"),
             "lesions": say("Lesions in the order of treatment"), "cautions": say("To know first"),
             "pictures": say("Pictures"), "board": say("Decision of the board"), "close": say("Close"),
             "discipline": say("Discipline"), "decision": say("Decision"), "who": say("Name"), "date": say("Date"),
             "remarks": say("Remarks"), "sources": say("Sources"),
             "size_note": say("Diameter: as read, in brackets the greatest extent of the target in the model."),
             "no_pictures": say("no pictures drawn")}  # fmt: skip
    page = gather(case, runs, path.parent)
    text = render_page("case.html.j2", "board.css", page.title, page=page, words=words)
    path.write_text(text, encoding="utf-8")


def gather(case: LoadedCase, runs: Sequence[OneRun], folder: Path) -> CaseReport:
    """Gather the report of a case.

    runs : one for each lesion, in their order
    folder : where the page will lie
    """
    found = sessions(case.lesions, runs)
    known = definitions()
    cited = dict.fromkeys(definition.key for definition in known)
    entries = bibliography()
    return CaseReport(
        title=case.title or case.name,
        local_only=say(
            "Local control only: ablation treats these lesions. Nothing is said of disease elsewhere or of survival."
        ),
        cautions=cautions(case, runs, found),
        lesions=tuple(lesion_line(planned, run, folder) for planned, run in zip(case.lesions, runs, strict=True)),
        sessions=session_table(found, runs),
        definitions=definition_table(),
        marked=say("{mark} From memory, not re-read.", mark=NOT_REREAD),
        no_conclusion=say(
            "The definitions differ. They are listed for the board; the tool draws no conclusion on whether this "
            "patient meets one of them or is eligible for any treatment."
        ),
        sources=tuple(reference(key, entries.get(key)) for key in cited),
        disciplines=(say("Interventional radiology"), say("Surgery"), say("Medical oncology"),
                     say("Radiation oncology"), say("Pathology")),
    )  # fmt: skip


def lesion_line(planned: Planned, run: OneRun, folder: Path) -> LesionLine:
    """A lesion in words."""
    lesion = planned.lesion
    own = run.folder / "report.html"
    extent = target_extent_mm(run)
    size = f"{lesion.diameter_mm:g} ({number(extent, 1)})"
    return LesionLine(
        order=str(lesion.order),
        session=str(lesion.session),
        name=lesion.name,
        site=lesion.site,
        size=size,
        treatment=treatment_words(run.setup),
        intent=intent_words(lesion.intent),
        lines=verdict_lines(run.metrics),
        killed=least_killed(run.metrics),
        margins=thinnest(run),
        broken=broken_limits(run.metrics),
        thinnest=thinnest_words(run.setup, run.metrics),
        link=quote(Path(os.path.relpath(own, folder)).as_posix()) if own.is_file() else "",
        pictures=tuple(picture for kind in PICTURES if (picture := shown(run, kind, lesion.name)) is not None),
    )


def target_extent_mm(run: OneRun) -> float | None:
    """Greatest extent of the largest target of a run [mm]; None without a target."""
    setup = run.setup
    names = [region.name for region in setup.regions if region.role == "target" and region.name in setup.surfaces]
    return max((longest_mm(setup.surfaces[name]) for name in names), default=None)


def cautions(case: LoadedCase, runs: Sequence[OneRun], found: Sequence[Session]) -> tuple[str, ...]:
    """What to know before reading on; empty where nothing is amiss."""
    told_of = [
        words for planned, run in zip(case.lesions, runs, strict=True) for words in lesion_cautions(planned, run)
    ]
    masses = dict.fromkeys(run.setup.plan.body_mass for run in runs)
    if len(masses) > 1:
        listed = "; ".join(
            f"{planned.lesion.name} {run.setup.plan.body_mass:g} kg"
            for planned, run in zip(case.lesions, runs, strict=True)
        )
        told_of.append(
            say("The scenes give different body masses ({each}); the least of a session is used.", each=listed)
        )
    return tuple(told_of)


def lesion_cautions(planned: Planned, run: OneRun) -> tuple[str, ...]:
    """What to know of one lesion."""
    name, read = planned.lesion.name, planned.lesion.diameter_mm
    told_of = []
    if not_done_words(run.metrics):
        told_of.append(say("{plan}: {what}.", plan=name, what=not_done_words(run.metrics)))
    told_of += [f"{name}: {words}" for words in notes(run)]
    extent = target_extent_mm(run)
    if extent is None:
        told_of.append(say("{name}: its scene has no target.", name=name))
    elif abs(extent - read) > SAME_SIZE * read:
        told_of.append(
            say(
                "{name}: read as {read:g} mm, but the target of its model is {extent} mm long. Is it the right scene?",
                name=name,
                read=read,
                extent=number(extent, 1),
            )
        )
    return tuple(told_of)


def session_table(found: Sequence[Session], runs: Sequence[OneRun]) -> Table:
    """What the lesions of each session add up to."""
    cold = any(session.drawn_kj is not None for session in found)
    head = (
        say("Session"),
        say("Lesions, in order"),
        say("Killed tissue, summed [cm³]"),
        say("Steps last, summed [min]"),
        *((say("Heat drawn, summed [kJ]"), say("Core cools by at most [°C]")) if cold else ()),
    )
    rows = [
        (
            str(session.number),
            ", ".join(f"{name} ({minutes(time)})" for name, time in zip(session.lesions, session.times_s, strict=True)),
            number(session.killed_cm3, 1),
            minutes(session.time_s).removesuffix(" min"),
            *((number(session.drawn_kj, 1), core_words(session)) if cold else ()),
        )
        for session in found
    ]
    note = say(
        "Time from the first to the last step of each plan; placing needles and turning the patient not counted."
    )
    rules = {run.setup.endpoint.name: endpoint_words(run.setup.endpoint) for run in runs}
    if len(rules) > 1:
        note += " " + say("Killed tissue is summed over different rules: {rules}.", rules="; ".join(rules.values()))
    if cold:
        note += " " + say(
            "At most: as if the body made no heat and all that was drawn in the session came from it evenly."
        )
    return Table(say("What a session adds up to"), head, tuple(rows), note)


def minutes(time_s: float) -> str:
    """A time in minutes."""
    return f"{number(time_s / 60.0, 1)} min"


def core_words(session: Session) -> str:
    """The upper bound of the fall of the core, with the body mass that it is for."""
    if session.core_fall_c is None:
        return "–"
    return say("{c} for {kg:g} kg", c=number(session.core_fall_c, 2), kg=session.body_mass_kg)


def definition_table() -> Table:
    """The published definitions side by side."""
    rows = [
        (
            told(one.name) + (f" {NOT_REREAD}" if one.read == "memory" else ""),
            told(one.number),
            told(one.primary),
            told(one.further),
            f"[{one.key}]",
        )
        for one in definitions()
    ]
    head = (say("Definition"), say("Metastases"), say("Primary"), say("Further conditions"), say("Source"))
    return Table(say("Published definitions of oligometastatic disease, side by side"), head, tuple(rows))
