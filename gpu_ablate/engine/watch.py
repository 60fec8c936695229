"""What is watched while a run goes on: sensors, regions, the zone; conditions and trace columns from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from gpu_ablate.case.case import Case
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Sensor, Until
from gpu_ablate.case.surroundings import Surroundings
from gpu_ablate.engine.backend import Listed, Member
from gpu_ablate.engine.clock import ProbeClock
from gpu_ablate.engine.sources import NOTHING, HeatSources
from gpu_ablate.scene.body import TO_KILL
from gpu_ablate.units import CM3, MM

Array = NDArray[np.float64]


WATCHED_ROLES = ("skin", "involved_skin", "nerve", "risk")
"""Roles whose coldest and hottest temperature are always traced."""


@dataclass(frozen=True)
class Place:
    """The body cells of a region or role: how many, and as the backend lists them (None of none)."""

    count: int
    cells: Listed


class Watch:
    """Reads sensors, regions and the zone from a backend."""

    def __init__(self, case: Case, backend: Member) -> None:
        self.case, self.backend = case, backend
        setup = case.setup
        self.body = setup.phase_mask("body")
        self.all_body = self._listed(self.body)
        self.places: dict[str, Place] = {}
        self.sensor_names = [sensor.name for sensor in setup.sensors]
        around = [self._around(sensor) for sensor in setup.sensors]
        self.sensor_cells = backend.listed(np.concatenate([cells for cells, _ in around])) if around else None
        self.sensor_weights = np.array([weights for _, weights in around])
        self.surroundings = Surroundings(setup)
        self.tips: dict[str, tuple[int, Vector, float]] = {}
        deep = self.surroundings.depth_on
        self.under_skin = {
            probe.name for probe in setup.probes for way in probe.tracks if math.isfinite(deep(way).at(way.tip))
        }
        """Probes whose depth is traced."""

    def _around(self, sensor: Sensor) -> tuple[NDArray[np.int64], Array]:
        """Flat indices and weights (8,) of trilinear interpolation at a sensor."""
        grid = self.case.setup.grid
        axes = []
        for point, origin, count in zip(sensor.point, grid.origin, grid.shape[::-1], strict=True):
            place = min(max((point - origin) / grid.spacing - 0.5, 0.0), count - 1.0)
            low = min(int(place), max(count - 2, 0))
            axes.append(((low, min(low + 1, count - 1)), (1.0 - (place - low), place - low)))
        (i, wx), (j, wy), (k, wz) = axes
        cells = np.array([np.ravel_multi_index((c, b, a), grid.shape) for c in k for b in j for a in i])
        return cells, np.array([c * b * a for c in wz for b in wy for a in wx])

    def _listed(self, mask: NDArray[np.bool_]) -> Place:
        cells = np.flatnonzero(mask)
        return Place(len(cells), self.backend.listed(cells) if len(cells) else None)

    def place(self, where: str) -> Place:
        """The body cells of a region or role, or those in which a cryoprobe freezes."""
        if where not in self.places:
            probe = self.case.cryoprobes.get(where)
            mask = self.case.setup.mask(where) & self.body
            if probe is not None:
                mask.flat[probe.cells] = True
            self.places[where] = self._listed(mask)
        return self.places[where]

    def within(self, where: str, distance: float) -> Place:
        """The body cells of a region or role and those within a distance of it [m]."""
        key = f"{where} and {distance / MM:g} mm around it"
        if key not in self.places:
            away = distance_transform_edt(~self.case.setup.mask(where)) * self.case.setup.grid.spacing
            self.places[key] = self._listed((away <= distance) & self.body)
        return self.places[key]

    def sensors(self) -> dict[str, float]:
        """Temperature of each sensor [°C]."""
        if not self.sensor_names:
            return {}
        around = self.backend.at(self.sensor_cells).reshape(self.sensor_weights.shape)
        found = (around * self.sensor_weights).sum(axis=1).tolist()
        return dict(zip(self.sensor_names, found, strict=True))

    def covered_percent(self, where: str) -> float:
        """Share of a region's cells that are dead by the case's endpoint [%]."""
        place = self.place(where)
        return 100.0 * (self.backend.met(place.cells, self.case.setup.endpoint) / place.count)

    def depth(self, clock: ProbeClock, time: float) -> float:
        """Depth of a probe's tip below the skin [m] (see `SkinDepth`), worked out anew where it has moved; nan while
        the needle is out of the tissue."""
        if not clock.inserted:
            return math.nan
        name, track, tip = clock.probe.name, clock.track, clock.tip(time)
        if name not in self.tips or self.tips[name][:2] != (track, tip):
            depth = self.surroundings.depth_on(clock.probe.tracks[track]).at(tip)
            self.tips[name] = track, tip, depth
        return self.tips[name][2]

    def reached(self, until: Until) -> float:
        """Value that a condition watches [°C or %]: of a region its hottest or coldest cell; for the margin of ice the
        hottest cell within its distance."""
        if until.quantity == "covered":
            return self.covered_percent(until.where)
        if until.where in self.sensor_names:
            return self.sensors()[until.where]
        where = self.within(until.where, until.value) if until.quantity == "ice margin" else self.place(until.where)
        coldest, hottest = self.backend.span(where.cells)
        return hottest if until.quantity in ("above", "ice margin") else coldest

    def trace(self, time: float, clocks: list[ProbeClock], sources: HeatSources) -> dict[str, float]:
        """One row of traces.csv; powers are those of the super-step that ends now."""
        row = {"time_s": time}
        for name, value in self.sensors().items():
            row[f"sensor.{name}_c"] = value
        for clock in clocks:
            name = clock.probe.name
            if name in self.under_skin:
                row[f"probe.{name}.tip_depth_mm"] = self.depth(clock, time) / MM
            if name in self.case.cryoprobes:
                continue
            flow = sources.flows.get(name, NOTHING)
            row[f"probe.{name}.power_w"] = flow.generator
            for goes, power in (
                ("cable", flow.cable),
                ("reflected", flow.reflected),
                ("absorbed", flow.absorbed),
                ("escaped", flow.escaped),
            ):
                row[f"probe.{name}.{goes}_w"] = power
        setup = self.case.setup
        endpoint = setup.endpoint
        killed = self.backend.met(self.all_body.cells, endpoint) if self.all_body.count else 0
        row[f"zone.{endpoint.name}_approx_cm3"] = killed * setup.grid.cell_volume / CM3
        for region in setup.regions:
            if region.role in TO_KILL and self.place(region.name).count:
                row[f"target.{region.name}_covered_percent"] = self.covered_percent(region.name)

        @cache
        def span(where: str, history: str | None = None) -> tuple[float, float]:
            return self.backend.span(self.place(where).cells, history)

        for role in WATCHED_ROLES:
            if self.place(role).count:
                row[f"{role}_min_c"], row[f"{role}_max_c"] = span(role)
        for limit in setup.limits:
            if limit.of_ice or not self.place(limit.where).count:
                continue
            if limit.quantity == "min_temperature_c":
                value = span(limit.where)[0]
            elif limit.quantity == "max_temperature_c":
                value = span(limit.where)[1]
            else:
                value = span(limit.where, limit.field)[1]
            row[f"limit.{limit.where}.{limit.quantity}"] = value
        return row
