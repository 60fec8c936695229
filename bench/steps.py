"""Other ways to step a case than the engine's own, and how far two results are apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Accuracy, Case
from gpu_ablate.engine import loop
from gpu_ablate.engine.stepping import LONGEST, Drive, StabilityLimit, plain
from gpu_ablate.engine.superstep import SuperStep, stages
from gpu_ablate.result.result import Result
from gpu_ablate.simulation import simulate


@contextmanager
def euler_at_the_limit(longest: float = math.inf) -> Iterator[None]:
    """Within it every super-step is made of Euler steps as long as stability allows, and no longer than `longest`."""

    def steps(span: float, limit: float, accuracy: Accuracy) -> SuperStep:
        return plain(span, min(limit, longest))

    with patch.object(loop, "plan", steps):
        yield


def coldest_limit(case: Case) -> float:
    """Stable Euler step [s] once its tissue is as cold as the coldest outside temperature."""
    film, _ = case.exchange.at(0.0)
    coldest = np.array([min(f.theta) for f in case.exchange.films])
    warm = np.zeros(len(case.setup.regions))
    return StabilityLimit(case)(warm, warm, Drive(0.0, film, coldest, (0.0, 0.0)))


@contextmanager
def converged(longest: float) -> Iterator[None]:
    """Within it every super-step is an RKL2 step of three stages no longer than this [s], or than stability allows."""

    def steps(span: float, limit: float, accuracy: Accuracy) -> SuperStep:
        return SuperStep("rkl2", span / math.ceil(span / (limit * stages("rkl2", 3).reach) - 1e-9), 3)

    with patch.object(loop, "plan", steps), patch.dict(LONGEST, dict.fromkeys(LONGEST, longest)):
        yield


def compute(case: Case) -> Result:
    """Compute a case on Numba."""
    return simulate(case, "numba")


def right_hand_sides(result: Result) -> int:
    """How often the rate of change was evaluated."""
    return int(result.run["cell_steps"]) // result.setup.grid.cells


def volume_below(temperature: NDArray[np.floating], isotherm: float) -> float:
    """Cells colder than an isotherm [°C]; within 0.5 K of it a cell counts in part."""
    return float(np.clip(isotherm + 0.5 - temperature, 0.0, 1.0).sum())


@dataclass(frozen=True)
class Difference:
    """Of two fields of temperature: greatest and root mean square [K]; relative, of the volume below isotherms
    that have one."""

    greatest: float
    rms: float
    volumes: dict[str, float]


def difference(found: Result, expected: Result, time: float, isotherms: tuple[float, ...]) -> Difference:
    """How far two results are apart at a recorded time [s]."""
    a, b = found.temperature(time), expected.temperature(time)
    volumes = {}
    for isotherm in isotherms:
        true = volume_below(b, isotherm)
        if true > 0.0:
            volumes[f"{isotherm:g}"] = volume_below(a, isotherm) / true - 1.0
    error = a.astype(np.float64) - b
    return Difference(float(np.abs(error).max()), float(np.sqrt(np.mean(error**2))), volumes)
