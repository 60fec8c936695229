"""Tissues: what a table [tissue.NAME] may say, and a tissue with all its numbers resolved."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from gpu_ablate.spec.base import AnyQuantity, Line, Quantity, ShareQuantity, Table, between

Phase = Literal["body", "fluid", "gas"]
Conductivity = Annotated[AnyQuantity, between(1e-9, 1e4)]
Density = Annotated[AnyQuantity, between(0.1, 3e4)]
HeatCapacity = Annotated[AnyQuantity, between(10, 2e4)]
Slope = Annotated[AnyQuantity, between(-0.015, 0.02)]  # k stays positive up to 100 °C
Perfusion = Annotated[AnyQuantity, between(0, 1)]
PerfusionPerMass = Annotated[AnyQuantity, between(0, 6e5)]
MetabolicHeat = Annotated[AnyQuantity, between(0, 1e7)]
LatentHeat = Annotated[AnyQuantity, between(0, 1e9)]
SettingHeat = Annotated[AnyQuantity, between(1e5, 1e9)]
SettingTime = Annotated[AnyQuantity, between(1, 1e5)]
Permittivity = Annotated[AnyQuantity, between(1, 1000)]
ElectricConductivity = Annotated[AnyQuantity, between(0, 1e3)]
FreezingTemperature = Annotated[float, Field(ge=-60, le=10)]


class LinearFreezing(Table):
    """Ice fraction linear in temperature between from_c (no ice) and to_c (all ice)."""

    law: Literal["linear"]
    from_c: FreezingTemperature
    to_c: FreezingTemperature

    @model_validator(mode="after")
    def _falls(self) -> LinearFreezing:
        if self.to_c >= self.from_c:
            raise ValueError(f"to_c ({self.to_c:g}) must lie below from_c ({self.from_c:g})")
        return self


class SalineFreezing(Table):
    """Ice fraction 1 - T_f/T below T_f = -0.53 °C, as 0.9 % saline freezes."""

    law: Literal["saline"]


def _freezing_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "none"
    law = value.get("law") if isinstance(value, dict) else getattr(value, "law", None)
    return law if isinstance(law, str) else None


Freezing = Annotated[
    Annotated[Literal["none"], Tag("none")]
    | Annotated[LinearFreezing, Tag("linear")]
    | Annotated[SalineFreezing, Tag("saline")],
    Discriminator(
        _freezing_kind,
        custom_error_type="freezing_kind",
        custom_error_message='must be "none", { law = "linear", from_c, to_c } or { law = "saline" }',
    ),
]


class TissueEntry(Table):
    """A tissue of the scene's own: complete, or `like` another with changes."""

    like: Line | None = None
    """Start from this tissue and change only the keys written here."""
    description: Line | None = None
    """What it stands for."""
    phase: Phase | None = None
    """"body" (default; lives or dies), "fluid" (isolation, lumen, cement) or "gas" (not solved)."""
    conductivity_w_mk: Conductivity | None = None
    """Thermal conductivity at 37 °C."""
    conductivity_slope_1_k: Slope | None = None
    """Relative change of the unfrozen thermal conductivity per kelvin, from 37 to 100 °C; default 0."""
    density_kg_m3: Density | None = None
    """Density."""
    heat_capacity_j_kgk: HeatCapacity | None = None
    """Heat capacity, not frozen."""
    perfusion_1_s: Perfusion | None = None
    """Volume of blood per volume of tissue and second; default 0."""
    perfusion_ml_min_kg: PerfusionPerMass | None = None
    """The same in mL blood per minute and kg tissue; never both."""
    perfusion_thermography_1_s: Perfusion | None = None
    """Perfusion of the preset "thermography", where it differs."""
    metabolic_heat_w_m3: MetabolicHeat | None = None
    """Metabolic heat; default 0."""
    water_fraction: ShareQuantity | None = None
    """Water by mass: how much boils off."""
    freezing: Freezing | None = None
    """How it freezes: { law = "linear", from_c, to_c }, { law = "saline" } or "none" (default)."""
    frozen_conductivity_w_mk: Conductivity | None = None
    """Thermal conductivity, frozen."""
    frozen_heat_capacity_j_kgk: HeatCapacity | None = None
    """Heat capacity, frozen."""
    frozen_law: Literal["ice"] | None = None
    """"ice" scales both frozen numbers with temperature as pure ice; without it they are constant."""
    latent_heat_j_m3: LatentHeat | None = None
    """Latent heat of freezing."""
    boiling: Literal["water", "none"] | None = None
    """"water" (default): the water boils off at 100 °C; "none": it stays a liquid at any temperature."""
    setting_heat_j_m3: SettingHeat | None = None
    """Heat that it gives off as it sets, evenly from setting_start_s on for setting_duration_s: fresh bone cement. The
    three come together."""
    setting_start_s: SettingTime | None = None
    """After the start of the run."""
    setting_duration_s: SettingTime | None = None
    """How long it sets."""
    dielectric_law: Literal["drying", "constant"] | None = None
    """"drying": both electric values fall with temperature as those of liver do; "constant" (default)."""
    relative_permittivity_2450: Permittivity | None = None
    """Relative permittivity at 2.45 GHz and 37 °C."""
    conductivity_s_m_2450: ElectricConductivity | None = None
    """Electric conductivity at 2.45 GHz and 37 °C."""
    relative_permittivity_915: Permittivity | None = None
    """Relative permittivity at 915 MHz and 37 °C."""
    conductivity_s_m_915: ElectricConductivity | None = None
    """Electric conductivity at 915 MHz and 37 °C."""

    @model_validator(mode="after")
    def _one_perfusion(self) -> TissueEntry:
        if self.perfusion_1_s is not None and self.perfusion_ml_min_kg is not None:
            raise ValueError("perfusion_1_s and perfusion_ml_min_kg exclude each other; keep one")
        return self


class Tissue(TissueEntry):
    """A tissue ready for use: `like` is resolved, and `perfusion_1_s` is the perfusion that is kept."""

    name: str
    phase: Phase = "body"
    conductivity_w_mk: Conductivity
    density_kg_m3: Density
    heat_capacity_j_kgk: HeatCapacity
    conductivity_slope_1_k: Slope = Quantity(value=0.0, source="default")
    perfusion_1_s: Perfusion = Quantity(value=0.0, source="default")
    metabolic_heat_w_m3: MetabolicHeat = Quantity(value=0.0, source="default")
    freezing: Freezing = "none"
    boiling: Literal["water", "none"] = "water"

    @model_validator(mode="after")
    def _laws_are_complete(self) -> Tissue:
        if self.freezing != "none":
            needed = ("frozen_conductivity_w_mk", "frozen_heat_capacity_j_kgk", "latent_heat_j_m3")
            missing = [key for key in needed if getattr(self, key) is None]
            if missing:
                raise ValueError(f'it freezes, so it needs {", ".join(missing)}; or write freezing = "none"')
        setting = ("setting_heat_j_m3", "setting_start_s", "setting_duration_s")
        missing = [key for key in setting if getattr(self, key) is None]
        if missing and len(missing) < len(setting):
            raise ValueError(f"it sets, so it needs {', '.join(missing)}; or none of the three")
        if self.boiling == "water" and self.phase != "gas" and self.water_fraction is None:
            raise ValueError('it boils (the default), so it needs water_fraction; or write boiling = "none"')
        return self

    def dielectric(self, frequency_mhz: float) -> tuple[float, float] | None:
        """Relative permittivity and conductivity [S m⁻¹] at a frequency, 37 °C; None where it has none."""
        permittivity = getattr(self, f"relative_permittivity_{frequency_mhz:g}", None)
        conductivity = getattr(self, f"conductivity_s_m_{frequency_mhz:g}", None)
        return None if permittivity is None or conductivity is None else (permittivity.value, conductivity.value)
