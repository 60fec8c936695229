"""The report of a case: sums are sums, cautions where they are due, definitions without a conclusion."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from gpu_ablate.language import LANGUAGES, catalogue, speaking
from gpu_ablate.library.load import bibliography
from gpu_ablate.outcome.cold_load import core_fall, longest_mm
from gpu_ablate.report.case_report import CaseReport, gather, write_case_report
from gpu_ablate.report.definitions import definitions
from gpu_ablate.report.headline import headline
from gpu_ablate.report.one_run import OneRun
from gpu_ablate.report.sessions import sessions
from gpu_ablate.report.text import number
from gpu_ablate.result.result import Result
from gpu_ablate.scene.case_file import Lesion, LoadedCase, Planned
from tests.render.made_runs import cold_load, made_run, require_offline
from tests.render.test_report import Reader


def lesion(name: str, order: int, session: int, diameter_mm: float, folder: Path) -> Planned:
    values: dict[str, Any] = {"name": name, "order": order, "session": session, "diameter_mm": diameter_mm}
    return Planned(Lesion(**values, run="r", site=f"site of {name}", intent="radical"), None, folder)


@pytest.fixture
def runs(result: Result, metrics: dict[str, Any], tmp_path: Path) -> list[OneRun]:
    """Three lesions: two frozen, one heated."""
    loads = (cold_load(70.0), None, cold_load(20.0))
    volumes = (30.5, 4.25, 1.125)
    return [
        made_run(
            tmp_path / name,
            result,
            metrics
            | {"cold_load": load, "zones": {"cem43_240": metrics["zones"]["cem43_240"] | {"volume_cm3": volume}}},
        )
        for name, load, volume in zip("abc", loads, volumes, strict=True)
    ]


@pytest.fixture
def extent_mm(result: Result) -> float:
    return longest_mm(result.setup.surfaces["tumour"])


@pytest.fixture
def case(runs: list[OneRun], extent_mm: float) -> LoadedCase:
    planned = [
        lesion(f"lesion {run.folder.name}", n + 1, 1 + n // 2, extent_mm, run.folder) for n, run in enumerate(runs)
    ]
    return LoadedCase("case", "case.toml", "Three lesions", tuple(planned))


def of_mass(run: OneRun, mass_kg: float) -> OneRun:
    setup = replace(run.setup, plan=replace(run.setup.plan, body_mass=mass_kg))
    return replace(run, result=replace(run.result, setup=setup))


def test_sums_are_sums(case: LoadedCase, runs: list[OneRun]) -> None:
    first, second = sessions(case.lesions, runs)
    assert (first.lesions, second.lesions) == (("lesion a", "lesion b"), ("lesion c",))
    assert (first.killed_cm3, second.killed_cm3) == (34.75, 1.125)
    assert (first.drawn_kj, second.drawn_kj) == (70.0, 20.0)
    assert (first.time_s, second.time_s) == (2 * 292.0, 292.0)
    for session, drawn_kj in ((first, 70.0), (second, 20.0)):
        assert session.core_fall_c == pytest.approx(cold_load(drawn_kj)["core_fall_c"], rel=1e-12)


def test_one_session_of_all_falls_by_the_sum(case: LoadedCase, runs: list[OneRun]) -> None:
    together = [replace(p, lesion=p.lesion.model_copy(update={"session": 1})) for p in case.lesions]
    (whole,) = sessions(together, runs)
    parts = sessions(case.lesions, runs)
    assert whole.core_fall_c == pytest.approx(sum(part.core_fall_c or 0.0 for part in parts), rel=1e-12)
    assert whole.killed_cm3 == sum(part.killed_cm3 for part in parts)


def test_without_cold_there_is_no_cold_load(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    heated = [replace(run, metrics=run.metrics | {"cold_load": None}) for run in runs]
    assert all(session.core_fall_c is None for session in sessions(case.lesions, heated))
    head = gather(case, heated, tmp_path).sessions.head
    assert not [name for name in head if "kJ" in name or "Core" in name]


def test_nothing_amiss_is_no_caution(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    assert gather(case, runs, tmp_path).cautions == ()


@pytest.mark.parametrize(("factor", "cautioned"), [(0.84, False), (0.82, True), (1.24, False), (1.26, True)])
def test_a_diameter_beyond_a_fifth_is_pointed_out(
    factor: float, cautioned: bool, case: LoadedCase, runs: list[OneRun], extent_mm: float, tmp_path: Path
) -> None:
    read = lesion("lesion a", 1, 1, extent_mm * factor, tmp_path)
    page = gather(replace(case, lesions=(read, *case.lesions[1:])), runs, tmp_path)
    assert [("lesion a" in words and number(extent_mm, 1) in words) for words in page.cautions] == [True] * cautioned
    assert page.lesions[0].size == f"{extent_mm * factor:g} ({number(extent_mm, 1)})"


def test_another_body_mass_is_pointed_out_and_the_least_used(
    case: LoadedCase, runs: list[OneRun], tmp_path: Path
) -> None:
    mixed = [runs[0], of_mass(runs[1], 50.0), runs[2]]
    (caution,) = gather(case, mixed, tmp_path).cautions
    assert "lesion b 50 kg" in caution
    first, second = sessions(case.lesions, mixed)
    assert first.core_fall_c == core_fall(70e3, 50.0)
    assert second.core_fall_c == core_fall(20e3, 70.0)


def test_a_run_that_did_not_end_is_pointed_out(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    runs[1] = replace(runs[1], metrics=runs[1].metrics | {"status": "interrupted"})
    (caution,) = gather(case, runs, tmp_path).cautions
    assert "lesion b: this run is interrupted" in caution


def test_what_the_report_of_a_run_tells_first_is_told_here(
    case: LoadedCase, runs: list[OneRun], tmp_path: Path
) -> None:
    bone = {"name": "cortical_bone", "note": "Fracture: think of cement."}
    runs[2] = replace(runs[2], metrics=runs[2].metrics | {"bones": [bone]})
    assert gather(case, runs, tmp_path).cautions == ("lesion c: Fracture: think of cement.",)


def test_a_lesion_reads_as_its_own_report(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    limits = [runs[0].metrics["limits"][0], runs[0].metrics["limits"][1] | {"status": "broken", "value": 20.0}]
    runs[0] = replace(runs[0], metrics=runs[0].metrics | {"limits": limits})
    first, second, _ = gather(case, runs, tmp_path).lesions
    assert [line.status for line in headline(runs[0].metrics)] == ["broken", ""]
    assert first.lines == headline(runs[0].metrics)[1:]
    assert [(cell.words, cell.status) for cell in first.broken] == [
        ("skin: thermal dose CEM43 20 min (limit 16 min)", "broken")
    ]
    assert second.broken == ()
    assert first.killed == "97.3 %"
    assert [(cell.words, cell.status) for cell in first.margins] == [("−1.4 mm", "broken")]


def test_links_are_relative_and_only_to_what_is_there(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    (runs[0].folder / "report.html").write_text("", encoding="utf-8")
    page = gather(case, runs, tmp_path / "out")
    assert [line.link for line in page.lesions] == ["../a/report.html", "", ""]


def test_every_definition_has_its_source_and_its_chinese() -> None:
    known = bibliography()
    told = tomllib.loads((files("gpu_ablate") / "languages" / "zh-CN.toml").read_text(encoding="utf-8"))
    texts = set()
    for definition in definitions():
        assert definition.key in known
        assert definition.read in ("abstract", "cited", "memory")
        texts |= {definition.name, definition.number, definition.primary, definition.further}
    assert texts == set(told["oligometastatic"])


def test_what_was_not_read_again_is_marked(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    page = gather(case, runs, tmp_path)
    marked = [row[0].endswith(" †") for row in page.definitions.rows]
    assert marked == [definition.read == "memory" for definition in definitions()]
    assert any(marked)
    assert "†" in page.marked


def page_of(case: LoadedCase, runs: list[OneRun], folder: Path) -> tuple[str, CaseReport]:
    write_case_report(case, runs, folder / "case.html")
    return (folder / "case.html").read_text(encoding="utf-8"), gather(case, runs, folder)


def test_the_page_tells_all_and_needs_nothing_beside_it(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    page, content = page_of(case, runs, tmp_path)
    require_offline(page)
    text = Reader(page).text
    for words in (content.title, content.local_only, content.no_conclusion, *content.disciplines, *content.sources):
        assert words in text
    for row in (*content.sessions.rows, *content.definitions.rows):
        assert all(words in text for words in row)
    assert text.count("Research tool, not a medical device") == 2
    assert len(content.disciplines) == 5
    board = page[page.index('<table class="board">') :]
    assert board.count("<td></td>") == 5 * 4
    assert page.count("<figure") == len(runs)


def test_names_are_text_not_code(case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    hostile = case.lesions[0].lesion.model_copy(update={"name": evil, "site": evil})
    limits = [runs[0].metrics["limits"][0] | {"where": evil, "status": "broken", "value": 60.0}]
    runs[0] = replace(runs[0], metrics=runs[0].metrics | {"limits": limits})
    lesions = (replace(case.lesions[0], lesion=hostile), *case.lesions[1:])
    page, _ = page_of(replace(case, title=evil, lesions=lesions), runs, tmp_path)
    assert "<img src=x" not in page
    assert Reader(page).text.count(evil) >= 5
    require_offline(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_every_language(language: str, case: LoadedCase, runs: list[OneRun], tmp_path: Path) -> None:
    with speaking(language):
        page, content = page_of(case, runs, tmp_path)
    assert f'<html lang="{language}">' in page
    if language != "en":
        assert content.local_only in catalogue(language).values()
