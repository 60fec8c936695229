"""Constants and tissue properties of the bioheat equation (Pennes 1948, J Appl Physiol 1:93).

dH/dt = ∇·(k ∇T) + ω ρ_b c_b (T_b - T) + Q_m + Q_source   [W m⁻³]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BLOOD_DENSITY = 1050.0
"""ρ_b [kg m⁻³]: IT'IS database v4.0 (Hasgall et al. 2018), blood, rounded."""

BLOOD_HEAT_CAPACITY = 3617.0
"""c_b [J kg⁻¹ K⁻¹]: IT'IS database v4.0 (Hasgall et al. 2018), blood."""


@dataclass(frozen=True)
class Freezing:
    """How a tissue freezes: ice fraction linear in T from start_c to end_c [°C], or the equilibrium of saline."""

    law: Literal["linear", "saline", "none"]
    start_c: float = 0.0
    end_c: float = 0.0


@dataclass(frozen=True)
class TissueProperties:
    """Properties of one tissue at 37 °C, SI.

    Attributes
    ----------
    density [kg m⁻³], heat_capacity [J kg⁻¹ K⁻¹], conductivity [W m⁻¹ K⁻¹]
    conductivity_slope : relative change of the unfrozen conductivity per kelvin [K⁻¹]
    perfusion : ω, volume of blood per volume of tissue and second [s⁻¹]
    metabolic_heat : Q_m [W m⁻³]
    freezing_latent_heat, boiling_latent_heat : [J m⁻³]; 0 boiling latent heat means that it does not boil
    frozen_conductivity [W m⁻¹ K⁻¹], frozen_heat_capacity [J kg⁻¹ K⁻¹]
    frozen_as_ice : scale both with T as pure ice does
    """

    density: float
    heat_capacity: float
    conductivity: float
    conductivity_slope: float
    perfusion: float
    metabolic_heat: float
    freezing: Freezing
    freezing_latent_heat: float
    frozen_conductivity: float
    frozen_heat_capacity: float
    frozen_as_ice: bool
    boiling_latent_heat: float

    @property
    def volumetric_heat_capacity(self) -> float:
        """ρ c at 37 °C [J m⁻³ K⁻¹]."""
        return self.density * self.heat_capacity
