"""The heat that all probes and prescribed sources bring at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gpu_ablate.case.case import Case, HeatSource
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Probe
from gpu_ablate.engine.backend import Heating, Member
from gpu_ablate.engine.deposit import AntennaShape, FieldShape, PointShape, Shape
from gpu_ablate.physics.antenna import AxialSource, line_source


@dataclass(frozen=True)
class Emission:
    """What a probe sends out during a super-step: power at the generator [W], tip (x, y, z) [m]."""

    power: float
    tip: Vector


class HeatSources:
    """Tells a backend where the sources of a case are and how much each gives; places a source when it has moved."""

    def __init__(self, case: Case, backend: Member) -> None:
        self.case, self.backend = case, backend
        self.patterns = {probe.name: self._pattern(probe) for probe in case.setup.probes}
        self.placed: dict[str, tuple[Vector, float]] = {}
        """Where each source was placed last [m], and the power that tissue takes up there of one watt [W]."""
        self.incident = 0.0
        """Power that all sources send out now [W]."""
        self.heating = Heating(0.0, (0.0, 0.0))
        """What they bring now; the rest has escaped."""
        self.active: dict[str, tuple[float, Vector]] = {}

    def _pattern(self, probe: Probe) -> AxialSource:
        assert self.case.medium is not None
        return line_source(probe.emission_length, probe.radius, self.case.medium.attenuation)

    def update(self, time: float, emissions: Mapping[str, Emission]) -> None:
        """Give the backend the sources of a time [s]."""
        active: dict[str, tuple[float, Vector]] = {}
        for name, emission in emissions.items():
            if emission.power > 0.0:
                active[name] = (emission.power, emission.tip)
        for source in self.case.sources:
            if source.start <= time < source.end:
                active[source.name] = (source.power, _position(source, time))
        if active == self.active:
            return
        self.active = active
        self.incident = 0.0
        powers: dict[str, float] = {}
        for probe in self.case.setup.probes:
            if probe.name in active:
                power, tip = active[probe.name]
                net = power * probe.efficiency
                self.incident += net
                powers[probe.name] = net / max(1.0, self._place_probe(probe, tip))
        for source in self.case.sources:
            if source.name in active:
                power, point = active[source.name]
                self.incident += power
                powers[source.name] = power
                self._place(source.name, point, PointShape(point) if source.field is None else FieldShape(source.field))
        self.heating = self.backend.set_source(powers)

    def places(self) -> dict[str, Vector]:
        """Where the tip of each probe that has radiated was last [m]."""
        return {probe.name: self.placed[probe.name][0] for probe in self.case.setup.probes if probe.name in self.placed}

    def place(self, tips: Mapping[str, Sequence[float]]) -> None:
        """Put the probes back where `places` found them."""
        for probe in self.case.setup.probes:
            if probe.name in tips:
                x, y, z = tips[probe.name]
                self._place_probe(probe, (x, y, z))

    def escaping(self, probe: str) -> float:
        """Share of a probe's radiated power that no tissue takes up, where it was last placed (0 before that)."""
        if probe not in self.placed:
            return 0.0
        _, absorbed = self.placed[probe]
        return 1.0 - min(1.0, absorbed)

    def _place_probe(self, probe: Probe, tip: Vector) -> float:
        """Place a probe's field; power that tissue takes up of one watt [W].

        Each tissue takes σ/σ_medium of what the medium would, air nothing: it may come to more than the watt.
        """
        assert self.case.medium is not None
        x, y, z = (t + probe.emission_offset * d for t, d in zip(tip, probe.direction, strict=True))
        pattern, absorption = self.patterns[probe.name], self.case.medium.absorption
        return self._place(probe.name, tip, AntennaShape(pattern, (x, y, z), probe.direction, absorption))

    def _place(self, name: str, at: Vector, shape: Shape) -> float:
        """Place a source unless it is there already; power that tissue takes up of one watt [W]."""
        kept = self.placed.get(name)
        if kept is None or kept[0] != at:
            kept = self.placed[name] = (at, self.backend.place(name, shape))
        return kept[1]


def _position(source: HeatSource, time: float) -> Vector:
    """Where a source is at a time [s] (x, y, z) [m]."""
    x, y, z = (p + (time - source.start) * v for p, v in zip(source.point, source.velocity, strict=True))
    return (x, y, z)
