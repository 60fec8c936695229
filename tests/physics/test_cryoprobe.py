"""Laws of a cryoprobe's inside: how its cryogen cools and warms, what its film does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_ablate.physics.cryoprobe import FILM_PRESETS, cryogen_temperature, film, time_to_reach, wall_temperature

TEMPERATURES = st.floats(-200.0, 60.0)
TAUS = st.floats(1.0, 300.0)


@given(TEMPERATURES, TEMPERATURES, TAUS)
def test_the_cryogen_goes_from_start_to_target_without_turning(start: float, target: float, tau: float) -> None:
    times = np.linspace(0.0, 40.0 * tau, 400)
    course = cryogen_temperature(start, target, tau, times)
    assert course[0] == pytest.approx(start)
    assert course[-1] == pytest.approx(target, abs=1e-9)
    assert (np.diff(course) * np.sign(target - start) >= -1e-12).all()


@given(TEMPERATURES, TEMPERATURES, TAUS)
def test_it_is_fastest_at_the_start(start: float, target: float, tau: float) -> None:
    """|dT/dt| <= |T_0 - T_set|/τ, which the first moment reaches."""
    times = np.linspace(0.0, 5.0 * tau, 2001)
    rates = np.abs(np.diff(cryogen_temperature(start, target, tau, times))) / np.diff(times)
    bound = abs(start - target) / tau
    assert rates.max() <= bound * (1.0 + 1e-9) + 1e-9
    assert rates[0] == pytest.approx(bound, rel=2e-3, abs=1e-6)


@given(TEMPERATURES, TEMPERATURES, TAUS, st.floats(0.0, 4.0), st.floats(0.0, 4.0))
def test_switching_to_the_same_target_again_changes_nothing(
    start: float, target: float, tau: float, first: float, second: float
) -> None:
    between = float(cryogen_temperature(start, target, tau, first * tau))
    whole = cryogen_temperature(start, target, tau, (first + second) * tau)
    assert cryogen_temperature(between, target, tau, second * tau) == pytest.approx(whole, abs=1e-9)


@given(st.floats(0.0, 60.0), st.floats(-200.0, -10.0), TAUS, st.floats(0.01, 8.0))
def test_the_time_to_reach_a_temperature_is_when_it_is_there(
    start: float, target: float, tau: float, share: float
) -> None:
    reached = float(cryogen_temperature(start, target, tau, share * tau))
    assert time_to_reach(start, target, tau, reached) == pytest.approx(share * tau, rel=1e-6)


def test_what_lies_beyond_the_target_is_never_reached_and_what_lies_behind_the_start_at_once() -> None:
    assert time_to_reach(37.0, -140.0, 15.0, -140.0) == math.inf
    assert time_to_reach(37.0, -140.0, 15.0, -150.0) == math.inf
    assert time_to_reach(37.0, -140.0, 15.0, 40.0) == 0.0
    assert time_to_reach(-150.0, 30.0, 15.0, 30.0) == math.inf


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_film_is_the_average_over_the_duty_cycle(first: float, second: float) -> None:
    """Half of the time at one output and half at another is their mean; none flows at 0."""
    h = FILM_PRESETS["nominal"]
    assert film(h, 0.5 * (first + second)) == pytest.approx(0.5 * (film(h, first) + film(h, second)))
    assert film(h, 1.0) == h
    assert film(h, 0.0) == 0.0


@given(st.floats(-190.0, 40.0), st.floats(-20.0, 60.0), st.sampled_from(sorted(FILM_PRESETS.values())))
def test_newtons_law_holds_across_the_film(cryogen: float, power: float, h: float) -> None:
    """What flows from wall to cryogen is the power drawn; the wall is warmer than the cryogen where heat is drawn."""
    area = math.pi * 1.47e-3 * 35e-3
    wall = wall_temperature(cryogen, power, h, area)
    assert h * area * (wall - cryogen) == pytest.approx(power, abs=1e-6)
    assert (wall - cryogen) * power >= 0.0


def test_the_wall_warms_as_output_falls() -> None:
    """The same heat through less film: the tip warms monotonically from 100 to 20 %."""
    h, area = FILM_PRESETS["nominal"], math.pi * 1.47e-3 * 35e-3
    walls = [wall_temperature(-150.0, 20.0, film(h, output), area) for output in (1.0, 0.8, 0.6, 0.4, 0.2)]
    assert (np.diff(walls) > 0.0).all()
    assert walls[0] < -120.0 < -60.0 < walls[-1] < 0.0
