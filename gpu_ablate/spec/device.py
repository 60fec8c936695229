"""Devices: what a table [device.NAME] may say, and a device with all its numbers resolved."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import model_validator

from gpu_ablate.spec.base import AnyQuantity, Line, Table, between

SourceModel = Literal["line_source"]
Frequency = Annotated[AnyQuantity, between(1, 1e5)]
ShaftLength = Annotated[AnyQuantity, between(1e-3, 200)]
MaxPower = Annotated[AnyQuantity, between(1e-3, 1e4)]
Efficiency = Annotated[AnyQuantity, between(0.01, 1)]
Reflection = Annotated[AnyQuantity, between(0, 0.99)]


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
    source_model: SourceModel | None = None
    """"line_source": provisional, the power is spread along the radiating part."""
    frequency_mhz: Frequency | None = None
    """Working frequency."""
    shaft_diameter_mm: ShaftLength | None = None
    """Outer diameter of the needle."""
    emission_offset_mm: ShaftLength | None = None
    """From the physical tip back to the middle of the radiating part."""
    emission_length_mm: ShaftLength | None = None
    """Length of the radiating part."""
    cable_efficiency: Efficiency | None = None
    """Share of the generator's power that reaches the antenna."""
    reflection: Reflection | None = None
    """Share of that power which the antenna reflects."""
    max_power_w: MaxPower | None = None
    """Highest power at the generator."""


class Device(DeviceEntry):
    """A device ready for use, with `like` resolved."""

    name: str
    kind: Literal["microwave"]
    source_model: SourceModel
    frequency_mhz: Frequency
    shaft_diameter_mm: ShaftLength
    emission_offset_mm: ShaftLength
    emission_length_mm: ShaftLength
    cable_efficiency: Efficiency
    reflection: Reflection
    max_power_w: MaxPower

    @model_validator(mode="after")
    def _radiates_behind_the_tip(self) -> Device:
        if self.emission_offset_mm.value < self.emission_length_mm.value / 2:
            raise ValueError(
                f"the radiating part reaches beyond the tip: emission_offset_mm "
                f"({self.emission_offset_mm.value:g}) must be at least half of emission_length_mm "
                f"({self.emission_length_mm.value:g})"
            )
        return self

    @property
    def efficiency(self) -> float:
        """Share of the generator's power that leaves the antenna: cable and reflection taken off."""
        return self.cable_efficiency.value * (1 - self.reflection.value)
