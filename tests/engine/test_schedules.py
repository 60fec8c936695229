"""Schedules: each switch is hit exactly, conditions end steps early, probes keep their own clocks."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.surroundings import Surroundings
from gpu_ablate.result.result import Result
from gpu_ablate.simulation import Progress
from tests.engine.conftest import BACKENDS, PROBE, SLOT, SMALL, Build


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
    """∫ P dt at the generator = lost in the cable + reflected + escaped + absorbed, also while it is pulled."""
    steps = """
    { action = "hold", power_w = 40, duration_s = 7.3 },
    { action = "pull", distance_mm = 3, speed_mm_s = 0.7, power_w = 20 }
    """
    case = build(SMALL + PROBE.format(steps=" ".join(steps.split())))
    energy = ga.simulate(case, "numpy").energy
    gone = energy["cable_j"] + energy["reflected_j"] + energy["escaped_j"]
    assert energy["sources_j"] + gone == pytest.approx(40 * 7.3 + 20 * 3 / 0.7, rel=1e-9)
    assert energy["cable_j"] == pytest.approx((1 - case.setup.probes[0].cable_efficiency) * (40 * 7.3 + 20 * 3 / 0.7))
    assert min(energy[term] for term in ("sources_j", "reflected_j", "escaped_j")) > 0.0


OFTEN_S = 0.5
"""How often a condition is looked at unless it says otherwise [s]."""

LONGEST = 12.0
"""How long the watched step lasts if nothing ends it [s]."""
WATCHED = {
    "hold": f'{{{{ action = "hold", power_w = 60, duration_s = {LONGEST}{{until}} }}}}',
    "pull": f'{{{{ action = "pull", distance_mm = 3, speed_mm_s = {3 / LONGEST}, power_w = 60{{until}} }}}}',
    "rest": '{{ action = "hold", power_w = 60, duration_s = 10 }}, '
    f'{{{{ action = "rest", duration_s = {LONGEST}{{until}} }}}}',
}
"""Steps of which the last is watched."""
OFTEN = "[run]\ntrace_every_s = 0.5\n"


@pytest.mark.parametrize(
    ("action", "where", "quantity", "column"),
    [
        ("hold", "middle", "above_c", "sensor.middle_c"),
        ("hold", "skin", "above_c", "skin_max_c"),
        ("hold", "tumour", "covered_percent", "target.tumour_covered_percent"),
        ("pull", "middle", "above_c", "sensor.middle_c"),
        ("pull", "skin", "above_c", "skin_max_c"),
        ("pull", "tumour", "covered_percent", "target.tumour_covered_percent"),
        ("rest", "middle", "below_c", "sensor.middle_c"),
        ("rest", "skin", "below_c", "skin_min_c"),
        ("rest", "tumour", "covered_percent", "target.tumour_covered_percent"),
    ],
)
def test_a_condition_ends_a_step_early(build: Build, action: str, where: str, quantity: str, column: str) -> None:
    """On each backend half of what the step changes without one ends it, within OFTEN_S of being reached."""

    def solved(backend: str, until: str = "") -> Result:
        steps = WATCHED[action].format(until=until) + ', { action = "rest", duration_s = 1 }'
        return ga.simulate(build(SMALL + PROBE.format(steps=steps) + OFTEN), backend)

    free = solved("numba")
    step = free.stations[-2]
    times, values = free.traces["time_s"], free.traces[column]
    first, last = values[times <= step.start_s].tolist()[-1], values[times <= step.end_s].tolist()[-1]
    value = round((first + last) / 2, 2)
    assert abs(last - first) > 0.1
    for backend in BACKENDS:
        ended = solved(backend, f', until = {{ where = "{where}", {quantity} = {value} }}')
        step = ended.stations[-2]
        assert step.action == action
        assert step.ended_by.startswith(where)
        assert step.start_s < step.end_s < step.start_s + LONGEST
        times, values = ended.traces["time_s"], ended.traces[column]
        found = float(step.ended_by.split(": ")[1].split()[0])
        before = values[(times > step.start_s) & (times < step.end_s - OFTEN_S - 1e-6)]
        sign = -1.0 if quantity == "below_c" else 1.0
        assert sign * found >= sign * value - 0.005
        assert (sign * before < sign * value).all()
        assert ended.run["simulated_s"] == pytest.approx(step.end_s + 1.0)


def test_a_pull_that_ends_early_leaves_the_needle_where_it_is(build: Build) -> None:
    """What follows goes on from there, along the same track."""
    steps = """
    { action = "pull", distance_mm = 6, speed_mm_s = 0.2, power_w = 60, until = { where = "middle", above_c = 41 } },
    { action = "pull", distance_mm = 2 }, { action = "hold", power_w = 10, duration_s = 1 }
    """
    result = ga.simulate(build(SMALL + PROBE.format(steps=" ".join(steps.split()))))
    slow, fast, hold = result.stations
    assert slow.ended_by.startswith("middle above 41")
    way = math.dist(slow.tip_start, slow.tip_end)
    assert way == pytest.approx(0.2e-3 * slow.end_s, rel=1e-9)
    assert 0.0 < way < 5e-3
    assert math.dist(slow.tip_start, fast.tip_end) == pytest.approx(way + 2e-3, rel=1e-9)
    assert hold.tip_start == hold.tip_end == fast.tip_end


REINSERT = """
{ action = "hold", power_w = 40, duration_s = 6 },
{ action = "reinsert", tip_mm = [8, 2, -12], shaft_direction = [-1, 0, 1], duration_s = 7.3 },
{ action = "hold", power_w = 30, duration_s = 5 }, { action = "pull", distance_mm = 2 }
"""


def test_a_reinsert_leads_to_the_next_track(build: Build) -> None:
    result = ga.simulate(build(SMALL + PROBE.format(steps=" ".join(REINSERT.split()))))
    deep, moved, shallow, back = result.stations
    assert (moved.start_s, moved.end_s) == pytest.approx((6.0, 13.3))
    assert moved.power_w == 0.0
    assert moved.tip_start == deep.tip_end
    assert moved.tip_end == shallow.tip_start == pytest.approx((8e-3, 2e-3, -12e-3))
    assert moved.direction_start == deep.direction_end
    slope = (-math.sqrt(0.5), 0.0, math.sqrt(0.5))
    for station in (moved, shallow, back):
        assert station.direction_end == pytest.approx(slope)
    assert np.subtract(back.tip_end, back.tip_start) == pytest.approx(2e-3 * np.array(slope))


def test_a_needle_that_is_out_has_no_power_and_no_depth(build: Build) -> None:
    result = ga.simulate(build(SMALL + PROBE.format(steps=" ".join(REINSERT.split()))))
    times, power = result.traces["time_s"], result.traces["probe.A.power_w"]
    depth = result.traces["probe.A.tip_depth_mm"]
    out = (times > 6.0) & (times < 13.3 - 1e-6)
    assert out.any()
    assert (power[out] == 0.0).all()
    assert np.isnan(depth[out]).all()
    assert np.isfinite(depth[~out & (times != 6.0)]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_needle_that_is_out_cools_nothing(build: Build, backend: str) -> None:
    """The run ends in the middle of a reinsert; the same needle at rest has drawn heat through its cooled shaft."""
    out = PROBE.format(steps=" ".join(REINSERT[REINSERT.index(",\n") + 2 :].split()))
    rest = PROBE.format(steps='{ action = "rest", duration_s = 7.3 }')
    drawn = [
        ga.simulate(build(SMALL + text + "[run]\nduration_s = 7\n"), backend).energy["probes_j"] for text in (out, rest)
    ]
    assert drawn[1] < -1.0
    assert abs(drawn[0]) < 1e-9


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reinserted_needle_heats_as_a_second_one_that_begins_there(build: Build, backend: str) -> None:
    """One needle on two tracks, or two needles one after the other: the same heat, as long as no shaft is cooled."""
    first = SLOT.format(steps='{ action = "hold", power_w = 20, duration_s = 6 }')
    second = SLOT.format(
        steps='{ action = "rest", duration_s = 13.3 }, { action = "hold", power_w = 15, duration_s = 5 }'
    )
    second = second.replace('"A"', '"B"').replace("[-6, 0, -12]", "[8, 2, -12]").replace("[1, 0, 0.5]", "[-1, 0, 1]")
    steps = " ".join(REINSERT.replace("40", "20").replace("power_w = 30", "power_w = 15").split())
    one = ga.simulate(build(SMALL + SLOT.format(steps=steps)), backend).temperature(18.3)
    two = ga.simulate(build(SMALL + first + second), backend).temperature(18.3)
    assert one.max() > 45.0
    assert np.abs(one - two).max() < 0.01


def test_steps_that_are_repeated_begin_at_the_same_place(build: Build) -> None:
    steps = """
    { action = "reinsert", tip_mm = [-6, 0, -12], shaft_direction = [1, 0, 0.5], duration_s = 3 },
    { action = "hold", power_w = 20, duration_s = 2 }, { action = "pull", distance_mm = 3 }
    """
    text = SMALL + PROBE.format(steps=" ".join(steps.split())) + "repeat = 3\n"
    stations = ga.simulate(build(text)).stations
    assert [station.step for station in stations] == list(range(1, 10))
    assert stations[-1].end_s == pytest.approx(15.0)
    for earlier, later in zip(stations[:6], stations[3:], strict=True):
        assert later.tip_end == earlier.tip_end


def test_each_station_says_where_the_needle_stands(build: Build) -> None:
    """Flat skin at z = 0, 1.5 mm thick, a tumour down to -13 mm: heat 13.3 mm up a shaft that rises by 0.447."""
    said: list[str] = []

    def keep(progress: Progress) -> None:
        said.extend([progress.message] if progress.message else [])

    ga.simulate(build(SMALL + PROBE.format(steps='{ action = "hold", power_w = 20, duration_s = 1 }')), progress=keep)
    (text,) = said
    assert "tip 12.0 mm deep" in text
    assert "heat 6.1 mm deep" in text
    assert "deep edge of the tumour 6.9 mm below the heat" in text
    assert "skin 4.6 mm from the heat" in text


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
    one = SLOT.format(steps='{ action = "hold", power_w = 6, duration_s = 10 }')
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
    depth = Surroundings(case.setup).depth_on(case.setup.probes[0].tracks[0])
    assert depth.at((-6e-3, 0.0, -12e-3)) == pytest.approx(12e-3, abs=2e-4)
    assert depth.at((2e-3, 0.0, -8e-3)) == pytest.approx(8e-3, abs=2e-4)
