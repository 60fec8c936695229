"""The closed forms give the numbers of the literature and of an independent evaluation, and satisfy their equations."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.physics.analytic import (
    Beam,
    Medium,
    gaussian_beam,
    gaussian_decay,
    heated_ball,
    moving_source,
    perfused_slab,
    point_source,
    pulsed_point_source,
    steady_line_source,
)
from gpu_ablate.physics.analytic_dose import ramp_arrhenius, ramp_cem43, seconds_to_cem43
from gpu_ablate.physics.analytic_freezing import (
    SteadyIce,
    TwoPhase,
    cylinder_heat,
    cylinder_temperature,
    neumann_root,
    neumann_slab,
    paterson_root,
    paterson_sink,
    sphere_temperature,
    steady_cylinder,
    steady_sphere,
)

MM = 1e-3
PHASES = TwoPhase(Medium(2.0, 1.8e6), Medium(0.5, 3.6e6), 250e6)
TIMES = np.array([60.0, 180.0, 300.0, 600.0, 900.0])


def perfused(omega: float) -> Medium:
    return Medium(0.5, 1050 * 3600.0, omega * 1050 * 3617.0)


def test_neumann_slab() -> None:
    root = neumann_root(PHASES, -140.0, 37.0)
    assert root == pytest.approx(0.509354, abs=1e-6)
    fronts = [8.3177, 14.4067, 18.5990, 26.3029, 32.2143]
    assert PHASES.radius(root, TIMES) / MM == pytest.approx(fronts, abs=1e-4)
    found = neumann_slab(PHASES, -140.0, 37.0, np.array([2, 5, 10, 15, 20, 25, 30, 40]) * MM, 600.0)
    assert found == pytest.approx([-128.43, -111.16, -82.852, -55.585, -29.808, -5.890, 19.094, 35.270], abs=0.005)


@pytest.mark.parametrize(
    ("sink", "root", "radii", "temperatures"),
    [
        (200.0, 0.1338266, [2.185, 3.785, 4.887, 6.911, 8.464], [-30.63, -19.60, -5.08, 14.72, 33.10]),
        (300.0, 0.1803472, [2.945, 5.101, 6.585, 9.313, 11.406], [-52.89, -36.36, -14.58, 3.93, 31.22]),
    ],
)
def test_paterson_sink(sink: float, root: float, radii: list[float], temperatures: list[float]) -> None:
    found = paterson_root(PHASES, sink, 37.0)
    assert found == pytest.approx(root, abs=1e-7)
    assert PHASES.radius(found, TIMES) / MM == pytest.approx(radii, abs=6e-4)
    at = paterson_sink(PHASES, sink, 37.0, np.array([1, 2, 5, 10, 20]) * MM, 600.0)
    assert at == pytest.approx(temperatures, abs=6e-3)


def test_paterson_sink_of_another_code() -> None:
    """Q 1e4 W/m, k 2.22, ρc 1.762e6, L 338e6 J/m³, 310 K, freezing at 273 K: λ 0.828804."""
    ice = Medium(2.22, 1.762e6)
    assert paterson_root(TwoPhase(ice, ice, 338e6, 273.0), 1e4, 310.0) == pytest.approx(0.828804, abs=1e-6)


def test_steady_ice() -> None:
    phases = TwoPhase(Medium(2.0, 1.8e6), Medium(0.5, 3.6e6, 1e-3 * 1050 * 3617.0), 0.0)
    cylinder = SteadyIce(phases, -140.0, 0.735 * MM, 37.0)
    assert steady_cylinder(cylinder) / MM == pytest.approx(38.477, abs=1e-3)
    assert cylinder_heat(cylinder) == pytest.approx(444.5, abs=0.05)
    at = [0.735 * MM, 12.419 * MM, steady_cylinder(cylinder), 1.0]
    assert cylinder_temperature(cylinder, at) == pytest.approx([-140.0, -40.0, 0.0, 37.0], abs=1e-3)
    ball = SteadyIce(phases, -140.0, 5 * MM, 37.0)
    assert steady_sphere(ball) / MM == pytest.approx(27.360, abs=1e-3)
    assert sphere_temperature(ball, [5 * MM, steady_sphere(ball), 1.0]) == pytest.approx([-140.0, 0.0, 37.0], abs=1e-9)


@pytest.mark.parametrize(
    ("omega", "r_mm", "rises"),
    [
        (0.0, 5, [6.66803, 18.29098, 22.01013, 31.83099]),
        (0.0, 10, [0.19216, 4.16431, 6.80157, 15.91549]),
        (5e-3, 5, [5.57787, 11.48243, 11.95912, 12.01357]),
        (5e-3, 10, [0.15077, 1.89327, 2.22226, 2.26706]),
        (1e-3, 5, [6.43181, 16.50144, 18.93404, 20.58729]),
    ],
)
def test_point_source(omega: float, r_mm: float, rises: list[float]) -> None:
    found = point_source(perfused(omega), 1.0, r_mm * MM, [60.0, 300.0, 600.0, 1e17])
    assert found == pytest.approx(rises, abs=1e-5)


def test_stepped_pull_back() -> None:
    stations = ((3.0, 0.0), (1.5, 5.0), (1.0, 10.0))
    found = [
        sum(
            float(pulsed_point_source(perfused(0.0), power, np.hypot(5.0, 5.0 - z) * MM, t, 60.0 * i, 60.0 * (i + 1)))
            for i, (power, z) in enumerate(stations)
        )
        for t in (60.0, 120.0, 180.0, 300.0)
    ]
    assert found == pytest.approx([5.1269, 19.0202, 16.0890, 8.6482], abs=1e-4)


def test_line_source() -> None:
    found = steady_line_source(perfused(5e-3), 10.0, np.array([2, 5, 10]) * MM)
    assert found == pytest.approx([3.61996, 1.39029, 0.38611], abs=1e-5)


@pytest.mark.parametrize("ahead_mm", [-6.0, 0.0, 3.0])
def test_moving_source_is_a_train_of_pulses(ahead_mm: float) -> None:
    """The same field as instantaneous point sources left behind along the path, added up."""
    medium, speed, beside = perfused(1e-3), 5 * MM / 60, 4 * MM
    age = np.geomspace(1e-3, 1e5, 200001)
    behind = ahead_mm * MM + speed * age
    pulses = np.exp(-(behind**2 + beside**2) / (4 * medium.diffusivity * age) - medium.decay * age)
    pulses /= medium.heat_capacity * (4 * np.pi * medium.diffusivity * age) ** 1.5
    expected = np.trapezoid(pulses, age)
    assert float(moving_source(medium, 1.0, speed, ahead_mm * MM, beside)) == pytest.approx(expected, rel=1e-6)


def test_moving_source_at_rest_is_the_steady_point_source() -> None:
    medium = perfused(1e-3)
    steady = float(point_source(medium, 1.0, 5 * MM, 1e7))
    assert float(moving_source(medium, 1.0, 0.0, 3 * MM, 4 * MM)) == pytest.approx(steady, rel=1e-12)


@pytest.mark.parametrize(
    ("omega", "rises"),
    [
        (0.0, [10.0, 6.6667, 3.3333]),
        (1e-3, [5.71690, 3.00638, 0.628800]),
        (5e-3, [3.05415, 1.36279, 0.0970606]),
    ],
)
def test_heated_ball(omega: float, rises: list[float]) -> None:
    found = heated_ball(perfused(omega), 1e5, 10 * MM, np.array([0, 10, 20]) * MM)
    assert found == pytest.approx(rises, abs=5e-5)


def test_gaussian() -> None:
    centre = [float(gaussian_decay(perfused(w), 50.0, 3 * MM, 0.0, t)) for w in (0.0, 5e-3) for t in (60.0, 300.0)]
    assert centre == pytest.approx([10.8828, 1.62522, 8.05077, 0.360077], abs=5e-5)
    beside = [float(gaussian_decay(perfused(0.0), 50.0, 3 * MM, 5 * MM, t)) for t in (60.0, 300.0)]
    assert beside == pytest.approx([6.58393, 1.41084], abs=1e-5)


@pytest.mark.parametrize(
    ("h", "outside", "expected"),
    [
        (10.0, 25.0, [34.3239, 34.6746, 35.1254, 35.7123, 36.4514, 36.8311]),
        (100.0, 40.0, [39.3585, 39.1164, 38.8020, 38.3827, 37.8043, 37.3966]),
    ],
)
def test_slab_with_skin(h: float, outside: float, expected: list[float]) -> None:
    depths = np.array([0, 2, 5, 10, 20, 30]) * MM
    assert perfused_slab(perfused(5e-4), 700.0, 40 * MM, 37.0, h, outside, depths) == pytest.approx(expected, abs=1e-4)


def test_gaussian_beam() -> None:
    """The values of Vyas & Rustgi's problem: μP/(πρc) = 350 K mm²/s."""
    medium = Medium(0.12e-6 * 3.8e6, 3.8e6, 0.0013 * 3.8e6)
    beam = Beam(350e-6 * np.pi * 3.8e6 / 60.0, 4.5 * MM, 60.0, 0.3)
    cases = {
        (0, 1, 1): 9.24475,
        (0, 1, 5): 6.37121,
        (0, 5, 1): 7.37964,
        (0, 5, 5): 6.22017,
        (2, 1, 1): 6.32355,
        (2, 1, 5): 4.62082,
        (4, 1, 5): 1.76284,
        (0, 0, 1): 4.87322,
    }
    found = [float(gaussian_beam(medium, beam, r * MM, z * MM, float(t))) for r, z, t in cases]
    assert found == pytest.approx(list(cases.values()), abs=1e-5)


def test_doses_of_the_ramp() -> None:
    """37 to 57 °C in 600 s."""
    rate = 20.0 / 600.0
    assert ramp_cem43(rate, 57.0) == pytest.approx(11818.2, abs=0.05)
    assert ramp_arrhenius(7.39e39, 2.577e5, rate, 37.0, 57.0) == pytest.approx(12.905, abs=1e-3)
    assert ramp_arrhenius(7.39e39, 2.577e5, rate, 43.0, 57.0) == pytest.approx(12.746, abs=1e-3)
    assert ramp_arrhenius(3.1e98, 6.28e5, rate, 37.0, 57.0) == pytest.approx(5.848, abs=1e-3)


def test_times_to_240_minutes() -> None:
    found = [seconds_to_cem43(t, 240.0) for t in (45.0, 47.0, 50.0, 54.0, 60.0)]
    assert found == pytest.approx([3600.0, 900.0, 112.5, 7.03125, 0.10986], rel=1e-4)
