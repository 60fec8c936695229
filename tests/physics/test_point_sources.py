"""A4 and A6: point sources in an unbounded medium, steady, perfused, and pulled back in steps.

The sources sit on cell centres of a 0.625 mm grid and are compared 8 cells or more away. A 7-point lattice delays
the foot of a front by a factor of about 1 + (r/2at)⁴ a t Δx²/12, which is 4 % at r = 10 mm and 60 s and below 0.1 %
from 300 s on; so A4 is compared at 300 s, where the front has passed. The box ends 25 mm away at body temperature,
which changes the values compared by less than 1e-4.
"""

from __future__ import annotations

import math

import pytest

from gpu_ablate.physics.analytic import Medium, point_source, pulsed_point_source
from tests.physics.conftest import MEDIUM, Compute, trace_at

BOX = """
[domain]
spacing_mm = 0.625
min_mm = [-25.3125, -25.3125, -25.3125]
max_mm = [25.3125, 25.3125, 25.3125]
background = "medium"
[model]
perfusion_heat = "none"
"""

RHO_C = 1050 * 3600.0
BLOOD = 1050 * 3617.0


@pytest.mark.parametrize("omega", [0.0, 5e-3])
def test_a4_point_source(compute: Compute, omega: float) -> None:
    text = (
        BOX
        + MEDIUM
        + f"perfusion_1_s = {omega}\n"
        + """
    [[source]]
    name = "heater"
    shape = { kind = "point", point_mm = [0, 0, 0] }
    power_w = 1.0
    [[sensor]]
    name = "r5"
    point_mm = [5, 0, 0]
    [[sensor]]
    name = "r10"
    point_mm = [0, 10, 0]
    [[sensor]]
    name = "diagonal"
    point_mm = [5, 5, 5]
    [run]
    duration_s = 300
    trace_every_s = 100
    record_every_s = 300
    """
    )
    result, metrics = compute(text)
    medium = Medium(0.5, RHO_C, omega * BLOOD)
    for name, r in (("r5", 5e-3), ("r10", 10e-3), ("diagonal", math.sqrt(75.0) * 1e-3)):
        expected = float(point_source(medium, 1.0, r, 300.0))
        assert metrics["sensors"][name]["final_c"] - 37.0 == pytest.approx(expected, rel=0.01), name
    assert abs(metrics["energy"]["sources_j"] - 300.0) < 1e-3
    assert result.energy["relative_imbalance"] < 1e-3


def test_a6_stepped_pull_back(compute: Compute) -> None:
    sources = "".join(
        f"""
        [[source]]
        name = "station {i}"
        shape = {{ kind = "point", point_mm = [0, 0, {5 * i}] }}
        power_w = {power}
        start_s = {60 * i}
        end_s = {60 * (i + 1)}
        """
        for i, power in enumerate((3.0, 1.5, 1.0))
    )
    text = (
        BOX
        + MEDIUM
        + sources
        + """
    [[sensor]]
    name = "beside"
    point_mm = [5, 0, 5]
    [run]
    duration_s = 300
    trace_every_s = 60
    record_every_s = 300
    """
    )
    result, _ = compute(text)
    medium = Medium(0.5, RHO_C)
    for time in (60.0, 120.0, 180.0, 300.0):
        expected = sum(
            float(pulsed_point_source(medium, power, math.hypot(5, 5 - 5 * i) * 1e-3, time, 60.0 * i, 60.0 * (i + 1)))
            for i, power in enumerate((3.0, 1.5, 1.0))
        )
        found = trace_at(result, "sensor.beside_c", time) - 37.0
        # at 60 s only the first source acts, 11 cells away, while its front passes: the lattice delays it by 1.0 %
        assert found == pytest.approx(expected, rel=0.012 if time == 60.0 else 0.01), time
