"""Limits: the worst cell, when, and what it means."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.case.setup import Limit
from gpu_ablate.outcome.limits import measure_limits, status


@pytest.mark.parametrize(
    ("value", "expected"),
    [(42.9, "ok"), (43.0, "ok"), (43.1, "warning"), (50.0, "warning"), (50.1, "broken")],
)
def test_status_above(value, expected):
    assert status(Limit("skin", "max_temperature_c", 43.0, 50.0), value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(10.1, "ok"), (10.0, "ok"), (9.9, "warning"), (0.0, "warning"), (-0.1, "broken")]
)
def test_status_below(value, expected):
    assert status(Limit("nerve", "min_temperature_c", 10.0, 0.0), value) == expected


def test_either_threshold_may_be_missing():
    assert status(Limit("skin", "cem43_minutes", None, 16.0), 15.0) == "ok"
    assert status(Limit("skin", "cem43_minutes", None, 16.0), 17.0) == "broken"
    assert status(Limit("skin", "cem43_minutes", 16.0, None), 1e9) == "warning"


@pytest.fixture
def heated(world):
    """Skin at z > 8, hottest at (4.5, -3.5, 8.5), at 60 s, between gas and flesh that are hotter still."""
    made = world((-10, -10, 0), (10, 10, 12))
    made.put("skin", lambda x, y, z: z - 8)
    made.put("outside", lambda x, y, z: z - 10)
    made.kill(lambda x, y, z: -5.0)
    peak = made.at(lambda x, y, z: 37 + 10 * np.exp(-((x - 4.5) ** 2 + (y + 3.5) ** 2 + (z - 8.5) ** 2) / 50))
    peak[made.labels == 0] = peak[made.labels == 4] = 99.0
    made.final["max_temperature"] = peak
    made.final["min_temperature"] = made.at(lambda x, y, z: 37.0) - (peak - 37) / 2
    for time, share in ((0, 0), (30, 0.7), (60, 1.0), (90, 0.9), (120, -0.5), (150, -0.2)):
        made.records.append(time, {"temperature": 37 + share * (peak - 37)})
    return made


def test_worst_skin_from_the_records(heated):
    heated.limits = (
        Limit("skin", "max_temperature_c", 43.0, 50.0),
        Limit("skin", "min_temperature_c", 10.0, 0.0),
    )
    hot, cold = measure_limits(heated.result())
    assert hot["value"] == pytest.approx(47.0, abs=1e-4)
    assert hot["at_mm"] == pytest.approx([4.5, -3.5, 8.5])
    assert (hot["at_s"], hot["status"]) == (60, "warning")
    assert cold["value"] == pytest.approx(32.0, abs=1e-4)
    assert (cold["at_s"], cold["status"]) == (120, "ok")


def test_time_from_the_traces_where_there_is_one(heated):
    heated.limits = (Limit("skin", "max_temperature_c", 43.0, 46.0),)
    heated.traces = {
        "time_s": np.array([0.0, 50.0, 57.0, 58.0, 150.0]),
        "skin_max_c": np.array([37.0, 46.0, 46.995, 47.0, 40.0]),
    }
    (found,) = measure_limits(heated.result())
    assert (found["at_s"], found["status"]) == (57.0, "broken")
    heated.traces["limit.skin.max_temperature_c"] = np.array([37.0, 47.0, 46.0, 46.0, 40.0])
    assert measure_limits(heated.result())[0]["at_s"] == 50.0


def test_dose_is_reached_within_a_ten_thousandth(heated):
    heated.limits = (Limit("skin", "cem43_minutes", 16.0, 41.0),)
    heated.final["cem43"] = heated.at(lambda x, y, z: 200.0)
    (found,) = measure_limits(heated.result())
    assert (found["value"], found["at_s"], found["status"]) == (200.0, None, "broken")
    heated.records = type(heated.records)()
    for time, dose in ((0, 0.0), (10, 150.0), (20, 199.0), (30, 199.99), (40, 200.0)):
        heated.records.append(time, {"cem43": heated.at(lambda x, y, z, dose=dose: dose)})
    assert measure_limits(heated.result())[0]["at_s"] == 30


def test_a_dose_that_grows_to_the_end_is_reached_at_the_end(heated):
    """A dose of steady growth is within a share s of its end from the share 1 - s of the time on."""
    heated.limits = (Limit("skin", "cem43_minutes", 16.0, 41.0),)
    heated.final["cem43"] = heated.at(lambda x, y, z: 120.0)
    time = np.linspace(0, 600, 601)
    heated.traces = {"time_s": time, "limit.skin.cem43_minutes": time / 5}
    assert measure_limits(heated.result())[0]["at_s"] == 600


def test_what_cannot_be_judged_is_null_and_warns_with_a_note(heated):
    heated.limits = (
        Limit("nerve", "max_temperature_c", 45, 50),
        Limit("saline layer", "max_temperature_c", 45, 50),
        Limit("skin", "arrhenius", 0.5, 1),
        Limit("skin", "cem43_minutes", 16, 41),
        Limit("skin", "max_temperature_c", 45, 50),
    )
    heated.labels[:, :, 0] = 3
    heated.final["cem43"][heated.labels == 2] = np.nan
    *lost, kept = measure_limits(heated.result())
    for found, word in zip(lost, ("nerve", "saline layer", "arrhenius", "finite"), strict=True):
        assert (found["value"], found["at_s"], found["at_mm"]) == (None, None, None)
        assert found["status"] == "warning"
        assert word in found["note"]
    assert (kept["note"], kept["status"]) == (None, "warning")


# Ice

CONTACT, DISTANCE = "ice_contact_percent", "min_distance_to_ice_mm"


def frozen(world, edge: float):
    """Skin at z > 8 of 1 mm voxels; ice below z = edge [mm]."""
    made = world((-10, -10, 0), (10, 10, 12))
    made.put("skin", lambda x, y, z: z - 8)
    made.kill(lambda x, y, z: -5.0)
    made.final["min_temperature"] = made.at(lambda x, y, z: 2.0 * (z - edge) + 0.0 * (x + y))
    made.limits = (Limit("skin", CONTACT, 0.0, 20.0), Limit("skin", DISTANCE, 5.0, 2.0))
    return measure_limits(made.result())


@pytest.mark.parametrize(("edge", "contact", "word"), [(6.0, 0.0, "ok"), (8.5, 0.0, "ok"), (9.0, 25.0, "broken")])
def test_ice_contact_is_the_share_that_froze(world, edge, contact, word):
    """Four layers of skin, their middles at 8.5 to 11.5 mm; at the edge itself nothing is below 0 °C."""
    found, _ = frozen(world, edge)
    assert found["value"] == pytest.approx(contact)
    assert found["status"] == word
    assert found["at_s"] is None


@pytest.mark.parametrize(
    ("edge", "distance", "word"), [(9.0, 0.0, "broken"), (7.0, 2.0, "warning"), (6.0, 3.0, "warning"), (3.0, 6.0, "ok")]
)
def test_distance_to_ice_is_between_the_middles_of_cells(world, edge, distance, word):
    _, found = frozen(world, edge)
    assert found["value"] == pytest.approx(distance)
    assert found["status"] == word


def test_no_ice_is_infinitely_far_and_fine(world):
    contact, distance = frozen(world, -5.0)
    assert (contact["value"], contact["status"]) == (0.0, "ok")
    assert (distance["value"], distance["status"]) == (np.inf, "ok")
