"""The needles in the report's words, and its tables where a run's metrics are of an older version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.language import speaking
from gpu_ablate.outcome.needles import measure_needles
from gpu_ablate.outcome.ways import ways_taken
from gpu_ablate.report.dose_volume import dose_table
from gpu_ablate.report.needles import (
    angle_words,
    bone_words,
    crossed_words,
    depth_words,
    nearest_words,
    needle_table,
    pair_table,
)
from gpu_ablate.report.thinnest import thinnest_words
from gpu_ablate.result.result import Result

NOTHING_NEAR: dict[str, Any] = dict.fromkeys(("vessel", "nerve", "risk", "pleura", "isolation"))


def needles_of(result: Result) -> dict[str, Any]:
    return {"needles": measure_needles(result.setup, ways_taken(result))}


def track(**changes: Any) -> dict[str, Any]:
    blank = {"entry_mm": [0, 0, 0], "length_mm": 30.0, "depth_mm": 21.4, "to_skin_normal_deg": None,
             "craniocaudal_deg": None, "mediolateral_deg": None, "handle_side": None, "bone_mm": 0.0,
             "bone_needle": None}  # fmt: skip
    return blank | changes


def test_a_row_tells_what_the_needle_met(result: Result) -> None:
    (row,) = needle_table(needles_of(result)).rows
    assert row[0] == "A"
    assert row[1] == "microwave 2450 16g, 1.60 mm"
    assert "mm skin" in row[6]
    assert "mm fat" in row[6]
    assert "mm tumour" in row[6]
    assert row[7] == "not needed"
    assert "not in the model: vessel, nerve, pleura" in row[8]


def test_every_needle_has_a_cell_in_every_column(two_tracks: Result) -> None:
    setup = two_tracks.setup
    second = replace(setup.probes[0], name="B")
    result = replace(two_tracks, setup=replace(setup, probes=(*setup.probes, second)))
    needles, pairs = needle_table(needles_of(result)), pair_table(needles_of(result))
    assert [row[0] for row in needles.rows] == ["A, track 1", "A, track 2", "B"]
    assert [row[0] for row in pairs.rows] == ["A, track 1 – B", "A, track 2 – B"]
    for table in (needles, pairs):
        assert all(len(row) == len(table.head) and all(row) for row in table.rows)


def test_doses_are_told_with_their_units(result: Result) -> None:
    regions = [{"name": "tumour", "volume_cm3": 1.5, "cem43_minutes": {"d95": 3e6, "d50": 300.0, "d2": 1.25},
                "max_temperature_c": {"d95": 61.24, "d50": 80.0, "d2": 99.0}}]  # fmt: skip
    told = {"dose_volume": {"thresholds": {"cem43_minutes": [], "max_temperature_c": []}, "regions": regions}}
    (row,) = dose_table(told, result.setup.endpoint).rows
    assert row == ("tumour", "1.50", "> 10⁴ min", "300 min", "1.25 min", "61.2 °C", "80.0 °C", "99.0 °C")
    assert dose_table(told, Endpoint("lethal40", "min_temperature", -40.0)).rows == ()


def test_metrics_of_an_older_version_are_no_error(result: Result, metrics: dict[str, Any]) -> None:
    assert not metrics.keys() & {"needles", "thinnest", "dose_volume"}
    assert needle_table(metrics).rows == ()
    assert pair_table(metrics).rows == ()
    assert dose_table(metrics, result.setup.endpoint).rows == ()
    assert thinnest_words(result.setup, metrics) == ""


@pytest.mark.parametrize(("found", "words"), [
    (track(), "21 mm below the skin, 30 mm along the shaft"),
    (track(depth_mm=None), "30 mm along the shaft"),
    (track(entry_mm=None), "30 mm along the shaft within the box"),
])  # fmt: skip
def test_depth(found: dict[str, Any], words: str) -> None:
    assert depth_words(found) == words


@pytest.mark.parametrize(("found", "words"), [
    (track(), "–"),
    (track(to_skin_normal_deg=12.4), "12° from square to the skin"),
    (track(craniocaudal_deg=7.0, mediolateral_deg=-17.6, handle_side="back"),
     "handle 7° to the head, from the back, 18° to the right"),
    (track(craniocaudal_deg=-9.0, mediolateral_deg=3.0, handle_side="front"),
     "handle 9° to the feet, from the front, 3° to the left"),
    (track(craniocaudal_deg=0.2, mediolateral_deg=-0.1, handle_side="back"),
     "in the axial plane, from the back, in the sagittal plane"),
    (track(craniocaudal_deg=90.0), "handle 90° to the head"),
])  # fmt: skip
def test_angles(found: dict[str, Any], words: str) -> None:
    assert angle_words(found) == words


def test_thin_layers_keep_a_decimal() -> None:
    pieces = [("skin", 0.6), ("breast_fat", 11.2), ("tumour", 8.9)]
    found = {"crossed": [{"region": name, "tissue": name, "mm": mm} for name, mm in pieces]}
    assert crossed_words(found) == "0.6 mm skin, 11 mm breast fat, 9 mm tumour"


def test_bone_names_the_gauge() -> None:
    assert bone_words(track(bone_needle="8-13G", bone_mm=22.3)) == "8-13G: 22 mm of bone"


def test_a_needle_through_a_structure_is_said_loudly() -> None:
    near = {"region": "iliac artery", "mm": 4.25, "at_mm": [0, 0, 0]}
    words = nearest_words(NOTHING_NEAR | {"vessel": near, "nerve": near | {"region": "root", "mm": -1.0}})
    assert words == "vessel: iliac artery, 4.2 mm; nerve: root, RUNS THROUGH IT; not in the model: pleura"


def test_the_tables_speak_chinese(two_tracks: Result) -> None:
    with speaking("zh-CN"):
        table = needle_table(needles_of(two_tracks))
    assert table.title == "消融针"
    assert table.rows[0][0] == "A，第 1 针道"
    assert "皮肤下" in table.rows[0][4]
