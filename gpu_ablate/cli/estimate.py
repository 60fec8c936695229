"""How many time steps and records a run will take, and whether that is too many."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gpu_ablate.errors import SceneError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gpu_ablate.case.case import Case
    from gpu_ablate.engine.clock import ProbeClock
    from gpu_ablate.engine.sources import HeatSources

MOST_STEPS = 5e6
"""A run of more time steps is refused."""

HOTTEST_C = 110.0
"""Hotter than this hardly any cell gets: dry tissue conducts to tissue that boils [°C]."""

CHUNKS = 50
"""Pieces into which the time between two switches is cut."""


@dataclass(frozen=True)
class Estimate:
    """Time steps, records and their size before packing."""

    steps: float
    records: int
    record_bytes: int

    def __str__(self) -> str:
        """The estimate in words."""
        size = self.records * self.record_bytes / 1e6
        return f"about {self.steps:,.0f} time steps, {self.records:,} records (at most {size:,.0f} MB)"


def estimate(case: Case) -> Estimate:
    """Walk through the schedule without computing: each cell keeps all heat that it is given, up to `HOTTEST_C`.

    So a boiling tissue counts as dry a little too early and stays so, and the steps come out rather too many than
    too few. Steps that a condition may end count in full.
    """
    import numpy as np

    from gpu_ablate.case.tables import enthalpy_of
    from gpu_ablate.engine.clock import ProbeClock
    from gpu_ablate.engine.loop import CHECK_EVERY, MOVE_CELLS
    from gpu_ablate.engine.sources import HeatSources
    from gpu_ablate.engine.stepping import Drive, StabilityLimit
    from gpu_ablate.units import BODY_C

    setup, run, exchange = case.setup, case.run, case.exchange
    clocks = [ProbeClock(probe) for probe in setup.probes]
    end = _end(case, clocks)
    sources, limit = HeatSources(case), StabilityLimit(case)
    of_region = [setup.labels == m for m in range(len(setup.regions))]
    initial = np.broadcast_to(case.initial, setup.grid.shape)
    lows = np.array([initial[cells].min(initial=0.0) for cells in of_region])
    highs = np.array([initial[cells].max(initial=0.0) for cells in of_region])
    solved = np.isfinite(case.tables.heat_capacity)
    hottest = np.array(
        [
            float(enthalpy_of(case.tables, m, np.array(HOTTEST_C - BODY_C))) if solved[m] else 0.0
            for m in range(len(solved))
        ]
    )
    now, steps = 0.0, 0.0
    while now < end:
        for clock in clocks:
            while clock.step is not None and clock.switch <= now:
                clock.finish(clock.switch, "duration")
        ends = [end, *(clock.switch for clock in clocks), *(t for s in case.sources for t in (s.start, s.end))]
        until = min(t for t in ends if t > now)
        middle = 0.5 * (now + until)
        sources.update(middle, {clock.probe.name: clock.emission(middle) for clock in clocks})
        cooling, heating = _rates(case, sources, of_region)
        speeds = [math.hypot(*s.velocity) for s in case.sources if s.start <= now < s.end]
        speeds += [clock.step.speed for clock in clocks if clock.step is not None and clock.step.power > 0]
        longest = min(run.trace_every, run.record_every)
        if any(clock.step is not None and clock.step.until for clock in clocks):
            longest = min(longest, CHECK_EVERY)
        if max(speeds, default=0.0) > 0:
            longest = min(longest, MOVE_CELLS * setup.grid.spacing / max(speeds))
        chunk = max(longest, (until - now) / CHUNKS)
        while now < until:
            span = min(chunk, until - now)
            stable = limit(lows, highs, Drive(longest, exchange.coefficients, exchange.theta, sources.rates))
            steps += span / longest * math.ceil(longest / stable)
            lows, highs = lows + cooling * span, np.maximum(highs, np.minimum(highs + heating * span, hottest))
            now = until if until - now - span < 1e-9 else now + span
    fields = 2  # temperature and the endpoint's
    return Estimate(steps, math.ceil(end / run.record_every - 1e-9) + 1, 4 * fields * setup.grid.cells)


def require_feasible(estimated: Estimate, where: str) -> None:
    """Demand that a run ends within a reasonable time.

    Raises
    ------
    SceneError
        It would take more than `MOST_STEPS` steps.
    """
    if estimated.steps > MOST_STEPS:
        raise SceneError(
            f"{where}: about {estimated.steps:.2g} time steps are needed, {MOST_STEPS:.0e} are allowed\n"
            "  raise [domain] spacing_mm or [run] trace_every_s, shorten the schedule, "
            "or look for a value far from any real one"
        )


def _end(case: Case, clocks: list[ProbeClock]) -> float:
    if case.run.duration is not None:
        return case.run.duration
    ends = [clock.planned_end for clock in clocks]
    return max([*ends, *(source.end for source in case.sources if math.isfinite(source.end))], default=0.0)


def _rates(
    case: Case, sources: HeatSources, of_region: list[NDArray[np.bool_]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least (≤ 0) and greatest (≥ 0) du/dt that the sources bring to a cell of each region (regions,) [K s⁻¹]."""
    import numpy as np

    density = sources.density
    if density is None:
        return np.zeros(len(of_region)), np.zeros(len(of_region))
    capacity = case.tables.heat_capacity
    low = [min(0.0, density[cells].min(initial=0.0) / capacity[m]) for m, cells in enumerate(of_region)]
    high = [max(0.0, density[cells].max(initial=0.0) / capacity[m]) for m, cells in enumerate(of_region)]
    return np.nan_to_num(np.array(low)), np.nan_to_num(np.array(high))
