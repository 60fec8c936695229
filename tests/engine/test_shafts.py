"""Cooled shafts: where they cool, that they go with the needle, and how much heat they take."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import k0, k1

import gpu_ablate as ga
from gpu_ablate.case.case import Case
from gpu_ablate.case.grid import Vector
from gpu_ablate.engine.clock import ProbeClock
from gpu_ablate.engine.shafts import Shafts
from gpu_ablate.units import BODY_C
from tests.engine.conftest import BACKENDS, Build

Array = NDArray[np.float64]

BEGIN, H, COOLANT_C = 8e-3, 3000.0, 20.0
COOLED = f"""
[device.cooled]
like = "microwave_slot_2450"
cooled_from_mm = {1e3 * BEGIN:g}
coolant_temperature_c = {COOLANT_C:g}
coolant_h_w_m2k = {H:g}
"""
"""A needle of 1.79 mm."""

BOX = """
[domain]
spacing_mm = 1.5
min_mm = [-18, -18, -24]
max_mm = [18, 18, 24]
background = "liver"
[boundary]
default = "insulated"
"""
TIP = (0.4e-3, -0.3e-3, -14e-3)
AXIS = np.array([0.2, 0.1, 1.0]) / math.sqrt(1.05)
NEEDLE = """
[[probe]]
name = "A"
device = "cooled"
tip_mm = [0.4, -0.3, -14]
shaft_direction = [0.2, 0.1, 1]
steps = [{steps}]
"""
REINSERTED = '{ action = "reinsert", tip_mm = [-9, 0, -10], shaft_direction = [0, 0, 1], duration_s = 10 }'
AGAIN: Vector = (-9e-3, 0.0, -10e-3)


def cooling(case: Case, clock: ProbeClock, time: float) -> Array:
    """How much each cell is cooled by the shaft at a time (nz, ny, nx) [W m⁻³ K⁻¹]; where tissue resists nothing."""
    film, _ = case.exchange.at(time)
    film = Shafts(case).switched(film, [clock], time)
    exchange = case.exchange
    mine = np.array([term == "probes_j" for term in exchange.terms])[exchange.groups]
    conductance = exchange.weights / film[exchange.groups]
    found = np.bincount(exchange.cells[mine], conductance[mine], case.setup.grid.cells)
    return found.reshape(case.setup.grid.shape)


def along(case: Case, tip: Vector, axis: Array) -> Array:
    """Height of the middle of each cell above a tip along an axis (nz, ny, nx) [m]."""
    return ((case.setup.grid.centres() - np.array(tip)) @ axis).reshape(case.setup.grid.shape)


def wall_of(case: Case, tip: Vector, axis: Array, begin: float) -> float:
    """h times the wall's area from `begin` behind the tip to where the axis leaves the box [W K⁻¹]."""
    upper = np.array(case.setup.grid.upper)
    ways = [(u - t) / d for u, t, d in zip(upper, tip, axis, strict=True) if d > 0.0]
    return H * 2.0 * math.pi * 0.895e-3 * (min(ways) - begin)


def require_cooled_from(case: Case, clock: ProbeClock, time: float, tip: Vector, axis: Array, slack: float) -> None:
    """All of the wall behind the antenna cools, nothing before it; up to a slack along the axis [m]."""
    found, volume = cooling(case, clock, time), case.setup.grid.cell_volume
    assert found[along(case, tip, axis) < BEGIN - slack - 1.5e-3].sum() * volume < 1e-9
    unit = H * 2.0 * math.pi * 0.895e-3
    assert found.sum() * volume == pytest.approx(wall_of(case, tip, axis, BEGIN), rel=0.02, abs=unit * slack)


def test_it_cools_behind_the_antenna_alone(build: Build) -> None:
    """The whole area of the wall from cooled_from to the face of the box, each at h."""
    case = build(BOX + COOLED + NEEDLE.replace("{steps}", '{ action = "rest", duration_s = 5 }'))
    clock = ProbeClock(case.setup.probes[0])
    require_cooled_from(case, clock, 2.0, TIP, AXIS, 0.0)


def test_it_goes_with_a_pull_at_once(build: Build) -> None:
    rest = '{ action = "rest", duration_s = 5 }'
    steps = f'{rest}, {{ action = "pull", distance_mm = 7 }}, {rest}'
    case = build(BOX + COOLED + NEEDLE.replace("{steps}", steps))
    clock = ProbeClock(case.setup.probes[0])
    require_cooled_from(case, clock, 4.9, TIP, AXIS, 0.0)
    clock.finish(5.0, "duration")
    clock.finish(5.0, "duration")
    x, y, z = (np.array(TIP) + 7e-3 * AXIS).tolist()
    require_cooled_from(case, clock, 5.1, (x, y, z), AXIS, 0.0)


def test_it_goes_with_a_slow_pull_within_half_a_cell(build: Build) -> None:
    steps = '{ action = "pull", distance_mm = 9, speed_mm_s = 1 }'
    case = build(BOX + COOLED + NEEDLE.replace("{steps}", steps))
    clock = ProbeClock(case.setup.probes[0])
    for time in (0.0, 0.31, 2.2, 4.9, 8.7):
        require_cooled_from(case, clock, time, clock.tip(time), AXIS, 0.5 * 1.5e-3)


def test_a_needle_that_is_out_cools_nothing(build: Build) -> None:
    """While it is reinserted; then on the new track alone."""
    steps = f'{{ action = "rest", duration_s = 2 }}, {REINSERTED}, {{ action = "rest", duration_s = 5 }}'
    case = build(BOX + COOLED + NEEDLE.replace("{steps}", steps))
    clock = ProbeClock(case.setup.probes[0])
    assert cooling(case, clock, 1.0).sum() > 0.0
    clock.finish(2.0, "duration")
    assert cooling(case, clock, 3.0).sum() * case.setup.grid.cell_volume < 1e-9
    clock.finish(12.0, "duration")
    require_cooled_from(case, clock, 13.0, AGAIN, np.array([0.0, 0.0, 1.0]), 0.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_takes_heat_that_the_balance_knows(build: Build, backend: str) -> None:
    """Over heating, a slow pull and a rest; cooler along the shaft than without it, and never below the coolant."""
    steps = (
        '{ action = "hold", power_w = 20, duration_s = 8 }, '
        '{ action = "pull", distance_mm = 6, speed_mm_s = 1.5, power_w = 20 }, { action = "rest", duration_s = 4 }'
    )
    text = BOX.replace("1.5", "2") + COOLED + NEEDLE.replace("{steps}", steps)
    result = ga.simulate(build(text), backend)
    assert result.energy["probes_j"] < -1.0
    assert result.energy["relative_imbalance"] < (1e-9 if backend == "numpy" else 1e-5)
    end = result.records.times[-1]
    bare = text.replace(COOLED, "").replace('device = "cooled"', 'device = "microwave_slot_2450"')
    warm = ga.simulate(build(bare), backend)
    assert warm.energy["probes_j"] == 0.0
    behind = cooling(build(text), ProbeClock(build(text).setup.probes[0]), 0.0) > 1.0
    assert (result.temperature(end)[behind] < warm.temperature(end)[behind] - 0.5).all()
    assert result.temperature(end).min() > COOLANT_C


LINE = """
[domain]
spacing_mm = 1
min_mm = [-20, -20, 0]
max_mm = [20, 20, 12]
background = "medium"
[boundary]
default = "insulated"
[model]
perfusion_heat = "none"
[tissue.medium]
conductivity_w_mk = 0.5
density_kg_m3 = 1050
heat_capacity_j_kgk = 360
boiling = "none"
perfusion_1_s = 5e-3
relative_permittivity_2450 = 43
conductivity_s_m_2450 = 1.69
[device.cooled]
like = "microwave_slot_2450"
cooled_from_mm = 0.001
coolant_temperature_c = 20
coolant_h_w_m2k = {h}
[[probe]]
name = "A"
device = "cooled"
tip_mm = [{x}, 0.3, 0]
shaft_direction = [0, 0, 1]
steps = [{{ action = "rest", duration_s = 400 }}]
[run]
record_every_s = 400
precision = "float64"
"""


@pytest.mark.parametrize(("h", "x_mm"), [(500, 0.5), (3000, 0.0), (3000, 0.2)])
def test_the_wall_takes_what_a_line_with_a_film_takes(build: Build, h: float, x_mm: float) -> None:
    """q' = 2πk (T_a - T_c)/(k/(h r_p) + 1/(x K1(x)/K0(x) + x²/2)), x = m r_p, m = √(ω ρ_b c_b/k), per length, steady.

    x²/2 stands for the needle's own volume, which is computed as tissue that is perfused.
    """
    result = ga.simulate(build(LINE.format(h=h, x=x_mm)), "numba")
    k, radius, w = 0.5, 0.895e-3, 5e-3 * 1050.0 * 3617.0
    x = radius * math.sqrt(w / k)
    flow = 2.0 * math.pi * k * (BODY_C - 20.0) / (k / (h * radius) + 1.0 / (x * k1(x) / k0(x) + 0.5 * x**2))
    lost = BODY_C - result.temperature(400.0).astype(np.float64)
    assert w * lost.sum() * 1e-9 / 12e-3 == pytest.approx(flow, rel=0.01)  # what blood brings, the wall takes
