"""Needles against plane geometry: entry, depth, angles, lengths in each tissue, distances, spacing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpu_ablate.case.build import build_case
from gpu_ablate.case.grid import Grid
from gpu_ablate.engine.clock import planned_stations
from gpu_ablate.outcome.crossing import pieces, together
from gpu_ablate.outcome.needles import ct_angles, measure_needles, segment_gap
from gpu_ablate.outcome.ways import ways_planned, ways_taken
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Result, Station
from gpu_ablate.scene.load import load_scene

NEAR = 0.1
"""Tolerance of a length [mm] at 1 mm voxels."""

BODY = """
schema_version = 1

[domain]
spacing_mm = 1.0
min_mm = [-30, -30, -60]
max_mm = [30, 30, 3]
background = "air"
frame = "{frame}"

[run]
duration_s = 1
endpoint = "cem43_240"

[[region]]
name = "{deep}"
tissue = "{deep}"
shape = {{ kind = "half_space", point_mm = [0, 0, 0], normal = [0, 0, 1] }}

[[region]]
name = "fat"
tissue = "subcutaneous_fat"
shape = {{ kind = "box", min_mm = [-99, -99, -14], max_mm = [99, 99, 0] }}

[[region]]
name = "cover"
role = "skin"
tissue = "skin"
shape = {{ kind = "box", min_mm = [-99, -99, -2], max_mm = [99, 99, 0] }}

[[region]]
name = "tumour"
role = "target"
tissue = "soft_tissue_tumour"
shape = {{ kind = "sphere", center_mm = [0, 0, -32], radius_mm = 9 }}
"""

PROBE = """
[[probe]]
name = "{name}"
device = "microwave_2450_16g"
tip_mm = {tip}
shaft_direction = {direction}
steps = [{{ action = "hold", power_w = 20, duration_s = 1 }}]
"""


def planned(tmp_path: Path, *probes: tuple[list[float], list[float]], more: str = "", **body: str) -> Result:
    """The result of a plan of which nothing has been carried out; its needles are named A, B and so on."""
    text = BODY.format(**{"frame": "local", "deep": "muscle", **body}) + more
    for name, (tip, direction) in zip("ABCDEF", probes, strict=False):
        text += PROBE.format(name=name, tip=tip, direction=direction)
    (tmp_path / "plan.toml").write_text(text)
    setup = build_case(load_scene(tmp_path / "plan.toml")).setup
    return Result(setup, MemoryRecords(), "done", {}, {}, {}, [], {})


def measured(result: Result) -> tuple[list[dict], list[dict]]:
    found = measure_needles(result.setup, ways_taken(result))
    return found["tracks"], found["pairs"]


def unit(direction):
    return np.array(direction) / np.linalg.norm(direction)


@pytest.mark.parametrize("direction", [(0, 0, 1), (0.5, 0, 1), (-0.4, 0.3, 0.9), (0.31, -0.47, 0.62)])
def test_lengths_through_skin_fat_and_a_ball(tmp_path, direction):
    """Layers between planes measure their thickness over the cosine; a ball is met over its diameter through its
    middle."""
    way = unit(direction)
    tip = np.array([0, 0, -32]) - 15.3 * way
    (track,), pairs = measured(planned(tmp_path, (tip.tolist(), list(direction))))
    cosine = way[2]
    assert [piece["region"] for piece in track["crossed"]] == ["cover", "fat", "muscle", "tumour", "muscle"]
    expected = [2 / cosine, 12 / cosine, 18 / cosine - 9, 18, 15.3 - 9]
    assert [piece["mm"] for piece in track["crossed"]] == pytest.approx(expected, abs=NEAR)
    assert track["length_mm"] == pytest.approx(-tip[2] / cosine, abs=NEAR)
    assert track["entry_mm"] == pytest.approx((tip - tip[2] / cosine * way).tolist(), abs=NEAR)
    assert track["depth_mm"] == pytest.approx(-tip[2], abs=NEAR)
    assert track["to_skin_normal_deg"] == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.1)
    assert (track["bone_mm"], track["bone_needle"], pairs) == (0, None, [])


@pytest.mark.parametrize("aside", [3.0, 6.0, 8.0])
def test_a_chord_beside_the_middle_of_a_ball(tmp_path, aside):
    way = unit((0.3, 0, 0.8))
    square = np.array([way[2], 0, -way[0]])
    tip = np.array([0, 0, -32]) + aside * square - 14 * way
    (track,), _ = measured(planned(tmp_path, (tip.tolist(), way.tolist())))
    (tumour,) = (piece for piece in track["crossed"] if piece["region"] == "tumour")
    assert tumour["mm"] == pytest.approx(2 * np.sqrt(81 - aside**2), abs=NEAR)


@pytest.mark.parametrize("aside", [(6, 6), (5, 7), (3, 8)])
def test_needles_on_the_faces_of_cells_are_treated_alike(tmp_path, aside):
    """Four places that mirror each other about a ball, on edges between cells, meet the same chord of it: both ends to
    0.05 mm square to the ball, and more along a line that grazes it."""
    x, y = aside
    probes = [([x * sx, y * sy, -50], [0, 0, 1]) for sx in (1, -1) for sy in (1, -1)]
    tracks, _ = measured(planned(tmp_path, *probes))
    found = [[piece["mm"] for piece in track["crossed"] if piece["region"] == "tumour"] for track in tracks]
    half = np.sqrt(81 - x**2 - y**2)
    assert found == [[pytest.approx(2 * half, abs=2 * 0.05 * 9 / half)]] * 4


def test_the_pieces_make_up_the_way(tmp_path):
    (track,), _ = measured(planned(tmp_path, ([3.1, -2.2, -44.7], [0.2, 0.35, 0.7])))
    assert sum(piece["mm"] for piece in track["crossed"]) == pytest.approx(track["length_mm"], abs=1e-9)


def test_the_deepest_place_of_a_pulled_needle_counts(tmp_path):
    result = planned(tmp_path, ([0, 0, -40], [0, 0, 1]))
    places = [(0, 0, -0.04), (0, 0, -0.03)]
    station = Station("A", 1, "hold", 0, 1, 20, 0, places[1], places[1], (0, 0, 1), (0, 0, 1), "duration")
    result.stations = [station]
    assert measured(result)[0][0]["tip_mm"] == pytest.approx([0, 0, -40])


@pytest.mark.parametrize(("axis", "way"), [(0, (1, 0, 0.1)), (1, (0, -1, -0.05)), (2, (0, 0, -1))])
def test_a_needle_through_the_face_of_the_box_has_no_entry(tmp_path, axis, way):
    (track,), _ = measured(planned(tmp_path, ([0, 0, -40], list(way))))
    assert track["entry_mm"] is None
    assert track["to_skin_normal_deg"] is None
    face = {0: 30, 1: -30, 2: -60}[axis]
    start = np.array([0, 0, -40]) + track["length_mm"] * unit(way)
    assert start[axis] == pytest.approx(face, abs=1e-6)
    assert sum(piece["mm"] for piece in track["crossed"]) == pytest.approx(track["length_mm"], abs=1e-9)


@pytest.mark.parametrize("deep", ["cortical_bone", "cancellous_bone", "sclerotic_metastasis", "muscle"])
def test_bone_on_the_way_needs_a_bone_needle(tmp_path, deep):
    (track,), _ = measured(planned(tmp_path, ([20, 0, -30], [0, 0, 1]), deep=deep))
    bone = deep != "muscle"
    assert track["bone_mm"] == pytest.approx(16 if bone else 0, abs=NEAR)
    assert track["bone_needle"] == ("8-13G" if bone else None)


TUBE = """
[[region]]
name = "cortex"
tissue = "cortical_bone"
within = ["muscle"]
shape = { kind = "cylinder", from_mm = [-99, 0, -34], to_mm = [99, 0, -34], radius_mm = 19 }

[[region]]
name = "metaphysis"
tissue = "cancellous_bone"
within = ["cortex"]
shape = { kind = "cylinder", from_mm = [-99, 0, -34], to_mm = [99, 0, -34], radius_mm = 17.5 }
"""


@pytest.mark.parametrize("aside", [0.5, 6.0, 6.3, 9.7])
def test_layers_without_a_surface_are_told_to_a_voxel_and_the_same_from_both_sides(tmp_path, aside):
    """Beside the axis of a tube of bone, where voxels alone would tell two sides apart at their faces."""
    tracks, _ = measured(planned(tmp_path, *(([20, side, -34], [0, 0, 1]) for side in (aside, -aside)), more=TUBE))
    lengths, others = ({piece["region"]: piece["mm"] for piece in track["crossed"]} for track in tracks)
    outer, inner = (np.sqrt(radius**2 - aside**2) for radius in (19, 17.5))
    assert lengths == pytest.approx(others, abs=1e-6)
    assert lengths["cortex"] == pytest.approx(outer - inner, abs=1.0)
    assert lengths["metaphysis"] == pytest.approx(inner, abs=1.0)


GUARDED = """
[[region]]
name = "artery"
role = "vessel"
tissue = "blood"
shape = {{ kind = "cylinder", from_mm = [12, -29, -20], to_mm = [12, 29, -20], radius_mm = 3 }}

[[region]]
name = "root"
role = "nerve"
tissue = "nerve"
shape = {{ kind = "sphere", center_mm = [{nerve}, 0, -25], radius_mm = 4 }}

[[region]]
name = "lung"
tissue = "lung"
shape = {{ kind = "box", min_mm = [-99, -99, -99], max_mm = [99, 99, -52] }}
"""


def test_the_nearest_structures_are_measured_from_the_surface_of_the_shaft(tmp_path):
    (track,), _ = measured(planned(tmp_path, ([0, 0, -45], [0, 0, 1]), more=GUARDED.format(nerve=-15)))
    radius = track["diameter_mm"] / 2
    found = track["nearest"]
    assert found["vessel"]["mm"] == pytest.approx(12 - 3 - radius, abs=NEAR)
    assert found["vessel"]["at_mm"][::2] == pytest.approx([9, -20], abs=0.3)
    assert found["nerve"] == {"region": "root", "mm": pytest.approx(15 - 4 - radius, abs=NEAR),
                              "at_mm": pytest.approx([-11, 0, -25], abs=0.6)}  # fmt: skip
    assert found["pleura"]["region"] == "lung"
    assert found["pleura"]["mm"] == pytest.approx(7 - radius, abs=NEAR)
    assert found["risk"] is None
    assert found["isolation"] is None


def test_a_vessel_given_by_its_axis_is_a_vessel_too(tmp_path):
    vessel = """
[[vessel]]
name = "branch"
points_mm = [[6, -29, -20], [6, 0, -20], [20, 0, -50]]
radius_mm = 1.5
preset = "artery"
"""
    (track,), _ = measured(planned(tmp_path, ([0, 0, -45], [0, 0, 1]), more=vessel))
    found = track["nearest"]["vessel"]
    assert found["region"] == "branch"
    assert found["mm"] == pytest.approx(6 - 1.5 - track["diameter_mm"] / 2, abs=1e-6)
    assert found["at_mm"] == pytest.approx([6, 0, -20], abs=0.3)


@pytest.mark.parametrize("away", [1.0, 2.0, 4.3])
def test_a_shaft_that_runs_into_a_structure_is_nearer_than_nothing(tmp_path, away):
    """Its axis lies 4 mm less its distance from the middle of a ball of 4 mm deep in it, or so far beside it."""
    (track,), _ = measured(planned(tmp_path, ([0, 0, -45], [0, 0, 1]), more=GUARDED.format(nerve=-away)))
    assert track["nearest"]["nerve"]["mm"] == pytest.approx(away - 4 - track["diameter_mm"] / 2, abs=NEAR)


def test_parallel_needles(tmp_path):
    one = ([-5, 0, -40], [0.2, 0, 1])
    _, (pair,) = measured(planned(tmp_path, one, ([5, 6, -40], [0.2, 0, 1])))
    assert pair["probes"] == ["A", "B"]
    assert pair["tips_mm"] == pytest.approx(np.hypot(10, 6))
    assert pair["active_mm"] == pytest.approx(pair["tips_mm"])
    assert pair["shafts_mm"] == pytest.approx(np.hypot(10 * unit(one[1])[2], 6) - 1.6, abs=1e-6)
    assert pair["not_parallel_deg"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("degrees", [5.0, 30.0, 90.0])
def test_skew_needles(tmp_path, degrees):
    """One upright, one leaning in the plane y = 7 above it: their axes pass each other 7 mm apart."""
    angle = np.radians(degrees)
    lean = [float(np.sin(angle)), 0, float(np.cos(angle))]
    tip = np.array([0, 7, -20]) - 12 * np.array(lean)
    _, (pair,) = measured(planned(tmp_path, ([0, 0, -45], [0, 0, 1]), (tip.tolist(), lean)))
    assert pair["shafts_mm"] == pytest.approx(7 - 1.6, abs=1e-6)
    assert pair["not_parallel_deg"] == pytest.approx(degrees, abs=1e-6)


def test_needles_from_two_sides_on_one_line_are_parallel(tmp_path):
    _, (pair,) = measured(planned(tmp_path, ([-3, 0, -30], [-1, 0, 0]), ([3, 0, -30], [1, 0, 0])))
    assert pair["not_parallel_deg"] == pytest.approx(0, abs=1e-6)
    assert pair["shafts_mm"] == pytest.approx(6 - 1.6, abs=1e-6)


def test_the_gap_of_segments_is_the_least_over_their_points():
    random = np.random.default_rng(3)
    t = np.linspace(0, 1, 201)[:, None]
    for _ in range(50):
        a, b, c, d = random.normal(size=(4, 3))
        brute = np.linalg.norm((a + t * (b - a))[:, None] - (c + t * (d - c))[None], axis=2).min()
        assert segment_gap(a, b, c, d) <= brute + 1e-12
        assert segment_gap(a, b, c, d) == pytest.approx(brute, abs=0.02)


@pytest.mark.parametrize(("direction", "cranial", "lateral", "side"), [
    ((0, 1, 0), 0, 0, "back"), ((0, -1, 0), 0, 0, "front"), ((1, 1, 0), 0, 45, "back"), ((-1, -1, 0), 0, -45, "front"),
    ((0, 1, 1), 45, 0, "back"), ((1, 0, -1), -45, 90, "front"), ((0, 0, 1), 90, None, None),
])  # fmt: skip
def test_angles_set_on_a_ct(direction, cranial, lateral, side):
    """In LPS: +x is the patient's left, +y the back, +z the head."""
    found = ct_angles(unit(direction))
    assert found["craniocaudal_deg"] == pytest.approx(cranial)
    assert found["mediolateral_deg"] == (None if lateral is None else pytest.approx(lateral))
    assert found["handle_side"] == side


def test_angles_of_a_ct_belong_to_the_frame_of_the_patient(tmp_path):
    (local,), _ = measured(planned(tmp_path, ([0, 0, -40], [0, 0.6, 0.8])))
    assert local["craniocaudal_deg"] is None
    (patient,), _ = measured(planned(tmp_path, ([0, 0, -40], [0, 0.6, 0.8]), frame="patient"))
    assert patient["craniocaudal_deg"] == pytest.approx(np.degrees(np.arcsin(0.8)))
    assert patient["mediolateral_deg"] == pytest.approx(0)


def test_a_line_runs_through_cells_that_lie_on_it():
    grid = Grid((20, 30, 40), 1.5e-3, (-0.03, -0.02, -0.04))
    point, way = np.array([0.3, 0.2, -20.4]) * 1e-3, unit((0.4, -0.8, 0.3))
    edges, cells = pieces(grid, point, way)
    assert edges[0] == 0
    assert (np.diff(edges) > 0).all()
    middles = point + 0.5 * (edges[1:] + edges[:-1])[:, None] * way
    centres = np.array(grid.origin) + (cells[:, ::-1] + 0.5) * grid.spacing
    assert (np.abs(middles - centres) <= 0.5 * grid.spacing + 1e-12).all()
    end = point + edges[-1] * way
    assert np.min(np.abs([end - np.array(grid.origin), end - np.array(grid.upper)])) < 1e-12


def test_neighbours_of_one_label_are_one_piece():
    assert together([(1, 2.0), (1, 3.0), (2, 1.0), (1, 4.0)]) == [(1, 5.0), (2, 1.0), (1, 4.0)]


def test_a_plan_carried_out_takes_the_ways_that_were_planned(tmp_path):
    """Pulled back on the first track, pushed in again on another: of each the deepest place counts."""
    more = PROBE.format(name="B", tip=[0, 0, -40], direction=[0.2, 0, 1]).replace(
        "duration_s = 1 }]",
        "duration_s = 0.3 }, { action = 'pull', distance_mm = 6 }, "
        "{ action = 'reinsert', tip_mm = [4, 0, -30], shaft_direction = [0, 0.3, 1], duration_s = 0.3 }, "
        "{ action = 'hold', power_w = 20, duration_s = 0.3 }]",
    )
    result = planned(tmp_path, ([0, 5, -35], [0, 0, 1]), more=more)
    carried_out = [station for probe in result.setup.probes for station in planned_stations(probe)]
    done = replace(result, stations=carried_out)
    assert measure_needles(done.setup, ways_taken(done)) == measure_needles(done.setup, ways_planned(done.setup))
    assert [track["tip_mm"][2] for track in measured(done)[0]] == pytest.approx([-40, -30, -35])
