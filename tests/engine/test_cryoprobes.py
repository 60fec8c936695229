"""Cryoprobes: the cryogen follows the schedule, the film the output, and what is drawn is missed by the tissue."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.physics.cryoprobe import time_to_reach
from gpu_ablate.result.result import Result
from tests.engine.conftest import BACKENDS, Build

BLOCK = """
[domain]
spacing_mm = 2
min_mm = [-14, -14, -8]
max_mm = [14, 14, 28]
background = "muscle"
[boundary]
default = "body"
[[region]]
name = "tumour"
role = "target"
tissue = "soft_tissue_tumour"
shape = {{ kind = "sphere", center_mm = [0, 0, 12], radius_mm = 4 }}
[[probe]]
name = "A"
device = "{device}"
tip_mm = [0.3, -0.2, 0]
shaft_direction = [0.1, 0, 1]
steps = [{steps}]
[run]
trace_every_s = {every}
record_every_s = 30
"""


SHORT = """
[device.short]
like = "cryo_17g"
active_from_mm = 2
active_length_mm = 16
"""


def scene(steps: str, device: str = "short", every: float = 5) -> str:
    return BLOCK.format(steps=steps, device=device, every=every) + (SHORT if device == "short" else "")


def column(result: Result, name: str) -> np.ndarray:
    return np.asarray(result.traces[f"probe.A.{name}"])


CYCLE = (
    '{ action = "freeze", duration_s = 60 }, { action = "thaw", by = "helium", duration_s = 30 }, '
    '{ action = "rest", duration_s = 10 }, { action = "freeze", output_percent = 50, duration_s = 20 }, '
    '{ action = "thaw", by = "passive", duration_s = 10 }'
)


def test_argon_comes_to_minus_140_within_a_minute(build: Build) -> None:
    """The 2018 consensus: 30 to 60 s at full output, saturation at -140 to -160 °C; by the law of the device."""
    result = ga.simulate(build(scene('{ action = "freeze", duration_s = 120 }', every=1)))
    times, cryogen = result.traces["time_s"][1:], column(result, "cryogen_c")[1:]
    reached = float(times[np.argmax(cryogen <= -140.0)])
    assert 30.0 < reached < 60.0
    assert reached == pytest.approx(time_to_reach(37.0, -150.0, 15.0, -140.0), abs=1.5)
    assert np.all(np.diff(cryogen) <= 0.0)
    assert -160.0 < cryogen[-1] < -140.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_the_probe_draws_is_missed_by_the_tissue(build: Build, backend: str) -> None:
    """∫ P dt of the trace is minus the term of the energy balance, which closes; helium gives heat back."""
    result = ga.simulate(build(scene(CYCLE)), backend)
    drawn, times = column(result, "drawn_w"), result.traces["time_s"]
    assert -float((drawn[1:] * np.diff(times)).sum()) == pytest.approx(result.energy["probes_j"], rel=1e-6)
    assert result.energy["probes_j"] < -100.0
    assert result.energy["relative_imbalance"] < 1e-4
    assert drawn[times == 60.0][0] > 5.0
    assert drawn[times == 90.0][0] < -0.1
    assert np.all(column(result, "output_percent")[times == 115.0] == 50.0)


def test_nothing_flows_while_it_rests_and_thaws_passively(build: Build) -> None:
    result = ga.simulate(build(scene(CYCLE)))
    times, drawn, cryogen = result.traces["time_s"], column(result, "drawn_w"), column(result, "cryogen_c")
    for start, end in ((95.0, 100.0), (125.0, 130.0)):
        idle = (times >= start) & (times <= end)
        assert np.abs(drawn[idle]).max() < 1e-6
    assert math.isnan(cryogen[times == 95.0][0])
    assert not math.isnan(cryogen[times == 60.0][0])


def test_the_wall_is_warmer_with_less_output(build: Build) -> None:
    """Monotonically from 100 to 20 %, and the ice smaller."""
    walls, ice = [], []
    for output in (100, 80, 60, 40, 20):
        result = ga.simulate(build(scene(f'{{ action = "freeze", output_percent = {output}, duration_s = 90 }}')))
        walls.append(float(column(result, "wall_c")[-1]))
        ice.append(int((result.final["min_temperature"] < 0.0).sum()))
    assert np.all(np.diff(walls) > 5.0)
    assert np.all(np.diff(ice) < 0)
    assert walls[0] < -100.0


def test_the_wall_is_never_colder_than_the_cryogen(build: Build) -> None:
    result = ga.simulate(build(scene('{ action = "freeze", duration_s = 120 }', every=1)))
    assert np.all(column(result, "wall_c")[2:] > column(result, "cryogen_c")[2:])
    assert result.final["min_temperature"].min() > -150.0


def test_nitrogen_comes_slower_and_gets_colder(build: Build) -> None:
    freeze = '{ action = "freeze", duration_s = 300 }'
    argon, nitrogen = (
        column(ga.simulate(build(scene(freeze, device))), "cryogen_c") for device in ("short", "cryo_ln2_13g")
    )
    assert nitrogen[9] > argon[9] + 20.0
    assert nitrogen[-1] < argon[-1] - 10.0


@pytest.mark.parametrize("backend", ["numba", "cuda"])
def test_backends_agree(build: Build, backend: str) -> None:
    case = build(scene(CYCLE))
    expected, found = ga.simulate(case, "numpy"), ga.simulate(case, backend)
    assert np.abs(found.temperature(60.0) - expected.temperature(60.0)).max() < 0.02
    assert np.abs(found.temperature(1e9) - expected.temperature(1e9)).max() < 0.02
    assert column(found, "drawn_w") == pytest.approx(column(expected, "drawn_w"), rel=1e-3, abs=1e-2)


@pytest.mark.parametrize(("plausible_w", "flagged"), [(40, False), (10, True)])
def test_more_heat_than_such_a_probe_can_draw_is_flagged(build: Build, plausible_w: float, flagged: bool) -> None:
    text = scene('{ action = "freeze", duration_s = 60 }, { action = "rest", duration_s = 5 }')
    result = ga.simulate(build(text + f"plausible_power_w = {plausible_w}\n"))
    (found,) = ga.measure(result)["cryoprobes"]
    assert found["implausible"] is flagged
    assert found["plausible_w"] == plausible_w
    assert found["peak_w"] == pytest.approx(column(result, "drawn_w").max())
    assert found["drawn_kj"] == pytest.approx(-1e-3 * result.energy["probes_j"], rel=1e-6)


def test_two_cycles_of_minus_20_kill_less_far_than_one_and_more_than_minus_40(build: Build) -> None:
    """lethal20x2 lies between -20 °C once and -40 °C where both freezes are alike; after one freeze nothing is dead."""
    freeze, thaw = '{ action = "freeze", duration_s = 90 }', '{ action = "thaw", by = "helium", duration_s = 60 }'
    twice = ga.simulate(build(scene(f"{freeze}, {thaw}, {freeze}").replace("[run]", '[run]\nendpoint = "lethal20x2"')))
    once = ga.simulate(build(scene(freeze).replace("[run]", '[run]\nendpoint = "lethal20x2"')))
    colder = {limit: (twice.final["min_temperature"] <= limit).sum() for limit in (-20.0, -40.0)}
    dead = (twice.final["cycles_m20c"] >= 2.0).sum()
    assert colder[-40.0] < dead <= colder[-20.0]
    assert ga.measure(twice)["zones"]["lethal20x2"]["volume_cm3"] > 0.0
    assert ga.measure(once)["zones"]["lethal20x2"]["volume_cm3"] == 0.0


# Conditions


def test_a_probe_is_free_when_all_tissue_at_it_has_thawed(build: Build) -> None:
    steps = (
        '{ action = "freeze", duration_s = 60 }, '
        '{ action = "thaw", by = "helium", duration_s = 600, until = { where = "A", all_above_c = 0 } }'
    )
    case = build(scene(steps))
    result = ga.simulate(case)
    last = result.stations[-1]
    assert 70.0 < last.end_s < 400.0
    assert "all above 0" in last.ended_by
    at_the_end = result.temperature(last.end_s).flat[case.cryoprobes["A"].cells]
    assert 0.0 <= at_the_end.min() < 1.5


@pytest.mark.parametrize("direction", [[0, 0, 1], [0.1, 0, 1], [0.27, 0.22, 0.94], [0.8, 0.46, 0.38], [1, 2, 3]])
def test_what_keeps_a_probe_lies_at_it(build: Build, direction: list[float]) -> None:
    """Within a cell of the axis of its freezing part (2 to 18 mm behind the tip) and within half a cell of its ends,
    with no gap of two cells along it."""
    text = scene(CYCLE).replace("shaft_direction = [0.1, 0, 1]", f"shaft_direction = {direction}")
    case = build(text.replace("[-14, -14, -8]", "[-14, -14, -14]").replace("[14, 14, 28]", "[28, 28, 28]"))
    grid, probe = case.setup.grid, case.setup.probes[0]
    from_tip = grid.centres()[case.cryoprobes["A"].cells] - np.array(probe.tip)
    along = from_tip @ np.array(probe.direction)
    beside = np.linalg.norm(from_tip - np.outer(along, probe.direction), axis=1)
    assert beside.max() <= grid.spacing
    assert along.min() >= 2e-3 - 0.5 * grid.spacing
    assert along.max() <= 18e-3 + 0.5 * grid.spacing
    assert np.diff(np.sort(along), prepend=2e-3, append=18e-3).max() < 2.0 * grid.spacing


def test_ice_is_looked_at_only_at_imaging_stops(build: Build) -> None:
    """The margin of 1 mm is there at some time; the step ends at the next multiple of 100 s."""
    freeze = '{{ action = "freeze", duration_s = 900, until = {{ where = "tumour", ice_margin_mm = 1{every} }} }}'
    often, seldom = (
        ga.simulate(build(scene(freeze.format(every=every)))).stations[0] for every in ("", ", every_s = 100")
    )
    assert often.ended_by == "ice 1 mm and more around tumour"
    assert seldom.end_s == pytest.approx(100.0 * math.ceil(often.end_s / 100.0))
    assert often.end_s % 100.0 > 1.0


def test_the_ice_margin_is_what_it_says(build: Build) -> None:
    """When it ends no tissue in the tumour and within 2 mm of it is above 0 °C; half a second earlier some was."""
    case = build(scene('{ action = "freeze", duration_s = 900, until = { where = "tumour", ice_margin_mm = 2 } }'))
    result = ga.simulate(case)
    end = result.stations[0].end_s
    centres = np.argwhere(case.setup.mask("tumour"))
    every = np.argwhere(np.ones(case.setup.grid.shape, bool))
    away = np.array([np.linalg.norm(cell - centres, axis=1).min() for cell in every]) * case.setup.grid.spacing
    near = (away <= 2e-3).reshape(case.setup.grid.shape)
    assert result.temperature(end)[near].max() <= 0.0
    assert result.temperature(end)[near].max() > -2.0


def test_fields_are_recorded_at_the_end_of_each_step(build: Build) -> None:
    """Besides every minute: what is left frozen at a refreeze is then known."""
    text = scene(CYCLE).replace("record_every_s = 30\n", "")
    case = build(text)
    assert case.run.record_every == 60.0
    assert ga.simulate(case, "numba").records.times == [0.0, 60.0, 90.0, 100.0, 120.0, 130.0]


@pytest.mark.parametrize(("percent", "cycles"), [(5, 1), (100, 3)])
def test_cycles_are_added_until_it_is_enough_or_their_number_is_reached(
    build: Build, percent: float, cycles: int
) -> None:
    """A freeze of 60 s kills 5 % of the tumour, three of them not all of it."""
    text = scene('{ action = "freeze", duration_s = 60 }, { action = "thaw", by = "helium", duration_s = 30 }')
    enough = f'repeat = 3\nrepeat_until = {{ where = "tumour", covered_percent = {percent} }}\n[run]'
    result = ga.simulate(build(text.replace("[run]", enough)), "numba")
    freezes = [station for station in result.stations if station.action == "freeze"]
    assert len(freezes) == cycles
    assert result.run["simulated_s"] == 90.0 * cycles
    last = result.stations[-1].ended_by
    assert ("no further cycle: tumour covered 5 %" in last) == (cycles == 1)


def test_when_a_probe_is_free_is_told(build: Build) -> None:
    free = 'until = { where = "A", all_above_c = 0 }'
    steps = f'{{ action = "freeze", duration_s = 60 }}, {{ action = "thaw", duration_s = 300, {free} }}'
    result = ga.simulate(build(scene(steps)), "numba")
    (found,) = ga.measure(result)["cryoprobes"]
    assert 60.0 < found["free_at_s"] == result.stations[-1].end_s < 360.0


def test_a_threshold_of_the_scenes_own(build: Build) -> None:
    """-25 °C kills more than -40 °C and less than ice."""
    killed = []
    for endpoint in ('"ice"', "{ below_c = -25 }", '"lethal40"'):
        text = scene('{ action = "freeze", duration_s = 60 }').replace("[run]", f"[run]\nendpoint = {endpoint}")
        case = build(text)
        killed.append(ga.measure(ga.simulate(case, "numba"))["zones"][case.setup.endpoint.name]["volume_cm3"])
    assert killed[0] > killed[1] > killed[2] > 0.0
