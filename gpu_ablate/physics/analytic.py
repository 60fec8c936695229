"""Closed-form solutions of the bioheat equation, for tests and for users who want to verify. SI; T in kelvin of rise.

Medium: k [W m⁻¹ K⁻¹], ρc [J m⁻³ K⁻¹], w = ω ρ_b c_b [W m⁻³ K⁻¹]; a = k/ρc, b = w/ρc, m = √(w/k).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Medium:
    """A homogeneous perfused medium: k [W m⁻¹ K⁻¹], ρc [J m⁻³ K⁻¹], w = ω ρ_b c_b [W m⁻³ K⁻¹]."""

    conductivity: float
    heat_capacity: float
    perfusion: float = 0.0

    @property
    def diffusivity(self) -> float:
        """a = k/ρc [m² s⁻¹]."""
        return self.conductivity / self.heat_capacity

    @property
    def decay(self) -> float:
        """b = w/ρc [s⁻¹]."""
        return self.perfusion / self.heat_capacity


def point_source(medium: Medium, power: float, r: ArrayLike, t: ArrayLike) -> Array:
    """Rise around a point source switched on at t = 0 [K].

    T = P/(8πkr) [e^(-mr) erfc(r/2√(at) - √(bt)) + e^(mr) erfc(r/2√(at) + √(bt))]; 0 for t ≤ 0.
    Source: Carslaw & Jaeger 1959, Conduction of Heat in Solids, 10.4, with a linear sink.
    """
    r, t = np.asarray(r, float), np.asarray(t, float)
    on = np.maximum(t, 1e-12)
    m = np.sqrt(medium.perfusion / medium.conductivity)
    reach = r / (2.0 * np.sqrt(medium.diffusivity * on))
    lost = np.sqrt(medium.decay * on)
    both = np.exp(-m * r) * erfc(reach - lost) + np.exp(m * r) * erfc(reach + lost)
    rise = power / (8.0 * np.pi * medium.conductivity * r) * both
    return np.where(t > 0.0, rise, 0.0)


def pulsed_point_source(medium: Medium, power: float, r: ArrayLike, t: float, start: float, end: float) -> Array:
    """Rise around a point source that is on from start to end [s] (superposition of `point_source`) [K]."""
    return point_source(medium, power, r, t - start) - point_source(medium, power, r, t - end)


def gaussian_decay(medium: Medium, amplitude: float, sigma: float, r: ArrayLike, t: float) -> Array:
    """A Gaussian rise A exp(-r²/2s²) at t = 0 later on [K].

    T = A (s²/(s² + 2at))^1.5 exp(-r²/2(s² + 2at) - bt). Source: Carslaw & Jaeger 1959, 10.3.
    """
    spread = sigma**2 + 2.0 * medium.diffusivity * t
    scale = amplitude * (sigma**2 / spread) ** 1.5 * np.exp(-medium.decay * t)
    return np.asarray(scale * np.exp(-(np.asarray(r, float) ** 2) / (2.0 * spread)))


def perfused_slab(
    medium: Medium, metabolic: float, thickness: float, core: float, h: float, outside: float, x: ArrayLike
) -> Array:
    """Steady temperature at depth x [m] of a perfused slab between skin (x = 0) and core (x = L) [°C].

    k T'' = w (T - T_core) - Q; T(L) = T_core; k T'(0) = h (T(0) - T_out). Source: Pennes 1948.
    """
    m = np.sqrt(medium.perfusion / medium.conductivity)
    excess = metabolic / medium.perfusion
    # T - T_core = excess + A cosh(m (L - x)) + B sinh(m (L - x)), with T(L) = T_core: A = -excess
    c, s = np.cosh(m * thickness), np.sinh(m * thickness)
    k = medium.conductivity
    b = (h * (excess * (1.0 - c) + core - outside) - k * m * excess * s) / (-k * m * c - h * s)
    depth = m * (thickness - np.asarray(x, float))
    return core + excess * (1.0 - np.cosh(depth)) + b * np.sinh(depth)
