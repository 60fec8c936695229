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
from gpu_ablate.case.surroundings import Surroundings
from gpu_ablate.outcome.needles import measure_needles
from gpu_ablate.outcome.ways import ways_taken
from gpu_ablate.render.gl import PACKAGES
from gpu_ablate.render.words import seconds, span
from gpu_ablate.report.content import remark_words
from gpu_ablate.report.extremes import hottest_tissue, still_growing
from gpu_ablate.report.headline import headline, tiles
from gpu_ablate.report.needles import needle_table
from gpu_ablate.report.tables import steps_table
from gpu_ablate.report.text import measured, number, percent, reference, without_latex, zone_words
from gpu_ablate.report.write import write_reports
from gpu_ablate.result.result import Result


class Reader(HTMLParser):
    """Collects the tags with their attributes, and the text outside of <style> and <script>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] and self.tags[-1][0] not in ("style", "script"):
            self.text += data + " "


@pytest.fixture
def figures(tmp_path: Path) -> dict[str, Path]:
    files = {name: tmp_path / f"{name}.png" for name in ("scene3d", "slices", "curves")}
    for file in files.values():
        Image.new("RGB", (8, 8), "red").save(file)
    return files


def page_of(result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path) -> str:
    write_reports(result, metrics, figures, tmp_path)
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
    told += [
        "0.17–0.32",
        "frequency [MHz]",
        "[yarmolenko2011]",
        "60–90 %",
        "power uncertain: 80–120 %",
        "on 12.5 % of the surface",
    ]
    assert [words for words in told if words not in text] == []
    for state in ("ok", "warning"):
        assert re.search(rf"[✓!] {state}\b", text)
    assert text.count("Research tool, not a medical device") == 3
    assert result.setup.notes[0] in text
    assert "skin above 42 °C" in text


def test_the_file_needs_nothing_beside_it(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    page = page_of(result, metrics, figures, tmp_path)
    tags = Reader(page).tags
    names = {tag for tag, _ in tags}
    assert not names & {"link", "iframe", "object", "base"}
    assert not [attributes for tag, attributes in tags if tag == "script" and "src" in attributes]
    images = [attributes for tag, attributes in tags if tag == "img"]
    assert len(images) == len(figures)
    assert all((image["src"] or "").startswith("data:image/png;base64,") for image in images)
    assert all(image["alt"] for image in images)
    assert not re.search(r"url\(|@import|\b(?:src|href)=\"(?!data:|#)", page)


def test_names_from_the_scene_are_text_not_code(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    evil = '<script>alert("x")</script>'
    (probe,) = result.setup.probes
    regions = tuple(replace(r, name=evil) if r.name == "saline layer" else r for r in result.setup.regions)
    surfaces = result.setup.surfaces | {evil: result.setup.surfaces["saline layer"]}
    setup = replace(result.setup, title=evil, notes=(evil,), citations=(evil,), regions=regions, surfaces=surfaces)
    setup = replace(setup, probes=(replace(probe, name=evil),))
    metrics = metrics | {"targets": [metrics["targets"][0] | {"name": evil}], "scene": evil}
    stations = [replace(station, probe=evil) for station in result.stations]
    page = page_of(replace(result, setup=setup, stations=stations), metrics, figures, tmp_path)
    assert page.count("<script") == 3
    assert evil not in page
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
    assert "No 3D pictures" not in page_of(result, metrics, figures, tmp_path)
    flat = {name: file for name, file in figures.items() if name != "scene3d"}
    page = page_of(result, metrics, flat, tmp_path)
    assert "No 3D pictures" in page
    assert PACKAGES in page
    assert "Not drawn" in page_of(result, metrics, {}, tmp_path)


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
    assert zone_words("ice_inset_5mm", endpoint) == "ice, moved inwards by 5 mm"
    assert span(0.0, 54.46) == "0–54.5"
    assert seconds(120.0) == "120"
    entry = "@article{a,\n author = {A. {Van} B.},\n title={T},\n year = 2001,\n pages = {1--2},\n doi={10.1/x}\n}"
    assert reference("a", entry) == "[a] A. Van B. T. 2001; 1–2. doi 10.1/x"
    assert reference("b", None) == "b"


def test_the_steps_tell_where_the_needle_stood(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    text = Reader(page_of(result, metrics, {}, tmp_path)).text
    around, probe = Surroundings(result.setup), result.setup.probes[0]
    for station in result.stations:
        place = around.place(probe, 0, station.tip_end)
        for value in (place.tip_depth, place.heat_depth, place.to_deep_edge, place.to_skin):
            assert f" {number(value / 1e-3, 1)} " in text
    assert " track " not in text


def test_what_the_scene_does_not_hold_has_no_column(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    setup = replace(result.setup, labels=np.ones_like(result.setup.labels))
    text = Reader(page_of(replace(result, setup=setup), metrics, {}, tmp_path)).text
    assert "depth [mm]" not in text
    assert "nan" not in text.split()


def test_two_tracks_are_told_apart(two_tracks: Result, metrics: dict[str, Any]) -> None:
    table = steps_table(two_tracks)
    column = table.head.index("track")
    assert [row[column] for row in table.rows] == ["1"] * 6 + ["2", "2"]
    needles = {"needles": measure_needles(two_tracks.setup, ways_taken(two_tracks))}
    assert [row[0] for row in needle_table(needles).rows] == ["A, track 1", "A, track 2"]


def with_limit(metrics: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return metrics | {"limits": [metrics["limits"][0], metrics["limits"][1] | changes]}


def test_a_broken_limit_is_said_first_and_nothing_after_it_is_green(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    kept = metrics | {"verdict": metrics["verdict"] | {"outcome": "radical"}}
    assert [line.status for line in headline(kept)] == ["ok", "warning"]
    broken = with_limit(kept, value=2.0e7, status="broken")
    lines = headline(broken)
    assert [line.status for line in lines] == ["broken", ""]
    assert lines[0].words == "Skin limit broken: thermal dose CEM43 > 10⁴ min (limit 16 min)"
    page = page_of(result, broken, figures, tmp_path)
    assert page.index(lines[0].words.replace(">", "&gt;")) < page.index(lines[1].words)
    assert re.search(r'<section class="verdict broken">\s*<strong class="broken">', page)


@pytest.mark.parametrize(("quantity", "power", "words"), [("cem43_minutes", 4, "> 10⁴ min"), ("arrhenius", 3, "> 10³")])
def test_doses_beyond_all_doubt_are_capped(quantity: str, power: int, words: str) -> None:
    bound = 10.0**power
    assert ">" not in measured(quantity, bound)
    assert measured(quantity, bound * 1.01) == measured(quantity, bound * 1e6) == words


def test_the_hottest_place_is_not_in_gas(result: Result) -> None:
    field = np.full(result.setup.grid.shape, 37.0, np.float32)
    gas = np.argwhere(result.setup.phase_mask("gas"))[0]
    tissue = np.argwhere(result.setup.phase_mask("body"))[123]
    field[tuple(gas)], field[tuple(tissue)] = 200.0, 99.5
    found = hottest_tissue(replace(result, final={"max_temperature": field}))
    assert found is not None
    assert found[0] == 99.5
    assert result.setup.grid.cell_at(found[1]) == tuple(tissue)
    assert hottest_tissue(replace(result, final={})) is None


@pytest.mark.parametrize(
    ("skin_rise_c", "zone_rise", "growing"),
    [(0.04, 0.004, []), (0.06, 0.004, ["the hottest skin"]), (-3.0, 0.006, ["the killed tissue"])],
)
def test_growth_in_the_last_tenth_counts_and_earlier_growth_does_not(
    result: Result, skin_rise_c: float, zone_rise: float, growing: list[str]
) -> None:
    times = np.linspace(0.0, 100.0, 201)
    late = np.clip((times - 90.0) / 10.0, 0.0, 1.0)
    early = np.clip(times / 90.0, 0.0, 1.0)
    zone = (1.0 - zone_rise) * early + zone_rise * late
    traces = {
        "time_s": times,
        "skin_max_c": 37.0 + 5 * early + skin_rise_c * late,
        "zone.cem43_240_approx_cm3": 9 * zone,
    }
    assert still_growing(replace(result, traces=traces)) == growing


def test_a_freeze_is_over_when_the_last_one_ended(result: Result) -> None:
    """Tissue that a freeze killed until shortly before the end no longer grows while the probe thaws."""
    times = np.linspace(0.0, 100.0, 11)
    zone = np.minimum(times, 95.0)
    traces = {"time_s": times, f"zone.{result.setup.endpoint.name}_approx_cm3": zone}
    assert still_growing(replace(result, traces=traces, stations=[])) == ["the killed tissue"]
    freeze = replace(result.stations[0], action="freeze", end_s=100.0)
    assert still_growing(replace(result, traces=traces, stations=[freeze])) == []


def test_no_margin_is_asked_of_a_palliative_plan(result: Result, metrics: dict[str, Any]) -> None:
    setup = replace(result.setup, plan=replace(result.setup.plan, intent="palliative"))
    (radical,) = (tile for tile in tiles(result, metrics) if tile.label == "Thinnest margin")
    (palliative,) = (tile for tile in tiles(replace(result, setup=setup), metrics) if tile.label == "Thinnest margin")
    assert radical.value == palliative.value
    assert "aim" in radical.detail
    assert "aim" not in palliative.detail
    assert palliative.status == ""


def test_a_block_of_agar_is_told_without_a_patient(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    regions = tuple(replace(r, name=f"agar {i}", role="tissue", tissue="agar", phase="fluid")
                    for i, r in enumerate(result.setup.regions))  # fmt: skip
    setup = replace(result.setup, name="agar", title="Agar", regions=regions, surfaces={}, probes=(), limits=(),
                    sensors=(), tissues=(), notes=(), citations=(), inputs={})  # fmt: skip
    bare = replace(result, setup=setup, stations=[], traces={"time_s": np.arange(3.0)})
    empty = dict.fromkeys(metrics["zones"]["cem43_240"])
    told = metrics | {
        "scene": "agar", "targets": [], "limits": [], "collateral": {}, "sensors": {},
        "zones": {"cem43_240": empty}, "energy": {"sources_j": 5.0, "relative_imbalance": 0.0},
        "verdict": metrics["verdict"] | {"outcome": "no target", "why": "no tumour", "rule": "the tumour"},
    }  # fmt: skip
    page = page_of(bare, told, {}, tmp_path)
    text = Reader(page).text
    assert not re.search(r"tumour|skin|needle|0\.00", text, re.IGNORECASE)
    assert "no tissue that lives" in text
    assert not re.search(r"<tbody>\s*</tbody>", page)


def test_the_notes_and_the_box_are_limits_of_the_model(
    result: Result, metrics: dict[str, Any], figures: dict[str, Path], tmp_path: Path
) -> None:
    boxed = metrics | {"targets": [metrics["targets"][0] | {"margin_ends_at_box": True}]}
    assert "reaches the box" not in page_of(result, metrics, figures, tmp_path)
    page = page_of(result, boxed, figures, tmp_path)
    limits = page[page.index('id="limits"') :]
    assert "reaches the box" in limits
    assert result.setup.notes[0] in limits
    assert result.setup.notes[0] not in page[: page.index('id="limits"')]


@pytest.mark.parametrize(
    ("latex", "read"),
    [
        (r"Klingenb{\"o}ck and P{\'e}rez", "Klingenböck and Pérez"),
        (r"cryo\_thermal.py, 5\% \& more", "cryo_thermal.py, 5% & more"),
        (r"Fran\c{c}ois {\O}rsted, Stra{\ss}e, {\v S}imek", "François Ørsted, Straße, Šimek"),
        ("{A {B} c},\n 1--2", "A B c, 1–2"),
    ],
)
def test_references_are_read_without_latex(latex: str, read: str) -> None:
    assert without_latex(latex) == read


def test_the_first_screen_names_what_a_caution_is_about() -> None:
    notes = [
        "Resampling the image to voxels of 1.5 mm changed volumes: portal vein 25.1 to 25.7 cm³.",
        'Caution: target "tumour" lies at the vessel "portal vein", whose blood keeps its wall near body temperature.',
        "注意：靶区“肿瘤”紧邻血管“门静脉”，其血流使管壁接近体温。",
        "Antennas are solved in the mean of what lies around their axis.",
    ]
    assert remark_words(notes) == (
        'Resampling the image to voxels of 1.5 mm changed volumes; target "tumour" lies at the vessel "portal vein"; '
        "靶区“肿瘤”紧邻血管“门静脉”; Antennas are solved in the mean of what lies around their axis"
    )
