"""Probes of a scene: where they stand, how they are moved and powered, in SI."""

from __future__ import annotations

import numpy as np

from gpu_ablate.case.anatomy import metres
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Probe, Step, Until
from gpu_ablate.library import load as library
from gpu_ablate.scene import treatment
from gpu_ablate.scene.schema import Scene, step_duration_s
from gpu_ablate.spec.device import Device
from gpu_ablate.units import MM


def probe_stations(probe: Probe) -> list[Vector]:
    """Where the tip stands at the start and after each pull (x, y, z) [m]."""
    points = [np.array(probe.tip)]
    for step in probe.steps:
        if step.action == "pull":
            points.append(points[-1] + step.distance * np.array(probe.direction))
    return [(float(x), float(y), float(z)) for x, y, z in points]


def build_probe(scene: Scene, probe: treatment.Probe) -> Probe:
    """A probe of the scene in SI; powers are those at the generator."""
    device = library.device(probe.device, scene.device)
    tip = np.array(metres(probe.tip_mm))
    if probe.entry_mm is not None:
        axis = np.array(metres(probe.entry_mm)) - tip
    else:
        assert probe.shaft_direction is not None
        axis = np.array(probe.shaft_direction)
    x, y, z = (float(v) for v in axis / np.linalg.norm(axis))
    steps = tuple(_step(step, device) for step in probe.steps)
    return Probe(
        name=probe.name,
        device=probe.device,
        tip=metres(probe.tip_mm),
        direction=(x, y, z),
        radius=0.5 * device.shaft_diameter_mm.value * MM,
        emission_offset=device.emission_offset_mm.value * MM,
        emission_length=device.emission_length_mm.value * MM,
        efficiency=device.efficiency,
        steps=steps,
    )


def _step(step: treatment.Step, device: Device) -> Step:
    power, net = getattr(step, "power_w", None), getattr(step, "net_power_w", None)
    power = net / device.efficiency if net is not None else power or 0.0
    until = _until(step.until) if not isinstance(step, treatment.Pull) and step.until else None
    if isinstance(step, treatment.Pull):
        speed = (step.speed_mm_s or 0.0) * MM
        return Step("pull", step_duration_s(step), power, step.distance_mm * MM, speed)
    return Step(step.action, step.duration_s, power, until=until)


def _until(until: treatment.Until) -> Until:
    if until.above_c is not None:
        return Until(until.where, "above", until.above_c)
    if until.below_c is not None:
        return Until(until.where, "below", until.below_c)
    assert until.covered_percent is not None
    return Until(until.where, "covered", until.covered_percent)
