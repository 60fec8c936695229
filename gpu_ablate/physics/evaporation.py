"""Heat that a wet surface loses to the air: convection, radiation and evaporation as one film."""

from __future__ import annotations

import math

LEWIS = 16.5
"""Evaporative over convective heat transfer coefficient at sea level [K kPa⁻¹]: the Lewis relation, ASHRAE Handbook of
Fundamentals, chapter Thermal Comfort (number found again in the public code of the JOS-3 model, the handbook itself not
re-read)."""


def saturation_pressure(temperature_c: float) -> float:
    """Pressure of saturated water vapour [kPa]: exp(16.6536 - 4030.183 / (T + 235)).

    Source: the equation in the programs of ISO 7730 and JOS-3; within 0.5 % of steam tables from 10 to 60 °C.
    """
    return math.exp(16.6536 - 4030.183 / (temperature_c + 235.0))


def saturation_slope(temperature_c: float) -> float:
    """dP/dT of `saturation_pressure` [kPa K⁻¹]."""
    return saturation_pressure(temperature_c) * 4030.183 / (temperature_c + 235.0) ** 2


def wet_film(film: float, convective: float, air_c: float, humidity: float, about_c: float) -> tuple[float, float]:
    """Film coefficient [W m⁻² K⁻¹] and outside temperature [°C] that stand for a wet surface.

    q = h (T - T_air) + L h_c (P(T) - φ P(T_air)) with P linear about T_0, so that q = h_e (T - T_e):
    h_e = h + L h_c P'(T_0),   h_e T_e = h T_air + L h_c (φ P(T_air) - P(T_0) + P'(T_0) T_0)

    film : h, convection and radiation together [W m⁻² K⁻¹]
    convective : h_c, the part of it that carries vapour away [W m⁻² K⁻¹]
    air_c, about_c : T_air, T_0 [°C]
    humidity : φ, relative, 0 to 1
    """
    slope = saturation_slope(about_c)
    wet = LEWIS * convective
    total = film + wet * slope
    vapour = humidity * saturation_pressure(air_c) - saturation_pressure(about_c) + slope * about_c
    return total, (film * air_c + wet * vapour) / total
