"""Schedules: each switch is hit exactly, conditions end steps early, probes keep their own clocks."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.depth import SkinDepth
from gpu_ablate.engine.course import CHECK_EVERY
from gpu_ablate.simulation import Progress
from tests.engine.conftest import PROBE, SMALL, Build


def test_switches_fall_where_the_plan_puts_them(build: Build) -> None:
    steps = """
    { action = "hold", power_w = 40, duration_s = 7.3 }, { action = "pull", distance_mm = 4 },
    { action = "pull", distance_mm = 3, speed_mm_s = 0.7, power_w = 20 }, { action = "rest", duration_s = 1.1 }
    """
    result = ga.simulate(build(SMALL + PROBE.format(steps=" ".join(steps.split()))))
    ends = np.cumsum([7.3, 0.0, 3 / 0.7, 1.1])
    assert [station.end_s for station in result.stations] == pytest.approx(ends.tolist(), abs=1e-9)
    assert [station.action for station in result.stations] == ["hold", "pull", "pull", "rest"]
    assert [station.step for station in result.stations] == [1, 2, 3, 4]
    tips = [station.tip_end for station in result.stations]
    moved = [math.dist((-6e-3, 0.0, -12e-3), tip) for tip in tips]
    assert moved == pytest.approx([0.0, 4e-3, 7e-3, 7e-3], abs=1e-9)
    assert result.run["simulated_s"] == pytest.approx(ends[-1])


def test_energy_sent_out_is_power_times_time(build: Build) -> None:
    """Incident = absorbed + escaped = efficiency x ∫ P dt, also while the antenna is pulled."""
    steps = """
    { action = "hold", power_w = 40, duration_s = 7.3 },
    { action = "pull", distance_mm = 3, speed_mm_s = 0.7, power_w = 20 }
    """
    case = build(SMALL + PROBE.format(steps=" ".join(steps.split())))
    result = ga.simulate(case, "numpy")
    sent = case.setup.probes[0].efficiency * (40 * 7.3 + 20 * 3 / 0.7)
    assert result.energy["sources_j"] + result.energy["escaped_j"] == pytest.approx(sent, rel=1e-9)
    assert 0.0 < result.energy["escaped_j"] < sent


@pytest.mark.parametrize(
    ("until", "column", "reached"),
    [
        ('{ where = "middle", above_c = 45 }', "sensor.middle_c", 45.0),
        ('{ where = "skin", above_c = 39 }', "skin_max_c", 39.0),
        ('{ where = "tumour", covered_percent = 30 }', "target.tumour_covered_percent", 30.0),
    ],
)
def test_a_condition_ends_a_step_early(build: Build, until: str, column: str, reached: float) -> None:
    steps = (
        f'{{ action = "hold", power_w = 60, duration_s = 300, until = {until} }}, {{ action = "rest", duration_s = 2 }}'
    )
    result = ga.simulate(build(SMALL + PROBE.format(steps=steps) + "[run]\ntrace_every_s = 0.5\n"))
    hold = result.stations[0]
    assert hold.ended_by != "duration"
    assert 0.0 < hold.end_s < 300.0
    times, values = result.traces["time_s"], result.traces[column]
    assert values[times <= hold.end_s - CHECK_EVERY + 1e-6].max() < reached
    assert values[times <= hold.end_s + 1e-6].max() >= reached
    assert result.run["simulated_s"] == pytest.approx(hold.end_s + 2.0)


def test_each_probe_keeps_its_own_clock(build: Build) -> None:
    """An early end of A shifts A's later steps only."""
    early = PROBE.format(
        steps='{ action = "hold", power_w = 60, duration_s = 99, until = { where = "middle", above_c = 40 } }, '
        '{ action = "hold", power_w = 10, duration_s = 5 }'
    )
    steady = PROBE.format(steps='{ action = "hold", power_w = 5, duration_s = 30 }').replace('name = "A"', 'name = "B"')
    result = ga.simulate(build(SMALL + early + steady.replace("[-6, 0, -12]", "[-6, 6, -12]")))
    ends = {(station.probe, station.step): station.end_s for station in result.stations}
    assert ends["A", 2] == pytest.approx(ends["A", 1] + 5.0)
    assert ends["A", 1] < 30.0
    assert ends["B", 1] == pytest.approx(30.0)
    assert result.run["simulated_s"] == pytest.approx(max(ends.values()))


def test_two_probes_add(build: Build) -> None:
    """Two antennas at one place heat like one of the summed power (far from boiling, perfusion kept)."""
    model = '[model]\nperfusion_heat = "none"\n'
    one = PROBE.format(steps='{ action = "hold", power_w = 6, duration_s = 10 }')
    parts = [one.replace("6, duration", f"{power}, duration") for power in (2, 4)]
    both = parts[0] + parts[1].replace('name = "A"', 'name = "B"')
    single = ga.simulate(build(SMALL + model + one), "numpy").temperature(10.0)
    double = ga.simulate(build(SMALL + model + both), "numpy").temperature(10.0)
    assert np.abs(single - double).max() < 1e-5
    assert single.max() > 40.0


def test_records_and_traces_fall_on_their_times(build: Build) -> None:
    steps = '{ action = "hold", power_w = 20, duration_s = 10.7 }'
    text = SMALL + PROBE.format(steps=steps) + "[run]\nrecord_every_s = 4\ntrace_every_s = 2.5\n"
    result = ga.simulate(build(text))
    assert list(result.records.times) == pytest.approx([0.0, 4.0, 8.0, 10.7])
    assert result.traces["time_s"].tolist() == pytest.approx([0.0, 2.5, 5.0, 7.5, 10.0, 10.7])


def test_interrupted_run_keeps_what_it_has(build: Build) -> None:
    """Ctrl-C in the middle: a result with the status, the last field and all traces until then."""

    def interrupt(progress: Progress) -> None:
        if progress.time_s > 5.0:
            raise KeyboardInterrupt

    steps = '{ action = "hold", power_w = 20, duration_s = 60 }'
    result = ga.simulate(build(SMALL + PROBE.format(steps=steps)), progress=interrupt)
    assert result.status == "interrupted"
    assert 5.0 < result.run["simulated_s"] < 10.0
    assert result.records.times[-1] == result.run["simulated_s"]
    assert result.energy["relative_imbalance"] < 1e-3
    assert ga.measure(result)["status"] == "interrupted"


def test_withdrawing_an_oblique_needle_reduces_its_depth(build: Build) -> None:
    steps = '{ action = "hold", power_w = 20, duration_s = 1 }'
    case = build(SMALL + PROBE.format(steps=steps))
    depth = SkinDepth(case.setup, case.setup.probes[0])
    assert depth.at((-6e-3, 0.0, -12e-3)) == pytest.approx(12e-3, abs=2e-4)
    assert depth.at((2e-3, 0.0, -8e-3)) == pytest.approx(8e-3, abs=2e-4)
