"""Closed forms of heat damage: doses at a constant temperature and along a linear ramp."""

from __future__ import annotations

import math

from scipy.special import expn

from gpu_ablate.physics.damage import DOSE_GATE_C, GAS_CONSTANT
from gpu_ablate.units import MINUTE, ZERO_CELSIUS_K

BREAK_C = 43.0
"""R of CEM43 is 0.5 from here, 0.25 below [°C] (Sapareto & Dewey 1984, Int J Radiat Oncol 10:787)."""


def seconds_to_cem43(temperature_c: float, minutes: float) -> float:
    """Time [s] at a constant temperature ≥ 43 °C until CEM43 = minutes: 60·minutes·0.5^(T - 43)."""
    return minutes * MINUTE * 0.5 ** (temperature_c - BREAK_C)


def ramp_cem43(rate: float, end_c: float) -> float:
    """CEM43 [min] of a temperature that rises by `rate` [K s⁻¹] from the gate of the dose to end_c > 43 °C.

    [(2^(T_e - 43) - 1)/ln 2 + (1 - 4^(T_g - 43))/ln 4]/β, β in kelvin per minute, T_g the gate.
    """
    above = (2.0 ** (end_c - BREAK_C) - 1.0) / math.log(2.0)
    below = (1.0 - 4.0 ** (DOSE_GATE_C - BREAK_C)) / math.log(4.0)
    return (above + below) / (rate * MINUTE)


def ramp_arrhenius(frequency: float, activation_energy: float, rate: float, start_c: float, end_c: float) -> float:
    """Ω = ∫ A exp(-E/RT) dt [-] of a temperature that rises by `rate` [K s⁻¹] from start_c to end_c.

    ∫ exp(-E/RT) dT = T E2(E/RT), E2 the exponential integral of order 2. frequency A [s⁻¹], E [J mol⁻¹].
    """
    low, high = start_c + ZERO_CELSIUS_K, end_c + ZERO_CELSIUS_K
    scale = activation_energy / GAS_CONSTANT
    return float(frequency / rate * (high * expn(2, scale / high) - low * expn(2, scale / low)))
