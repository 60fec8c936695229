"""The heat that all probes and prescribed sources bring at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case, HeatSource
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Probe
from gpu_ablate.engine.deposit import axial_density, point_density
from gpu_ablate.physics.antenna import AxialSource, line_source

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Emission:
    """What a probe sends out during a super-step: power at the generator [W], tip (x, y, z) [m]."""

    power: float
    tip: Vector


class HeatSources:
    """Sums the power density of a case; keeps each source's field until it moves."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.solved = np.isfinite(case.tables.heat_capacity)[case.setup.labels]
        self.patterns = {probe.name: self._pattern(probe) for probe in case.setup.probes}
        self.placed: dict[str, tuple[Vector, Array]] = {}
        self.incident = 0.0
        """Power that all sources send out now [W]."""
        self.absorbed = 0.0
        """Power that tissue takes up now [W]; the rest has escaped."""
        self.density: Array | None = None
        """Power density (nz, ny, nx) now [W m⁻³]; None when everything is off."""
        self.rates = (0.0, 0.0)
        """Least and greatest rate of u that the sources bring to any cell now [K s⁻¹]."""
        self.active: dict[str, tuple[float, Vector]] = {}

    def _pattern(self, probe: Probe) -> AxialSource:
        assert self.case.medium is not None
        return line_source(probe.emission_length, probe.radius, self.case.medium.attenuation)

    def update(self, time: float, emissions: dict[str, Emission]) -> bool:
        """Set `density` for a time [s]; whether it changed."""
        active: dict[str, tuple[float, Vector]] = {}
        for name, emission in emissions.items():
            if emission.power > 0.0:
                active[name] = (emission.power, emission.tip)
        for source in self.case.sources:
            if source.start <= time < source.end:
                active[source.name] = (source.power, _position(source, time))
        if active == self.active:
            return False
        self.active = active
        self.incident, total = 0.0, None
        for probe in self.case.setup.probes:
            if probe.name in active:
                power, tip = active[probe.name]
                net = power * probe.efficiency
                total = self._add(total, net, self._absorbed(probe, tip))
        for source in self.case.sources:
            if source.name in active:
                power, point = active[source.name]
                total = self._add(total, power, self._prescribed(source, point))
        self.density = total
        volume = self.case.setup.grid.cell_volume
        self.absorbed, self.rates = 0.0, (0.0, 0.0)
        if total is not None:
            self.absorbed = float(total.sum()) * volume
            rate = total / self.case.tables.heat_capacity[self.case.setup.labels]
            self.rates = float(rate.min()), float(rate.max())
        return True

    def places(self) -> dict[str, Vector]:
        """Where the tip of each probe that has radiated was last [m]."""
        return {probe.name: self.placed[probe.name][0] for probe in self.case.setup.probes if probe.name in self.placed}

    def place(self, tips: Mapping[str, Sequence[float]]) -> None:
        """Put the probes back where `places` found them."""
        for probe in self.case.setup.probes:
            if probe.name in tips:
                x, y, z = tips[probe.name]
                self._absorbed(probe, (x, y, z))

    def escaping(self, probe: str) -> float:
        """Share of a probe's radiated power that no tissue takes up, where it was last placed (0 before that)."""
        if probe not in self.placed:
            return 0.0
        _, field = self.placed[probe]
        return 1.0 - float(field.sum()) * self.case.setup.grid.cell_volume

    def _add(self, total: Array | None, power: float, field: Array) -> Array:
        self.incident += power
        return power * field if total is None else total + power * field

    def _absorbed(self, probe: Probe, tip: Vector) -> Array:
        """Density per watt in tissue; each tissue takes σ/σ_medium of what the medium would, air nothing."""
        kept = self.placed.get(probe.name)
        if kept is None or kept[0] != tip:
            assert self.case.medium is not None
            grid = self.case.setup.grid
            centre = tuple(t + probe.emission_offset * d for t, d in zip(tip, probe.direction, strict=True))
            field = axial_density(grid, self.patterns[probe.name], centre, probe.direction)  # type: ignore[arg-type]
            field *= self.case.medium.absorption[self.case.setup.labels]
            absorbed = float(field.sum()) * grid.cell_volume
            if absorbed > 1.0:
                field /= absorbed
            kept = self.placed[probe.name] = (tip, field)
        return kept[1]

    def _prescribed(self, source: HeatSource, point: Vector) -> Array:
        if source.field is not None:
            return source.field
        kept = self.placed.get(source.name)
        if kept is None or kept[0] != point:
            kept = self.placed[source.name] = (point, point_density(self.case.setup.grid, point) * self.solved)
        return kept[1]


def _position(source: HeatSource, time: float) -> Vector:
    """Where a source is at a time [s] (x, y, z) [m]."""
    x, y, z = (p + (time - source.start) * v for p, v in zip(source.point, source.velocity, strict=True))
    return (x, y, z)
