"""A case with the numbers that are known least set to both ends of their range: cable, cryoprobe's film, perfusion."""

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
class DeviceNumbers:
    """What is known least of the devices, by probe: cable efficiency of an antenna [-], film coefficient of a cryoprobe
    at full output [W m⁻² K⁻¹]."""

    cable_efficiency: dict[str, float]
    film_h: dict[str, float]


@dataclass(frozen=True)
class Variant:
    """A case of a bracket: at which end of their range the devices' numbers are ("low", "used" or "high") and what they
    are, and the preset of perfusion."""

    end: str
    numbers: DeviceNumbers
    perfusion_preset: str
    case: Case


def numbers_of(case: Case) -> DeviceNumbers:
    """Those of a case."""
    return DeviceNumbers(
        {name: antenna.cable_efficiency for name, antenna in case.antennas.items()},
        {name: probe.h for name, probe in case.cryoprobes.items()},
    )


def variants(scene: Scene, case: Case) -> list[Variant]:
    """All pairs of the devices' numbers and perfusion but the one that the scene has itself.

    case : that of the scene

    Raises
    ------
    SceneError
        There is nothing to vary: no device gives a range, and no tissue two perfusions.
    """
    ends = _ends(scene)
    found = []
    for preset in _presets(scene, case):
        if preset != scene.model.perfusion_preset:
            model = scene.model.model_copy(update={"perfusion_preset": preset})
            case = build_case(scene.model_copy(update={"model": model}))
        for end, numbers in ends.items():
            if end == "used" and preset == scene.model.perfusion_preset:
                continue
            found.append(Variant(end, numbers, preset, _with(case, numbers)))
    if not found:
        raise SceneError(
            f"{scene.path}: nothing to bracket: no device gives a range of cable_efficiency that its powers depend on, "
            "or of film_h_w_m2k, and no tissue two perfusions\n"
            "  remedy: give cable_efficiency = { value, low, high, source }, or run it without --bracket"
        )
    return found


def _with(case: Case, numbers: DeviceNumbers) -> Case:
    """A case with other numbers of its devices."""
    antennas = {n: replace(a, cable_efficiency=numbers.cable_efficiency[n]) for n, a in case.antennas.items()}
    cryoprobes = {name: replace(probe, h=numbers.film_h[name]) for name, probe in case.cryoprobes.items()}
    return replace(case, antennas=antennas, cryoprobes=cryoprobes)


def _ends(scene: Scene) -> dict[str, DeviceNumbers]:
    """The devices' numbers at the low end, as used, and at the high end; as used alone without a range."""
    found = {end: DeviceNumbers({}, {}) for end in ("low", "used", "high")}
    for probe in scene.probe:
        device = library.device(probe.device, scene.device)
        if isinstance(device, MicrowaveDevice):
            number = device.cable_efficiency
            counts = any(getattr(step, "power_w", None) for step in probe.steps)
        else:
            number, counts = device.film_h_w_m2k, True
        for end, value in (("low", number.low), ("used", number.value), ("high", number.high)):
            numbers = found[end]
            by_probe = numbers.cable_efficiency if isinstance(device, MicrowaveDevice) else numbers.film_h
            by_probe[probe.name] = value if value is not None and counts else number.value
    return {end: numbers for end, numbers in found.items() if end == "used" or numbers != found["used"]}


def _presets(scene: Scene, case: Case) -> tuple[str, ...]:
    """The presets of perfusion that differ here, the scene's own first."""
    own = scene.model.perfusion_preset
    differ = any("perfusion_thermography_1_s" in row.values for row in case.setup.tissues)
    return (own, *(preset for preset in PRESETS if preset != own)) if differ else (own,)
