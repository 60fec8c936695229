"""Devices, antennas and cryoprobes: what a table [device.NAME] may say, and a device with all its numbers resolved."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gpu_ablate.spec.base import AnyQuantity, Line, Many, Table, between

Frequency = Annotated[AnyQuantity, between(1, 1e5)]
ShaftLength = Annotated[AnyQuantity, between(1e-3, 200)]
MaxPower = Annotated[AnyQuantity, between(1e-3, 1e4)]
Efficiency = Annotated[AnyQuantity, between(0.01, 1)]
Coolant = Annotated[AnyQuantity, between(0, 40)]
Film = Annotated[AnyQuantity, between(1, 1e6)]
ActiveBegin = Annotated[AnyQuantity, between(0, 200)]
FreezeTemperature = Annotated[AnyQuantity, between(-272, -1)]
ThawTemperature = Annotated[AnyQuantity, between(0, 100)]
TimeConstant = Annotated[AnyQuantity, between(0.1, 1e4)]
FilmPreset = Literal["nominal", "device_figure", "conservative"]


class RingEntry(Table):
    """What fills inner_mm < r < outer_mm from from_mm to to_mm behind the tip; later rings win over earlier ones."""

    name: Line
    """What it is; rings of one name are reported together."""
    conductor: bool = False
    """Metal, taken as perfect; needs neither of the electric keys."""
    relative_permittivity: Annotated[float, Field(ge=1, le=200)] | None = None
    """Of a dielectric, at the working frequency."""
    conductivity_s_m: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Of a dielectric, losses of polar liquids included; default 0."""
    inner_mm: Annotated[float, Field(ge=0, le=50)] = 0.0
    """Inner radius; default 0."""
    outer_mm: Annotated[float, Field(gt=0, le=50)]
    """Outer radius."""
    from_mm: Annotated[float, Field(ge=0, le=500)] = 0.0
    """Where it begins, from the physical tip towards the handle; default 0."""
    to_mm: Annotated[float, Field(gt=0, le=500)] | None = None
    """Where it ends; without it it goes on to the handle."""
    source: Line
    """Where its numbers come from; keys of references.bib in square brackets."""

    @model_validator(mode="after")
    def _is_sound(self) -> RingEntry:
        if self.conductor == (self.relative_permittivity is not None):
            raise ValueError("needs either conductor = true or relative_permittivity")
        if self.conductor and self.conductivity_s_m:
            raise ValueError("a conductor is taken as perfect; remove conductivity_s_m")
        if self.inner_mm >= self.outer_mm:
            raise ValueError(f"inner_mm ({self.inner_mm:g}) must be less than outer_mm ({self.outer_mm:g})")
        if self.to_mm is not None and self.from_mm >= self.to_mm:
            raise ValueError(f"from_mm ({self.from_mm:g}) must be less than to_mm ({self.to_mm:g})")
        return self


class DeviceEntry(Table):
    """A device of the scene's own: complete, or `like` another with changes; only keys of its kind."""

    like: Line | None = None
    """Start from this device and change only the keys written here."""
    description: Line | None = None
    """What it stands for."""
    kind: Literal["microwave", "cryo"] | None = None
    """An antenna, or a cryoprobe."""
    shaft_diameter_mm: ShaftLength | None = None
    """Outer diameter of the needle."""
    frequency_mhz: Frequency | None = None
    """Antenna: working frequency."""
    emission_offset_mm: ShaftLength | None = None
    """Antenna: from the physical tip back to the middle of the radiating part."""
    cable_efficiency: Efficiency | None = None
    """Antenna: share of the generator's power that reaches it."""
    rings: Many[RingEntry] | None = None
    """Antenna: what the needle is made of, drawn as rings about its axis, from which its field is solved."""
    line_inner_mm: ShaftLength | None = None
    """Antenna: radius of the inner conductor of the coaxial line that feeds it, near the handle."""
    line_outer_mm: ShaftLength | None = None
    """Antenna: inner radius of that line's outer conductor."""
    cooled_from_mm: ShaftLength | None = None
    """Antenna: where the cooled wall begins, from the tip towards the handle; without it the shaft is not cooled."""
    coolant_temperature_c: Coolant | None = None
    """Antenna: of the cooling liquid in the shaft."""
    coolant_h_w_m2k: Film | None = None
    """Antenna: heat transfer coefficient from the shaft's outer wall to the cooling liquid."""
    max_power_w: MaxPower | None = None
    """Antenna: highest power at the generator."""
    active_from_mm: ActiveBegin | None = None
    """Cryoprobe: where the freezing part begins, from the physical tip towards the handle."""
    active_length_mm: ShaftLength | None = None
    """Cryoprobe: length of the freezing part; the rest of the shaft is insulated."""
    film_preset: FilmPreset | None = None
    """Cryoprobe: heat transfer coefficient from its wall to the cryogen at full output: "nominal" (6000 W/m²K, the
    default), "device_figure" (3e4, which published needle figures imply) or "conservative" (1500)."""
    film_h_w_m2k: Film | None = None
    """Cryoprobe: or this heat transfer coefficient."""
    freeze_temperature_c: FreezeTemperature | None = None
    """Cryoprobe: of the saturated cryogen."""
    freeze_time_constant_s: TimeConstant | None = None
    """Cryoprobe: the cryogen nears that temperature as exp(-t/τ) with this τ."""
    thaw_temperature_c: ThawTemperature | None = None
    """Cryoprobe: of the warming gas; without it the device thaws passively only."""
    thaw_time_constant_s: TimeConstant | None = None
    """Cryoprobe: τ with which the gas nears that temperature."""
    plausible_power_w: MaxPower | None = None
    """Cryoprobe: more heat drawn than this is flagged."""

    @model_validator(mode="after")
    def _one_film(self) -> DeviceEntry:
        if self.film_preset is not None and self.film_h_w_m2k is not None:
            raise ValueError("film_preset and film_h_w_m2k exclude each other; keep one")
        return self


MICROWAVE_KEYS = (
    "frequency_mhz", "emission_offset_mm", "cable_efficiency", "rings", "line_inner_mm", "line_outer_mm",
    "cooled_from_mm", "coolant_temperature_c", "coolant_h_w_m2k", "max_power_w",
)  # fmt: skip
"""Keys that only antennas have a use for."""

CRYO_KEYS = (
    "active_from_mm", "active_length_mm", "film_preset", "film_h_w_m2k", "freeze_temperature_c",
    "freeze_time_constant_s", "thaw_temperature_c", "thaw_time_constant_s", "plausible_power_w",
)  # fmt: skip
"""Keys that only cryoprobes have a use for."""


class MicrowaveDevice(DeviceEntry):
    """An antenna ready for use, with `like` resolved."""

    name: str
    kind: Literal["microwave"]
    frequency_mhz: Frequency
    shaft_diameter_mm: ShaftLength
    emission_offset_mm: ShaftLength
    cable_efficiency: Efficiency
    max_power_w: MaxPower
    rings: Annotated[Many[RingEntry], Field(min_length=1)]
    line_inner_mm: ShaftLength
    line_outer_mm: ShaftLength

    @model_validator(mode="after")
    def _is_cooled_or_not(self) -> MicrowaveDevice:
        _all_or_none(self, "a cooled shaft", ("cooled_from_mm", "coolant_temperature_c", "coolant_h_w_m2k"))
        return self


class CryoDevice(DeviceEntry):
    """A cryoprobe ready for use: `like` is resolved, and `film_h_w_m2k` is that of the preset where one is chosen."""

    name: str
    kind: Literal["cryo"]
    shaft_diameter_mm: ShaftLength
    active_from_mm: ActiveBegin
    active_length_mm: ShaftLength
    film_h_w_m2k: Film
    freeze_temperature_c: FreezeTemperature
    freeze_time_constant_s: TimeConstant
    plausible_power_w: MaxPower

    @model_validator(mode="after")
    def _thaws_or_not(self) -> CryoDevice:
        _all_or_none(self, "thawing by gas", ("thaw_temperature_c", "thaw_time_constant_s"))
        return self


Device = MicrowaveDevice | CryoDevice


def _all_or_none(device: Device, what: str, keys: tuple[str, ...]) -> None:
    """Keys that only make sense together.

    Raises
    ------
    ValueError
        Some of them are missing.
    """
    missing = [key for key in keys if getattr(device, key) is None]
    if missing and len(missing) < len(keys):
        raise ValueError(f"{what} needs {', '.join(missing)} too; give all of {', '.join(keys)} or none")
