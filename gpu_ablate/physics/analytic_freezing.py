"""Closed forms of freezing: Neumann's slab, Paterson's line sink, steady ice in perfused tissue. SI, °C."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import erf, erfc, exp1, k0, k1

from gpu_ablate.physics.analytic import Medium

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TwoPhase:
    """Frozen and unfrozen material on both sides of a sharp front.

    latent : heat of freezing [J m⁻³];  front_c : freezing temperature [°C]
    """

    frozen: Medium
    unfrozen: Medium
    latent: float
    front_c: float = 0.0

    @property
    def ratio(self) -> float:
        """a_s/a_l, frozen over unfrozen diffusivity [-]."""
        return self.frozen.diffusivity / self.unfrozen.diffusivity

    def radius(self, root: float, t: ArrayLike) -> Array:
        """Place of a front that moves as 2λ√(a_s t) [m]."""
        return np.asarray(2.0 * root * np.sqrt(self.frozen.diffusivity * np.asarray(t, float)))


def neumann_root(phases: TwoPhase, wall_c: float, start_c: float) -> float:
    """λ of a half-space at start_c whose wall is held at wall_c from t = 0 on.

    e^(-λ²)/erf λ - (k_l/k_s) √(a_s/a_l) (T_i - T_f)/(T_f - T_w) e^(-λ² a_s/a_l)/erfc(λ√(a_s/a_l))
    = λ√π L/(ρc_s (T_f - T_w)). Source: Neumann (about 1860), in Carslaw & Jaeger 1959, 11.2.
    """
    ice, water, ratio = phases.frozen, phases.unfrozen, phases.ratio
    cold, warm = phases.front_c - wall_c, start_c - phases.front_c

    def balance(x: float) -> float:
        kept = np.exp(-(x**2)) / erf(x)
        brought = water.conductivity / ice.conductivity * math.sqrt(ratio) * warm / cold
        brought *= np.exp(-(x**2) * ratio) / erfc(x * math.sqrt(ratio))
        return float(kept - brought - x * math.sqrt(math.pi) * phases.latent / (ice.heat_capacity * cold))

    return float(brentq(balance, 1e-6, 5.0, xtol=1e-14))


def neumann_slab(phases: TwoPhase, wall_c: float, start_c: float, x: ArrayLike, t: float) -> Array:
    """Temperature at depth x [m], t [s] after the wall of a half-space went to wall_c [°C] (see `neumann_root`)."""
    root = neumann_root(phases, wall_c, start_c)
    x = np.asarray(x, float)
    ice = erf(x / (2.0 * math.sqrt(phases.frozen.diffusivity * t))) / erf(root)
    water = erfc(x / (2.0 * math.sqrt(phases.unfrozen.diffusivity * t))) / erfc(root * math.sqrt(phases.ratio))
    frozen = wall_c + (phases.front_c - wall_c) * ice
    unfrozen = start_c - (start_c - phases.front_c) * water
    return np.where(x < phases.radius(root, t), frozen, unfrozen)


def paterson_root(phases: TwoPhase, sink: float, start_c: float) -> float:
    """λ of a line sink Q [W m⁻¹] in a medium at start_c.

    Q/4π e^(-λ²) + k_l (T_f - T_i) e^(-λ² a_s/a_l)/E1(λ² a_s/a_l) = λ² a_s L.
    Source: Paterson 1952 (Proc Glasgow Math Assoc 1:42), in Carslaw & Jaeger 1959, 11.6.
    """
    warm = start_c - phases.front_c

    def balance(x: float) -> float:
        beyond = x**2 * phases.ratio
        taken = sink / (4.0 * math.pi) * math.exp(-(x**2))
        brought = phases.unfrozen.conductivity * warm * math.exp(-beyond) / exp1(beyond)
        return float(taken - brought - x**2 * phases.frozen.diffusivity * phases.latent)

    return float(brentq(balance, 1e-6, 2.0, xtol=1e-14))


def paterson_sink(phases: TwoPhase, sink: float, start_c: float, r: ArrayLike, t: float) -> Array:
    """Temperature at distance r [m] from a line sink Q [W m⁻¹], t [s] after its start [°C] (see `paterson_root`)."""
    root = paterson_root(phases, sink, start_c)
    r = np.asarray(r, float)
    ice, water = phases.frozen, phases.unfrozen
    near, far = r**2 / (4.0 * ice.diffusivity * t), r**2 / (4.0 * water.diffusivity * t)
    frozen = phases.front_c + sink / (4.0 * math.pi * ice.conductivity) * (exp1(root**2) - exp1(near))
    unfrozen = start_c + (phases.front_c - start_c) * exp1(far) / exp1(root**2 * phases.ratio)
    return np.where(r < phases.radius(root, t), frozen, unfrozen)


@dataclass(frozen=True)
class SteadyIce:
    """Steady ice around a surface at probe_c [°C] of radius r_p [m], in tissue perfused with blood at blood_c.

    Blood stops in the ice: it is `frozen` without perfusion, beyond it the tissue is `unfrozen`.
    """

    phases: TwoPhase
    probe_c: float
    radius: float
    blood_c: float

    @property
    def cold(self) -> float:
        """T_f - T_p [K]."""
        return self.phases.front_c - self.probe_c

    @property
    def warm(self) -> float:
        """T_b - T_f [K]."""
        return self.blood_c - self.phases.front_c


def steady_cylinder(ice: SteadyIce) -> float:
    """Radius R of the ice around a long cylinder [m].

    k_s (T_f - T_p)/(R ln(R/r_p)) = k_l m (T_b - T_f) K1(mR)/K0(mR). Source: steady conduction in the ice
    (Carslaw & Jaeger 1959, 7.2) joined to a perfused medium around it.
    """
    frozen, unfrozen = ice.phases.frozen, ice.phases.unfrozen
    m = unfrozen.screening

    def balance(r: float) -> float:
        lost = frozen.conductivity * ice.cold / (r * math.log(r / ice.radius))
        return float(lost - unfrozen.conductivity * m * ice.warm * k1(m * r) / k0(m * r))

    return float(brentq(balance, ice.radius * 1.001, 1.0, xtol=1e-14))


def cylinder_temperature(ice: SteadyIce, r: ArrayLike) -> Array:
    """Steady temperature at distance r [m] from the axis of a long cylinder [°C]."""
    edge, m = steady_cylinder(ice), ice.phases.unfrozen.screening
    r = np.asarray(r, float)
    inside = ice.probe_c + ice.cold * np.log(r / ice.radius) / math.log(edge / ice.radius)
    return np.where(r < edge, inside, ice.blood_c - ice.warm * k0(m * r) / k0(m * edge))


def cylinder_heat(ice: SteadyIce) -> float:
    """Heat that the cylinder takes up per length [W m⁻¹]: q' = 2πk_s (T_f - T_p)/ln(R/r_p)."""
    return 2.0 * math.pi * ice.phases.frozen.conductivity * ice.cold / math.log(steady_cylinder(ice) / ice.radius)


def steady_sphere(ice: SteadyIce) -> float:
    """Radius R of the ice around a ball [m].

    k_s (T_f - T_p) r_p/(R(R - r_p)) = k_l (T_b - T_f)(1/R + m). Source: as `steady_cylinder`, for a sphere.
    """
    frozen, unfrozen = ice.phases.frozen, ice.phases.unfrozen

    def balance(r: float) -> float:
        lost = frozen.conductivity * ice.cold * ice.radius / (r * (r - ice.radius))
        return lost - unfrozen.conductivity * ice.warm * (1.0 / r + unfrozen.screening)

    return float(brentq(balance, ice.radius * 1.001, 1.0, xtol=1e-14))


def sphere_temperature(ice: SteadyIce, r: ArrayLike) -> Array:
    """Steady temperature at distance r [m] from the middle of a cold ball [°C]."""
    edge, m = steady_sphere(ice), ice.phases.unfrozen.screening
    r = np.asarray(r, float)
    inside = ice.probe_c + ice.cold * (1.0 / ice.radius - 1.0 / r) / (1.0 / ice.radius - 1.0 / edge)
    return np.where(r < edge, inside, ice.blood_c - ice.warm * edge / r * np.exp(-m * (r - edge)))
