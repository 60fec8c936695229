"""Physics as tables: per region bins of u -> (temperature, potential, resistance), and bins of T -> damage rate.

Backends only look up and interpolate; every law and constant is written in `physics`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.physics.bioheat import BLOOD_DENSITY, BLOOD_HEAT_CAPACITY, TissueProperties
from gpu_ablate.physics.damage import HOLD_ABOVE_C, RateLaw
from gpu_ablate.physics.phase_change import SLOPE_FROM_C, SLOPE_TO_C, thermal_law
from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]

U_MIN, U_STEP, U_BINS = -320.0, 0.25, 4608
"""Bins of u [K]: from ice at -196 °C to dry tissue; 0 (37 °C) and the phase kinks are nodes."""

U_NODES = U_MIN + U_STEP * np.arange(U_BINS + 1, dtype=np.float64)
"""Where the bins meet [K]."""

RATE_STEP = 0.25
"""Bins of the rate tables [K]."""

NEVER_FROZEN = -1e6
"""State u above which a tissue that does not freeze is thawed [K]: below any."""

NO_CONDUCTION = 1e30
"""Resistance that stands for an insulator [K m³ W⁻¹] (finite, so that float32 arithmetic stays clean)."""


@dataclass(frozen=True)
class ThermalTables:
    """Laws of every region on nodes u_j = U_MIN + j·U_STEP, j = 0 .. U_BINS; linear in and beyond the bins.

    theta : T - 37 [K], (regions, nodes)
    potential : Kirchhoff's ∫ k dT / Δx² from 37 °C [W m⁻³], (regions, nodes); conduction within one material is its
        difference, exact for any k(T)
    resistance : Δx²/(2k) [K m³ W⁻¹], (regions, nodes); two in series are the harmonic face between materials
    thawed : u at which half of the water is ice; perfusion and metabolism act above it [K], (regions,)
    heat_capacity : ρc at 37 °C [J m⁻³ K⁻¹], (regions,); inf where the temperature never changes (gas)
    perfusion : ω ρ_b c_b [W m⁻³ K⁻¹], (regions,)
    metabolic : Q_m [W m⁻³], (regions,)
    linear : (regions, 2) range of u in which T - 37 = u and potential = rise[0] u + rise[1] u² exactly
    rise : (regions, 2) [W m⁻³ K⁻¹], [W m⁻³ K⁻²]
    blood_theta : temperature of arterial blood minus 37 [K]
    """

    theta: Array
    potential: Array
    resistance: Array
    thawed: Array
    heat_capacity: Array
    perfusion: Array
    metabolic: Array
    linear: Array
    rise: Array
    blood_theta: float

    @property
    def material(self) -> Array:
        """Constants of each region as kernels take them (regions, 8): 1/ρc, perfusion, metabolic, thawed, linear,
        rise."""
        columns = (1.0 / self.heat_capacity, self.perfusion, self.metabolic, self.thawed, self.linear, self.rise)
        return np.column_stack(columns)


@dataclass(frozen=True)
class DielectricTables:
    """ε' and σ [S m⁻¹] of every region on the nodes of `ThermalTables` (regions, nodes); 1 and 0 of gas."""

    permittivity: Array
    conductivity: Array


@dataclass(frozen=True)
class RateTable:
    """log2 of a rate [s⁻¹] on nodes theta_j = theta_min + j·RATE_STEP; zero below, held above; dose ≤ cap."""

    theta_min: float
    log2_rate: Array
    cap: float


def thermal_tables(
    tissues: Sequence[TissueProperties | None], spacing: float, blood_temperature_c: float
) -> ThermalTables:
    """Tables of a list of regions; None stands for gas, which neither conducts nor changes.

    spacing : Δx [m]
    """
    nodes = U_NODES
    count = len(tissues)
    theta = np.tile(nodes, (count, 1))
    resistance = np.full((count, U_BINS + 1), NO_CONDUCTION)
    potential = np.zeros((count, U_BINS + 1))
    thawed = np.full(count, NEVER_FROZEN)
    heat_capacity = np.full(count, np.inf)
    perfusion, metabolic, rise = np.zeros(count), np.zeros(count), np.zeros((count, 2))
    linear = np.tile([U_MIN, U_MIN + U_STEP * U_BINS], (count, 1))
    for row, tissue in enumerate(tissues):
        if tissue is None:
            continue
        law = thermal_law(tissue)
        u = _kinks_to_nodes(law.u, law.kinks)
        theta[row] = _along(nodes, u, law.temperature) - BODY_C
        resistance[row] = spacing**2 / (2.0 * np.interp(nodes, u, law.conductivity))
        potential[row] = _along(nodes, u, law.potential) / spacing**2
        if law.ice[0] > 0.5:
            thawed[row] = np.interp(-0.5, -law.ice, u)
        # the linear range ends at the last nodes that lie within it before the kinks are moved
        cold = [max(law.u[k], u[k]) for k in law.kinks if u[k] < 0.0]
        hot = [min(law.u[k], u[k]) for k in law.kinks if u[k] > 0.0]
        linear[row, 0] = math.ceil(max([SLOPE_FROM_C - BODY_C, u[0], *cold]) / U_STEP) * U_STEP
        linear[row, 1] = math.floor(min([SLOPE_TO_C - BODY_C, u[-1], *hot]) / U_STEP) * U_STEP
        inside = (nodes >= linear[row, 0]) & (nodes <= linear[row, 1])
        theta[row, inside] = nodes[inside]
        rise[row] = tissue.conductivity / spacing**2 * np.array([1.0, 0.5 * tissue.conductivity_slope])
        potential[row, inside] = (rise[row, 0] + rise[row, 1] * nodes[inside]) * nodes[inside]
        resistance[row, inside] = 0.5 / (rise[row, 0] + 2.0 * rise[row, 1] * nodes[inside])
        heat_capacity[row] = tissue.volumetric_heat_capacity
        perfusion[row] = tissue.perfusion * BLOOD_DENSITY * BLOOD_HEAT_CAPACITY
        metabolic[row] = tissue.metabolic_heat
    return ThermalTables(
        theta,
        potential,
        resistance,
        thawed,
        heat_capacity,
        perfusion,
        metabolic,
        linear,
        rise,
        blood_temperature_c - BODY_C,
    )


def covered(tissue: TissueProperties) -> bool:
    """Whether the tables reach from the coldest ice of a tissue to where it is dry."""
    law = thermal_law(tissue)
    return bool(law.u[0] >= U_MIN and all(law.u[k] <= U_MIN + U_STEP * U_BINS for k in law.kinks))


def _kinks_to_nodes(u: Array, kinks: tuple[int, ...]) -> Array:
    """Stretch u between kinks so that each kink lies on a node (latent heats change by ≤ U_STEP/2·ρc)."""
    at = [0, *kinks, len(u) - 1]
    rounded = np.round(u[at] / U_STEP) * U_STEP
    return np.asarray(np.interp(u, u[at], rounded))


def _along(nodes: Array, u: Array, values: Array) -> Array:
    """Linear interpolation that goes on with the slope of the first and last knots beyond them."""
    inside = np.interp(nodes, u, values)
    low = values[0] + (nodes - u[0]) * (values[1] - values[0]) / (u[1] - u[0])
    high = values[-1] + (nodes - u[-1]) * (values[-1] - values[-2]) / (u[-1] - u[-2])
    return np.where(nodes < u[0], low, np.where(nodes > u[-1], high, inside))


def rate_table(law: RateLaw) -> RateTable:
    """Table of a damage law from its gate to the temperature above which rates are held."""
    top = max(HOLD_ABOVE_C, law.gate_c + RATE_STEP)
    temperature = np.arange(law.gate_c, top + 0.5 * RATE_STEP, RATE_STEP)
    return RateTable(law.gate_c - BODY_C, law.log2_rate(temperature), law.cap)


def enthalpy_of(tables: ThermalTables, region: int, theta: Array) -> Array:
    """u [K] of a region at T - 37 [K]: the inverse of its table."""
    low, high = tables.linear[region]
    return np.where((theta >= low) & (theta <= high), theta, np.interp(theta, tables.theta[region], U_NODES))
