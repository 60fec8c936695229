"""The laws of a case's histories as arrays, for the backends whose kernels take them so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.engine.reference import stops_below

Array = NDArray[np.float64]

KINDS = {"accumulate": 0, "decay": 1, "max": 2, "min": 3}
"""Numbers of the kinds of history, in cpu_histories.py and histories.cu too."""

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
    regions = range(len(case.setup.regions))
    stops = np.array([[stops_below(case, history, region) for region in regions] for history in histories])
    stops = np.maximum(stops.reshape(len(laws), len(regions)), -NEVER)
    hot = min((law.theta_min for law in laws if law), default=NEVER)
    kinds = np.array([KINDS[history.kind] for history in histories], np.int32)
    return DoseTables(kinds, values, log2_rates, stops, hot, float(stops.max(initial=-NEVER)))
