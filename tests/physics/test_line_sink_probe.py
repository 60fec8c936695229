"""Paterson's line sink (A2) through a real cryoprobe: throttled by its schedule so that it draws a constant heat.

A film between wall and cryogen draws q' = 2π r h d (T_w - T_c) per length, d the output; the wall gets colder for as
long as the ice grows. With the wall of the closed form, the output that draws a constant Q is known at each time. The
steps of a schedule hold it within 1.5 %; what is compared is the closed form of the mean heat drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.physics.analytic import Medium
from gpu_ablate.physics.analytic_freezing import TwoPhase, paterson_root, paterson_sink
from gpu_ablate.result.result import Result
from gpu_ablate.units import BODY_C, MM

PHASES = TwoPhase(Medium(2.0, 1.8e6), Medium(0.5, 3.6e6), 250e6)

RADIUS, CRYOGEN_C = 0.735 * MM, -190.0
SPACING = 0.5 * MM
FREEZES_OVER = 0.02
"""From 0 °C to this below it: as good as sharp [K]."""

SCENE = """
[domain]
spacing_mm = 0.5
min_mm = [0, 0, 0]
max_mm = [50, 0.5, 50]
background = "medium"
[boundary]
default = "insulated"
[tissue.medium]
conductivity_w_mk = 0.5
density_kg_m3 = 1000
heat_capacity_j_kgk = 3600
boiling = "none"
freezing = {{ law = "linear", from_c = 0, to_c = -0.02 }}
frozen_conductivity_w_mk = 2.0
frozen_heat_capacity_j_kgk = 1800
latent_heat_j_m3 = 250e6
[device.throttled]
like = "cryo_17g"
active_from_mm = 0.1
active_length_mm = 60
film_h_w_m2k = {film}
freeze_temperature_c = {cryogen}
freeze_time_constant_s = 1
[[probe]]
name = "A"
device = "throttled"
tip_mm = [0, -30, 0]
shaft_direction = [0, 1, 0]
steps = [{steps}]
[run]
record_every_s = 300
trace_every_s = 10
"""
"""A quarter of one layer of cells around the probe, as in A2."""


@dataclass(frozen=True)
class Sunk:
    """drawn : mean heat that the probe drew per length; departure : the most that it was off the sink that was asked
    for, after the first minute [W m⁻¹]"""

    result: Result
    drawn: float
    departure: float


def schedule(sink: float) -> str:
    """A scene whose probe draws `sink` [W m⁻¹]: each step has the output that the middle of its time asks for."""
    ends = np.concatenate([np.geomspace(2.0, 60.0, 8), np.linspace(90.0, 900.0, 28)])
    starts = np.concatenate([[0.0], ends[:-1]])
    walls = [paterson_sink(PHASES, sink, BODY_C, RADIUS, time) for time in 0.5 * (starts + ends)]
    films = sink / (2.0 * math.pi * RADIUS * (np.array(walls) - CRYOGEN_C))
    steps = ", ".join(
        f'{{ action = "freeze", output_percent = {100.0 * film / films.max():.4f}, duration_s = {duration:.6f} }}'
        for film, duration in zip(films, ends - starts, strict=True)
    )
    return SCENE.format(film=films.max(), cryogen=CRYOGEN_C, steps=steps)


@pytest.fixture(scope="module", params=[200.0, 300.0])
def sunk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sunk:
    path = tmp_path_factory.mktemp("sink") / "scene.toml"
    path.write_text("schema_version = 1\n" + schedule(request.param), encoding="utf-8")
    result = ga.simulate(ga.build_case(ga.load_scene(path)), "numba")
    drawn = 4.0 * result.traces["probe.A.drawn_w"] / SPACING  # a quarter of one layer
    late = drawn[result.traces["time_s"] > 60.0]
    return Sunk(result, float(drawn[1:].mean()), float(np.abs(late - request.param).max()))


def test_the_schedule_holds_the_heat_drawn(sunk: Sunk) -> None:
    """What is compared below is a constant sink: within 1.5 % after the first minute."""
    assert sunk.departure < 0.015 * sunk.drawn


@pytest.mark.parametrize("time_s", [300.0, 600.0, 900.0])
def test_temperatures_beyond_two_cells_are_those_of_the_line_sink(sunk: Sunk, time_s: float) -> None:
    """Within 1.5 % of their distance from 37 °C, or 0.3 °C."""
    temperature = sunk.result.temperature(time_s)
    x, _, z = sunk.result.setup.grid.axes()
    for index in (2, 3, 4, 6, 10, 20, 40):
        distance = math.hypot(float(x[index]), float(z[0]))
        expected = float(paterson_sink(PHASES, sunk.drawn, BODY_C, distance, time_s))
        found = float(temperature[0, 0, index])
        assert found == pytest.approx(expected, abs=max(0.015 * (BODY_C - expected), 0.3)), f"r = {distance / MM} mm"


@pytest.mark.parametrize("time_s", [300.0, 600.0, 900.0])
def test_the_ice_has_the_radius_around_the_line_sink(sunk: Sunk, time_s: float) -> None:
    """Within 1.5 %; from the amount of ice in the quarter that is computed."""
    share = np.clip(sunk.result.temperature(time_s).astype(np.float64) / -FREEZES_OVER, 0.0, 1.0)
    found = 2.0 * SPACING * math.sqrt(float(share.sum()) / math.pi)
    expected = float(PHASES.radius(paterson_root(PHASES, sunk.drawn, BODY_C), time_s))
    assert found == pytest.approx(expected, rel=0.015)
