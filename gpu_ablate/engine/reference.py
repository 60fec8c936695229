"""The NumPy backend: float64, written to be read; the oracle of the others.

One explicit Euler step of the enthalpy form of Pennes' equation (1948) on a cell-centred grid:
    ρc du/dt = Σ_faces (T_j - T_i)/(r_i + r_j) + w(u)(T_b - T) + q_m(u) + q + Σ_exchange (T_e - T)/(r_i + Δx/h)
with r = Δx²/(2k), so that two half cells in series give the harmonic face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case, History
from gpu_ablate.case.tables import enthalpy_of
from gpu_ablate.engine import lookup
from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]


def initial_state(case: Case) -> Array:
    """u (nz, ny, nx) [K] of the initial temperature."""
    labels = case.setup.labels
    u = np.empty(labels.shape)
    for region in range(len(case.setup.regions)):
        here = labels == region
        u[here] = enthalpy_of(case.tables, region, case.initial[here])
    return u


def initial_history(history: History, u: Array) -> Array:
    """Nothing lived through yet: no dose, all perfusion left, the extremes of the start."""
    if history.kind == "accumulate":
        return np.zeros_like(u)
    if history.kind == "decay":
        return np.ones_like(u)
    return u.copy()


class Reference:
    """Backend `numpy` (see engine.backend.Backend)."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.labels = case.setup.labels
        self.u = initial_state(case)
        self.initial_u = self.u.copy()
        self.cells_of = [np.flatnonzero(self.labels == region) for region in range(len(case.setup.regions))]
        self.histories = {history.name: initial_history(history, self.u) for history in case.histories}
        tables = case.tables
        self.inverse_heat_capacity = (1.0 / tables.heat_capacity)[self.labels]
        self.perfusion = tables.perfusion[self.labels]
        self.metabolic = tables.metabolic[self.labels]
        self.source: Array | None = None
        self.film_resistance = np.zeros(len(case.exchange.names))
        self.outside = np.zeros(len(case.exchange.names))
        self.energy = dict.fromkeys(("sources_j", "perfusion_j", "metabolic_j", *case.exchange.terms), 0.0)

    def set_source(self, power_density: Array | None) -> None:
        self.source = power_density

    def set_exchange(self, coefficients: Array, theta: Array) -> None:
        self.film_resistance = self.case.setup.grid.spacing / coefficients
        self.outside = theta

    def ranges(self) -> tuple[Array, Array]:
        lows, highs = np.full(len(self.cells_of), np.inf), np.full(len(self.cells_of), -np.inf)
        for region, cells in enumerate(self.cells_of):
            if len(cells):
                lows[region], highs[region] = self.u.flat[cells].min(), self.u.flat[cells].max()
        return lows, highs

    def advance(self, dt: float, steps: int) -> None:
        for _ in range(steps):
            self._step(dt)

    def _step(self, dt: float) -> None:
        tables, exchange = self.case.tables, self.case.exchange
        theta = lookup.thermal(tables.theta, self.labels, self.u)
        resistance = lookup.thermal(tables.resistance, self.labels, self.u)
        alive = lookup.thermal(tables.flow, self.labels, self.u)
        if "perfusion" in self.histories:
            alive = alive * self.histories["perfusion"]

        rate = _conduction(theta, resistance)
        perfusion = self.perfusion * alive * (tables.blood_theta - theta)
        metabolic = self.metabolic * alive
        rate += perfusion + metabolic
        if self.source is not None:
            rate += self.source
        cells = exchange.cells
        film = resistance.flat[cells] + self.film_resistance[exchange.groups]
        flux = exchange.weights * (self.outside[exchange.groups] - theta.flat[cells]) / film
        np.add.at(rate.reshape(-1), cells, flux)

        before = self.u
        self.u = before + dt * self.inverse_heat_capacity * rate
        self._remember(0.5 * (before + self.u), dt)
        self._book(dt, perfusion, metabolic, flux)

    def _remember(self, middle: Array, dt: float) -> None:
        """Update the histories; rates at the middle of the step (second order)."""
        theta = lookup.thermal(self.case.tables.theta, self.labels, middle)
        for history in self.case.histories:
            field = self.histories[history.name]
            if history.rate is None:
                extreme = np.maximum if history.kind == "max" else np.minimum
                extreme(field, self.u, out=field)
                continue
            exposure = dt * lookup.rate(history.rate, theta)
            if history.kind == "accumulate":
                np.minimum(field + exposure, history.rate.cap, out=field)
            else:
                field *= np.exp(-exposure)

    def _book(self, dt: float, perfusion: Array, metabolic: Array, flux: Array) -> None:
        joule = dt * self.case.setup.grid.cell_volume
        if self.source is not None:
            self.energy["sources_j"] += joule * float(self.source.sum())
        self.energy["perfusion_j"] += joule * float(perfusion.sum())
        self.energy["metabolic_j"] += joule * float(metabolic.sum())
        groups = np.bincount(self.case.exchange.groups, flux, len(self.case.exchange.terms))
        for term, brought in zip(self.case.exchange.terms, groups, strict=True):
            self.energy[term] += joule * float(brought)

    def sums(self) -> dict[str, float]:
        return {**self.energy, "stored_j": stored(self.case, self.u, self.initial_u)}

    def temperature(self, cells: NDArray[np.int64] | None = None) -> Array:
        labels, u = (self.labels, self.u) if cells is None else (self.labels.flat[cells], self.u.flat[cells])
        return BODY_C + lookup.thermal(self.case.tables.theta, labels, u)

    def history(self, name: str, cells: NDArray[np.int64] | None = None) -> Array:
        return read_history(self.case, name, self.histories[name], cells)


def _conduction(theta: Array, resistance: Array) -> Array:
    """Σ_faces (T_j - T_i)/(r_i + r_j) [W m⁻³]; no flux through the faces of the box."""
    rate = np.zeros_like(theta)
    for axis in range(3):
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        below, above = tuple(low), tuple(high)
        flux = (theta[above] - theta[below]) / (resistance[above] + resistance[below])
        rate[below] += flux
        rate[above] -= flux
    return rate


def stored(case: Case, u: NDArray[np.floating], initial: NDArray[np.floating]) -> float:
    """Change of the enthalpy of all tissue [J], summed in float64."""
    heat_capacity = case.tables.heat_capacity
    finite = np.where(np.isfinite(heat_capacity), heat_capacity, 0.0)
    change = np.subtract(u, initial, dtype=np.float64)
    by_region = np.bincount(case.setup.labels.ravel(), change.ravel(), len(heat_capacity))
    return float(by_region @ finite) * case.setup.grid.cell_volume


def read_history(case: Case, name: str, field: NDArray[np.floating], cells: NDArray[np.int64] | None) -> Array:
    """A history as users read it: extremes, kept as u, become temperatures [°C]."""
    labels = case.setup.labels
    values = np.asarray(field if cells is None else field.flat[cells], dtype=np.float64)
    if any(history.name == name and history.rate is None for history in case.histories):
        where = labels if cells is None else labels.flat[cells]
        return BODY_C + lookup.thermal(case.tables.theta, where, values)
    return values
