"""The heat that all probes and prescribed sources bring at a moment, and where the power of the probes goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case, HeatSource
from gpu_ablate.case.grid import Vector
from gpu_ablate.engine.antennas import LiveAntenna
from gpu_ablate.engine.backend import Heating, Member
from gpu_ablate.engine.deposit import FieldShape, Frame, PointShape
from gpu_ablate.result.result import LOST_TERMS


@dataclass(frozen=True)
class Emission:
    """What a probe sends out during a super-step: power [W], at the generator or (net) out of the antenna; tip (x, y,
    z) [m]; unit vector from the tip to the handle."""

    power: float
    tip: Vector
    direction: Vector
    net: bool = False


@dataclass(frozen=True)
class Flow:
    """Where power goes [W]: generator = cable + reflected + absorbed + escaped.

    generator : forward power at the generator; cable : lost in cable, needle and coolant; reflected : by the antenna;
    absorbed : by tissue in the box, as the backend sums what it heats by; escaped : into air, gas, or beyond the box
    """

    generator: float = 0.0
    cable: float = 0.0
    reflected: float = 0.0
    absorbed: float = 0.0
    escaped: float = 0.0

    def __add__(self, other: Flow) -> Flow:
        return Flow(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


NOTHING = Flow()


class HeatSources:
    """Tells a backend where the sources of a case are and how much each gives; places a source when it has moved.

    Attributes
    ----------
    flows : where the power of each probe that radiates goes now
    heating : what all sources bring now
    lost : power that does not reach tissue [W], by LOST_TERMS
    """

    def __init__(self, case: Case, backend: Member) -> None:
        self.case, self.backend = case, backend
        spacing = case.setup.grid.spacing
        self.antennas = {name: LiveAntenna(antenna, backend, spacing) for name, antenna in case.antennas.items()}
        self.placed: dict[str, tuple[Vector, float]] = {}
        """Where each prescribed source was placed last [m], and the power that tissue takes up there of one watt."""
        self.flows: dict[str, Flow] = {}
        self.heating = Heating(0.0, (0.0, 0.0))
        self.lost = dict.fromkeys(LOST_TERMS, 0.0)
        self.active: dict[str, tuple[float, Vector]] = {}

    def update(self, time: float, emissions: Mapping[str, Emission]) -> None:
        """Give the backend the sources of a time [s]; antennas heat by σ(T) of now."""
        radiating = {name: emission for name, emission in emissions.items() if emission.power > 0.0}
        active = {
            source.name: (source.power, _position(source, time))
            for source in self.case.sources
            if source.start <= time < source.end
        }
        if not radiating and not self.flows and active == self.active:
            return
        self.active = active
        powers: dict[str, float] = {}
        self.flows = {}
        for name, emission in radiating.items():
            powers[name], self.flows[name] = self._radiate(name, emission)
        beside = 0.0
        for source in self.case.sources:
            if source.name in active:
                power, point = active[source.name]
                powers[source.name] = power
                beside += power * (1.0 - self._place(source, point))
        self.heating = self.backend.set_source(powers)
        total = sum(self.flows.values(), NOTHING)
        self.lost = dict(zip(LOST_TERMS, (total.cable, total.reflected, total.escaped + beside), strict=True))

    def _radiate(self, name: str, emission: Emission) -> tuple[float, Flow]:
        """Watts of its placed field that an antenna gives, and where its power goes."""
        live, efficiency = self.antennas[name], self.case.antennas[name].cable_efficiency
        solved = live.update(Frame(emission.tip, emission.direction))
        taken = self.backend.place(name, live.shape())
        scale = solved.tissue / taken if taken > 0.0 else 0.0
        leaving = solved.tissue + solved.escaped
        fed = emission.power / leaving if emission.net else emission.power * efficiency
        generator = fed / efficiency
        flow = Flow(
            generator=generator,
            cable=generator - fed + fed * solved.needle,
            reflected=fed * solved.reflected,
            absorbed=fed * scale * taken,
            escaped=fed * (leaving - scale * taken),
        )
        return fed * scale, flow

    def _place(self, source: HeatSource, at: Vector) -> float:
        """Place a prescribed source unless it is there already; power that tissue takes up of one watt [W]."""
        kept = self.placed.get(source.name)
        if kept is None or kept[0] != at:
            shape = PointShape(at) if source.field is None else FieldShape(source.field)
            kept = self.placed[source.name] = (at, self.backend.place(source.name, shape))
        return kept[1]

    def state(self) -> dict[str, Any]:
        """Where the antennas are, as plain values."""
        return {name: antenna.state() for name, antenna in self.antennas.items()}

    def save(self) -> dict[str, NDArray[np.float64]]:
        """What surrounds the antennas, as arrays."""
        return {
            f"antenna {number} {name}": values
            for number, antenna in enumerate(self.antennas.values())
            for name, values in antenna.save().items()
        }

    def restore(self, state: Mapping[str, Any], saved: Mapping[str, NDArray[np.float64]]) -> None:
        """Be as when `state` and `save` were taken."""
        for number, (name, antenna) in enumerate(self.antennas.items()):
            own = {
                part: saved[f"antenna {number} {part}"]
                for part in ("around", "asked")
                if f"antenna {number} {part}" in saved
            }
            antenna.restore(state[name], own)


def _position(source: HeatSource, time: float) -> Vector:
    """Where a source is at a time [s] (x, y, z) [m]."""
    x, y, z = (p + (time - source.start) * v for p, v in zip(source.point, source.velocity, strict=True))
    return (x, y, z)
