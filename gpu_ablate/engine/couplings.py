"""The cells that exchange heat with outside, as the stability limit sees them: none that another one surpasses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.grid import halves

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Couplings:
    """Cells of one region and the rows of their exchange (see case.Exchange).

    conducting : faces that conduct, of each cell (cells,)
    starts : first row of each cell (cells,)
    weights, series, groups : of each row (n,)
    """

    conducting: NDArray[np.int64]
    starts: NDArray[np.int64]
    weights: Array
    series: Array
    groups: NDArray[np.int64]

    def conductance(self, resistance: Array, face: Array, film: Array) -> Array:
        """Greatest sum of conduction and exchange of any cell, in each of some states (states,) [W m⁻³ K⁻¹].

        resistance, face : Δx²/2k of the cells [K m³ W⁻¹], conductance of a face [W m⁻³ K⁻¹] (states,)
        film : of the exchange groups (groups,)
        """
        rows = self.weights / (self.series * resistance[:, None] + film[self.groups])
        sums = self.conducting * face[:, None] + np.add.reduceat(rows, self.starts, axis=1)
        return np.asarray(sums.max(axis=1))


def couplings(case: Case) -> dict[int, Couplings]:
    """Of each region with cells that exchange.

    Cells that exchange with one group alone, through their faces or as a whole (series 0), and conduct through as many
    faces, differ by the sum of their weights only: the greatest stands for all.
    """
    exchange = case.exchange
    starts = np.flatnonzero(np.diff(exchange.cells, prepend=-1))
    rows = np.diff(starts, append=len(exchange.cells))
    cells = exchange.cells[starts]
    region = case.setup.labels.flat[cells]
    conducting = _conducting_faces(case).flat[cells]
    group, kind = exchange.groups[starts], (exchange.series[starts] == 1.0).astype(int)
    plain = (exchange.series == np.repeat(kind, rows)) & (exchange.groups == np.repeat(group, rows))
    alike = np.bincount(np.repeat(np.arange(len(cells)), rows), ~plain, len(cells)) == 0.0
    weight = np.bincount(np.repeat(np.arange(len(cells)), rows), exchange.weights, len(cells))
    greatest = np.zeros((len(case.setup.regions), 7, len(exchange.names), 2))
    np.maximum.at(greatest, (region[alike], conducting[alike], group[alike], kind[alike]), weight[alike])
    found = {}
    for m in np.unique(region).tolist():
        faces, groups, kinds = np.nonzero(greatest[m])
        others = ~alike & (region == m)
        of_others = np.repeat(others, rows)
        found[m] = Couplings(
            conducting=np.concatenate((faces, conducting[others])),
            starts=np.cumsum(np.concatenate(([0], np.ones(len(faces), int), rows[others])))[:-1],
            weights=np.concatenate((greatest[m, faces, groups, kinds], exchange.weights[of_others])),
            series=np.concatenate((kinds.astype(float), exchange.series[of_others])),
            groups=np.concatenate((groups, exchange.groups[of_others])),
        )
    return found


def _conducting_faces(case: Case) -> NDArray[np.uint8]:
    """Number of neighbours (nz, ny, nx) that take part in conduction: within the box, and no gas."""
    solved = np.isfinite(case.tables.heat_capacity)[case.setup.labels]
    count = np.zeros(solved.shape, np.uint8)
    for axis in range(3):
        below, above = halves(axis)
        count[below] += solved[above]
        count[above] += solved[below]
    return count
