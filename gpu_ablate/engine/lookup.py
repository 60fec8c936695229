"""Look-up and interpolation in the tables of a case, in NumPy; what every backend must reproduce."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.tables import RATE_STEP, U_BINS, U_MIN, U_STEP, RateTable

Array = NDArray[np.float64]


def thermal(table: Array, labels: NDArray[np.uint8], u: Array) -> Array:
    """Value of a (regions, nodes) table at u for each cell; linear in its bin, and beyond the last ones."""
    position = (u - U_MIN) * (1.0 / U_STEP)
    node = np.clip(position.astype(np.int64), 0, U_BINS - 1)
    low = table[labels, node]
    return np.asarray(low + (position - node) * (table[labels, node + 1] - low))


def rate(table: RateTable, theta: Array) -> Array:
    """Rate [s⁻¹] at T - 37 [K]: 2^(linear in the bin), zero below the gate, held above the last node."""
    position = np.clip((theta - table.theta_min) / RATE_STEP, 0.0, len(table.log2_rate) - 1.0)
    node = np.minimum(position.astype(np.int64), len(table.log2_rate) - 2)
    low = table.log2_rate[node]
    log2 = low + (position - node) * (table.log2_rate[node + 1] - low)
    return np.asarray(np.where(theta < table.theta_min, 0.0, np.exp2(log2)))
