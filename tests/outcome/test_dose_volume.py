"""Dose-volume histograms against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.case.setup import Limit
from gpu_ablate.outcome.dose_volume import SCALES, dose_of_share, measure_dose_volume, shares_beyond

LETTERS = ("percent", "d98", "d95", "d50", "d2")


def test_scales_are_short_and_run_one_way():
    for quantity, scale in SCALES.items():
        steps = np.diff(scale.thresholds)
        assert len(scale.thresholds) <= 40
        assert (steps < 0).all() if scale.at_most else (steps > 0).all()
        assert scale.at_most == (quantity == "min_temperature_c")
    assert SCALES["cem43_minutes"].thresholds[::35] == (0.01, 1e5)
    assert SCALES["min_temperature_c"].thresholds[0] == 37
    assert SCALES["min_temperature_c"].thresholds[-1] == -150


def test_a_linear_field_falls_in_a_line():
    """Of T = 40 + 20 s, s from 0 to 1, the share above T is 1 - s."""
    values = 40 + 20 * (np.arange(1000) + 0.5) / 1000
    at = (30.0, 40.0, 45.0, 50.0, 58.0, 60.0, 70.0)
    assert shares_beyond(values, at) == pytest.approx([100, 100, 75, 50, 10, 0, 0], abs=0.06)
    assert dose_of_share(values, 95) == pytest.approx(41, abs=0.02)
    assert dose_of_share(values, 50) == pytest.approx(50, abs=0.02)
    assert dose_of_share(values, 2) == pytest.approx(59.6, abs=0.02)


def test_cold_is_counted_from_above():
    values = -100 * (np.arange(1000) + 0.5) / 1000
    at = (37.0, 0.0, -40.0, -99.0, -150.0)
    assert shares_beyond(values, at, at_most=True) == pytest.approx([100, 100, 60, 1, 0], abs=0.06)
    assert dose_of_share(values, 95, at_most=True) == pytest.approx(-5, abs=0.1)
    assert dose_of_share(values, 2, at_most=True) == pytest.approx(-98, abs=0.1)


def test_values_at_a_threshold_count():
    assert shares_beyond(np.array([1.0, 2.0, 2.0, 3.0]), (2.0,)) == [75]
    assert shares_beyond(np.array([1.0, 2.0, 2.0, 3.0]), (2.0,), at_most=True) == [75]


@pytest.mark.parametrize("at_most", [False, True])
def test_curves_never_rise_and_begin_at_all(at_most):
    values = np.random.default_rng(0).normal(size=500)
    thresholds = np.linspace(-5, 5, 40)
    percent = shares_beyond(values, tuple(thresholds[::-1] if at_most else thresholds), at_most)
    assert percent[0] == 100
    assert percent[-1] == 0
    assert (np.diff(percent) <= 0).all()
    doses = [dose_of_share(values, share, at_most) for share in (99, 95, 50, 5, 1)]
    assert (np.diff(doses) <= 0).all() if at_most else (np.diff(doses) >= 0).all()


def test_a_ball_in_a_radial_field(world):
    """T = 100 - 5 r/mm in a ball of 10 mm: the share above T is (r(T)/10)³."""
    made = world((-14, -14, -14), (14, 14, 14), spacing=0.25)
    made.put_tumour((0, 0, 0), 10.0)
    made.final["max_temperature"] = made.at(lambda x, y, z: 100 - 5 * np.sqrt(x**2 + y**2 + z**2))
    found = measure_dose_volume(made.result())
    (tumour,) = found["regions"]
    thresholds = np.array(found["thresholds"]["max_temperature_c"])
    radius = np.clip((100 - thresholds) / 5, 0, 10)
    assert tumour["max_temperature_c"]["percent"] == pytest.approx(100 * (radius / 10) ** 3, abs=0.5)
    for share in (98, 95, 50, 2):
        expected = 100 - 50 * np.cbrt(share / 100)
        assert tumour["max_temperature_c"][f"d{share}"] == pytest.approx(expected, abs=0.3)
    assert tumour["volume_cm3"] == pytest.approx(4.19, abs=0.03)


def test_only_what_the_run_kept_is_told(world):
    made = world((-8, -8, -8), (8, 8, 8))
    made.put_tumour((0, 0, 0), 4.0)
    made.kill(lambda x, y, z: 3.0)
    found = measure_dose_volume(made.result())
    assert list(found["thresholds"]) == ["cem43_minutes"]
    (tumour,) = found["regions"]
    assert set(tumour) == {"name", "role", "volume_cm3", "cem43_minutes"}
    assert tuple(tumour["cem43_minutes"]) == LETTERS
    assert tumour["cem43_minutes"]["d95"] == pytest.approx(240 * 8)


def test_regions_of_a_limit_are_looked_at_and_fluid_is_not(world):
    made = world((-12, -12, -12), (12, 12, 12))
    made.put("skin", lambda x, y, z: z - 10)
    made.put("saline layer", lambda x, y, z: np.minimum(z - 6, 8 - z))
    made.put_tumour((0, 0, -2), 4.0)
    made.kill(lambda x, y, z: 3.0)
    made.limits = (Limit("flesh", "cem43_minutes", None, 1.0), Limit("saline layer", "cem43_minutes", None, 1.0))
    names = [region["name"] for region in measure_dose_volume(made.result())["regions"]]
    assert names == ["tumour", "skin", "flesh"]
