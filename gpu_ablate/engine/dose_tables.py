"""The laws of a case's histories as arrays, for the backends whose kernels take them so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import U_STEP
from gpu_ablate.engine.cold import edges

Array = NDArray[np.float64]

KINDS = {"accumulate": 0, "decay": 1, "max": 2, "min": 3, "time": 4, "cycles": 5, "passage": 6}
KINDS |= {"cooling": 7, "thawing": 7}  # which nothing but the passage changes
"""Numbers of the kinds of history, in cpu_histories.py, cpu_cold.py and problem.cuh too."""

NEVER = 1e30
"""A temperature or state that is never reached [K]; finite, as kernels are compiled for finite numbers."""


@dataclass(frozen=True)
class DoseTables:
    """kinds (histories,); laws (histories, 3): T - 37 below which the rate is 0 [K], cap of the dose, last node
    log2_rates (histories, nodes): of the rate [s⁻¹], every RATE_STEP from there
    stops (histories, regions): u below which a share falls to 0 [K]
    hot : T - 37 below which no rate acts [K]; cold : u at and above which nothing falls to 0 [K]
    """

    kinds: NDArray[np.int32]
    laws: Array
    log2_rates: Array
    stops: Array
    hot: float
    cold: float


def dose_tables(case: Case) -> DoseTables:
    """Those of a case."""
    histories = case.histories
    laws = [history.rate for history in histories]
    longest = max((len(law.log2_rate) for law in laws if law), default=2)
    values = np.tile([NEVER, 0.0, 1.0], (len(laws), 1))
    log2_rates = np.zeros((len(laws), longest))
    for i, law in enumerate(laws):
        if law is not None:
            values[i] = law.theta_min, law.cap, len(law.log2_rate) - 1
            log2_rates[i, : len(law.log2_rate)] = law.log2_rate
    stops = _edges(case, [history.cold for history in histories])
    hot = min((law.theta_min for law in laws if law), default=NEVER)
    decays = np.array([history.kind == "decay" for history in histories], bool)
    return DoseTables(_kinds(case), values, log2_rates, stops, hot, float(stops[decays].max(initial=-NEVER)))


@dataclass(frozen=True)
class ColdTables:
    """kinds (histories,); colds, warms (histories, regions): u of the edges [K]
    cooling, thawing : which histories the passage leads to, 0 without one; drop : of the passage [K s/min]
    gate : u at and above which nothing is remembered; a bin above all edges, so that what has passed one was seen
    """

    kinds: NDArray[np.int32]
    colds: Array
    warms: Array
    cooling: int
    thawing: int
    drop: float
    gate: float


def cold_tables(case: Case) -> ColdTables | None:
    """Those of a case; None if it remembers nothing of freezing."""
    histories = case.histories
    kinds = [history.kind for history in histories]
    if not {"time", "cycles", "passage"} & set(kinds):
        return None
    colds, warms = (_edges(case, [getattr(h, edge) for h in histories]) for edge in ("cold", "warm"))
    reached = np.concatenate((colds, warms))
    passage = kinds.index("passage") if "passage" in kinds else None
    return ColdTables(
        _kinds(case),
        colds,
        warms,
        0 if passage is None else kinds.index("cooling"),
        0 if passage is None else kinds.index("thawing"),
        0.0 if passage is None else histories[passage].drop,
        float(reached[np.abs(reached) < NEVER].max()) + U_STEP,
    )


def _kinds(case: Case) -> NDArray[np.int32]:
    return np.array([KINDS[history.kind] for history in case.histories], np.int32)


def _edges(case: Case, thetas: Sequence[float]) -> Array:
    """u of an edge of each history in each region (histories, regions) [K], ±NEVER without one."""
    found = np.array([edges(case, theta) for theta in thetas]).reshape(len(thetas), len(case.setup.regions))
    return np.clip(found, -NEVER, NEVER)
