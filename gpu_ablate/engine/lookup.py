"""Look-up and interpolation in the tables of a case, in NumPy; what every backend must reproduce."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.tables import RATE_STEP, U_BINS, U_MIN, U_STEP, RateTable

Array = NDArray[np.float64]

EVEN = 0.02
"""Below this many doublings from start to end a rate is taken at its geometric mean (error 1e-5)."""


def thermal(table: Array, labels: NDArray[np.uint8], u: Array) -> Array:
    """Value of a (regions, nodes) table at u for each cell; linear in its bin, and beyond the last ones."""
    position = (u - U_MIN) * (1.0 / U_STEP)
    node = np.fmin(np.fmax(position, 0.0), U_BINS - 1).astype(np.int64)  # the first of what is not a number
    low = table[labels, node]
    return np.asarray(low + (position - node) * (table[labels, node + 1] - low))


def theta_at(row: Sequence[float], u: float) -> float:
    """T - 37 [K] of one state, from a region's row of the table; `thermal` without what NumPy costs per call."""
    position = (u - U_MIN) * (1.0 / U_STEP)
    node = int(min(max(0.0, position), U_BINS - 1.0))  # the first of what is not a number
    low = row[node]
    return low + (position - node) * (row[node + 1] - low)


def mean_rate(table: RateTable, start: Array, end: Array) -> Array:
    """Mean rate [s⁻¹] while T - 37 [K] goes from start to end at an even pace.

    The rate counts as exponential in time between the two, exact where its logarithm is linear in T:
    (r_1 - r_0)/ln(r_1/r_0). Zero where the middle lies below the gate, held above the last node.
    """
    log2_start, log2_end = _log2_rate(table, start), _log2_rate(table, end)
    ratio = log2_end - log2_start
    even = np.abs(ratio) < EVEN
    slope = np.where(even, 1.0, ratio) * math.log(2.0)
    mean = np.where(even, np.exp2(0.5 * (log2_start + log2_end)), (np.exp2(log2_end) - np.exp2(log2_start)) / slope)
    return np.asarray(np.where(0.5 * (start + end) < table.theta_min, 0.0, mean))


def _log2_rate(table: RateTable, theta: Array) -> Array:
    position = np.clip((theta - table.theta_min) / RATE_STEP, 0.0, len(table.log2_rate) - 1.0)
    node = np.minimum(position.astype(np.int64), len(table.log2_rate) - 2)
    low = table.log2_rate[node]
    return np.asarray(low + (position - node) * (table.log2_rate[node + 1] - low))
