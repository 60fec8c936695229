"""How many time steps and records a run takes at least, and whether that is too many."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import enthalpy_of
from gpu_ablate.engine.stepping import LONGEST, Drive, StabilityLimit, plan
from gpu_ablate.errors import SceneError

MOST_STEPS = 5_000_000
"""A run that takes more time steps than this is refused."""


@dataclass(frozen=True)
class Estimate:
    """Least number of time steps, number of records, and their size before packing [bytes]."""

    steps: int
    records: int
    record_bytes: int

    def __str__(self) -> str:
        """The estimate in words."""
        size = self.records * self.record_bytes / 1e6
        return (
            f"at least {self.steps:,} time steps (more while tissue boils), {self.records:,} records (≤ {size:,.0f} MB)"
        )


def estimate(case: Case, duration: float) -> Estimate:
    """Steps and records of a run of so many seconds, if it stayed as it begins.

    Raises
    ------
    SceneError
        More than `MOST_STEPS` steps.
    """
    limit = StabilityLimit(case)
    lows, highs = np.full(len(case.setup.regions), np.inf), np.full(len(case.setup.regions), -np.inf)
    for m in limit.solved:
        start = case.initial[case.setup.labels == m]
        u = enthalpy_of(case.tables, m, np.array([start.min(), start.max()], np.float64))
        lows[m], highs[m] = u.min(), u.max()
    span = min(case.run.trace_every, case.run.record_every, duration, LONGEST[case.run.accuracy])
    checks = [step.until.every for probe in case.setup.probes for step in probe.steps if step.until]
    span = min([span, *checks])
    step = limit(lows, highs, Drive(span, *case.exchange.at(0.0), (0.0, 0.0)))
    steps = math.ceil(duration / span) * plan(span, step, case.run.accuracy).count
    if steps > MOST_STEPS:
        raise SceneError(
            f"{case.setup.name}: {steps:.2g} time steps are needed, {MOST_STEPS:.0e} are allowed\n"
            "  remedy: raise [domain] spacing_mm or [run] trace_every_s, shorten the schedule, or look for a value far "
            "from any real one"
        )
    records = math.ceil(duration / case.run.record_every - 1e-9) + 1
    return Estimate(steps, records, 8 * case.setup.grid.cells)  # temperature and the endpoint's field, float32
