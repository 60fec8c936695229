"""The report: every number comes from the metrics, nothing comes from outside, nothing from the scene is code."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.report.html import write_report
from gpu_ablate.report.text import number, percent, reference, zone_words
from gpu_ablate.result.result import Result


class Reader(HTMLParser):
    """Collects the tags with their attributes, and the text outside of <style>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] and self.tags[-1][0] != "style":
            self.text += data + " "


@pytest.fixture
def figures(tmp_path: Path) -> dict[str, Path]:
    files = {name: tmp_path / f"{name}.png" for name in ("scene3d", "slices", "curves")}
    for file in files.values():
        Image.new("RGB", (8, 8), "red").save(file)
    return files


def page_of(result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path) -> str:
    write_report(result, metrics, figures, tmp_path / "report.html")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_measured_numbers_are_told_as_measured(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    text = Reader(page_of(result, metrics, figures, tmp_path)).text
    target, zone = metrics["targets"][0], metrics["zones"]["cem43_240"]
    told = [number(target[key], 2) for key in ("volume_cm3", "ablated_percent", "min_margin_mm")]
    told += [number(target[key], 2) for key in ("margin_5mm_percent", "margin_10mm_percent")]
    told += [number(zone["volume_cm3"], 2), number(zone["along_probe_mm"], 1), "42.31 °C", "11.80 min"]
    told += [number(metrics["energy"][key], 1) for key in ("sources_j", "stored_j", "skin_j")]
    told += ["2.1e-06", "97.3 %", metrics["verdict"]["why"], metrics["verdict"]["rule"]]
    assert [words for words in told if words not in text] == []
    for state in ("ok", "warning"):
        assert re.search(rf"[✓!] {state}\b", text)
    assert text.count("Research tool, not a medical device") == 2
    assert result.setup.notes[0] in text
    assert "skin above 42 °C" in text


def test_the_file_needs_nothing_beside_it(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    page = page_of(result, metrics, figures, tmp_path)
    tags = Reader(page).tags
    names = {tag for tag, _ in tags}
    assert not names & {"script", "link", "iframe", "object", "base"}
    images = [attributes for tag, attributes in tags if tag == "img"]
    assert len(images) == len(figures)
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in images)
    assert all(image["alt"] for image in images)
    assert not re.search(r"url\(|@import|\b(?:src|href)=\"(?!data:)", page)


def test_names_from_the_scene_are_text_not_code(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    evil = '<script>alert("x")</script>'
    setup = replace(result.setup, title=evil, notes=(evil,), citations=(evil,))
    metrics = metrics | {"targets": [metrics["targets"][0] | {"name": evil}], "scene": evil}
    page = page_of(replace(result, setup=setup), metrics, figures, tmp_path)
    assert "<script" not in page
    assert Reader(page).text.count(evil) >= 4


def test_an_interrupted_run_says_so(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    assert "This run is" not in page_of(result, metrics, figures, tmp_path)
    page = page_of(result, metrics | {"status": "interrupted"}, figures, tmp_path)
    assert "This run is interrupted: it ended after 292 s" in page


def test_missing_pictures_are_named(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    assert "3D pictures are missing" not in page_of(result, metrics, figures, tmp_path)
    flat = {name: file for name, file in figures.items() if name != "scene3d"}
    assert "3D pictures are missing" in page_of(result, metrics, flat, tmp_path)
    assert "<img" not in page_of(result, metrics, {}, tmp_path)


def test_numbers_that_were_not_measured_are_dashes(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    keys = ("min_margin_mm", "min_margin_at_mm")
    target = metrics["targets"][0] | dict.fromkeys(keys) | {"ablated_percent": 0.0}
    zones = {name: zone | {"along_probe_mm": None} for name, zone in metrics["zones"].items()}
    limits = [metrics["limits"][0] | {"value": None, "at_s": None, "at_mm": None}]
    energy = metrics["energy"] | {"relative_imbalance": None}
    bare = metrics | {"targets": [target], "zones": zones, "limits": limits, "energy": energy}
    text = Reader(page_of(result, bare, figures, tmp_path)).text
    assert "–" in text
    assert "not measured" in text
    assert "None" not in text
    assert "nan" not in text.split()


def test_words() -> None:
    endpoint = Endpoint("cem43_240", "cem43", 240.0)
    assert number(-1.37, 1) == "−1.4"
    assert number(-0.01, 1) == "0.0"
    assert number(None, 1) == "–"
    assert percent(99.97) == "> 99.9 %"
    assert percent(100.0) == "100.0 %"
    assert zone_words("above_43c", endpoint) == "ever above 43 °C"
    assert zone_words("below_m20c_now", endpoint) == "below −20 °C at the end"
    assert zone_words("cem43_240", endpoint) == "killed (CEM43 ≥ 240 min)"
    entry = "@article{a,\n author = {A. {Van} B.},\n title={T},\n year = 2001,\n pages = {1--2},\n doi={10.1/x}\n}"
    assert reference("a", entry) == "[a] A. Van B. T. 2001; 1–2. doi 10.1/x"
    assert reference("b", None) == "b"


def test_depths_that_the_box_does_not_hold_are_dashes(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    depth = np.full_like(result.traces["time_s"], np.nan)
    blind = replace(result, traces=result.traces | {"probe.A.tip_depth_mm": depth})
    assert "nan" not in Reader(page_of(blind, metrics, {}, tmp_path)).text.split()
    assert "<td>21.0</td>" in page_of(result, metrics, {}, tmp_path)
