"""Cautions come where a plan comes near to something, say how near, and never stop a scene from being built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.expected import expected_depth, expected_zones
from gpu_ablate.physics.zone_estimate import ice_across
from gpu_ablate.units import MM

BLOCK = """
schema_version = 1
[domain]
spacing_mm = 1
min_mm = [-30, -30, -30]
max_mm = [30, 30, 30]
background = "muscle"
[run]
duration_s = 60
"""
TARGET = """
[[region]]
name = "lesion"
role = "target"
tissue = "soft_tissue_tumour"
shape = { kind = "box", min_mm = [-10, -10, -10], max_mm = [10, 10, 10] }
"""
PROBE = """
[[probe]]
name = "1"
device = "cryo_17g"
tip_mm = [0, 0, -20]
shaft_direction = [0, 0, 1]
repeat = 2
steps = [
  { action = "freeze", duration_s = 720 },
  { action = "thaw", by = "helium", duration_s = 240 },
]
"""
Warn = Callable[..., list[str]]


def box(name: str, tissue: str, low: str, high: str, role: str = "tissue") -> str:
    shape = f'{{ kind = "box", min_mm = [{low}], max_mm = [{high}] }}'
    return f'[[region]]\nname = "{name}"\nrole = "{role}"\ntissue = "{tissue}"\nshape = {shape}\n'


@pytest.fixture
def warn(tmp_path: Path) -> Warn:
    """The cautions of a scene text."""

    def make(*parts: str) -> list[str]:
        path = tmp_path / "scene.toml"
        path.write_text("\n".join([BLOCK, *parts]), encoding="utf-8")
        return [note for note in ga.build_case(ga.load_scene(path)).setup.notes if note.startswith("Caution")]

    return make


@pytest.mark.parametrize("name", ["metaphysis", "semicolon", "disjointed", "anal canal", "spermatic_cord"])
def test_a_word_that_only_holds_another_is_not_it(warn: Warn, name: str) -> None:
    assert warn(TARGET, box(name, "muscle", "10,-30,-30", "14,30,30")) == []


@pytest.mark.parametrize(
    ("name", "words"), [("small_bowel", "move it away"), ("hip_joint", "growth plate"), ("spinal_canal", "canal")]
)
def test_names_of_segmentation_programs_are_understood(warn: Warn, name: str, words: str) -> None:
    (found,) = warn(TARGET, box(name, "muscle", "10,-30,-30", "14,30,30"))
    assert words in found


def test_a_plan_far_from_everything_has_none(warn: Warn) -> None:
    assert warn(TARGET, PROBE, box("colon", "muscle", "20,-30,-30", "24,30,30")) == []


@pytest.mark.parametrize(
    ("name", "tissue", "role", "words"),
    [
        ("colon", "muscle", "risk", "move it away"),
        ("left lung", "lung", "tissue", "pneumothorax"),
        ("growth plate", "cartilage", "tissue", "growth plate out"),
        ("artery", "blood", "vessel", "thinner there"),
        ("cover", "skin", "skin", "spare the skin"),
    ],
)
@pytest.mark.parametrize("gap", [0, 3, 8])
def test_what_lies_within_5_mm_is_named_with_its_distance(
    warn: Warn, name: str, tissue: str, role: str, words: str, gap: int
) -> None:
    found = warn(TARGET, box(name, tissue, f"{10 + gap},-30,-30", f"{14 + gap},30,30", role))
    if gap == 8:
        assert found == []
        return
    (only,) = found
    assert words in only
    assert f'"{name}"' in only
    assert (f"{gap} mm from" if gap else " at ") in only


def test_a_nerve_is_touched_or_enclosed(warn: Warn) -> None:
    beside = box("sciatic", "nerve", "10,-2,-30", "14,2,30", "nerve")
    through = box("sciatic", "nerve", "-2,-2,-30", "2,2,30", "nerve")
    (touched,) = warn(TARGET, beside)
    (enclosed,) = warn(TARGET, through)
    assert "touches the nerve" in touched
    assert "(25 % of its surface along 20 mm)" in touched
    assert "encloses the nerve" in enclosed
    assert "(100 % of its surface along 20 mm)" in enclosed
    assert warn(TARGET, box("sciatic", "nerve", "12,-2,-30", "14,2,30", "nerve")) == []


def test_the_canal_is_cautioned_of_where_target_or_ice_reach_it(warn: Warn) -> None:
    """The ice of one probe by rule of thumb is 34 mm wide: it reaches 14 mm, not 20."""
    near, far = (box("sac", "csf", f"{x},-4,-30", f"{x + 6},4,30", "risk") for x in (14, 20))
    assert "enters the spinal canal (sac by" in warn(TARGET, PROBE, near)[0]
    assert warn(TARGET, near) == []  # nothing freezes
    assert warn(TARGET, PROBE, far) == []
    assert "reaches the spinal canal (sac)" in warn(TARGET, box("sac", "csf", "10,-4,-30", "16,4,30", "risk"))[0]


@pytest.mark.parametrize(("low", "reached"), [(12, True), (22, False)])
def test_skin_within_the_expected_ice_is_cautioned_of(warn: Warn, low: int, reached: bool) -> None:
    """The rule's ice is 17 mm wide on each side of the probe."""
    told = warn(TARGET, PROBE, box("cover", "skin", f"{low}, -30, -30", f"{low + 3}, 30, 30", "skin"))
    assert any("ice expected by rule of thumb (± 30 %) reaches the skin (cover by " in each for each in told) == reached


def test_a_thin_vessel_is_a_sink_from_3_mm_on(warn: Warn) -> None:
    for radius, sinks in ((1.0, 0), (2.0, 1)):
        vessel = (
            f'[[vessel]]\nname = "branch"\npreset = "artery"\nradius_mm = {radius}\n'
            f"points_mm = [[{12 + radius}, 0, -29], [{12 + radius}, 0, 29]]\n"
        )
        found = warn(TARGET, vessel)
        assert len(found) == sinks
        assert all("2 mm from the vessel" in note for note in found)


def test_the_expected_ice_has_the_width_and_length_of_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "scene.toml"
    path.write_text("\n".join([BLOCK, TARGET, PROBE]))
    setup = ga.build_case(ga.load_scene(path)).setup
    (zone,) = expected_zones(setup, 37.0)
    assert 2 * zone.radius == pytest.approx(ice_across(720, 35 * MM)) == pytest.approx(34 * MM)
    assert zone.depth(zone.begin + np.array([zone.radius, 0, 0])) == pytest.approx(0, abs=1e-9)
    assert zone.depth(zone.begin + np.array([0, 0, zone.half_length])) == pytest.approx(0, abs=1e-9)
    cells = int((expected_depth(setup, [zone]) > 0).sum())
    ellipsoid = 4 / 3 * np.pi * zone.radius**2 * zone.half_length / setup.grid.cell_volume
    assert cells == pytest.approx(ellipsoid, rel=0.05)


def test_shorter_parts_and_times_make_less_ice() -> None:
    assert ice_across(720, 20 * MM) < ice_across(720, 35 * MM) == ice_across(720, 45 * MM)
    assert ice_across(600, 35 * MM) < ice_across(900, 35 * MM)


def antenna(name: str, x_mm: float) -> str:
    return (
        f'[[probe]]\nname = "{name}"\ndevice = "microwave_2450_16g"\ntip_mm = [{x_mm}, 0, -10]\n'
        'shaft_direction = [0, 0, 1]\nsteps = [{ action = "hold", power_w = 60, duration_s = 60 }]\n'
    )


@pytest.mark.parametrize("apart", [0, 8, 28])
def test_antennas_that_share_a_zone_fill_the_volume_of_both(tmp_path: Path, apart: float) -> None:
    """The rule of thumb is one of energy: overlap makes the zone wider, and none leaves each its own."""
    path = tmp_path / "scene.toml"
    alone, both = [antenna("A", -0.5 * apart)], [antenna("A", -0.5 * apart), antenna("B", 0.5 * apart)]
    cells = []
    for probes in (alone, both):
        path.write_text("\n".join([BLOCK, *probes]))
        setup = ga.build_case(ga.load_scene(path)).setup
        cells.append(int((expected_depth(setup, expected_zones(setup, 37.0)) > 0).sum()))
    assert cells[1] == pytest.approx(2 * cells[0], rel=0.03)
