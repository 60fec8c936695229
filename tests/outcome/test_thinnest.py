"""Where the margin is thinnest, seen from the tumour, the skin, the needle and the nipple."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gpu_ablate.outcome.metrics import measure
from gpu_ablate.outcome.thinnest import clock_of
from gpu_ablate.report.thinnest import local_sides, patient_sides, thinnest_words

MM = 1e-3


def off_centre(world, shift):
    """A ball of 6 mm, 18 mm below a flat skin, in a killed ball of 12 mm whose middle lies `shift` [mm] beside it."""
    made = world((-24, -24, -40), (24, 24, 4))
    made.put_tumour((0, 0, -18), 6.0)
    made.put("skin", lambda x, y, z: z + 2)
    made.put("outside", lambda x, y, z: z)
    cx, cy, cz = np.add((0, 0, -18), shift)
    made.kill(lambda x, y, z: 12 - np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2))
    return made


@pytest.mark.parametrize("shift", [(3, 0, 0), (0, -4, 0), (0, 0, -3), (2, -2, 1)])
def test_it_lies_opposite_to_where_the_zone_went(world, shift):
    made = off_centre(world, shift)
    made.needle((0, 0, -30), (0.0, 0.0, 1.0))
    found = measure(made.result())["thinnest"]
    away = -np.array(shift) / np.linalg.norm(shift)
    place = np.array([0, 0, -18]) + 6 * away
    assert found["target"] == "tumour"
    assert found["mm"] == pytest.approx(6 - np.linalg.norm(shift), abs=0.1)
    assert found["direction"] == pytest.approx(away.tolist(), abs=0.1)
    assert found["outward"] == pytest.approx([0, 0, 1], abs=1e-3)
    assert found["below_skin_mm"] == pytest.approx(-place[2], abs=0.6)
    assert (found["probe"], found["track"], found["clock"]) == ("A", 1, None)
    assert found["distance_to_axis_mm"] == pytest.approx(np.hypot(*place[:2]), abs=0.6)
    assert found["along_mm"] == pytest.approx(place[2] + 30, abs=0.6)


def test_numbers_are_those_of_the_target(world):
    metrics = measure(off_centre(world, (3, 0, 0)).result())
    (target,) = metrics["targets"]
    assert metrics["thinnest"]["mm"] == target["min_margin_mm"]
    assert metrics["thinnest"]["at_mm"] == target["min_margin_at_mm"]
    assert metrics["thinnest"]["probe"] is None


def test_the_nearest_of_two_needles_is_named(world):
    made = off_centre(world, (3, 0, 0))
    made.needle((8, 0, -30), (0.0, 0.0, 1.0))
    near = replace(made.probes[0], name="B", tip=(-9 * MM, 0.0, -30 * MM))
    made.probes = (*made.probes, near)
    found = measure(made.result())["thinnest"]
    assert found["probe"] == "B"
    assert found["distance_to_axis_mm"] == pytest.approx(3, abs=0.6)


def test_without_a_margin_there_is_none(world):
    made = world((-8, -8, -8), (8, 8, 8))
    made.put_tumour((0, 0, 0), 4.0)
    made.kill(lambda x, y, z: -3.0)
    metrics = measure(made.result())
    assert metrics["thinnest"] is None
    assert thinnest_words(made.result().setup, metrics) == ""


@pytest.mark.parametrize(("away", "hour"), [
    ((0, 0, 20), 12), ((20, 0, 0), 3), ((0, 0, -20), 6), ((-20, 0, 0), 9), ((10, 5, 17.32), 1), ((-10, 0, 17.32), 11),
    ((14.1, 0, 14.2), 1.5), ((-5, 0, 19.3), 11.5), ((-1, 0, 20), 12),
])  # fmt: skip
def test_the_clock_is_read_facing_the_patient(away, hour):
    """The patient's left (+x) is at the reader's right hand: 3 o'clock."""
    found = clock_of(np.array(away) * MM)
    assert found["hour"] == hour
    assert found["from_nipple_mm"] == pytest.approx(np.hypot(away[0], away[2]))
    assert found["behind_nipple_mm"] == pytest.approx(away[1])


def test_straight_behind_the_nipple_there_is_no_hour():
    assert clock_of(np.array([1, 30, -1]) * MM)["hour"] is None


@pytest.mark.parametrize(("direction", "sides"), [
    ((1, 0, 0), ["left"]), ((-1, 0, 0), ["right"]), ((0, -1, 0), ["front"]), ((0, 1, 0), ["back"]),
    ((0, 0, 1), ["head"]), ((0.1, 0.2, -0.97), ["feet"]), ((0.6, 0, 0.8), ["head", "left"]),
    ((-0.6, 0.55, 0.58), ["right", "head"]),
])  # fmt: skip
def test_a_side_of_the_patient_has_at_most_two_words(direction, sides):
    words = patient_sides(np.array(direction))
    assert len(words) == len(sides) <= 2
    assert all(side in word for side, word in zip(sides, words, strict=True))


@pytest.mark.parametrize(("direction", "outward", "words"), [
    ((0, 0, 1), [0, 0, 1], ["towards the skin"]), ((0, 0, -1), [0, 0, 1], ["away from the skin"]),
    ((1, 0, 0), [0, 0, 1], ["towards +x"]), ((0, -0.8, 0.6), [0, 0, 1], ["towards the skin", "towards −y"]),
    ((0, 0, -1), None, ["towards −z"]),
])  # fmt: skip
def test_a_side_in_a_local_frame_is_told_by_the_skin(direction, outward, words):
    assert local_sides(np.array(direction), outward) == words


def test_the_sentence_of_an_operator(world):
    made = off_centre(world, (0, 0, 3))
    made.needle((9, 0, -18), (0.0, 0.0, 1.0))
    result = made.result()
    words = thinnest_words(result.setup, measure(result))
    assert words.startswith("Thinnest margin 3.0 mm: on the side of tumour away from the skin, 24 mm below the skin; ")
    assert words.endswith('nearest probe "A", 9 mm from its axis, 6 mm beyond its tip.')


def test_the_sentence_names_the_clock(world):
    made = off_centre(world, (3, 0, 0))
    made.plan = replace(made.plan, nipple=(14 * MM, -10 * MM, -18 * MM))
    result = made.result()
    result.setup = replace(result.setup, frame="patient")
    words = thinnest_words(result.setup, measure(result))
    assert "towards the patient's right" in words
    assert "at 9:00 on the clock as seen facing the patient, 20 mm from the nipple" in words
