"""A8 and A11: a field of temperature and a field of heat that no shape describes, given to the case directly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case, HeatSource
from gpu_ablate.case.grid import Grid
from gpu_ablate.physics.analytic import Beam, gaussian_beam, gaussian_decay
from gpu_ablate.units import BODY_C, MM
from gpu_ablate.verification.check import Check, absolute, relative
from gpu_ablate.verification.runner import Run, Runner

Array = NDArray[np.float64]

AMPLITUDE, SIGMA = 50.0, 3 * MM
"""The bell of A8 [K], [m]."""

BEAM = Beam(power=69.63863715457374, radius=4.5 * MM, absorption=60.0, pulse=0.3)
"""The beam of A11, about 70 W: μP/(πρc) = 350 K mm²/s."""


def _radius(grid: Grid) -> Array:
    """Distance of every cell from the origin (nz, ny, nx) [m]."""
    x, y, z = grid.axes()
    return np.sqrt(x[None, None, :] ** 2 + y[None, :, None] ** 2 + z[:, None, None] ** 2)


def _bell(case: Case) -> Case:
    r = _radius(case.setup.grid)
    return replace(case, initial=AMPLITUDE * np.exp(-(r**2) / (2.0 * SIGMA**2)))


def gaussian(runner: Runner) -> Iterator[Check]:
    """A8: rises within 1 %; the error falls with the square of the spacing."""
    for omega in (0.0, 5e-3):
        run = runner.run("gaussian", f"tissue.medium.perfusion_1_s={omega}", alter=_bell)
        for distance in (0, 5):
            cell = run.near(distance, 0, 0)
            r = math.hypot(*cell.centre)
            for time in (60, 300):
                expected = float(gaussian_decay(run.medium, AMPLITUDE, SIGMA, r, time))
                what = f"rise at r = {r / MM:.2f} mm, {time} s, ω = {omega:g}/s"
                yield relative(what, expected, run.temperature(cell, time) - BODY_C, "K", 1.0)
    counts = (16, 20, 24, 32)
    errors = [_rms_error(runner, 24.0 / count) for count in counts]
    order = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    yield absolute("order of convergence in space", 2.0, order, "", 0.1)


def _rms_error(runner: Runner, spacing_mm: float) -> float:
    """Root mean square difference from the closed form after 60 s [K]."""
    changes = ("tissue.medium.perfusion_1_s=5e-3", f"domain.spacing_mm={spacing_mm}", "run.duration_s=60")
    run = runner.run("gaussian", *changes, alter=_bell)
    expected = gaussian_decay(run.medium, AMPLITUDE, SIGMA, _radius(run.grid), 60)
    return float(np.sqrt(np.mean((run.result.temperature(60) - BODY_C - expected) ** 2)))


def _with_beam(case: Case) -> Case:
    grid = case.setup.grid
    x, y, z = grid.axes()
    density = BEAM.density(np.hypot(x[None, None, :], y[None, :, None]), z[:, None, None])
    power = float(density.sum()) * grid.cell_volume
    return replace(case, sources=(HeatSource("beam", power, 0.0, BEAM.pulse, density / power),))


def beam(runner: Runner) -> Iterator[Check]:
    """A11: rises within 1 %."""
    run = runner.run("beam", alter=_with_beam)
    for r_mm, z_mm, time in ((0, 1, 1), (0, 1, 5), (0, 5, 1), (0, 5, 5), (2, 1, 1), (2, 1, 5), (4, 1, 5), (0, 0, 1)):
        yield _beam_rise(run, r_mm, z_mm, time)


def _beam_rise(run: Run, r_mm: float, z_mm: float, time: float) -> Check:
    cell = run.near(r_mm, 0, z_mm)
    r, z = math.hypot(*cell.centre[:2]), cell.centre[2]
    expected = float(gaussian_beam(run.medium, BEAM, r, z, time))
    what = f"rise at r = {r / MM:.2f}, z = {z / MM:.2f} mm, {time} s"
    return relative(what, expected, run.temperature(cell, time) - BODY_C, "K", 1.0)
