"""What a backend tells of its state, for the backends whose fields are NumPy arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.setup import Endpoint
from gpu_ablate.case.tables import U_NODES
from gpu_ablate.engine import lookup
from gpu_ablate.engine.backend import Field
from gpu_ablate.result.provenance import cpu_model
from gpu_ablate.units import BODY_C

Cells = NDArray[np.int64]

PIECE = 2**17
"""Cells whose temperature is looked up at a time."""


class Reading:
    """The verbs of `engine.backend.Member` that read the state and change nothing.

    Attributes
    ----------
    u : enthalpy state (nz, ny, nx) [K]
    histories : field by name; extremes as u, cycles with halves (engine/cold.py)
    """

    case: Case
    u: Field
    histories: dict[str, Field]

    @property
    def hardware(self) -> str:
        return cpu_model()

    def temperature(self) -> Field:
        return temperature_of(self.case, self.u)

    def history(self, name: str) -> Field:
        return self._history(name)

    def listed(self, cells: Cells) -> Cells:
        return cells

    def at(self, where: Cells) -> Field:
        return temperature_of(self.case, self.u, where)

    def span(self, where: Cells, history: str | None = None) -> tuple[float, float]:
        values = self.at(where) if history is None else self._history(history, where)
        return float(values.min()), float(values.max())

    def met(self, where: Cells, endpoint: Endpoint) -> int:
        likely = self._near_extreme(where, endpoint) if endpoint.field.endswith("_temperature") else where
        return int(np.count_nonzero(endpoint.met(self._history(endpoint.field, likely))))

    def _near_extreme(self, where: Cells, endpoint: Endpoint) -> Cells:
        """Those of a set of cells that can be dead by their coldest or hottest temperature: looking up a temperature
        takes far longer than comparing u with the outermost node of any tissue at the threshold."""
        tables, theta = self.case.tables, endpoint.threshold - BODY_C
        rows = tables.theta[np.isfinite(tables.heat_capacity)]
        field = self.histories[endpoint.field].reshape(-1)
        values = field if where.size == field.size else field[where]
        if endpoint.at_most:
            beyond = max(np.searchsorted(row, theta, "right") for row in rows) + 1
            chosen = np.flatnonzero(values <= np.append(U_NODES, (np.inf, np.inf))[beyond])
        else:
            two_before = min(np.searchsorted(row, theta, "left") for row in rows)
            chosen = np.flatnonzero(values >= np.append((-np.inf, -np.inf), U_NODES)[two_before])
        return chosen if where.size == field.size else where[chosen]

    def _history(self, name: str, where: Cells | None = None) -> Field:
        """A history as users read it: extremes, kept as u, become temperatures [°C]; cycles that have begun count."""
        field = self.histories[name]
        (kind,) = (history.kind for history in self.case.histories if history.name == name)
        if kind in ("max", "min"):
            return temperature_of(self.case, field, where)
        values = field if where is None else field.flat[where]
        return np.ceil(values) if kind == "cycles" else values


def temperature_of(case: Case, u: Field, cells: Cells | None = None) -> Field:
    """T [°C] of states u, at flat indices or everywhere, in the precision of u."""
    theta, labels = case.tables.theta, case.setup.labels
    temperature = np.empty(u.shape if cells is None else cells.shape, u.dtype)
    flat = temperature.reshape(-1)
    for start in range(0, flat.size, PIECE):  # looking up takes several times the memory of what is looked up
        part = slice(start, start + PIECE)
        where = part if cells is None else cells[part]
        states = u.reshape(-1)[where].astype(np.float64)
        flat[part] = BODY_C + lookup.thermal(theta, labels.reshape(-1)[where], states)
    return temperature
