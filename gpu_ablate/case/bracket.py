"""A case with the numbers that are known least set to both ends of their range: cable efficiency and perfusion."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpu_ablate.case.build import build_case
from gpu_ablate.case.case import Case
from gpu_ablate.errors import SceneError
from gpu_ablate.library import load as library
from gpu_ablate.scene.schema import Scene
from gpu_ablate.spec.device import MicrowaveDevice

PRESETS = ("itis", "thermography")
"""Published perfusions, [model] perfusion_preset."""


@dataclass(frozen=True)
class Variant:
    """A case of a bracket: which cable efficiency the antennas have ("low", "used" or "high") and what that is, and
    the preset of perfusion."""

    end: str
    cable_efficiency: dict[str, float]
    perfusion_preset: str
    case: Case


def variants(scene: Scene, case: Case) -> list[Variant]:
    """All pairs of cable efficiency and perfusion but the one that the scene has itself.

    case : that of the scene

    Raises
    ------
    SceneError
        There is nothing to vary: no device gives a range, and no tissue two perfusions.
    """
    efficiencies = _efficiencies(scene)
    found = []
    for preset in _presets(scene, case):
        if preset != scene.model.perfusion_preset:
            model = scene.model.model_copy(update={"perfusion_preset": preset})
            case = build_case(scene.model_copy(update={"model": model}))
        for end, values in efficiencies.items():
            if end == "used" and preset == scene.model.perfusion_preset:
                continue
            antennas = {
                name: replace(antenna, cable_efficiency=values[name]) for name, antenna in case.antennas.items()
            }
            found.append(Variant(end, values, preset, replace(case, antennas=antennas)))
    if not found:
        raise SceneError(
            f"{scene.path}: nothing to bracket: no device gives a range of cable_efficiency that its powers depend on, "
            "and no tissue two perfusions\n"
            "  remedy: give cable_efficiency = { value, low, high, source }, or run it without --bracket"
        )
    return found


def _efficiencies(scene: Scene) -> dict[str, dict[str, float]]:
    """Cable efficiency of each probe at the low end, as used, and at the high end; as used alone without a range."""
    found: dict[str, dict[str, float]] = {"low": {}, "used": {}, "high": {}}
    for probe in scene.probe:
        device = library.device(probe.device, scene.device)
        if not isinstance(device, MicrowaveDevice):
            continue
        cable = device.cable_efficiency
        at_generator = any(getattr(step, "power_w", None) for step in probe.steps)
        for end, value in (("low", cable.low), ("used", cable.value), ("high", cable.high)):
            found[end][probe.name] = value if value is not None and at_generator else cable.value
    return {end: values for end, values in found.items() if end == "used" or values != found["used"]}


def _presets(scene: Scene, case: Case) -> tuple[str, ...]:
    """The presets of perfusion that differ here, the scene's own first."""
    own = scene.model.perfusion_preset
    differ = any("perfusion_thermography_1_s" in row.values for row in case.setup.tissues)
    return (own, *(preset for preset in PRESETS if preset != own)) if differ else (own,)
