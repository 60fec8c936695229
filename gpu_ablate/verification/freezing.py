"""A1 to A3: fronts of ice, which are read from the amount of ice."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gpu_ablate.physics.analytic_freezing import (
    SteadyIce,
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
from gpu_ablate.units import BODY_C, MM
from gpu_ablate.verification.check import Check, absolute, relative
from gpu_ablate.verification.runner import Run, Runner

TIMES = (60, 180, 300, 600, 900)
"""When fronts are compared [s]."""

PROBE_C = -140.0
"""Temperature of the walls and probes in the scenes [°C]."""


def _temperature(quantity: str, expected: float, found: float) -> Check:
    """A temperature in freezing tissue: within 1.5 % of its distance from 37 °C, or 0.3 °C if that is more."""
    return absolute(quantity, expected, found, "°C", max(0.015 * (BODY_C - expected), 0.3))


def neumann(runner: Runner) -> Iterator[Check]:
    """A1: the front within 1 %."""
    run = runner.run("neumann_slab")
    root = neumann_root(run.phases, PROBE_C, BODY_C)
    for time in TIMES:
        front = run.ice_cells(time) * run.grid.spacing
        yield relative(f"front, {time} s", float(run.phases.radius(root, time)) / MM, front / MM, "mm", 1.0)
    for time, depths in ((60, (2, 5, 10, 15)), (600, (2, 5, 10, 15, 20, 25, 30, 40))):
        for depth in depths:
            cell = run.near(depth, 0, 0)
            expected = float(neumann_slab(run.phases, PROBE_C, BODY_C, cell.centre[0], time))
            place = f"T at x = {cell.centre[0] / MM:g} mm, {time} s"
            yield _temperature(place, expected, run.temperature(cell, time))


def paterson(runner: Runner) -> Iterator[Check]:
    """A2: radius and temperatures within 1.5 % beyond two cells from the sink, for 200 and 300 W/m."""
    for sink in (200.0, 300.0):
        early = _sink(runner, sink, 0.2, 25, 180)
        run = _sink(runner, sink, 0.5, 50, 900)
        root = paterson_root(run.phases, sink, BODY_C)
        for time in TIMES:
            stage = early if time <= 180 else run
            radius = 2.0 * stage.grid.spacing * math.sqrt(stage.ice_cells(time) / math.pi)  # of a quarter
            expected = float(run.phases.radius(root, time)) / MM
            yield relative(f"{sink:g} W/m: radius, {time} s", expected, radius / MM, "mm", 1.5)
        for distance in (2, 5, 10, 20):
            cell = run.near(distance, 0, 0)
            r = math.hypot(cell.centre[0], cell.centre[2])
            expected = float(paterson_sink(run.phases, sink, BODY_C, r, 600))
            yield _temperature(f"{sink:g} W/m: T at r = {r / MM:.2f} mm, 600 s", expected, run.temperature(cell, 600))


def _sink(runner: Runner, sink: float, spacing_mm: float, size_mm: float, duration_s: float) -> Run:
    """Paterson's problem on a grid of its own, of which the sink takes a quarter."""
    return runner.run(
        "paterson_sink",
        f"domain.spacing_mm={spacing_mm}",
        f"domain.max_mm=[{size_mm}, {spacing_mm}, {size_mm}]",
        f"source.sink.shape.to_mm=[0, {spacing_mm}, 0]",
        f"source.sink.power_w={-0.25 * sink * spacing_mm * MM}",
        f"run.duration_s={duration_s}",
    )


def frozen_ball(runner: Runner) -> Iterator[Check]:
    """A3, sphere: radius of the ice within 3 %."""
    run = runner.run("frozen_ball")
    end = run.scene.duration_s()
    ice = SteadyIce(run.phases, PROBE_C, 5 * MM, BODY_C)
    hollow = 4.0 / 3.0 * math.pi * ice.radius**3
    volume = 8.0 * run.ice_cells(end) * run.grid.cell_volume + hollow
    radius = (3.0 * volume / (4.0 * math.pi)) ** (1.0 / 3.0)
    yield relative("ball: radius of the ice", steady_sphere(ice) / MM, radius / MM, "mm", 3.0)
    for distance in (10, 20):
        cell = run.near(distance, 0, 0)
        r = math.hypot(*cell.centre)
        expected = float(sphere_temperature(ice, r))
        yield _temperature(f"ball: T at r = {r / MM:.2f} mm", expected, run.temperature(cell, end))


def frozen_cylinder(runner: Runner) -> Iterator[Check]:
    """A3, cylinder: radius of the ice and heat taken up within 3 %."""
    run = runner.run("frozen_cylinder")
    ice = SteadyIce(run.phases, PROBE_C, 0.735 * MM, BODY_C)
    end = run.scene.duration_s()
    radius = 2.0 * run.grid.spacing * math.sqrt(run.ice_cells(end) / math.pi)  # of a quarter
    yield relative("cylinder: radius of the ice", steady_cylinder(ice) / MM, radius / MM, "mm", 3.0)
    cells = [run.near(distance, 0, 0) for distance in (5, 12, 25)]
    distances = [math.hypot(cell.centre[0], cell.centre[2]) for cell in cells]
    found = [run.temperature(cell, end) for cell in cells]
    for r, temperature in zip(distances, found, strict=True):
        yield _temperature(f"cylinder: T at r = {r / MM:.2f} mm", float(cylinder_temperature(ice, r)), temperature)
    slope = (found[2] - found[0]) / math.log(distances[2] / distances[0])
    heat = 2.0 * math.pi * ice.phases.frozen.conductivity * slope
    yield relative("cylinder: heat per length", cylinder_heat(ice), heat, "W/m", 3.0)


def steady_ice(runner: Runner) -> Iterator[Check]:
    """A3: a cylinder and a ball."""
    yield from frozen_cylinder(runner)
    yield from frozen_ball(runner)
