"""Where an antenna's power goes: the provisional line source, and wave attenuation in a lossy medium."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

VACUUM_PERMITTIVITY = 8.8541878128e-12
"""ε0 [F m⁻¹] (CODATA 2018)."""

VACUUM_PERMEABILITY = 1.25663706212e-6
"""μ0 [H m⁻¹] (CODATA 2018)."""


def power_attenuation(relative_permittivity: float, conductivity: float, frequency: float) -> float:
    """2α [m⁻¹]: power of a plane wave falls as exp(-2α x); α = ω √(με/2) √(√(1 + (σ/ωε)²) - 1).

    conductivity [S m⁻¹], frequency [Hz]. Source: Balanis 1989, Advanced Engineering Electromagnetics, eq. 4-28.
    """
    omega = 2.0 * math.pi * frequency
    epsilon = relative_permittivity * VACUUM_PERMITTIVITY
    loss = conductivity / (omega * epsilon)
    alpha = omega * math.sqrt(VACUUM_PERMEABILITY * epsilon / 2.0 * (math.sqrt(1.0 + loss**2) - 1.0))
    return 2.0 * alpha


@dataclass(frozen=True)
class AxialSource:
    """Absorbed power density per watt [m⁻³] in the antenna's frame, mirror-symmetric along its axis.

    log_density on nodes (r, |z|): r = r_min·exp(i·r_step) [m], |z| = j·z_step [m]; zero inside r_min and beyond.
    """

    r_min: float
    r_step: float
    z_step: float
    log_density: Array

    @property
    def reach(self) -> float:
        """Radius [m] beyond which nothing is deposited."""
        return self.r_min * math.exp(self.r_step * (self.log_density.shape[0] - 1))

    def density(self, r: Array, z: Array) -> Array:
        """Power density per watt [m⁻³] at distance r from the axis and z along it [m]."""
        rows, columns = self.log_density.shape
        i = np.log(np.maximum(r, self.r_min) / self.r_min) / self.r_step
        j = np.abs(z) / self.z_step
        inside = (r >= self.r_min) & (i <= rows - 1) & (j <= columns - 1)
        i, j = np.minimum(i, rows - 1.001), np.minimum(j, columns - 1.001)
        i0, j0 = i.astype(np.int64), j.astype(np.int64)
        fi, fj = i - i0, j - j0
        table = self.log_density
        low = table[i0, j0] + fj * (table[i0, j0 + 1] - table[i0, j0])
        high = table[i0 + 1, j0] + fj * (table[i0 + 1, j0 + 1] - table[i0 + 1, j0])
        return np.where(inside, np.exp(low + fi * (high - low)), 0.0)


def line_source(length: float, radius: float, attenuation: float) -> AxialSource:
    """Line of incoherent point radiators of equal strength in a lossy medium, outside the needle.

    q(r, z) = C/L ∫ exp(-2α R)/(4π R²) dz' over |z'| ≤ L/2, R² = r² + (z - z')², r ≥ radius,
    with C such that one watt is absorbed in all space. A provisional stand-in for the antenna's own field:
    it has the attenuation of the medium but neither near field, nor reflection, nor the trail along the shaft.

    length L, radius [m]; attenuation 2α [m⁻¹].
    Source: line of attenuated spherical sources as in interstitial hyperthermia (Strohbehn et al. 1979,
    J Microw Power 14:339).
    """
    reach = 12.0 / attenuation + length
    rows, z_step = 120, 0.25e-3
    r_step = math.log(reach / radius) / (rows - 1)
    r = radius * np.exp(r_step * np.arange(rows))
    z = z_step * np.arange(int(reach / z_step) + 1)
    nodes, weights = np.polynomial.legendre.leggauss(48)
    density = np.zeros((rows, len(z)))
    for node, weight in zip(0.5 * length * nodes, 0.5 * weights, strict=True):
        squared = r[:, None] ** 2 + (z[None, :] - node) ** 2
        mirrored = r[:, None] ** 2 + (z[None, :] + node) ** 2
        for distance2 in (squared, mirrored):
            density += 0.5 * weight * np.exp(-attenuation * np.sqrt(distance2)) / (4.0 * math.pi * distance2)
    # ∫ 2π r q dr dz over both halves, r = exp(s): dr = r ds
    shells = 2.0 * np.trapezoid(density, dx=z_step, axis=1)
    total = np.trapezoid(2.0 * math.pi * r**2 * shells, dx=r_step)
    return AxialSource(radius, r_step, z_step, np.log(density / total))
