"""A4 to A7 and A9: prescribed heat in a perfused medium that fills all space."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gpu_ablate.physics.analytic import (
    heated_ball,
    moving_source,
    point_source,
    pulsed_point_source,
    steady_line_source,
)
from gpu_ablate.units import BODY_C, MINUTE, MM
from gpu_ablate.verification.check import Check, relative
from gpu_ablate.verification.runner import Cell, Run, Runner

PERCENT = 1.0
"""Tolerance of all rises here [%]; points lie 8 cells or more from where the heat is, A9's anywhere."""


def _rise(place: str, expected: float, run: Run, cell: Cell, time: float) -> Check:
    return relative(f"rise at {place}", expected, run.temperature(cell, time) - BODY_C, "K", PERCENT)


def point(runner: Runner) -> Iterator[Check]:
    """A4: from 60 to 600 s, with and without perfusion.

    A lattice delays the foot of a front, by a factor of about 1 + (r/2at)⁴ a t Δx²/12: so finer grids for 60 s. Where
    the box is small its outer faces take heat as the tissue beyond would: h = k (r/2at + 1/r) or k (m + 1/r).
    """
    fine, coarse, late = (0.22, 60, 420, 60), (0.35, 40, 420, 60), (0.56, 50, 0, 600)
    for omega, boxes in (
        (0.0, {fine: (5, 10), late: (5, 10)}),
        (1e-3, {coarse: (5,), (0.56, 36, 68, 600): (5, 10)}),
        (5e-3, {fine: (5, 10), (0.56, 36, 122, 600): (5, 10)}),
    ):
        for box, distances in boxes.items():
            run = _octant(runner, omega, *box)
            for distance in distances:
                cell = run.near(distance, 0, 0)
                r = math.hypot(*cell.centre)
                for time in (60,) if run.scene.duration_s() == 60 else (300, 600):
                    expected = float(point_source(run.medium, 1.0, r, time))
                    yield _rise(f"r = {r / MM:.2f} mm, {time} s, ω = {omega:g}/s", expected, run, cell, time)


def _octant(runner: Runner, omega: float, spacing_mm: float, cells: int, h_w_m2k: float, duration_s: float) -> Run:
    """A4 on a grid of its own; early fronts take the fine steps."""
    size = spacing_mm * cells
    changes = [f"domain.spacing_mm={spacing_mm}", f"domain.max_mm=[{size}, {size}, {size}]"]
    if h_w_m2k:
        changes.append(f"boundary.default={{ h_w_m2k = {h_w_m2k}, temperature_c = 37 }}")
    changes += [f"run.duration_s={duration_s}", f"run.accuracy={'fine' if duration_s == 60 else 'standard'}"]
    return runner.run("point_source", f"tissue.medium.perfusion_1_s={omega}", *changes)


def line(runner: Runner) -> Iterator[Check]:
    """A5: steady."""
    run = runner.run("line_source")
    for distance in (2, 5, 10):
        cell = run.near(distance, 0, 0)
        r = math.hypot(cell.centre[0], cell.centre[2])
        yield _rise(f"r = {r / MM:.2f} mm", float(steady_line_source(run.medium, 10.0, r)), run, cell, 200)


def pull_back(runner: Runner) -> Iterator[Check]:
    """A6: three sources one after the other, with and without perfusion."""
    for omega in (0.0, 5e-3):
        run = runner.run("pull_back", f"tissue.medium.perfusion_1_s={omega}")
        cell = run.near(5, 0, 5)
        x, y, z = cell.centre
        for time in (60, 120, 180, 300):
            expected = 0.0
            for i, power in enumerate((0.3, 0.15, 0.1)):
                r = math.hypot(x, y, z - 5 * i * MM)
                expected += float(pulsed_point_source(run.medium, power, r, time, 60 * i, 60 * i + 60))
            yield _rise(f"x = {x / MM:g}, z = {z / MM:g} mm, {time} s, ω = {omega:g}/s", expected, run, cell, time)


def moving(runner: Runner) -> Iterator[Check]:
    """A7: 5 mm a minute, after 21 mm."""
    run = runner.run("moving_source")
    speed = 5 * MM / MINUTE
    for ahead, beside in ((1.8, 0), (0, 1.8), (-1.8, 0), (-3, 0)):
        cell = run.near(250 * speed / MM + ahead, beside, 0)
        along, across = cell.centre[0] - 250 * speed, math.hypot(*cell.centre[1:])
        expected = float(moving_source(run.medium, 0.01, speed, along, across))
        place = f"{along / MM:+.2f} mm along, {across / MM:.2f} mm beside"
        yield _rise(place, expected, run, cell, 250)


def ball(runner: Runner) -> Iterator[Check]:
    """A9: steady; without perfusion the box shifts all temperatures alike, so that differences are compared."""
    density, radius = 1e5, 10 * MM
    for omega, duration, *box in (
        (1e-3, 800),
        (5e-3, 200, "domain.spacing_mm=1", "domain.max_mm=[30, 30, 30]", "boundary.default.h_w_m2k=115"),
        (0.0, 1500, "domain.spacing_mm=1.5", "domain.max_mm=[48, 48, 48]", "boundary.default=body"),
    ):
        changes = [f"run.{key}={duration}" for key in ("duration_s", "record_every_s", "trace_every_s")]
        run = runner.run("heated_ball", f"tissue.medium.perfusion_1_s={omega}", *box, *changes)
        cells = [run.near(distance, 0, 0) for distance in (0, 10, 20)]
        distances = [math.hypot(*cell.centre) for cell in cells]
        expected = [float(heated_ball(run.medium, density, radius, r)) for r in distances]
        found = [run.temperature(cell, duration) for cell in cells]
        if omega:
            for cell, r, rise in zip(cells, distances, expected, strict=True):
                yield _rise(f"r = {r / MM:.2f} mm, ω = {omega:g}/s", rise, run, cell, duration)
            continue
        for near, far in ((0, 1), (1, 2)):
            what = f"fall from r = {distances[near] / MM:.2f} to {distances[far] / MM:.2f} mm, ω = 0"
            yield relative(what, expected[near] - expected[far], found[near] - found[far], "K", PERCENT)
