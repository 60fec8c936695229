"""How long an explicit step may be: the largest row sum (Gershgorin) over the steepest dT/du."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import U_BINS, U_MIN, U_STEP

Array = NDArray[np.float64]

SAFETY = 0.9
"""Share of the stability limit that is used."""

MARGIN = 8.0
"""The range of u is widened by this much [K], since u changes between two evaluations."""


class StabilityLimit:
    """Largest stable explicit Euler step of a case, for the range of u that its cells are in."""

    def __init__(self, case: Case) -> None:
        self.case = case
        exchange = case.exchange
        self.cells, self.cell_of_row = np.unique(exchange.cells, return_inverse=True)
        self.region = case.setup.labels.flat[self.cells].astype(int)
        self.replaced = np.bincount(self.cell_of_row, minlength=len(self.cells))
        self.known: dict[tuple[int, int, bytes], float] = {}

    def __call__(self, low: float, high: float, coefficients: Array) -> float:
        """Step [s] for u from low to high [K] and the film coefficients of the exchange groups [W m⁻² K⁻¹]."""
        first = int(np.clip((low - MARGIN - U_MIN) // U_STEP, 0, U_BINS - 1))
        last = int(np.clip((high + MARGIN - U_MIN) // U_STEP + 1, 1, U_BINS))
        key = (first // 16, -(-last // 16), coefficients.tobytes())
        if key not in self.known:
            self.known[key] = self._limit(key[0] * 16, min(key[1] * 16, U_BINS), coefficients)
        return self.known[key]

    def _limit(self, first: int, last: int, coefficients: Array) -> float:
        tables = self.case.tables
        present = np.unique(self.case.setup.labels)
        solved = present[np.isfinite(tables.heat_capacity[present])]
        nodes = slice(first, last + 1)
        resistance = tables.resistance[:, nodes].min(axis=1)
        steepest = (np.diff(tables.theta[:, nodes], axis=1) / U_STEP).max(axis=1)
        least = resistance[solved].min()
        face = 1.0 / (resistance + least)

        rates = steepest * (6.0 * face + tables.perfusion) / tables.heat_capacity
        fastest = float(rates[solved].max())
        if len(self.cells):
            exchange = self.case.exchange
            film = self.case.setup.grid.spacing / coefficients
            row_region = self.region[self.cell_of_row]
            rows = exchange.weights / (resistance[row_region] + film[exchange.groups])
            coupled = np.bincount(self.cell_of_row, rows, len(self.cells))
            region = self.region
            conducted = np.maximum(6 - self.replaced, 0) * face[region]
            sums = steepest[region] * (conducted + coupled + tables.perfusion[region])
            fastest = max(fastest, float((sums / tables.heat_capacity[region]).max()))
        return SAFETY / fastest
