"""Heat transfer between flowing blood and the wall of a straight vessel. SI."""

from __future__ import annotations

import math
from dataclasses import dataclass

VISCOSITY = 3.5e-3
"""Of whole blood at 37 °C and the shear rates of large vessels [Pa s]; 3 to 4 mPa s, from memory, not re-read."""

LAMINAR_BELOW = 2300.0
"""Reynolds number up to which pipe flow is laminar."""

DEVELOPED = 3.66
"""Nusselt number of laminar flow far from the inlet, wall of one temperature (Graetz 1885)."""


@dataclass(frozen=True)
class Liquid:
    """ρ [kg m⁻³], c [J kg⁻¹ K⁻¹], k [W m⁻¹ K⁻¹]."""

    density: float
    heat_capacity: float
    conductivity: float


def wall_film(flow: float, radius: float, length: float, liquid: Liquid) -> float:
    """Mean heat transfer coefficient over a length of vessel [W m⁻² K⁻¹]: h = Nu k/D.

    Laminar: Nu³ = 3.66³ + 0.7³ + (1.615 Gz^⅓ - 0.7)³ with Gz = Re Pr D/L (Gnielinski, VDI Heat Atlas, pipe of one wall
    temperature; from memory, not re-read). Turbulent, above Re 2300: Gnielinski's Nu = (f/8)(Re - 1000) Pr / (1 + 12.7
    √(f/8) (Pr^⅔ - 1)), f = (0.79 ln Re - 1.64)⁻² (Gnielinski 1976), where it is larger. Steady flow in a straight pipe:
    the pulse, bends and branches, which all mix, are left out.

    Parameters
    ----------
    flow : [m³ s⁻¹]; radius, length : of the vessel, its length from where the temperature of its wall changes [m]
    """
    diameter = 2.0 * radius
    reynolds = liquid.density * flow / (math.pi * radius**2) * diameter / VISCOSITY
    prandtl = liquid.heat_capacity * VISCOSITY / liquid.conductivity
    entry = max(1.615 * (reynolds * prandtl * diameter / length) ** (1.0 / 3.0) - 0.7, 0.0)
    nusselt = (DEVELOPED**3 + 0.7**3 + entry**3) ** (1.0 / 3.0)
    if reynolds > LAMINAR_BELOW:
        eighth = 0.125 * (0.79 * math.log(reynolds) - 1.64) ** -2
        mixed = eighth * (reynolds - 1000.0) * prandtl
        nusselt = max(nusselt, mixed / (1.0 + 12.7 * math.sqrt(eighth) * (prandtl ** (2.0 / 3.0) - 1.0)))
    return nusselt * liquid.conductivity / diameter
