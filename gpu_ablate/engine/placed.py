"""Heat sources as fields in float64 on the host, in NumPy; `cpu_sources` does the same with compiled loops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import DielectricTables
from gpu_ablate.engine import lookup
from gpu_ablate.engine.backend import Field, Heating
from gpu_ablate.engine.deposit import (
    AntennaShape,
    FieldShape,
    Frame,
    Rings,
    Shape,
    Surroundings,
    antenna_field,
    point_shares,
    surroundings,
)

Array = NDArray[np.float64]


class PlacedSources:
    """Keeps the field of each source of one watt where it was placed last, and sums what they heat by.

    Attributes
    ----------
    fields : (nz, ny, nx) by name: of an antenna |E|²/2 [V² m⁻² W⁻¹], of others the density [m⁻³]
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.shapes: dict[str, Shape] = {}
        self.fields: dict[str, Array] = {}
        self.one_watt: tuple[str, Field, Heating] | None = None
        """The source placed last at one watt, while the state is the same; `forget` it when that changes."""

    @property
    def laws(self) -> DielectricTables:
        """Electric laws of the case; an antenna needs them."""
        assert self.case.dielectric is not None
        return self.case.dielectric

    def place(self, name: str, shape: Shape, u: Field) -> float:
        """Put a source of one watt somewhere; the power that tissue in a state u [K] takes up of it [W]."""
        if self.shapes.get(name) != shape:
            self.shapes[name], self.fields[name] = shape, self._field(shape)
        self.one_watt = None
        density, heating = self.together({name: 1.0}, u)
        assert density is not None
        self.one_watt = name, density, heating
        return heating.absorbed

    def forget(self) -> None:
        """The state changes."""
        self.one_watt = None

    def _field(self, shape: Shape) -> Array:
        setup = self.case.setup
        if isinstance(shape, FieldShape):
            return shape.field
        if isinstance(shape, AntennaShape):
            return self._antenna_field(shape)
        field = np.zeros(setup.grid.shape)
        cells, shares = point_shares(setup.grid, shape.point)
        solved = np.isfinite(self.case.tables.heat_capacity)
        field.flat[cells] = shares * solved[setup.labels.flat[cells]]
        return field

    def _antenna_field(self, shape: AntennaShape) -> Array:
        return antenna_field(self.case.setup.grid, shape)

    def surroundings(self, frame: Frame, rings: Rings, u: Field) -> Surroundings:
        """What lies around a needle in a state u."""
        permittivity, conductivity = self._law(self.laws.permittivity, u), self._law(self.laws.conductivity, u)
        return surroundings(self.case.setup.grid, frame, rings, permittivity, conductivity)

    def _law(self, table: Array, u: Field) -> Array:
        return lookup.thermal(table, self.case.setup.labels, np.asarray(u, np.float64))

    def together(self, powers: Mapping[str, float], u: Field) -> tuple[Field | None, Heating]:
        """Power density (nz, ny, nx) [W m⁻³], in the precision of u, of sources of these powers [W] in tissue of that
        state, None without any; what they bring."""
        if not powers:
            return None, Heating(0.0, (0.0, 0.0))
        if self.one_watt is not None and list(powers) == [self.one_watt[0]]:
            name, density, heating = self.one_watt
            watt, (least, greatest) = powers[name], heating.rates
            ends = (watt * least, watt * greatest)
            return watt * density, Heating(watt * heating.absorbed, (min(ends), max(ends)))
        total = np.zeros_like(u)
        for name, power in powers.items():
            self._add(name, power, u, total)
        return total, self._heating(total)

    def _add(self, name: str, power: float, u: Field, total: Field) -> None:
        """Add to `total` what a source of some power brings to tissue of state u."""
        absorbed = self._law(self.laws.conductivity, u) if isinstance(self.shapes[name], AntennaShape) else 1.0
        total += power * absorbed * self.fields[name]

    def _heating(self, density: Field) -> Heating:
        """What a power density brings."""
        setup = self.case.setup
        rate = density / self.case.tables.heat_capacity[setup.labels]
        absorbed = float(density.sum(dtype=np.float64)) * setup.grid.cell_volume
        return Heating(absorbed, (float(rate.min()), float(rate.max())))
