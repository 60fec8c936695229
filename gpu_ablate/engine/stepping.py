"""How long an explicit step may be: the largest row sum (Gershgorin) over the steepest dT/du."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Accuracy, Case
from gpu_ablate.case.grid import halves
from gpu_ablate.case.tables import U_BINS, U_MIN, U_STEP, enthalpy_of
from gpu_ablate.engine import lookup
from gpu_ablate.engine.superstep import Scheme, SuperStep, least_count, stages

Array = NDArray[np.float64]

SAFETY = 0.9
"""Share of the stability limit that is used."""

LONGEST = {"preview": 3.2, "standard": 0.75, "fine": 0.8}
"""Longest super-step of each accuracy [s] (docs/numerics.md has the errors)."""

CHANGE = {"preview": 30.0, "standard": 10.0, "fine": 8.0}
"""Most that u of any cell changes in one RKL step of each accuracy [K]: the stages of a method that is stable in a
linear problem overshoot where a cell crosses from water into cold ice within one of them."""

MOST_STAGES = {"preview": 13, "standard": 9, "fine": 13}
"""Of an RKL step of each accuracy: with more, cells overshoot where they freeze."""

JUMP = 5.0
"""Outside temperatures that change by more than this from one super-step to the next have jumped [K]."""

COARSE_BINS = 16
"""Ranges of u are widened to whole groups of this many bins, so that limits can be kept and used again."""


@dataclass(frozen=True)
class Drive:
    """What acts on the cells until the next evaluation.

    span : time until then [s]
    film, outside : of the exchange groups, resistance (see Case.exchange), T - 37 [K]
    rates : least and greatest du/dt that sources bring to any cell [K s⁻¹]
    """

    span: float
    film: Array
    outside: Array
    rates: tuple[float, float]


class StabilityLimit:
    """Largest stable explicit Euler step of a case, for every u that its cells can take until the next evaluation.

    With stable steps and no source no temperature leaves the range of all cells and outside temperatures (maximum
    principle). Each region is taken from the coldest of these up to its own hottest u, plus what sources can bring,
    plus what its hottest neighbours can conduct into a cell that has begun to boil: so a tissue counts as dry only if
    it can be dry in time.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        exchange = case.exchange
        self.cells, self.cell_of_row = np.unique(exchange.cells, return_inverse=True)
        self.region = case.setup.labels.flat[self.cells].astype(int)
        self.conducting = _conducting_faces(case)[np.unravel_index(self.cells, case.setup.labels.shape)]
        self.groups = np.unique(exchange.groups)
        present = np.unique(case.setup.labels)
        self.solved = present[np.isfinite(case.tables.heat_capacity[present])]
        warm = slice(round(-U_MIN / U_STEP), None)
        warm_resistance = case.tables.resistance[:, warm].min(axis=1)
        self.warm_face = 1.0 / (warm_resistance + warm_resistance[self.solved].min())
        """Greatest conductance of a face of each region at 37 °C or more [W m⁻³ K⁻¹]."""
        self.known: dict[tuple[bytes, bytes, bytes], float] = {}

    def __call__(self, lows: Array, highs: Array, drive: Drive) -> float:
        """Step [s] for cells whose u lies between lows and highs (regions,) [K]."""
        tables = self.case.tables
        cooled, heated = (min(0.0, drive.rates[0]) * drive.span, max(0.0, drive.rates[1]) * drive.span)
        outside = np.append(drive.outside[self.groups], tables.blood_theta)
        cold = min(float(outside.min()), *(self._theta(m, lows[m] + cooled) for m in self.solved))
        hot = max(float(outside.max()), *(self._theta(m, highs[m] + heated) for m in self.solved))
        first, last = np.zeros(len(lows), int), np.full(len(lows), U_BINS)
        for m in self.solved:
            boils = float(tables.linear[m, 1])
            conducted = drive.span * 6.0 * self.warm_face[m] * max(0.0, hot - boils) / tables.heat_capacity[m]
            high = min(max(highs[m], boils) + conducted + heated, float(enthalpy_of(tables, m, np.array(hot))))
            low = float(enthalpy_of(tables, m, np.array(cold)))
            first[m] = self._bin(min(low, lows[m] + cooled), math.floor)
            last[m] = self._bin(max(high, highs[m] + heated), math.ceil)
        key = (first.tobytes(), last.tobytes(), drive.film.tobytes())
        if key not in self.known:
            self.known[key] = self._limit(first, np.maximum(last, first + 1), drive.film)
        return self.known[key]

    def _theta(self, region: int, u: float) -> float:
        """T - 37 [K] of a region at u; without an end, as in the tables."""
        return float(lookup.thermal(self.case.tables.theta, np.array([region]), np.array([u]))[0])

    def _bin(self, u: float, rounding: Callable[[float], int]) -> int:
        """Node at u, rounded outwards to a whole group of bins."""
        group = rounding((u - U_MIN) / (U_STEP * COARSE_BINS))
        return int(min(max(group * COARSE_BINS, 0), U_BINS))

    def _limit(self, first: NDArray[np.int_], last: NDArray[np.int_], film: Array) -> float:
        """Step [s] for each region's u on the nodes first .. last."""
        tables, exchange = self.case.tables, self.case.exchange
        states = {m: self._worst_states(m, first[m], last[m]) for m in self.solved}
        least = min(float(r.min()) for _, r in states.values())
        fastest = 0.0
        for m, (slopes, resistances) in states.items():
            rows = self.region[self.cell_of_row] == m
            for slope, r in zip(slopes, resistances, strict=True):
                face = 1.0 / (r + least)
                conductance = 6.0 * face
                if rows.any():
                    coupled = exchange.weights[rows] / (exchange.series[rows] * r + film[exchange.groups[rows]])
                    of_cell = np.bincount(self.cell_of_row[rows], coupled, len(self.cells))[self.region == m]
                    kept = self.conducting[self.region == m] * face
                    conductance = max(conductance, float((kept + of_cell).max()))
                fastest = max(fastest, slope * (conductance + tables.perfusion[m]) / tables.heat_capacity[m])
        return SAFETY / fastest

    def _worst_states(self, region: int, first: int, last: int) -> tuple[Array, Array]:
        """dT/du and Δx²/2k of the nodes of a range that are not surpassed in both by another."""
        nodes = slice(min(first, U_BINS - 1), last + 1)
        slope = np.diff(self.case.tables.theta[region, nodes]) / U_STEP
        table = self.case.tables.resistance[region, nodes]
        resistance = np.minimum(table[:-1], table[1:])
        order = np.lexsort((resistance, -slope))
        slope, resistance = slope[order], resistance[order]
        best = resistance < np.append(np.inf, np.minimum.accumulate(resistance)[:-1])
        return slope[best], resistance[best]


def _conducting_faces(case: Case) -> NDArray[np.uint8]:
    """Number of neighbours (nz, ny, nx) that take part in conduction: within the box, and no gas."""
    solved = np.isfinite(case.tables.heat_capacity)[case.setup.labels]
    count = np.zeros(solved.shape, np.uint8)
    for axis in range(3):
        below, above = halves(axis)
        count[below] += solved[above]
        count[above] += solved[below]
    return count


def calm_span(pace: float, accuracy: Accuracy) -> float:
    """How long a super-step may be while u changes by `pace` [K s⁻¹]; inf for a pace of 0: at rest, or not known."""
    return CHANGE[accuracy] / pace if pace > 0.0 else math.inf


def plain(span: float, limit: float) -> SuperStep:
    """Euler steps over a span [s], given the stable one [s]."""
    return SuperStep("euler", span, max(1, math.ceil(span / limit - 1e-9)))


def plan(span: float, limit: float, accuracy: Accuracy) -> SuperStep:
    """The cheapest super-step over a span [s] or an even part of it, given the stable explicit step [s]."""
    scheme: Scheme = "rkl2" if accuracy == "fine" else "rkl1"
    span /= max(1, math.ceil(span / (limit * stages(scheme, MOST_STAGES[accuracy]).reach) - 1e-9))
    steps = max(1, math.ceil(span / limit - 1e-9))
    if accuracy == "fine":
        return SuperStep("rkl2", span, least_count("rkl2", span / limit))
    count = least_count("rkl1", span / limit)
    return SuperStep("euler", span, steps) if steps <= count else SuperStep("rkl1", span, count)
