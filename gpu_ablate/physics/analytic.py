"""Closed forms of the bioheat equation without a change of phase. SI; rises above the blood's temperature in kelvin.

Medium: k [W m⁻¹ K⁻¹], ρc [J m⁻³ K⁻¹], w = ω ρ_b c_b [W m⁻³ K⁻¹]; a = k/ρc, b = w/ρc, m = √(w/k).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad_vec
from scipy.special import erfc, k0

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

    @property
    def screening(self) -> float:
        """m = √(w/k) [m⁻¹]: perfusion damps a steady rise as exp(-m r)."""
        return math.sqrt(self.perfusion / self.conductivity)


def point_source(medium: Medium, power: float, r: ArrayLike, t: ArrayLike) -> Array:
    """Rise around a point source switched on at t = 0 [K].

    T = P/(8πkr) [e^(-mr) erfc(r/2√(at) - √(bt)) + e^(mr) erfc(r/2√(at) + √(bt))]; 0 for t ≤ 0.
    Source: Carslaw & Jaeger 1959, Conduction of Heat in Solids, 10.4, with a linear sink.
    """
    r, t = np.asarray(r, float), np.asarray(t, float)
    on = np.maximum(t, 1e-12)
    m = medium.screening
    reach = r / (2.0 * np.sqrt(medium.diffusivity * on))
    lost = np.sqrt(medium.decay * on)
    both = np.exp(-m * r) * erfc(reach - lost) + np.exp(m * r) * erfc(reach + lost)
    rise = power / (8.0 * np.pi * medium.conductivity * r) * both
    return np.where(t > 0.0, rise, 0.0)


def pulsed_point_source(medium: Medium, power: float, r: ArrayLike, t: float, start: float, end: float) -> Array:
    """Rise around a point source that is on from start to end [s] (superposition of `point_source`) [K]."""
    return point_source(medium, power, r, t - start) - point_source(medium, power, r, t - end)


def steady_line_source(medium: Medium, power_per_length: float, r: ArrayLike) -> Array:
    """Steady rise around a line source of q' [W m⁻¹] in a perfused medium [K]: T = q'/(2πk) K0(m r).

    Source: Carslaw & Jaeger 1959, 10.3 and 10.4, with a linear sink.
    """
    scale = power_per_length / (2.0 * np.pi * medium.conductivity)
    return np.asarray(scale * k0(medium.screening * np.asarray(r, float)))


def moving_source(medium: Medium, power: float, speed: float, ahead: ArrayLike, beside: ArrayLike) -> Array:
    """Rise around a point source that has moved at a constant speed U [m s⁻¹] for ever [K].

    T = P/(4πkR) exp(-Uξ/2a - R √(U²/4a² + m²)), ξ ahead of the source and beside its path [m], R² = ξ² + beside².
    Source: Rosenthal 1946 (Trans ASME 68:849), with a linear sink.
    """
    ahead, beside = np.asarray(ahead, float), np.asarray(beside, float)
    r = np.hypot(ahead, beside)
    drift = speed / (2.0 * medium.diffusivity)
    decay = np.exp(-drift * ahead - r * math.hypot(drift, medium.screening))
    return np.asarray(power / (4.0 * np.pi * medium.conductivity * r) * decay)


def heated_ball(medium: Medium, density: float, radius: float, r: ArrayLike) -> Array:
    """Steady rise in and around a ball heated evenly by q [W m⁻³] in an unbounded medium [K].

    Inside q/w [1 - (1 + mA) e^(-mA) sinh(mr)/(mr)], outside q/w [mA cosh(mA) - sinh(mA)] e^(-mr)/(mr); without
    perfusion q (3A² - r²)/6k and q A³/(3kr). Source: T'' + 2T'/r = m²T - q/k, both joined at r = A.
    """
    away: Array = np.maximum(np.asarray(r, float), 1e-9 * radius)
    k, m = medium.conductivity, medium.screening
    if m == 0.0:
        inside = density * (3.0 * radius**2 - away**2) / (6.0 * k)
        return np.where(away < radius, inside, density * radius**3 / (3.0 * k * away))
    edge = m * radius
    inside = 1.0 - (1.0 + edge) * math.exp(-edge) * np.sinh(np.minimum(m * away, edge)) / (m * away)
    outside = (edge * math.cosh(edge) - math.sinh(edge)) * np.exp(-m * away) / (m * away)
    return density / medium.perfusion * np.where(away < radius, inside, outside)


@dataclass(frozen=True)
class Beam:
    """A beam of Gaussian profile that enters a medium at z = 0 and is absorbed along z.

    Density 2μP/(πA²) exp(-2r²/A² - μz) [W m⁻³] in z > 0: power P [W], radius A [m], absorption μ [m⁻¹]; on from
    t = 0 to pulse [s].
    """

    power: float
    radius: float
    absorption: float
    pulse: float

    def density(self, r: ArrayLike, z: ArrayLike) -> Array:
        """Power density at distance r from the axis and depth z [m] [W m⁻³]."""
        r, z = np.asarray(r, float), np.asarray(z, float)
        peak = 2.0 * self.absorption * self.power / (np.pi * self.radius**2)
        decay = np.exp(-2.0 * r**2 / self.radius**2 - self.absorption * np.maximum(z, 0.0))
        return np.where(z > 0.0, peak * decay, 0.0)


def gaussian_beam(medium: Medium, beam: Beam, r: ArrayLike, z: ArrayLike, t: float) -> Array:
    """Rise [K] at distance r from the axis and depth z [m], t [s] after a beam was switched on in unbounded tissue.

    T = μP/(πρc) ∫ e^(-bu)/(A² + 8au) exp(-2r²/(A² + 8au) - μz + μ²au) erfc((2aμu - z)/√(4au)) ds, u = t - s,
    over s = 0 .. min(t, pulse). Source: Vyas & Rustgi 1992 (Med Phys 19:1319).
    """
    r, z = np.asarray(r, float), np.asarray(z, float)
    a, mu = medium.diffusivity, beam.absorption

    def rate(u: float) -> Array:
        wide = beam.radius**2 + 8.0 * a * u
        along = np.exp(-mu * z + mu**2 * a * u) * erfc((2.0 * a * mu * u - z) / math.sqrt(4.0 * a * u))
        return np.asarray(math.exp(-medium.decay * u) / wide * np.exp(-2.0 * r**2 / wide) * along)

    share, _ = quad_vec(rate, max(t - min(t, beam.pulse), 1e-12), t, epsrel=1e-10)
    return np.asarray(mu * beam.power / (np.pi * medium.heat_capacity) * share)


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
    m = medium.screening
    excess = metabolic / medium.perfusion
    # T - T_core = excess + A cosh(m (L - x)) + B sinh(m (L - x)), with T(L) = T_core: A = -excess
    c, s = np.cosh(m * thickness), np.sinh(m * thickness)
    k = medium.conductivity
    b = (h * (excess * (1.0 - c) + core - outside) - k * m * excess * s) / (-k * m * c - h * s)
    depth = m * (thickness - np.asarray(x, float))
    return core + excess * (1.0 - np.cosh(depth)) + b * np.sinh(depth)
