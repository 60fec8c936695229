"""What is watched while a run goes on: sensors, regions, the zone; conditions and trace columns from it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.depth import SkinDepth
from gpu_ablate.case.setup import Sensor, Until
from gpu_ablate.engine.backend import Backend
from gpu_ablate.engine.clock import ProbeClock
from gpu_ablate.engine.sources import HeatSources
from gpu_ablate.units import CM3, MM

Array = NDArray[np.float64]


WATCHED_ROLES = ("skin", "involved_skin", "nerve", "risk")
"""Roles whose coldest and hottest temperature are always traced."""


class Watch:
    """Reads sensors, regions and the zone from a backend."""

    def __init__(self, case: Case, backend: Backend) -> None:
        self.case, self.backend = case, backend
        setup = case.setup
        self.body = setup.phase_mask("body")
        self.body_cells = np.flatnonzero(self.body)
        self.regions: dict[str, NDArray[np.int64]] = {}
        self.sensors = {sensor.name: self._around(sensor) for sensor in setup.sensors}
        self.depths = {probe.name: SkinDepth(setup, probe) for probe in setup.probes}

    def _around(self, sensor: Sensor) -> tuple[NDArray[np.int64], Array]:
        """Flat indices and weights of trilinear interpolation at a sensor."""
        grid = self.case.setup.grid
        axes = []
        for point, origin, count in zip(sensor.point, grid.origin, grid.shape[::-1], strict=True):
            place = min(max((point - origin) / grid.spacing - 0.5, 0.0), count - 1.0)
            low = min(int(place), max(count - 2, 0))
            axes.append(((low, min(low + 1, count - 1)), (1.0 - (place - low), place - low)))
        (i, wx), (j, wy), (k, wz) = axes
        cells = np.array([np.ravel_multi_index((c, b, a), grid.shape) for c in k for b in j for a in i])
        return cells, np.array([c * b * a for c in wz for b in wy for a in wx])

    def cells(self, where: str) -> NDArray[np.int64]:
        """Flat indices of the body cells of a region or role."""
        if where not in self.regions:
            self.regions[where] = np.flatnonzero(self.case.setup.mask(where) & self.body)
        return self.regions[where]

    def sensor(self, name: str) -> float:
        """Temperature of a sensor [°C]."""
        cells, weights = self.sensors[name]
        return float(self.backend.temperature(cells) @ weights)

    def covered_percent(self, where: str) -> float:
        """Share of a region's cells that are dead by the case's endpoint [%]."""
        endpoint, cells = self.case.setup.endpoint, self.cells(where)
        return 100.0 * float(endpoint.met(self.backend.history(endpoint.field, cells)).mean())

    def reached(self, until: Until) -> float:
        """Value that a condition watches [°C or %]: of a region its hottest or coldest cell."""
        if until.quantity == "covered":
            return self.covered_percent(until.where)
        if until.where in self.sensors:
            return self.sensor(until.where)
        temperature = self.backend.temperature(self.cells(until.where))
        return float(temperature.max() if until.quantity == "above" else temperature.min())

    def trace(self, time: float, clocks: list[ProbeClock], sources: HeatSources) -> dict[str, float]:
        """One row of traces.csv."""
        row = {"time_s": time}
        for name in self.sensors:
            row[f"sensor.{name}_c"] = self.sensor(name)
        for clock in clocks:
            name, emission = clock.probe.name, clock.emission(time)
            row[f"probe.{name}.power_w"] = emission.power
            depth = self.depths[name].at(emission.tip)
            if math.isfinite(depth):
                row[f"probe.{name}.tip_depth_mm"] = depth / MM
            row[f"probe.{name}.escaped_w"] = emission.power * clock.probe.efficiency * sources.escaping(name)
        setup = self.case.setup
        endpoint = setup.endpoint
        killed = endpoint.met(self.backend.history(endpoint.field, self.body_cells)).sum()
        row[f"zone.{endpoint.name}_approx_cm3"] = float(killed) * setup.grid.cell_volume / CM3
        for region in setup.regions:
            if region.role == "target" and len(self.cells(region.name)):
                row[f"target.{region.name}_covered_percent"] = self.covered_percent(region.name)
        places = [*WATCHED_ROLES, *(limit.where for limit in setup.limits)]
        spans: dict[str, tuple[float, float]] = {}
        for where in dict.fromkeys(places):
            if len(self.cells(where)):
                temperature = self.backend.temperature(self.cells(where))
                spans[where] = float(temperature.min()), float(temperature.max())
        for role in WATCHED_ROLES:
            if role in spans:
                row[f"{role}_min_c"], row[f"{role}_max_c"] = spans[role]
        for limit in setup.limits:
            if limit.where not in spans:
                continue
            if limit.quantity == "min_temperature_c":
                value = spans[limit.where][0]
            elif limit.quantity == "max_temperature_c":
                value = spans[limit.where][1]
            else:
                value = float(self.backend.history(limit.field, self.cells(limit.where)).max())
            row[f"limit.{limit.where}.{limit.quantity}"] = value
        return row
