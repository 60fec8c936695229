"""Rates of heat damage and of vascular stasis as functions of temperature, and their gates and caps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.units import MINUTE, ZERO_CELSIUS_K

Array = NDArray[np.float64]

GAS_CONSTANT = 8.314462618
"""R [J mol⁻¹ K⁻¹] (CODATA 2018)."""

HOLD_ABOVE_C = 70.0
"""Rates are held constant above this temperature [°C]: tissue dies within milliseconds there anyway."""


DOSE_GATE_C = 39.0
"""CEM43 and vascular stasis are counted from here [°C]: one hour below adds 0.24 min, or 2 % of stasis."""

ARRHENIUS_GATE_C = 43.0
"""Ω is counted from here [°C]: the COMSOL liver pair would reach Ω = 1 after 57 min at 37 °C."""

CEM43_CAP, OMEGA_CAP = 1e9, 1e6
"""Doses stop here [min], [-]: far beyond death, well within float32."""


@dataclass(frozen=True)
class RateLaw:
    """A rate of damage per second: log2_rate(T °C) above the gate, nothing below it; the dose stops at cap."""

    log2_rate: Callable[[Array], Array]
    gate_c: float
    cap: float


def _log2_arrhenius(log2_a: float, ea_over_r: float, temperature_c: Array) -> Array:
    return log2_a - ea_over_r / (temperature_c + ZERO_CELSIUS_K) / math.log(2.0)


def arrhenius_rate(frequency_1_s: float, exponent_of_ten: int, activation_energy: float) -> RateLaw:
    """dΩ/dt = A exp(-E_a / R T), A = frequency_1_s · 10^exponent [s⁻¹], E_a [J mol⁻¹]."""
    log2_a = math.log2(frequency_1_s) + exponent_of_ten * math.log2(10.0)
    return RateLaw(
        lambda t: _log2_arrhenius(log2_a, activation_energy / GAS_CONSTANT, t), gate_c=ARRHENIUS_GATE_C, cap=OMEGA_CAP
    )


def _log2_weaver_stoll(temperature_c: Array) -> Array:
    low = _log2_arrhenius(math.log2(2.185) + 124 * math.log2(10.0), 93534.9, temperature_c)
    high = _log2_arrhenius(math.log2(1.823) + 51 * math.log2(10.0), 39109.8, temperature_c)
    return np.where(temperature_c <= 50.0, low, high)


def _log2_cem43(temperature_c: Array) -> Array:
    doublings = np.where(temperature_c >= 43.0, 1.0, 2.0) * (temperature_c - 43.0)
    return doublings - math.log2(MINUTE)


CEM43 = RateLaw(_log2_cem43, gate_c=DOSE_GATE_C, cap=CEM43_CAP)
"""Cumulative equivalent minutes at 43 °C: R^(43 - T) per minute, R = 0.5 from 43 °C, 0.25 below.

Source: Sapareto & Dewey 1984, Int J Radiat Oncol 10:787.
"""

CEM43_LETHAL_MIN = 240.0
"""CEM43 of coagulation and tumour kill [min] (Yarmolenko et al. 2011, Int J Hyperthermia 27:320)."""

ARRHENIUS: dict[str, RateLaw] = {
    # Weaver & Stoll 1969 (Aerosp Med 40:24), break at 50 °C; the earliest alarm for skin at 47-55 °C.
    "weaver_stoll": RateLaw(_log2_weaver_stoll, gate_c=ARRHENIUS_GATE_C, cap=OMEGA_CAP),
    # Henriques 1947 (Arch Pathol 43:489).
    "henriques_moritz": arrhenius_rate(3.1, 98, 6.28e5),
    # COMSOL tutorials microwave_cancer_therapy and tumor_ablation, liver.
    "liver": arrhenius_rate(7.39, 39, 2.577e5),
}

VASCULAR_STASIS = RateLaw(
    lambda t: _log2_arrhenius(math.log2(1.98) + 106 * math.log2(10.0), 6.67e5 / GAS_CONSTANT, t),
    gate_c=DOSE_GATE_C,
    cap=OMEGA_CAP,
)
"""Shut-off of the microvasculature, ω = ω0 exp(-Ω): A 1.98e106 s⁻¹, E_a 6.67e5 J mol⁻¹ (Brown et al. 1992)."""

PERFUSION_STEP = RateLaw(lambda t: np.full_like(t, 10.0), gate_c=60.0, cap=OMEGA_CAP)
"""Perfusion that stops at once (within milliseconds, 2¹⁰ s⁻¹) where 60 °C is reached."""

COLD_STASIS_C = -20.0
"""Vessels that were colder stay closed after thaw [°C] (Hoffmann & Bischof 2002, Urology 60:40; Gage & Baust 1998)."""
