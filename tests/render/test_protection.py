"""The report's tables of what is spared: numbers as measured, dashes where there is none, nothing for old runs."""

from __future__ import annotations

from gpu_ablate.report.headline import target_tiles
from gpu_ablate.report.protection import isolation_table, skin_table
from gpu_ablate.result.result import Result

LAYER = {
    "name": "ring", "tissue": "d5w", "displaces": "superficial", "volume_ml": 12.34, "thickness_max_mm": 8.0,
    "thickness_mean_mm": 5.26, "target_to_skin_before_mm": 4.24, "target_to_skin_after_mm": 11.99,
    "deep": [], "target_to_deep_before_mm": None, "target_to_deep_after_mm": None,
}  # fmt: skip
SKIN = {
    "name": "invaded", "role": "involved_skin", "area_cm2": 3.14, "first_degree_cm2": None, "second_degree_cm2": None,
    "third_degree_cm2": None, "killed_cm2": 3.1, "deep_first_degree_cm2": None, "deep_second_degree_cm2": None,
    "deep_third_degree_cm2": None, "deep_killed_cm2": 3.14, "max_c": 71.26,
}  # fmt: skip


def test_layers_with_their_distances() -> None:
    table = isolation_table({"isolation": [LAYER]})
    assert table.rows == (("ring", "d5w", "12.3", "5.3 (8.0)", "4.2 → 12.0", "–"),)
    assert len(table.head) == 6


def test_skin_by_degree_and_face() -> None:
    table = skin_table({"skin": [SKIN]})
    assert table.rows == (("invaded", "involved, to be killed", "3.1", "–", "–", "–", "3.10", "3.14", "71.3"),)
    assert len(table.head) == 9


def test_metrics_of_before_have_neither() -> None:
    assert isolation_table({}).rows == skin_table({}).rows == ()


def test_involved_skin_can_be_the_worst_covered_but_has_no_margin_tile(result: Result) -> None:
    tumour = {
        "name": "tumour", "role": "target", "ablated_percent": 100.0, "volume_cm3": 1.0, "min_margin_mm": 6.0,
        "min_margin_at_mm": None,
    }  # fmt: skip
    skin = {
        "name": "invaded",
        "role": "involved_skin",
        "ablated_percent": 70.0,
        "volume_cm3": 0.5,
        "min_margin_mm": None,
    }
    metrics = {"targets": [tumour, skin], "verdict": {"outcome": "incomplete"}}
    killed, margin = target_tiles(result, metrics)
    assert killed.value.startswith("70.0")
    assert killed.detail.startswith("invaded")
    assert margin.value == "6.0 mm"
    assert len(target_tiles(result, {**metrics, "targets": [skin]})) == 1
