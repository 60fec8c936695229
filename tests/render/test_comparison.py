"""A comparison of plans: numbers of metrics.json, differences and nothing else, cautions exactly where they are due."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpu_ablate.case.setup import Endpoint, SourcedRow, SourcedValue
from gpu_ablate.language import LANGUAGES, speaking
from gpu_ablate.report.comparison import Comparison, compare, write_comparison
from gpu_ablate.report.differences import Part
from gpu_ablate.report.headline import headline
from gpu_ablate.report.one_run import Cell, OneRun
from gpu_ablate.report.text import measured, number, percent
from gpu_ablate.result.result import Result
from tests.render.made_runs import SCENE, cold_load, made_run, require_offline
from tests.render.test_report import Reader

MM = 1e-3


@pytest.fixture
def first(result: Result, metrics: dict[str, Any], tmp_path: Path) -> OneRun:
    return made_run(tmp_path / "first", result, metrics)


@pytest.fixture
def second(result: Result, metrics: dict[str, Any], tmp_path: Path) -> OneRun:
    """The same run in another folder."""
    return made_run(tmp_path / "second", result, deepcopy(metrics))


def cells(page: Comparison) -> dict[str, tuple[Cell, ...]]:
    """Measure -> its cells."""
    return {row.measure: row.cells for block in page.blocks for row in block.rows}


def test_a_plan_beside_itself_differs_in_nothing(first: OneRun, second: OneRun) -> None:
    page = compare([first, second])
    assert page.cautions == ()
    assert all(row.same for block in page.blocks for row in block.rows)
    assert all(not found.rows for found in page.differences)
    assert [plan.folder for plan in page.plans] == ["first", "second"]


def test_every_number_is_that_of_the_metrics(first: OneRun, second: OneRun) -> None:
    target = second.metrics["targets"][0]
    target |= {"ablated_percent": 99.97, "min_margin_mm": 2.46, "margin_5mm_percent": 50.04, "volume_cm3": 2.005}
    second.metrics["zones"]["cem43_240"] |= {"volume_cm3": 12.345}
    second.metrics["collateral"] = {"breast_fat": {"killed_cm3": 3.5}, "muscle": {"killed_cm3": 0.25}}
    second.metrics["limits"][0] |= {"value": 44.25, "status": "warning"}
    second.metrics["time"] |= {"simulated_s": 300.5}
    second.metrics["energy"] |= {"cable_j": 1000.0}
    second.metrics["grid"] |= {"spacing_mm": [0.75] * 3}
    found = cells(compare([first, second]))
    for place, run in enumerate((first, second)):
        told = run.metrics
        target = told["targets"][0]
        expected = {
            "tumour: volume": f"{number(target['volume_cm3'], 2)} cm³",
            "tumour: killed": percent(target["ablated_percent"]),
            "tumour: thinnest margin": f"{number(target['min_margin_mm'], 1)} mm",
            "tumour: surface with ≥ 5 mm": f"{number(target['margin_5mm_percent'], 1)} %",
            "tumour: surface with ≥ 10 mm": f"{number(target['margin_10mm_percent'], 1)} %",
            "Killed tissue": f"{number(told['zones']['cem43_240']['volume_cm3'], 2)} cm³",
            "Healthy tissue killed, outside the targets": f"{4.56 if place == 0 else 3.75:.2f} cm³",
            "of it breast fat": f"{number(told['collateral']['breast_fat']['killed_cm3'], 2)} cm³",
            "of it muscle": "–" if place == 0 else "0.25 cm³",
            "skin: highest temperature (warns above 43 °C, broken above 50 °C)": measured(
                "max_temperature_c", told["limits"][0]["value"]
            ),
            "Last step ends at": "292 s",
            "Simulated until": "292 s" if place == 0 else "300.5 s",
            "Needles": "1",
            "Tracks": "1",
            "Stations with power": "3",
            "Energy from the generators": f"{8.01 + place:.2f} kJ",
            "of it taken up by tissue in the box": "8.01 kJ",
            "Voxel": "1 mm" if place == 0 else "0.75 mm",
        }
        assert {measure: found[measure][place].words for measure in expected} == expected


def test_states_are_those_of_the_report(first: OneRun, second: OneRun) -> None:
    second.metrics["limits"][1] |= {"status": "broken", "value": 20.0}
    second.metrics["verdict"] |= {"outcome": "radical"}
    page = compare([first, second])
    for plan, run in zip(page.plans, (first, second), strict=True):
        assert plan.lines == headline(run.metrics)
    for limit in range(2):
        row = next(cells for name, cells in cells_of_limits(page) if first.metrics["limits"][limit]["quantity"] in name)
        assert [cell.status for cell in row] == [run.metrics["limits"][limit]["status"] for run in (first, second)]


def cells_of_limits(page: Comparison) -> list[tuple[str, tuple[Cell, ...]]]:
    """(quantity, cells) of the rows on limits."""
    quantity = {"highest temperature": "max_temperature_c", "thermal dose": "cem43_minutes"}
    return [(key, row) for name, row in cells(page).items() for words, key in quantity.items() if words in name]


def test_kept_limits_are_said_to_be_kept(first: OneRun, second: OneRun) -> None:
    second.metrics["limits"][1] |= {"status": "ok", "value": 1.0}
    plans = compare([first, second]).plans
    kept = ["All safety limits kept" in [line.words for line in plan.lines] for plan in plans]
    assert kept == [False, True]


def test_a_limit_set_elsewhere_is_told_in_its_cells(first: OneRun, second: OneRun) -> None:
    second.metrics["limits"][0] |= {"warn": 41.0}
    row = cells(compare([first, second]))["skin: highest temperature"]
    assert ["above 43" in row[0].words, "above 41" in row[1].words] == [True, True]


def test_plans_of_cold_show_the_ice_and_the_heat_drawn(first: OneRun, second: OneRun) -> None:
    setup = replace(second.setup, endpoint=Endpoint("lethal40", "min_temperature", -40.0))
    second = replace(second, result=replace(second.result, setup=setup))
    second.metrics["targets"][0] |= {"boundary_margin_mm": 6.25, "min_margin_mm": 1.0}
    second.metrics["zones"]["lethal40"] = second.metrics["zones"]["cem43_240"]
    second.metrics["cold_load"] = cold_load(70.04)
    found = cells(compare([first, second]))
    assert [cell.words for cell in found["tumour: ice beyond it"]] == ["–", "6.2 mm"]
    assert found["tumour: ice beyond it"][1].status == "warning"
    assert [cell.status for cell in found["tumour: thinnest margin"]] == ["broken", ""]
    assert [cell.words for cell in found["Heat drawn by the cryoprobes"]] == ["–", "70.0 kJ"]
    assert found["Core of the body cools by at most"][1].words == "0.29 °C"


def test_the_order_is_the_one_given_and_changes_nothing_else(first: OneRun, second: OneRun) -> None:
    second.metrics["targets"][0] |= {"ablated_percent": 12.0}
    one, other = compare([first, second]), compare([second, first])
    assert [plan.folder for plan in other.plans] == ["second", "first"]
    assert {name: row[::-1] for name, row in cells(one).items()} == cells(other)
    assert one.order == other.order


def changed(run: OneRun, **setup: Any) -> OneRun:
    return replace(run, result=replace(run.result, setup=replace(run.setup, **setup)))


def target(run: OneRun, **values: Any) -> OneRun:
    return replace(run, metrics=run.metrics | {"targets": [run.metrics["targets"][0] | values]})


def told(run: OneRun, **values: Any) -> OneRun:
    return replace(run, metrics=run.metrics | values)


def scene(run: OneRun, old: str, new: str) -> OneRun:
    assert old in SCENE
    (run.folder / "scene.toml").write_text(SCENE.replace(old, new), encoding="utf-8")
    return run


def other_value(run: OneRun) -> OneRun:
    rows = (SourcedRow("breast_fat", {"conductivity_w_mk": SourcedValue(0.3, "", None, None, "x")}),)
    return changed(run, tissues=rows)


CAUTIONS: dict[str, tuple[Callable[[OneRun], OneRun], str]] = {
    "names": (lambda run: target(run, name="metastasis"), "targets are not the same: Plan 1: tumour; Plan 2: met"),
    "volume": (lambda run: target(run, volume_cm3=run.metrics["targets"][0]["volume_cm3"] * 1.021), "target tumour is"),
    "voxels": (lambda run: told(run, grid=run.metrics["grid"] | {"spacing_mm": [2.0] * 3}), "Plan 1: 1 mm; Plan 2: 2"),
    "endpoint": (lambda run: changed(run, endpoint=Endpoint("cem43_240", "cem43", 60.0)), "CEM43 ≥ 60 min"),
    "interrupted": (lambda run: told(run, status="interrupted"), "Plan 2: this run is interrupted"),
    "failed": (lambda run: told(run, status="failed"), "Plan 2: this run is failed"),
    "intent": (lambda run: changed(run, plan=replace(run.setup.plan, intent="palliative")), "Plan 2: palliative"),
    "goal": (lambda run: changed(run, plan=replace(run.setup.plan, margin_goal=5 * MM)), "Plan 2: 5.0 mm"),
    "model": (lambda run: scene(run, '"stasis"', '"none"'), "Settings of the model differ: model.perfusion_heat."),
    "value": (other_value, "Values of tissues or devices differ: breast fat."),
    "version": (lambda run: replace(run, result=replace(run.result, provenance={"gpu-ablate": "0.2"})), "Plan 2: 0.2"),
}

NO_CAUTION: dict[str, Callable[[OneRun], OneRun]] = {
    "volume within 2 %": lambda run: target(run, volume_cm3=run.metrics["targets"][0]["volume_cm3"] * 1.019),
    "coverage": lambda run: target(run, ablated_percent=3.0),
    "isolation": lambda run: scene(run, "volume = 3", "volume = 5"),
    "title": lambda run: changed(run, title="Another"),
}


@pytest.mark.parametrize("name", CAUTIONS)
def test_a_caution_where_plans_cannot_be_compared(name: str, first: OneRun, second: OneRun) -> None:
    change, words = CAUTIONS[name]
    (caution,) = compare([first, change(second)]).cautions
    assert words in caution


@pytest.mark.parametrize("name", NO_CAUTION)
def test_no_caution_where_plans_only_differ(name: str, first: OneRun, second: OneRun) -> None:
    assert compare([first, NO_CAUTION[name](second)]).cautions == ()


def test_what_a_report_tells_first_is_told_here(first: OneRun, second: OneRun) -> None:
    bone = {"name": "cortical_bone", "note": "Fracture: think of cement."}
    assert "To think of" not in cells(compare([first, second]))
    row = cells(compare([first, told(second, bones=[bone])]))["To think of"]
    assert [cell.words for cell in row] == ["–", "Fracture: think of cement."]


def test_plans_alike_are_named_together(first: OneRun, second: OneRun, result: Result, tmp_path: Path) -> None:
    third = made_run(tmp_path / "third", result, first.metrics)
    (caution,) = compare([first, told(second, grid=second.metrics["grid"] | {"spacing_mm": [2.0] * 3}), third]).cautions
    assert caution.endswith("Plan 1, Plan 3: 1 mm; Plan 2: 2 mm.")


def test_a_bracket_is_told_where_it_was_computed(first: OneRun, second: OneRun) -> None:
    assert "Over the bracket [least .. most]" not in cells(compare([first, second]))
    span = {"used": 10.0, "low": 8.04, "high": 12.0}
    spans = {"zone": "cem43_240", "volume_cm3": span, "targets": []}
    row = cells(compare([first, told(second, bracket={"spans": spans})]))["Over the bracket [least .. most]"]
    assert [cell.words for cell in row] == ["–", "cem43 240 zone 10.0 [8.0 .. 12.0] cm³"]


def test_only_the_pieces_of_a_step_that_differ_are_marked(first: OneRun, second: OneRun) -> None:
    stations = [replace(s, power_w=40.0) if s.step == 3 else s for s in second.result.stations]
    page = compare([first, replace(second, result=replace(second.result, stations=stations))])
    steps, needles = page.differences
    (row,) = steps.rows
    assert row.what == "A: step 3"
    assert row.cells == (
        (Part("hold", False), Part("120–210 s", False), Part("30 W", True)),
        (Part("hold", False), Part("120–210 s", False), Part("40 W", True)),
    )
    assert "5 rows of steps" in steps.note
    assert not needles.rows


def test_a_step_that_a_plan_lacks_is_told(first: OneRun, second: OneRun) -> None:
    shorter = replace(second, result=replace(second.result, stations=second.result.stations[:-1]))
    (row,) = compare([first, shorter]).differences[0].rows
    assert row.cells[1] == ()
    assert all(part.differs for part in row.cells[0])


def test_probes_that_do_the_same_share_a_row(first: OneRun, second: OneRun) -> None:
    def doubled(run: OneRun, power_w: float) -> OneRun:
        stations = [replace(s, probe=name, power_w=power_w) for s in run.result.stations[:1] for name in "AB"]
        probes = tuple(replace(run.setup.probes[0], name=name) for name in "AB")
        return replace(
            changed(run, probes=probes), result=replace(changed(run, probes=probes).result, stations=stations)
        )

    (row,) = compare([doubled(first, 50.0), doubled(second, 60.0)]).differences[0].rows
    assert row.what == "A, B: step 1"


def test_what_else_the_scenes_say_differently_is_listed(first: OneRun, second: OneRun) -> None:
    found = compare([first, scene(second, "volume = 3", "volume = 5")]).differences[2]
    (row,) = found.rows
    assert row.what == 'isolation "saline".volume'
    assert [part.words for cell in row.cells for part in cell] == ["3", "5"]


def test_scenes_that_are_missing_are_said_to_be(first: OneRun, second: OneRun) -> None:
    (second.folder / "scene.toml").unlink()
    page = compare([first, second])
    assert "no scene.toml" in page.differences[2].note


def test_the_page_needs_nothing_beside_it_and_tells_all(first: OneRun, second: OneRun, tmp_path: Path) -> None:
    without = replace(second, figures={})
    write_comparison([first, without], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    require_offline(page)
    text = Reader(page).text
    assert "Plan 2: not drawn" in text
    assert text.count("Research tool, not a medical device") == 2
    for block in compare([first, without]).blocks:
        for row in block.rows:
            assert row.measure in text
            assert all(cell.words in text for cell in row.cells)


def test_names_are_text_not_code(first: OneRun, second: OneRun, tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>'
    metrics = second.metrics | {"targets": [second.metrics["targets"][0] | {"name": evil}]}
    probes = tuple(replace(probe, name=evil) for probe in second.setup.probes)
    stations = [replace(station, probe=evil, ended_by=evil) for station in second.result.stations]
    setup = replace(second.setup, title=evil, probes=probes)
    hostile = replace(second, metrics=metrics, result=replace(second.result, setup=setup, stations=stations))
    scene(hostile, '"saline"', "'" + evil + "'")
    write_comparison([first, hostile], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert Reader(page).text.count(evil) >= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_every_language(language: str, first: OneRun, second: OneRun, tmp_path: Path) -> None:
    with speaking(language):
        write_comparison([first, second], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in page
    assert ("最薄安全边界" in page) == (language == "zh-CN")
