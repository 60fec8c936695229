"""Warnings of a plan: each comes where its cause is, names probe, step and remedy, and only then.

The scene is a slab: air above z = 0, 2 mm of skin, fat below; the shaft is steep unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gpu_ablate as ga
from gpu_ablate.case.heated import heated_places
from gpu_ablate.physics.zone_estimate import short_axis

SLAB = """
schema_version = 1
[domain]
spacing_mm = 2
min_mm = [-40, -40, -70]
max_mm = [40, 40, 10]
background = "breast_fat"
[boundary]
z_max = "insulated"
[[region]]
name = "outside"
tissue = "air"
shape = { kind = "half_space", point_mm = [0, 0, 0], normal = [0, 0, -1] }
"""
SKIN = """
[[region]]
name = "dermis"
role = "skin"
tissue = "skin"
shape = { kind = "box", min_mm = [-99, -99, -2], max_mm = [99, 99, 0] }
"""
PATCH = """
[[region]]
name = "invaded"
role = "involved_skin"
tissue = "skin"
shape = { kind = "box", min_mm = [-8, -8, -2], max_mm = [8, 8, 0] }
"""
TUMOUR = """
[[region]]
name = "tumour"
role = "target"
tissue = "breast_tumour"
shape = { kind = "box", min_mm = [-24, -8, -44], max_mm = [24, 8, -24] }
"""
DEEP = "tip_mm = [0, 0, -53]"
STEEP = "shaft_direction = [0.1, 0, 1]"
FLAT = "shaft_direction = [1, 0, 0.05]"

Warn = Callable[..., list[str]]


@pytest.fixture
def warn(tmp_path: Path) -> Warn:
    """The warnings of a scene text: all notes that name a probe's step."""

    def make(*parts: str) -> list[str]:
        path = tmp_path / "scene.toml"
        path.write_text("\n".join([SLAB, *parts]), encoding="utf-8")
        notes = ga.build_case(ga.load_scene(path)).setup.notes
        return [note for note in notes if note.startswith("Probe ")]

    return make


def probe(*steps: str, tip: str = DEEP, shaft: str = STEEP, name: str = "A") -> str:
    listed = ",\n".join(steps)
    return f'[[probe]]\nname = "{name}"\ndevice = "microwave_2450_16g"\n{tip}\n{shaft}\nsteps = [\n{listed}\n]\n'


def hold(power: float = 60, duration: float = 120) -> str:
    return f'{{ action = "hold", power_w = {power}, duration_s = {duration} }}'


def pull(distance: float) -> str:
    return f'{{ action = "pull", distance_mm = {distance} }}'


def test_a_sound_plan_warns_of_nothing(warn: Warn) -> None:
    steps = (hold(60), pull(8), hold(30), pull(8), hold(20, 60))
    again = '{ action = "reinsert", tip_mm = [10, 0, -53], shaft_direction = [0.1, 0, 1], duration_s = 20 }'
    assert warn(SKIN, TUMOUR, probe(*steps, again, *steps)) == []


@pytest.mark.parametrize("name", ["breast_pullback", "breast_pullback_50w", "breast_pullback_no_isolation"])
def test_the_shipped_pull_backs_warn_of_nothing(name: str) -> None:
    notes = ga.build_case(ga.load_scene(name, spacing_mm=1.5)).setup.notes
    assert [note for note in notes if note.startswith("Probe ")] == []


def test_a_pull_beside_the_skin_does_not_reduce_the_depth(warn: Warn) -> None:
    (warning,) = warn(SKIN, probe(hold(), pull(8), hold(30), tip="tip_mm = [-20, 0, -30]", shaft=FLAT))
    assert 'Probe "A", step 2 (pull)' in warning
    assert "steeper angle" in warning


def test_a_pull_that_nothing_follows_may_go_anywhere(warn: Warn) -> None:
    assert warn(SKIN, probe(hold(), pull(8), tip="tip_mm = [-20, 0, -30]", shaft=FLAT)) == []


def test_short_pulls_are_judged_by_their_slope(warn: Warn) -> None:
    """1 mm of a 30 degree shaft is half a millimetre of depth, and enough."""
    tip, shaft = "tip_mm = [-20, 0, -30]", "shaft_direction = [0.866, 0, 0.5]"
    assert warn(SKIN, probe(*[step for _ in range(4) for step in (hold(60, 30), pull(1))], tip=tip, shaft=shaft)) == []


def test_power_should_fall_with_the_depth(warn: Warn) -> None:
    (warning,) = warn(SKIN, probe(hold(20), pull(8), hold(40)))
    assert 'Probe "A", step 3' in warning
    assert "from 20 to 40 W" in warning
    assert warn(SKIN, probe(hold(20), hold(40))) == []
    assert warn(SKIN, probe(hold(40), pull(8), hold(20))) == []


def test_net_and_generator_power_are_compared_as_what_leaves_the_antenna(warn: Warn) -> None:
    net = '{ action = "hold", net_power_w = 28, duration_s = 120 }'
    assert warn(SKIN, probe(hold(40), pull(8), net)) == []
    (warning,) = warn(SKIN, probe(hold(30), pull(8), net))
    assert "power rises" in warning


def test_stations_of_a_track_should_touch(warn: Warn) -> None:
    """The limit is the short axis that the narrower station's energy makes, and the message says that number."""
    tip, width_mm = "tip_mm = [0, 0, -63]", 1e3 * short_axis(0.75 * 60 * 120, 37.0)
    assert warn(SKIN, probe(hold(), pull(width_mm - 1), hold(), tip=tip)) == []
    (warning,) = warn(SKIN, probe(hold(), pull(width_mm + 1), hold(), tip=tip))
    assert 'Probe "A", step 3' in warning
    assert f"{width_mm:.1f} mm by rule of thumb" in warning
    assert warn(SKIN, probe(hold(60, 240), pull(width_mm + 1), hold(60, 240), tip=tip)) == []


def test_a_slow_pull_makes_a_zone_no_wider_than_a_rod_of_its_length() -> None:
    """Short pulls are as wide as the hold of their energy, long ones narrower, the more the longer they are."""
    widths = [short_axis(5400.0, 37.0, length) for length in (0.0, 5e-3, 60e-3, 240e-3)]
    assert widths[0] == widths[1] > widths[2] == pytest.approx(2.0 * widths[3])
    assert short_axis(8 * 5400.0, 37.0) == pytest.approx(2.0 * widths[0])


def test_holds_at_one_place_add_up(warn: Warn, tmp_path: Path) -> None:
    warn(SKIN, probe(hold(60, 60), '{ action = "rest", duration_s = 5 }', hold(60, 60), pull(8), hold(30, 60)))
    case = ga.build_case(ga.load_scene(tmp_path / "scene.toml"))
    both, last = heated_places(case.setup.probes[0], 37.0)
    assert [leg.number for leg in both.legs] == [1, 3]
    assert both.width == pytest.approx(short_axis(0.75 * 60 * 120, 37.0))
    assert last.width < both.width


def neighbour(x: float, *steps: str) -> str:
    return probe(*(steps or (hold(),)), tip=f"tip_mm = [{x}, 0, -53]", name="B")


def test_neighbouring_tracks_should_touch(warn: Warn) -> None:
    assert warn(SKIN, TUMOUR, probe(hold()), neighbour(20)) == []
    (warning,) = warn(SKIN, TUMOUR, probe(hold()), neighbour(30))
    assert 'Probe "A", step 1' in warning
    assert 'probe "B", step 1' in warning
    assert "30.0 mm away" in warning


def test_tracks_between_close_the_gap(warn: Warn) -> None:
    middle = neighbour(15).replace('"B"', '"C"')
    assert warn(SKIN, TUMOUR, probe(hold()), neighbour(30), middle) == []


def test_a_reinserted_needle_is_its_own_neighbour(warn: Warn) -> None:
    again = '{ action = "reinsert", tip_mm = [30, 0, -53], shaft_direction = [0.1, 0, 1], duration_s = 20 }'
    (warning,) = warn(SKIN, TUMOUR, probe(hold(), again, hold()))
    assert 'probe "A", step 3' in warning


def test_tracks_of_two_tumours_are_no_neighbours(warn: Warn) -> None:
    first = TUMOUR.replace("[24, 8, -24]", "[-4, 8, -24]")
    second = TUMOUR.replace('"tumour"', '"other"').replace("[-24, -8, -44]", "[4, -8, -44]")
    probes = probe(hold(), tip="tip_mm = [-18, 0, -49]"), probe(hold(), tip="tip_mm = [18, 0, -49]", name="B")
    assert warn(SKIN, first, second, *probes) == []
    assert len(warn(SKIN, TUMOUR, *probes)) == 1


def test_layers_at_different_depths_are_no_neighbours(warn: Warn) -> None:
    shallow = neighbour(30).replace("-53", "-35")
    assert warn(SKIN, TUMOUR, probe(hold()), shallow) == []


def test_the_zone_should_end_before_the_puncture(warn: Warn) -> None:
    """Heat 19 mm along the shaft from the skin: 13.3 mm that emit leave 6 mm, half of a zone of 30 mm less than 5."""
    tip = "tip_mm = [0, 0, -32.5]"
    assert warn(SKIN, probe(hold(40, 120), tip=tip)) == []
    (warning,) = warn(SKIN, probe(hold(60, 240), tip=tip))
    assert 'Probe "A", step 1' in warning
    assert "puncture" in warning
    assert warn(SKIN, probe(hold(60, 240), tip=tip), "[plan]\npuncture_clearance_mm = 1\n") == []


def test_the_emitting_part_should_end_before_the_puncture_too(warn: Warn) -> None:
    """However little the energy: heat 8 mm from the skin, the emitting part reaches 6 mm out of that."""
    (warning,) = warn(SKIN, probe(hold(10, 5), tip="tip_mm = [0, 0, -14]"))
    assert "puncture" in warning


def test_a_track_through_involved_skin(warn: Warn) -> None:
    (warning,) = warn(SKIN, PATCH, probe(hold()))
    assert 'Probe "A", step 1: its track crosses involved skin' in warning
    assert warn(SKIN, PATCH, probe(hold(), tip="tip_mm = [14, 0, -53]")) == []


def test_a_track_through_an_ulcer(warn: Warn) -> None:
    ulcer = PATCH.replace('"involved_skin"', '"target"').replace('tissue = "skin"', 'tissue = "breast_tumour"')
    (warning,) = warn(SKIN, ulcer, probe(hold()))
    assert "a surface without skin (an ulcer)" in warning
    assert warn(SKIN, ulcer, probe(hold(), tip="tip_mm = [14, 0, -53]")) == []


def test_a_body_without_any_skin_has_no_ulcer(warn: Warn) -> None:
    assert warn(probe(hold())) == []


def test_each_track_is_judged_where_it_enters(warn: Warn) -> None:
    again = '{ action = "reinsert", tip_mm = [0, 0, -53], entry_mm = [0, 0, 0], duration_s = 20 }'
    (warning,) = warn(SKIN, PATCH, probe(hold(), again, hold(), tip="tip_mm = [14, 0, -53]"))
    assert 'Probe "A", step 2: its track crosses involved skin' in warning
