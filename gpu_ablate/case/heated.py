"""Where a plan heats: its steps with power, put together where the needle stays, with the zone to be expected there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gpu_ablate.case.grid import Vector
from gpu_ablate.case.probes import Leg, along, legs
from gpu_ablate.case.setup import Probe, Step
from gpu_ablate.physics.zone_estimate import short_axis


@dataclass(frozen=True)
class HeatedPlace:
    """A place of a track where a probe gives power, held or on the move.

    legs : its steps with power, in order; several only where the needle stays
    begin, end : middle of the heat at first and at last (x, y, z) [m]
    start_c : temperature of the tissue at the start [°C]
    """

    probe: Probe
    legs: tuple[Leg, ...]
    begin: Vector
    end: Vector
    start_c: float

    @property
    def track(self) -> int:
        """Number of its track, from 0."""
        return self.legs[0].track

    @cached_property
    def energy(self) -> float:
        """That leaves the antenna if no condition ends a step early, reflection neglected [J]."""
        return sum(net_power(self.probe, leg.step) * leg.step.duration for leg in self.legs)

    @cached_property
    def width(self) -> float:
        """Short axis of its zone as a rule of thumb [m]."""
        length = sum(leg.step.distance for leg in self.legs)
        return short_axis(self.energy, self.start_c, length)

    @property
    def name(self) -> str:
        """The probe and its steps, for people."""
        numbers = [str(leg.number) for leg in self.legs]
        return f'Probe "{self.probe.name}", step {" + ".join(numbers)}'


def net_power(probe: Probe, step: Step) -> float:
    """Power of a step that leaves the antenna, reflection neglected [W]."""
    return step.power if step.net else step.power * probe.cable_efficiency


def heated_places(probe: Probe, start_c: float) -> list[HeatedPlace]:
    """The heated places of a probe as planned, in order of time."""
    found: list[HeatedPlace] = []
    for leg in legs(probe):
        if leg.step.power == 0.0:
            continue
        begin, end = (along(tip, leg.direction, probe.emission_offset) for tip in (leg.before, leg.after))
        last = found[-1] if found else None
        if last is not None and last.track == leg.track and last.begin == last.end == begin == end:
            found[-1] = HeatedPlace(probe, (*last.legs, leg), begin, end, start_c)
        else:
            found.append(HeatedPlace(probe, (leg,), begin, end, start_c))
    return found
