"""Heat sources as fields in float64 on the host, for the backends that compute there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.engine.backend import Heating
from gpu_ablate.engine.deposit import AntennaShape, FieldShape, Shape, axial_density, point_shares

Array = NDArray[np.float64]


class PlacedSources:
    """Keeps the field of each source of one watt where it was placed last, and sums them.

    Attributes
    ----------
    fields : power density per watt (nz, ny, nx) [m⁻³] by name
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.fields: dict[str, Array] = {}

    def place(self, name: str, shape: Shape) -> float:
        """Put a source of one watt somewhere; the power that tissue takes up of it [W]."""
        self.fields[name] = field = self._field(shape)
        return float(field.sum()) * self.case.setup.grid.cell_volume

    def _field(self, shape: Shape) -> Array:
        setup = self.case.setup
        if isinstance(shape, FieldShape):
            return shape.field
        if isinstance(shape, AntennaShape):
            field = axial_density(setup.grid, shape.source, shape.centre, shape.direction)
            field *= shape.absorption[setup.labels]
        else:
            field = np.zeros(setup.grid.shape)
            cells, shares = point_shares(setup.grid, shape.point)
            solved = np.isfinite(self.case.tables.heat_capacity)
            field.flat[cells] = shares * solved[setup.labels.flat[cells]]
        return field

    def together(self, powers: Mapping[str, float]) -> tuple[Array | None, Heating]:
        """Power density (nz, ny, nx) [W m⁻³] of sources of these powers [W], None without any; what they bring."""
        total: Array | None = None
        for name, power in powers.items():
            added = power * self.fields[name]
            total = added if total is None else total + added
        if total is None:
            return None, Heating(0.0, (0.0, 0.0))
        setup = self.case.setup
        rate = total / self.case.tables.heat_capacity[setup.labels]
        absorbed = float(total.sum()) * setup.grid.cell_volume
        return total, Heating(absorbed, (float(rate.min()), float(rate.max())))
