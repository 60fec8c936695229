"""Devices: what a table [device.NAME] may say, and a device with all its numbers resolved."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from gpu_ablate.spec.base import AnyQuantity, Line, Many, Table, between

Frequency = Annotated[AnyQuantity, between(1, 1e5)]
ShaftLength = Annotated[AnyQuantity, between(1e-3, 200)]
MaxPower = Annotated[AnyQuantity, between(1e-3, 1e4)]
Efficiency = Annotated[AnyQuantity, between(0.01, 1)]
Coolant = Annotated[AnyQuantity, between(0, 40)]
CoolantFilm = Annotated[AnyQuantity, between(1, 1e6)]


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
    """A device of the scene's own: complete, or `like` another with changes."""

    later: ClassVar[frozenset[str]] = frozenset(
        {"active_length_mm", "film_preset", "film_h_w_m2k", "freeze_temperature_c"}
    )

    like: Line | None = None
    """Start from this device and change only the keys written here."""
    description: Line | None = None
    """What it stands for."""
    kind: Literal["microwave"] | None = None
    """What it does."""
    frequency_mhz: Frequency | None = None
    """Working frequency."""
    shaft_diameter_mm: ShaftLength | None = None
    """Outer diameter of the needle."""
    emission_offset_mm: ShaftLength | None = None
    """From the physical tip back to the middle of the radiating part."""
    cable_efficiency: Efficiency | None = None
    """Share of the generator's power that reaches the antenna."""
    rings: Many[RingEntry] | None = None
    """What the needle is made of, drawn as rings about its axis, from which its field is solved."""
    line_inner_mm: ShaftLength | None = None
    """Radius of the inner conductor of the coaxial line that feeds it, near the handle."""
    line_outer_mm: ShaftLength | None = None
    """Inner radius of that line's outer conductor."""
    cooled_from_mm: ShaftLength | None = None
    """Where the cooled wall begins, from the tip towards the handle; without it the shaft is not cooled."""
    coolant_temperature_c: Coolant | None = None
    """Of the cooling liquid in the shaft."""
    coolant_h_w_m2k: CoolantFilm | None = None
    """Heat transfer coefficient from the shaft's outer wall to the cooling liquid."""
    max_power_w: MaxPower | None = None
    """Highest power at the generator."""


class Device(DeviceEntry):
    """A device ready for use, with `like` resolved."""

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
    def _is_cooled_or_not(self) -> Device:
        cooling = ("cooled_from_mm", "coolant_temperature_c", "coolant_h_w_m2k")
        missing = [key for key in cooling if getattr(self, key) is None]
        if missing and len(missing) < len(cooling):
            raise ValueError(f"a cooled shaft needs {', '.join(missing)} too; give all of {', '.join(cooling)} or none")
        return self
