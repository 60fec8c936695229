"""Electric properties of tissue at microwave frequencies, how they fall as it heats and dries, and what waves lose."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]

VACUUM_PERMITTIVITY = 8.8541878128e-12
"""ε0 [F m⁻¹] (CODATA 2018)."""

VACUUM_PERMEABILITY = 1.25663706212e-6
"""μ0 [H m⁻¹] (CODATA 2018)."""

LIVER_PERMITTIVITY = (48.391, 6.286, 0.0764)
"""a [-], b [-], c [K⁻¹] of ε' = a (1 - 1/(1 + exp(b - c T))) + 1, T in °C (Ji and Brace 2011, Phys Med Biol 56:5249:
ex vivo bovine liver at 2.45 GHz up to the loss of its water)."""

LIVER_CONDUCTIVITY = (2.173, 5.951, 0.0697)
"""a [S m⁻¹], b [-], c [K⁻¹] of σ = a (1 - 1/(1 + exp(b - c T))), T in °C (Ji and Brace 2011)."""


def power_attenuation(relative_permittivity: float, conductivity: float, frequency: float) -> float:
    """2α [m⁻¹]: power of a plane wave falls as exp(-2α x); α = ω √(με/2) √(√(1 + (σ/ωε)²) - 1).

    conductivity [S m⁻¹], frequency [Hz]. Source: Balanis 1989, Advanced Engineering Electromagnetics, eq. 4-28.
    """
    omega = 2.0 * math.pi * frequency
    epsilon = relative_permittivity * VACUUM_PERMITTIVITY
    loss = conductivity / (omega * epsilon)
    alpha = omega * math.sqrt(VACUUM_PERMEABILITY * epsilon / 2.0 * (math.sqrt(1.0 + loss**2) - 1.0))
    return 2.0 * alpha


def drying_permittivity(temperature_c: ArrayLike, at_body: float) -> Array:
    """ε' of a watery tissue at a temperature [°C] from its value at 37 °C: 1 + (ε_liver(T) - 1)·(ε_37 - 1)/(ε_liver(37)
    - 1), the law of liver scaled, as no other tissue's was published."""
    share = _share(LIVER_PERMITTIVITY, temperature_c) / _share(LIVER_PERMITTIVITY, BODY_C)
    return np.asarray(1.0 + (at_body - 1.0) * share)


def drying_conductivity(temperature_c: ArrayLike, at_body: float) -> Array:
    """σ [S m⁻¹] of a watery tissue at a temperature [°C] from its value at 37 °C, scaled as that of liver."""
    return np.asarray(at_body * _share(LIVER_CONDUCTIVITY, temperature_c) / _share(LIVER_CONDUCTIVITY, BODY_C))


def _share(law: tuple[float, float, float], temperature_c: ArrayLike) -> Array:
    """1 - 1/(1 + exp(b - c T)): what is left of a wet tissue's value."""
    _, b, c = law
    return np.asarray(1.0 / (1.0 + np.exp(c * np.asarray(temperature_c, np.float64) - b)))
