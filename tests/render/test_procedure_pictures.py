"""Film strip, movie and ultrasound views: the right times, the right places, tissue that looks like itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gpu_ablate.case.setup import Region
from gpu_ablate.language import speaking
from gpu_ablate.outcome.zones import measure_zones
from gpu_ablate.render import font, style
from gpu_ablate.render.figures import own_texts, write_figures
from gpu_ablate.render.moments import (
    key_times,
    killed_cm3,
    moment_at,
    most_telling,
    needles_at,
    station_times,
)
from gpu_ablate.render.movie import FRAME_MS, FRAMES, LAST_MS, _lines, frame_times, write_movie
from gpu_ablate.render.plane import along_probe
from gpu_ablate.render.ultrasound import echoes, skin_top
from gpu_ablate.render.view import View, look_at
from gpu_ablate.result.result import Result

MM = 1e-3


@pytest.fixture
def view(result: Result) -> View:
    return look_at(result, result.final["cem43"] >= 240, None)


def test_key_times_are_the_ends_of_the_steps_that_took_time(result: Result, view: View) -> None:
    keys = key_times(result, view)
    assert [key.time_s for key in keys] == [120.0, 210.0, 262.0, 292.0]
    assert [key.words for key in keys][:2] == ["1: 60 W, 0–120 s", "2: 30 W, 120–210 s"]
    assert [key.drives for key in keys] == [True, True, True, False]


def test_steps_of_several_probes_that_end_together_are_one_time(result: Result, view: View) -> None:
    names = ("A", "B")
    probes = tuple(replace(result.setup.probes[0], name=name) for name in names)
    freeze = replace(result.stations[0], action="freeze", power_w=0.0, output_percent=100.0)
    both = [replace(freeze, probe=name, end_s=end) for name, end in zip(names, (120.0, 124.0), strict=True)]
    later = [replace(freeze, probe="A", start_s=200.0, end_s=280.0)]
    found = key_times(replace(result, setup=replace(result.setup, probes=probes), stations=both + later), view)
    assert [key.time_s for key in found] == [124.0, 280.0]
    assert found[0].words == "freeze at 100 %, 0–124 s"


def test_steps_that_do_something_else_are_told_apart(result: Result, view: View) -> None:
    """One probe thaws while another rests: each has its own time, and no words of the other."""
    names = ("A", "B")
    probes = tuple(replace(result.setup.probes[0], name=name) for name in names)
    freeze = replace(result.stations[0], action="freeze", power_w=0.0, output_percent=100.0, end_s=100.0)
    rest = replace(freeze, probe="B", action="rest", output_percent=0.0, start_s=0.0, end_s=102.0)
    found = key_times(replace(result, setup=replace(result.setup, probes=probes), stations=[freeze, rest]), view)
    assert [(key.time_s, key.words, key.drives) for key in found] == [
        (100.0, "freeze at 100 %, 0–100 s", True),
        (102.0, "rest, 0–102 s", False),
    ]


def test_each_heated_station_has_a_view_of_its_own(result: Result) -> None:
    """Two antennas that stop together: one panel of the film strip, two ultrasound views."""
    probes = tuple(replace(result.setup.probes[0], name=name) for name in ("A", "B"))
    stations = [replace(result.stations[0], probe="A"), replace(result.stations[0], probe="B", power_w=50.0)]
    both = replace(result, setup=replace(result.setup, probes=probes), stations=stations)
    keys = key_times(both, look_at(both, both.final["cem43"] >= 240, None))
    assert [key.words for key in keys] == ["1: 60 W, 0–120 s; 2: 50 W, 0–120 s"]
    assert [key.words for key in station_times(keys)] == ["1: 60 W, 0–120 s", "2: 50 W, 0–120 s"]


def test_of_too_many_times_what_heats_is_kept(result: Result, view: View) -> None:
    keys = key_times(result, view)
    assert most_telling(keys, 4) == keys
    rests = tuple(replace(keys[3], time_s=292.0 + i) for i in range(5))
    assert most_telling((*keys[:3], *rests), 4) == (*keys[:3], rests[-1])


def test_a_needle_is_where_its_steps_have_led_it(result: Result) -> None:
    slow = replace(result.stations[1], start_s=120.0, end_s=140.0)
    moving = replace(result, stations=[result.stations[0], slow])
    for time_s, share in ((60.0, 0.0), (130.0, 0.5), (140.0, 1.0), (200.0, 1.0)):
        (needle,) = needles_at(moving, time_s)
        start, end = np.array(slow.tip_start), np.array(slow.tip_end)
        assert needle.tip == pytest.approx(start + share * (end - start))


def test_the_last_moment_is_what_metrics_say(result: Result) -> None:
    end = float(result.run["simulated_s"])
    zone = measure_zones(result)[result.setup.endpoint.name]
    assert killed_cm3(result, end) == pytest.approx(zone["volume_cm3"], rel=1e-6)
    assert killed_cm3(result, 60.0) < killed_cm3(result, 150.0) < killed_cm3(result, end)
    assert moment_at(result, 0.0).zone is None


def test_the_movie_shows_the_end_of_each_step_and_stays_at_its_end(result: Result, view: View, tmp_path: Path) -> None:
    times = frame_times(result)
    assert {0.0, 120.0, 210.0, 262.0, 292.0} <= set(times.tolist())
    assert len(times) <= FRAMES + 3
    assert np.diff(times).min() > 0.5 * 292.0 / (FRAMES - 1)
    file = tmp_path / "a.webp"
    write_movie(result, view, "Title", file)
    movie = Image.open(file)
    assert movie.n_frames == len(times)
    lengths = []
    for frame in range(movie.n_frames):
        movie.seek(frame)
        movie.load()
        lengths.append(movie.info["duration"])
    assert set(lengths[:-1]) == {FRAME_MS}
    assert lengths[-1] == LAST_MS
    assert file.stat().st_size < 3e6


def test_a_line_is_drawn_where_the_field_passes_the_level() -> None:
    area = np.zeros((40, 60, 3), np.float32)
    field = np.hypot(*np.meshgrid(np.arange(60) - 30.0, np.arange(40) - 20.0))
    _lines(area, field, ((12.0, "#FFFFFF"),), 2.0)
    drawn = area[..., 0] > 128
    assert np.abs(field[drawn] - 12.0).max() <= 1.01
    assert drawn[np.abs(field - 12.0) < 0.5].all()


def test_a_level_that_is_not_there_leaves_the_picture_alone() -> None:
    area = np.full((20, 20, 3), 7.0, np.float32)
    _lines(area, np.full((20, 20), np.nan), ((0.0, "#FFFFFF"),), 2.0)
    assert (area == 7.0).all()


REGIONS = tuple(
    Region(name, "tissue", tissue, phase)
    for name, tissue, phase in (
        ("fat", "breast_fat", "body"), ("gland", "breast_gland", "body"), ("tumour", "breast_tumour", "body"),
        ("saline", "saline", "fluid"), ("bone", "cortical_bone", "body"), ("air", "air", "gas"),
    )
)  # fmt: skip


def seen(label: int, temperature_c: float = 37.0) -> float:
    labels = np.full((60, 60), float(label), np.float32)
    return float(echoes(labels, np.full((60, 60), temperature_c, np.float32), REGIONS).mean())


def test_tissues_look_as_on_ultrasound() -> None:
    fat, gland, tumour, saline = (seen(label) for label in range(4))
    assert saline < 0.1 < tumour < fat < gland
    assert seen(2, 99.0) > gland


@pytest.mark.parametrize("hard", ["bone", "ice"])
def test_nothing_is_seen_behind_bone_or_ice(hard: str) -> None:
    labels = np.ones((80, 60), np.float32)
    temperature = np.full(labels.shape, 37.0, np.float32)
    if hard == "bone":
        labels[40:50, 20:40] = 4
    else:
        temperature[40:50, 20:40] = -10.0
    picture = echoes(labels, temperature, REGIONS)
    assert picture[47:50, 22:38].mean() > 0.7  # the edge that faces the skin, rows count upwards
    assert picture[:38, 22:38].mean() < 0.1
    assert picture[:38, :18].mean() > 0.4
    assert picture[52:, 22:38].mean() > 0.4


def test_the_ruler_begins_at_the_skin(result: Result, view: View) -> None:
    plane = along_probe(view, view.tracks[0])
    top = skin_top(view, plane, -40.0, 40.0)
    assert top is not None
    assert (plane.origin + top * MM * plane.up)[2] == pytest.approx(4.0 * MM, abs=0.15 * MM)


def test_a_picture_that_cannot_be_drawn_costs_no_other(
    result: Result, metrics: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr("gpu_ablate.render.figures.draw_slices", broken)
    lines: list[str] = []
    files = write_figures(result, metrics, tmp_path, lines.append)
    assert "slices" not in files
    assert "curves" in files
    assert any("slices" in line and "no ink" in line for line in lines)


def test_names_are_never_mathematics(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    odd = "$\\q$ 50%"
    probes = (replace(result.setup.probes[0], name=odd),)
    stations = [replace(station, probe=odd) for station in result.stations]
    named = replace(result, setup=replace(result.setup, probes=probes), stations=stations)
    lines: list[str] = []
    assert "movie" in write_figures(named, metrics, tmp_path, lines.append)
    assert lines == []


@pytest.mark.filterwarnings("ignore:Glyph")
def test_characters_that_no_font_has_are_told(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    lines: list[str] = []
    odd = replace(result, setup=replace(result.setup, title="\U00012080 tumour"), stations=[])
    write_figures(odd, metrics, tmp_path, lines.append)
    assert any("\U00012080" in line and "fonts-noto-cjk" in line for line in lines)


def test_the_bundled_font_has_what_chinese_pictures_say(result: Result) -> None:
    with speaking("zh-CN"):
        assert font.settings()["font.family"][0] == "Ablate Sans SC"  # type: ignore[index]
        assert font.missing(["消融坏死组织", "−40 °C ≥ 5 mm", *own_texts(result.setup)]) == ""
    assert font.settings()["font.family"][0] == "DejaVu Sans"  # type: ignore[index]


def test_chinese_pictures_lack_no_glyph(
    result: Result, metrics: dict[str, Any], tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    with speaking("zh-CN"):
        files = write_figures(result, metrics, tmp_path, lambda line: None)
    assert not [str(warning.message) for warning in recwarn if "missing from" in str(warning.message)]
    assert all(file.stat().st_size > 10_000 for file in files.values())


def test_colours_of_temperatures_are_transparent_at_body_temperature() -> None:
    for wash in (style.HEAT_WASH, style.COLD_WASH):
        assert wash.low_c <= 37.0 <= wash.high_c


def test_a_needle_that_is_about_to_be_put_in_anew_is_still_where_it_was(two_tracks: Result) -> None:
    """At the end of the step before, when it is drawn."""
    moved = next(station for station in two_tracks.stations if station.action == "reinsert")
    (needle,) = needles_at(two_tracks, moved.start_s)
    assert needle.tip == pytest.approx(np.array(moved.tip_start))
    assert needles_at(two_tracks, (moved.start_s + moved.end_s) / 2) == ()
