"""Whole cases on a GPU: how long they take, and how far they are from float64 on the CPU."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import gpu_ablate as ga
from bench.gpu_device import Gpu
from gpu_ablate.case.case import Case
from gpu_ablate.result.result import Result
from gpu_ablate.simulation import Progress, simulate

LEAST_ZONE = 0.1
"""Zones that are smaller are not compared: they are a few voxels [cm³]."""


def whole(case: Case, gpu: Gpu) -> dict[str, Any]:
    """Wall time of a whole case: the first run, which may compile and warms up, and the next; and what it came to."""
    walls = []
    for _ in range(2):
        super_steps = 0

        def progress(made: Progress) -> None:
            nonlocal super_steps
            super_steps += made.message is None

        result = simulate(case, gpu.backend, progress=progress)
        walls.append(result.run["wall_s"])
    solve_s = float(result.run["solve_s"])
    return {
        "cells": case.setup.grid.cells,
        "spacing_mm": 1e3 * case.setup.grid.spacing,
        "status": result.status,
        "simulated_s": result.run["simulated_s"],
        "first_s": walls[0],
        "wall_s": walls[1],
        "solve_s": solve_s,
        "super_steps": super_steps,
        "super_step_us": 1e6 * solve_s / super_steps,
        "right_hand_sides": int(result.run["cell_steps"]) // case.setup.grid.cells,
        "relative_imbalance": result.energy["relative_imbalance"],
    }


def agreement(case: Case, gpu: Gpu, reference: str) -> dict[str, Any]:
    """How far the device (in the precision of the case) and a backend of the CPU in float64 are apart.

    Greatest difference of temperature at each record [K], relative difference of each zone that is no smaller than
    LEAST_ZONE; relative imbalance of energy on the device.
    """
    exact = replace(case, run=replace(case.run, precision="float64"))
    expected, found = simulate(exact, reference), simulate(case, gpu.backend)
    times = [time for time in expected.records.times if time in found.records.times]
    at = {f"{time:g}": float(np.abs(found.temperature(time) - expected.temperature(time)).max()) for time in times}
    ours, theirs = _volumes(found), _volumes(expected)
    zones = {name: ours[name] / volume - 1.0 for name, volume in theirs.items() if volume >= LEAST_ZONE}
    return {
        "cells": case.setup.grid.cells,
        "spacing_mm": 1e3 * case.setup.grid.spacing,
        "reference": f"{reference} float64",
        "simulated_s": [expected.run["simulated_s"], found.run["simulated_s"]],
        "greatest_k": max(at.values()),
        "at": at,
        "greatest_of_zones": max(map(abs, zones.values()), default=0.0),
        "zones": zones,
        "relative_imbalance": found.energy["relative_imbalance"],
        "zones_cm3": {name: theirs[name] for name in zones},
    }


def _volumes(result: Result) -> dict[str, float]:
    """Of all zones [cm³]."""
    return {name: zone["volume_cm3"] for name, zone in ga.measure(result)["zones"].items()}
