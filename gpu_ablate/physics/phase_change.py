"""Enthalpy, temperature and conductivity of one tissue from deep frozen to dry, written once as knots.

The state of the solver is u = (H - H(37 °C)) / (ρ c at 37 °C) [K]: it equals T - 37 in unfrozen tissue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.physics.bioheat import TissueProperties
from gpu_ablate.units import BODY_C, ZERO_CELSIUS_K

Array = NDArray[np.float64]

COLDEST_C = -196.0
"""Lower end of the laws [°C]: liquid nitrogen."""

HOTTEST_C = 600.0
"""Upper end of the laws [°C]; the last segment goes on linearly."""

SALINE_FREEZING_C = -0.53
"""Freezing point of 0.9 % saline [°C]; ice fraction 1 - T_f/T (ideal dilute solution; CRC Handbook)."""

BOILING_START_C, BOILING_END_C = 99.0, 100.5
"""Range in which tissue water boils off [°C] (Yang et al. 2007, IEEE TBME 54:1382, effective heat capacity)."""

WATER_VAPORISATION = 2.257e6
"""Latent heat of vaporisation of water at 100 °C [J kg⁻¹] (steam tables)."""

DRY_HEAT_CAPACITY_RATIO = 0.35
"""ρ c of dried over wet tissue [-] (of the order of MITA's 0.6e6 / 4.0e6 J m⁻³ K⁻¹ and of the dry matter left)."""

DRY_CONDUCTIVITY = 0.25
"""k of dried tissue [W m⁻¹ K⁻¹], range 0.2-0.3 (engineering value)."""

ICE_REFERENCE_C = 0.0
"""Temperature at which the frozen values of a tissue hold when they scale as pure ice [°C]."""

SLOPE_FROM_C, SLOPE_TO_C = -10.0, 100.0
"""Range in which the unfrozen conductivity follows its slope [°C]; constant beyond."""


def ice_fraction(tissue: TissueProperties, temperature_c: Array) -> Array:
    """Share of the freezable water that is ice at T [°C], 0 to 1."""
    law = tissue.freezing
    if law.law == "none":
        return np.zeros_like(temperature_c)
    if law.law == "saline":
        below = np.minimum(temperature_c, SALINE_FREEZING_C)
        return 1.0 - SALINE_FREEZING_C / below
    return np.clip((law.start_c - temperature_c) / (law.start_c - law.end_c), 0.0, 1.0)


def _ice_heat_capacity_ratio(temperature_c: Array) -> Array:
    """c(T) of pure ice over its value at 0 °C: 7.16 T_K + 138 J kg⁻¹ K⁻¹ (standard fit of ice data)."""
    ice = 7.16 * (temperature_c + ZERO_CELSIUS_K) + 138.0
    return ice / (7.16 * (ICE_REFERENCE_C + ZERO_CELSIUS_K) + 138.0)


def _ice_conductivity_ratio(temperature_c: Array) -> Array:
    """k(T) of pure ice over its value at 0 °C: k = 2.22 · 273.15/T_K (standard fit of ice data)."""
    return (ICE_REFERENCE_C + ZERO_CELSIUS_K) / (temperature_c + ZERO_CELSIUS_K)


@dataclass(frozen=True)
class ThermalLaw:
    """Knots of one tissue, ascending; linear in between and beyond.

    temperature [°C], u [K], conductivity [W m⁻¹ K⁻¹], ice (fraction); potential: ∫ k dT from 37 °C [W m⁻¹]
    (Kirchhoff 1894); kinks: indices of the knots at which a phase begins or ends (in a table they must fall on nodes).
    """

    temperature: Array
    u: Array
    conductivity: Array
    potential: Array
    ice: Array
    kinks: tuple[int, ...]


def thermal_law(tissue: TissueProperties) -> ThermalLaw:
    """Knots of H(T) and k(T): frozen, freezing, unfrozen, boiling, dry.

    H(T) = ∫ ρc dT + L_f·(1 - ice) + L_v·vapour; k is linear in the ice fraction while freezing, rises by
    `conductivity_slope` per kelvin up to 100 °C, and falls to the dry value while boiling.
    """
    starts = [COLDEST_C]
    if tissue.freezing.law == "linear":
        starts += [tissue.freezing.end_c, tissue.freezing.start_c]
    elif tissue.freezing.law == "saline":
        starts += [SALINE_FREEZING_C]
    boils = tissue.boiling_latent_heat > 0.0
    if boils:
        starts += [BOILING_START_C, BOILING_END_C]
    corners = np.array([*starts, HOTTEST_C])
    temperature = np.unique(np.concatenate([np.linspace(COLDEST_C, HOTTEST_C, 3981), corners, [BODY_C]]))

    ice = ice_fraction(tissue, temperature)
    if boils:
        vapour = np.clip((temperature - BOILING_START_C) / (BOILING_END_C - BOILING_START_C), 0.0, 1.0)
    else:
        vapour = np.zeros_like(temperature)

    frozen_c = tissue.density * tissue.frozen_heat_capacity * np.ones_like(temperature)
    frozen_k = tissue.frozen_conductivity * np.ones_like(temperature)
    if tissue.frozen_as_ice:
        cold = np.minimum(temperature, 0.0)
        frozen_c = frozen_c * _ice_heat_capacity_ratio(cold)
        frozen_k = frozen_k * _ice_conductivity_ratio(cold)
    wet_c = tissue.volumetric_heat_capacity
    heat_capacity = ice * frozen_c + (1.0 - ice) * wet_c * (1.0 - vapour * (1.0 - DRY_HEAT_CAPACITY_RATIO))

    sensible = 0.5 * (heat_capacity[1:] + heat_capacity[:-1]) * np.diff(temperature)
    latent = tissue.freezing_latent_heat * -np.diff(ice) + tissue.boiling_latent_heat * np.diff(vapour)
    enthalpy = np.concatenate([[0.0], np.cumsum(sensible + latent)])
    enthalpy -= enthalpy[np.searchsorted(temperature, BODY_C)]

    sloping = np.clip(temperature, SLOPE_FROM_C, SLOPE_TO_C) - BODY_C
    wet_k = tissue.conductivity * (1.0 + tissue.conductivity_slope * sloping)
    dry_k = min(DRY_CONDUCTIVITY, tissue.conductivity)
    conductivity = ice * frozen_k + (1.0 - ice) * ((1.0 - vapour) * wet_k + vapour * dry_k)
    brought = 0.5 * (conductivity[1:] + conductivity[:-1]) * np.diff(temperature)
    potential = np.concatenate([[0.0], np.cumsum(brought)])
    potential -= potential[np.searchsorted(temperature, BODY_C)]
    kinks = tuple(int(np.searchsorted(temperature, corner)) for corner in corners[1:-1])
    return ThermalLaw(temperature, enthalpy / wet_c, conductivity, potential, ice, kinks)
