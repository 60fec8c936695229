"""Placed sources with compiled loops, on several threads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import U_MIN, U_STEP
from gpu_ablate.engine import cpu_antenna
from gpu_ablate.engine.backend import Field, Heating
from gpu_ablate.engine.deposit import AROUND_SAMPLES, FIELD_SAMPLES, AntennaShape, Frame, Rings, Surroundings, window
from gpu_ablate.engine.placed import PlacedSources

Array = NDArray[np.float64]


PARTS = 8
"""Parts of what surrounds a needle, each summed by itself, so that the sum is the same on any number of threads."""


class CpuSources(PlacedSources):
    """Placed sources of the CPU backend; `on_slabs` does the work of each of the slabs, planes z0 .. z1."""

    def __init__(
        self, case: Case, slabs: list[tuple[int, int]], on_slabs: Callable[[Callable[[int], None]], None]
    ) -> None:
        super().__init__(case)
        self.slabs, self.on_slabs = slabs, on_slabs

    def _antenna_field(self, shape: AntennaShape) -> Array:
        grid, source = self.case.setup.grid, shape.field
        needle, table = cpu_antenna.needle_of(grid, shape.frame, FIELD_SAMPLES), cpu_antenna.table_of(source)
        first, last = window(grid, shape.frame, source.radius, source.z_first, source.z_last)
        first, last = np.clip(first, 0, grid.shape[::-1]), np.clip(last, 0, grid.shape[::-1])
        field = np.empty(grid.shape)
        self.on_slabs(lambda i: cpu_antenna.fill(needle, table, first, last, field, *self.slabs[i]))
        return field

    def _heating(self, density: Field) -> Heating:
        labels, inverse = self.case.setup.labels, 1.0 / self.case.tables.heat_capacity
        sums, least, greatest = np.empty((3, len(labels)))
        self.on_slabs(lambda i: cpu_antenna.heating(labels, density, inverse, sums, least, greatest, *self.slabs[i]))
        absorbed = float(sums.sum()) * self.case.setup.grid.cell_volume
        return Heating(absorbed, (float(least.min()), float(greatest.max())))

    def _add(self, name: str, power: float, u: Field, total: Field) -> None:
        if not isinstance(self.shapes[name], AntennaShape):
            super()._add(name, power, u, total)
            return
        labels, field, law = self.case.setup.labels, self.fields[name], self.laws.conductivity
        self.on_slabs(
            lambda i: cpu_antenna.add_antenna(labels, u, field, law, U_MIN, 1.0 / U_STEP, power, total, *self.slabs[i])
        )

    def surroundings(self, frame: Frame, rings: Rings, u: Field) -> Surroundings:
        grid = self.case.setup.grid
        needle = cpu_antenna.needle_of(grid, frame, AROUND_SAMPLES)
        in_cells = cpu_antenna.rings_in_cells(rings, grid.spacing)
        cells = window(grid, frame, rings.radius, *rings.heights)
        sums = np.zeros((PARTS, 4, rings.rows, rings.columns))
        known = self.case.setup.labels, u, self.laws.permittivity, self.laws.conductivity, U_MIN, 1.0 / U_STEP

        def work(slab: int) -> None:
            for part in range(slab, PARTS, len(self.slabs)):
                cpu_antenna.look_around(needle, in_cells, *cells, *known, part, sums)

        self.on_slabs(work)
        return Surroundings(*sums.sum(axis=0))
