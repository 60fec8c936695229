"""Conversions between clinic units (mm, °C, cm³, mL/min/kg) at the edges and SI inside: the only home."""

from __future__ import annotations

MM = 1e-3
"""Metres in a millimetre."""

CM2 = 1e-4
"""Square metres in a square centimetre."""

CM3 = 1e-6
"""Cubic metres in a cubic centimetre."""

KJ = 1e3
"""Joules in a kilojoule."""

MINUTE = 60.0
"""Seconds in a minute."""

ML_MIN = CM3 / MINUTE
"""A flow of 1 ml/min [m³ s⁻¹]."""

ZERO_CELSIUS_K = 273.15
"""0 °C in kelvin (SI definition)."""

BODY_C = 37.0
"""Core temperature [°C]; the zero of the solver's temperature."""

ADULT_KG = 70.0
"""A patient whose mass is not given [kg]: the reference man of ICRP Publication 23 (1975)."""


def perfusion_from_ml_min_kg(rate_ml_min_kg: float, density_kg_m3: float) -> float:
    """Perfusion in s⁻¹ (volume of blood per volume of tissue and second) from mL blood/min/kg tissue.

    ω = rate · ρ / 6e7 (1e-6 m³ per mL, 60 s per min); Hasgall et al., IT'IS database v4.0.
    """
    return rate_ml_min_kg * density_kg_m3 / 6e7
