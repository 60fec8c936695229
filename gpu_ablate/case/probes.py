"""Probes of a scene: where they stand, how they are moved and powered, in SI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gpu_ablate.case.anatomy import metres
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Probe, Quantity, Step, Track, Until
from gpu_ablate.library import load as library
from gpu_ablate.scene import treatment
from gpu_ablate.scene.schema import Scene, step_duration_s
from gpu_ablate.spec.device import MicrowaveDevice
from gpu_ablate.units import MM


@dataclass(frozen=True)
class Leg:
    """A step as planned: its number from 1, the number of its track from 0, where the tip is before and after it [m].

    track and direction (from the tip to the handle) are those after the step.
    """

    number: int
    step: Step
    track: int
    before: Vector
    after: Vector
    direction: Vector


def along(start: Vector, direction: Vector, distance: float) -> Vector:
    """The point (x, y, z) [m] at a distance [m] from a start along a unit vector."""
    x, y, z = (float(s + distance * d) for s, d in zip(start, direction, strict=True))
    return (x, y, z)


def legs(probe: Probe) -> Iterator[Leg]:
    """The steps of a probe if no condition ends one early."""
    track, tip, direction = 0, probe.tip, probe.direction
    for number, step in enumerate(probe.steps, start=1):
        before = tip
        if step.track is not None:
            track, tip, direction = track + 1, step.track.tip, step.track.direction
        else:
            tip = along(tip, direction, step.distance)
        yield Leg(number, step, track, before, tip, direction)


def probe_stations(probe: Probe) -> list[Vector]:
    """Where the tip stands at the start and after each step that moves it, and of a cryoprobe the end of its freezing
    part (x, y, z) [m]."""
    behind = [along(probe.tip, probe.direction, 2.0 * probe.emission_offset)] if probe.freezes else []
    return [probe.tip, *behind, *(leg.after for leg in legs(probe) if leg.step.action in ("pull", "reinsert"))]


def build_probe(scene: Scene, probe: treatment.Probe) -> Probe:
    """A probe of the scene in SI."""
    device = library.device(probe.device, scene.device)
    if isinstance(device, MicrowaveDevice):
        offset, efficiency, plausible = device.emission_offset_mm.value, device.cable_efficiency.value, None
        freezing = 0.0
    else:
        freezing, efficiency = device.active_length_mm.value, 1.0
        offset, plausible = device.active_from_mm.value + 0.5 * freezing, device.plausible_power_w.value
    first = _track(probe)
    return Probe(
        name=probe.name,
        device=probe.device,
        tip=first.tip,
        direction=first.direction,
        radius=0.5 * device.shaft_diameter_mm.value * MM,
        emission_offset=offset * MM,
        cable_efficiency=efficiency,
        steps=tuple(_step(step) for step in probe.every_step),
        plausible_power=plausible,
        cycle=len(probe.steps),
        enough=_until(probe.repeat_until) if probe.repeat_until else None,
        active_length=freezing * MM,
    )


def _track(placed: treatment.Probe | treatment.Reinsert) -> Track:
    """The track that a probe or a reinsert of the scene begins."""
    tip = metres(placed.tip_mm)
    if placed.entry_mm is not None:
        axis = np.subtract(metres(placed.entry_mm), tip)
    else:
        assert placed.shaft_direction is not None
        axis = np.array(placed.shaft_direction)
    x, y, z = (float(v) for v in axis / np.linalg.norm(axis))
    return Track(tip, (x, y, z))


def _step(step: treatment.Step) -> Step:
    if isinstance(step, treatment.Reinsert):
        return Step("reinsert", step.duration_s, track=_track(step))
    if isinstance(step, (treatment.Freeze, treatment.Thaw)):
        share = 0.01 * step.output_percent if isinstance(step, treatment.Freeze) else float(step.by == "helium")
        return Step(step.action, step.duration_s, until=_until(step.until) if step.until else None, output=share)
    net_power = getattr(step, "net_power_w", None)
    is_net, power = net_power is not None, net_power or getattr(step, "power_w", None) or 0.0
    until = _until(step.until) if step.until else None
    if isinstance(step, treatment.Pull):
        speed = (step.speed_mm_s or 0.0) * MM
        return Step("pull", step_duration_s(step), power, step.distance_mm * MM, speed, until, net=is_net)
    return Step(step.action, step.duration_s, power, until=until, net=is_net)


def _until(until: treatment.Until) -> Until:
    found: dict[Quantity, float | None] = {
        "above": until.above_c,
        "below": until.below_c,
        "all above": until.all_above_c,
        "covered": until.covered_percent,
        "ice margin": until.ice_margin_mm * MM if until.ice_margin_mm is not None else None,
    }
    ((quantity, value),) = ((name, value) for name, value in found.items() if value is not None)
    return Until(until.where, quantity, value, until.every_s)
