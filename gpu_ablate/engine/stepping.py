"""How long an explicit step may be: the largest row sum (Gershgorin) over the steepest dT/du."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Accuracy, Case
from gpu_ablate.case.tables import U_BINS, U_MIN, U_NODES, U_STEP
from gpu_ablate.engine.couplings import couplings
from gpu_ablate.engine.lookup import theta_at
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

Nodes = tuple[int, int, int]
"""A region, the first and the last node of its range of u."""


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


@dataclass(frozen=True)
class Tissue:
    """What the limit needs of a region.

    theta : T - 37 on the nodes of u [K]
    freezes, boils : between them T - 37 = u [K]
    warming : greatest du/dt of a cell at 37 °C or more, per kelvin that its neighbours are hotter [s⁻¹]
    """

    region: int
    theta: Sequence[float]
    freezes: float
    boils: float
    warming: float

    def enthalpy(self, theta: float) -> float:
        """u [K] at T - 37 [K] (see `enthalpy_of`)."""
        return theta if self.freezes <= theta <= self.boils else float(np.interp(theta, self.theta, U_NODES))


class StabilityLimit:
    """Largest stable explicit Euler step of a case, for every u that its cells can take until the next evaluation.

    With stable steps and no source no temperature leaves the range of all cells and outside temperatures (maximum
    principle). Each region is taken from the coldest of these up to its own hottest u, plus what sources can bring,
    plus what its hottest neighbours can conduct into a cell that has begun to boil: so a tissue counts as dry only if
    it can be dry in time.
    """

    def __init__(self, case: Case) -> None:
        self.tables = tables = case.tables
        self.couplings = couplings(case)
        self.groups = np.unique(case.exchange.groups)
        present = np.unique(case.setup.labels)
        self.solved = present[np.isfinite(tables.heat_capacity[present])]
        warm = slice(round(-U_MIN / U_STEP), None)
        warm_resistance = tables.resistance[:, warm].min(axis=1)
        faces = 1.0 / (warm_resistance + warm_resistance[self.solved].min())
        warming = (6.0 * faces / tables.heat_capacity).tolist()
        self.tissues = [
            Tissue(m, memoryview(tables.theta[m]), freezes, boils, warming[m])
            for m, (freezes, boils) in zip(self.solved.tolist(), tables.linear[self.solved].tolist(), strict=True)
        ]
        self.states: dict[Nodes, tuple[Array, Array]] = {}
        self.rates: dict[tuple[Nodes, float, bytes], float] = {}

    def __call__(self, lows: Array, highs: Array, drive: Drive) -> float:
        """Step [s] for cells whose u lies between lows and highs (regions,) [K]."""
        cooled, heated = (min(0.0, drive.rates[0]) * drive.span, max(0.0, drive.rates[1]) * drive.span)
        low, high = lows.tolist(), highs.tolist()
        outside = [self.tables.blood_theta, *drive.outside[self.groups].tolist()]
        cold = min(*outside, *(theta_at(tissue.theta, low[tissue.region] + cooled) for tissue in self.tissues))
        hot = max(*outside, *(theta_at(tissue.theta, high[tissue.region] + heated) for tissue in self.tissues))
        every = []
        for tissue in self.tissues:
            m, boils = tissue.region, tissue.boils
            conducted = drive.span * tissue.warming * max(0.0, hot - boils)
            reached = min(max(high[m], boils) + conducted + heated, tissue.enthalpy(hot))
            first = _bin(min(tissue.enthalpy(cold), low[m] + cooled), math.floor)
            last = _bin(max(reached, high[m] + heated), math.ceil)
            every.append((m, first, max(last, first + 1)))
        return self._limit(every, drive.film)

    def _limit(self, every: list[Nodes], film: Array) -> float:
        """Step [s] while each region's u lies on its nodes."""
        for nodes in every:
            if nodes not in self.states:
                self.states[nodes] = self._worst_states(*nodes)
        least = min(float(self.states[nodes][1][-1]) for nodes in every)
        films = film.tobytes()
        keys = [(nodes, least, films) for nodes in every]
        for key in keys:
            if key not in self.rates:
                self.rates[key] = self._rate(key[0], least, film)
        return SAFETY / max(self.rates[key] for key in keys)

    def _rate(self, nodes: Nodes, least: float, film: Array) -> float:
        """Greatest row sum [s⁻¹] of a region's cells on some nodes, beside others of Δx²/2k ≥ `least` [K m³ W⁻¹]."""
        region, (slope, resistance) = nodes[0], self.states[nodes]
        face = 1.0 / (resistance + least)
        conductance = 6.0 * face
        if region in self.couplings:
            conductance = np.maximum(conductance, self.couplings[region].conductance(resistance, face, film))
        rates = slope * (conductance + self.tables.perfusion[region]) / self.tables.heat_capacity[region]
        return float(rates.max())

    def _worst_states(self, region: int, first: int, last: int) -> tuple[Array, Array]:
        """dT/du and Δx²/2k, both falling, of the nodes of a range that are not surpassed in both by another."""
        nodes = slice(min(first, U_BINS - 1), last + 1)
        slope = np.diff(self.tables.theta[region, nodes]) / U_STEP
        table = self.tables.resistance[region, nodes]
        resistance = np.minimum(table[:-1], table[1:])
        order = np.lexsort((resistance, -slope))
        slope, resistance = slope[order], resistance[order]
        best = resistance < np.append(np.inf, np.minimum.accumulate(resistance)[:-1])
        return slope[best], resistance[best]


def _bin(u: float, rounding: Callable[[float], int]) -> int:
    """Node at u, rounded outwards to a whole group of bins."""
    return min(max(rounding((u - U_MIN) / (U_STEP * COARSE_BINS)) * COARSE_BINS, 0), U_BINS)


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
