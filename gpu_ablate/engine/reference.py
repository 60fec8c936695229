"""The NumPy backend: float64, written to be read; the oracle of the others.

The enthalpy form of Pennes' equation (1948) on a cell-centred grid of cubes:
    ρc du/dt = M(u) = Σ_faces q_ij + w(u)(T_b - T) + q_m(u) + q + Σ_exchange weight (T_e - T)/(series r_i + film)
with q_ij = Φ_j - Φ_i between cells of one material (Kirchhoff's potential, exact for any k(T)) and
q_ij = (T_j - T_i)/(r_j + r_i), r = Δx²/2k, between materials (two half cells in series).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case, History
from gpu_ablate.case.grid import halves
from gpu_ablate.case.tables import U_STEP, enthalpy_of
from gpu_ablate.engine import cold, lookup
from gpu_ablate.engine.backend import Heating, Ranges
from gpu_ablate.engine.deposit import Frame, Rings, Shape, Surroundings
from gpu_ablate.engine.placed import PlacedSources
from gpu_ablate.engine.reading import Reading
from gpu_ablate.engine.superstep import SuperStep, stages
from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]
Field = NDArray[np.floating]


def initial_state(case: Case, precision: type[np.floating]) -> Field:
    """u (nz, ny, nx) [K] of the initial temperature."""
    return _state_at(case, case.initial, precision)


def _state_at(case: Case, theta: Field, precision: type[np.floating]) -> Field:
    """u (nz, ny, nx) [K] at T - 37 [K]."""
    labels = case.setup.labels
    u = np.empty(labels.shape, precision)
    for z, plane in enumerate(labels):  # plane by plane: the inverse look-up takes several times their memory
        for region in np.unique(plane):
            here = plane == region
            u[z][here] = enthalpy_of(case.tables, region, theta[z][here].astype(np.float64))
    return u


def initial_history(case: Case, history: History, u: Field) -> Field:
    """What an earlier stage left (see `Case.remembered`), else nothing lived through yet: no dose or cold, all
    perfusion left, the extremes of the start.

    A cell that has been cold and is not yet rewarmed is in the last of its cycles.
    """
    extreme = history.kind in ("max", "min")
    fresh = u.copy() if extreme else np.ones_like(u) if history.kind == "decay" else np.zeros_like(u)
    left = case.remembered.get(history.name)
    if left is None:
        return fresh
    if extreme:
        return (np.fmax if history.kind == "max" else np.fmin)(fresh, _state_at(case, left - BODY_C, u.dtype.type))
    if history.kind == "cycles":
        left = left - 0.5 * ((left > 0.0) & (case.initial <= history.warm))
    return np.where(np.isnan(left), fresh, left).astype(u.dtype)


class Reference(Reading):
    """Backend `numpy` (see engine.backend.Backend)."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.labels = case.setup.labels
        self.u: Array = np.asarray(initial_state(case, np.float64), np.float64)
        self.previous, self.elapsed = self.u, math.inf
        self.start = stored(case, self.u)
        self.cells_of = [np.flatnonzero(self.labels == region) for region in range(len(case.setup.regions))]
        self.histories = {history.name: initial_history(case, history, self.u) for history in case.histories}
        self.edges = {h.name: (cold.edges(case, h.cold), cold.edges(case, h.warm)) for h in case.histories}
        tables = case.tables
        self.inverse_heat_capacity = (1.0 / tables.heat_capacity)[self.labels]
        self.perfusion = tables.perfusion[self.labels]
        self.metabolic = tables.metabolic[self.labels]
        self.thawed = tables.thawed[self.labels]
        self.placed = PlacedSources(case)
        self.source: Field | None = None
        self.film = np.zeros(len(case.exchange.names))
        self.outside = np.zeros(len(case.exchange.names))
        self.energy = dict.fromkeys(("sources_j", "perfusion_j", "metabolic_j", *case.exchange.terms), 0.0)

    def place(self, name: str, shape: Shape) -> float:
        return self.placed.place(name, shape, self.u)

    def set_source(self, powers: Mapping[str, float]) -> Heating:
        self.source, heating = self.placed.together(powers, self.u)
        return heating

    def surroundings(self, frame: Frame, rings: Rings) -> Surroundings:
        return self.placed.surroundings(frame, rings, self.u)

    def set_exchange(self, film: Array, outside: Array) -> None:
        self.film, self.outside = film, outside

    def ranges(self) -> Ranges:
        lows, highs = np.full(len(self.cells_of), np.inf), np.full(len(self.cells_of), -np.inf)
        for region, cells in enumerate(self.cells_of):
            if len(cells):
                lows[region], highs[region] = self.u.flat[cells].min(), self.u.flat[cells].max()
        return Ranges(lows, highs, float(np.abs(self.u - self.previous).max()) / self.elapsed)

    def advance(self, step: SuperStep) -> None:
        self.placed.forget()
        self.taken, self.pending = step, dict.fromkeys(self.energy, 0.0)
        if step.scheme == "euler":
            self._euler(step)
        else:
            self._runge_kutta_legendre(step)

    def keep(self) -> None:
        if self.taken.scheme != "euler":
            self._remember_doses(self.previous, self.u, 0.5, 1, self.taken.span)
            self._remember_cold(self.previous, self.u, self.taken.span)
        self._remember_extremes()
        self.energy = {term: self.energy[term] + brought for term, brought in self.pending.items()}

    def undo(self) -> None:
        self.placed.forget()
        self.u = self.previous

    def _euler(self, step: SuperStep) -> None:
        dt = step.span / step.count
        middle, share = middle_of(step.count)
        for index in range(step.count):
            before = self.u
            self.u = before + dt * self._rate(before, dt)
            self.previous, self.elapsed = before, dt
            if index == middle:
                self._remember_doses(before, self.u, share, step.count, step.span)
            self._remember_cold(before, self.u, dt)

    def _runge_kutta_legendre(self, step: SuperStep) -> None:
        method, tau, y0 = stages(step.scheme, step.count), step.span, self.u
        rate_0 = self._rate(y0, tau * method.weights[0])
        before, now = y0, y0 + tau * method.first * rate_0
        for stage, weight in zip(method.later, method.weights[1:], strict=True):
            change = stage.gain * self._rate(now, tau * weight) + stage.gain_0 * rate_0
            following = y0 + stage.mu * (now - y0) + stage.nu * (before - y0) + tau * change
            before, now = now, following
        self.u = now
        self.previous, self.elapsed = y0, tau

    def _rate(self, u: Array, booked: float) -> Array:
        """M(u)/ρc [K s⁻¹]; its terms are booked for so many seconds."""
        tables, exchange = self.case.tables, self.case.exchange
        theta = lookup.thermal(tables.theta, self.labels, u)
        resistance = lookup.thermal(tables.resistance, self.labels, u)
        alive = np.clip((u - self.thawed) / U_STEP + 0.5, 0.0, 1.0)
        if "perfusion" in self.histories:
            alive = alive * self.histories["perfusion"]

        rate = self._conduction(theta, resistance, lookup.thermal(tables.potential, self.labels, u))
        perfusion = self.perfusion * alive * (tables.blood_theta - theta)
        metabolic = self.metabolic * alive
        rate += perfusion + metabolic
        if self.source is not None:
            rate += self.source
        cells, groups = exchange.cells, exchange.groups
        film = exchange.series * resistance.flat[cells] + self.film[groups]
        flux = exchange.weights * (self.outside[groups] - theta.flat[cells]) / film
        np.add.at(rate.reshape(-1), cells, flux)
        self._book(booked, perfusion, metabolic, flux)
        return rate * self.inverse_heat_capacity

    def _conduction(self, theta: Array, resistance: Array, potential: Array) -> Array:
        """Σ_faces q_ij [W m⁻³]; no flux through the faces of the box."""
        rate = np.zeros_like(theta)
        for axis in range(3):
            below, above = halves(axis)
            between = (theta[above] - theta[below]) / (resistance[above] + resistance[below])
            same = self.labels[above] == self.labels[below]
            flux = np.where(same, potential[above] - potential[below], between)
            rate[below] += flux
            rate[above] -= flux
        return rate

    def _remember_doses(self, before: Array, after: Array, share: float, steps: int, span: float) -> None:
        """Add the doses of a span from one Euler step out of `steps` in it, at `share` of which its middle lies."""
        for history in self.case.histories:
            if history.kind not in ("accumulate", "decay"):
                continue
            field = self.histories[history.name]
            field[after < self.edges[history.name][0][self.labels]] = 0.0
            if history.rate is None:
                continue
            start = lookup.thermal(self.case.tables.theta, self.labels, before)
            end = lookup.thermal(self.case.tables.theta, self.labels, after)
            middle, half = start + share * (end - start), 0.5 * steps * (end - start)
            exposure = span * lookup.mean_rate(history.rate, middle - half, middle + half)
            if history.kind == "accumulate":
                np.minimum(field + exposure, history.rate.cap, out=field)
            else:
                field *= np.exp(-exposure)

    def _remember_cold(self, before: Array, after: Array, span: float) -> None:
        """Add what a step of `span` seconds means for those that froze."""
        fastest: dict[str, Field] = {history.kind: self.histories[history.name] for history in self.case.histories}
        for history in self.case.histories:
            if history.kind not in ("time", "cycles", "passage"):
                continue
            field = self.histories[history.name]
            low, high = (edge[self.labels] for edge in self.edges[history.name])
            if history.kind == "time":
                field += span * cold.share_below(before, after, low)
            elif history.kind == "cycles":
                field[...] = cold.counted(field, after, low, high)
            else:
                field[...], taken = cold.passed(field, before, after, low, high, span)
                for kind, way in (("cooling", taken), ("thawing", -taken)):
                    kept, there = fastest[kind], way > 0.0
                    kept[there] = np.maximum(kept[there], history.drop / way[there])

    def _remember_extremes(self) -> None:
        for history in self.case.histories:
            if history.kind in ("max", "min"):
                field = self.histories[history.name]
                (np.maximum if history.kind == "max" else np.minimum)(field, self.u, out=field)

    def _book(self, seconds: float, perfusion: Array, metabolic: Array, flux: Array) -> None:
        joule = seconds * self.case.setup.grid.cell_volume
        if self.source is not None:
            self.pending["sources_j"] += joule * float(self.source.sum())
        self.pending["perfusion_j"] += joule * float(perfusion.sum())
        self.pending["metabolic_j"] += joule * float(metabolic.sum())
        groups = np.bincount(self.case.exchange.groups, flux, len(self.case.exchange.terms))
        for term, brought in zip(self.case.exchange.terms, groups, strict=True):
            self.pending[term] += joule * float(brought)

    def brought(self) -> dict[str, float]:
        return self.energy

    def sums(self) -> dict[str, float]:
        return {**self.energy, "stored_j": stored(self.case, self.u) - self.start}

    def save(self) -> dict[str, NDArray[Any]]:
        return {"u": self.u, "energy": np.array(list(self.energy.values())), **self.histories}

    def restore(self, saved: Mapping[str, NDArray[Any]]) -> None:
        self.placed.forget()
        self.u = saved["u"].copy()
        for name, field in self.histories.items():
            field[...] = saved[name]
        self.energy = dict(zip(self.energy, saved["energy"].tolist(), strict=True))


def middle_of(steps: int) -> tuple[int, float]:
    """Index of the Euler step that holds the middle of `steps` equal ones, and at what share of it."""
    return (steps // 2, 0.5) if steps % 2 else (steps // 2 - 1, 1.0)


def stored(case: Case, u: NDArray[np.floating]) -> float:
    """Enthalpy of all tissue above that at 37 °C [J], summed in float64."""
    heat_capacity = case.tables.heat_capacity
    finite = np.where(np.isfinite(heat_capacity), heat_capacity, 0.0)
    by_region = np.zeros(len(finite))
    for labels, plane in zip(case.setup.labels, u, strict=True):  # plane by plane: bincount copies what it is given
        by_region += np.bincount(labels.ravel(), plane.ravel(), len(finite))
    return float(by_region @ finite) * case.setup.grid.cell_volume
