"""CSV tables: the numbers of metrics.json and the margin of every point of a target, with units in the columns."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.tables import flat, write_tables
from gpu_ablate.outcome.margins import margin_map


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_holds_the_numbers_of_the_metrics(content: Content, tmp_path: Path) -> None:
    written = [one.name for one in write_tables(content, tmp_path)]
    assert set(written) == {"zones.csv", "targets.csv", "sensors.csv", "needles.csv", "margins_tumour.csv"}
    zones = {row["name"]: row for row in table(tmp_path / "zones.csv")}
    assert zones.keys() == content.metrics["zones"].keys()
    for name, zone in content.metrics["zones"].items():
        assert float(zones[name]["volume_cm3"]) == pytest.approx(zone["volume_cm3"], rel=1e-5)
        assert float(zones[name]["extent_y_mm"]) == pytest.approx(zone["extent_mm"][1], rel=1e-5)
        beyond = zones[name]["beyond_tip_mm"]
        assert (beyond == "") == (zone["beyond_tip_mm"] is None)
        assert beyond == "" or float(beyond) == pytest.approx(zone["beyond_tip_mm"], rel=1e-5)
    (target,) = table(tmp_path / "targets.csv")
    least = content.metrics["targets"][0]
    assert float(target["min_margin_mm"]) == pytest.approx(least["min_margin_mm"], rel=1e-5)
    place = [float(target[f"min_margin_at_{axis}_mm"]) for axis in "xyz"]
    np.testing.assert_allclose(place, least["min_margin_at_mm"], rtol=1e-5)
    (needle,) = table(tmp_path / "needles.csv")
    np.testing.assert_allclose([float(needle[f"tip_{axis}_mm"]) for axis in "xyz"], [0, 0, -6], atol=1e-9)
    assert float(table(tmp_path / "sensors.csv")[0]["max_c"]) == 50


def test_margins_are_those_of_the_map(content: Content, tmp_path: Path) -> None:
    list(write_tables(content, tmp_path))
    rows = table(tmp_path / "margins_tumour.csv")
    points, _, margin, _ = margin_map(content.result, "tumour")
    assert len(rows) == len(points)
    found = np.array([[float(row[key]) for key in ("x_mm", "y_mm", "z_mm", "margin_mm")] for row in rows])
    np.testing.assert_allclose(found, np.column_stack([points, margin]) * 1e3, rtol=1e-5, atol=1e-6)
    assert found[:, 3].min() == pytest.approx(content.metrics["targets"][0]["min_margin_mm"], rel=1e-5)


def test_lists_become_columns() -> None:
    row = {"at_mm": [1.0, 2.0, 3.0], "widths_mm": [4.0, 5.0], "parts": [], "fluids": [{"region": "a", "percent": 3.0}]}
    assert flat(row) == {
        "at_x_mm": 1.0, "at_y_mm": 2.0, "at_z_mm": 3.0, "widths_1_mm": 4.0, "widths_2_mm": 5.0, "parts": "",
        "fluids": "a 3",
    }  # fmt: skip
