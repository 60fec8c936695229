"""A12: how deep a plane wave goes into tissue at 2.45 GHz."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator

from gpu_ablate.library.load import tissue
from gpu_ablate.physics.dielectric import VACUUM_PERMEABILITY, VACUUM_PERMITTIVITY, power_attenuation
from gpu_ablate.units import MM
from gpu_ablate.verification.check import Check, relative
from gpu_ablate.verification.runner import Runner

FREQUENCY = 2.45e9
"""[Hz]"""

DIELECTRIC = {"liver": (43.04, 1.686), "breast_fat": (5.147, 0.137), "breast_gland": (57.20, 1.968)}
"""Relative permittivity and conductivity [S m⁻¹] (Gabriel et al. 1996, Phys Med Biol 41:2271, at 2.45 GHz)."""


def plane_wave(_: Runner) -> Iterator[Check]:
    """A12: depth at which the power has fallen to 1/e, of the library's tissues, from the complex wave number."""
    omega = 2.0 * math.pi * FREQUENCY
    for name, (permittivity, conductivity) in DIELECTRIC.items():
        epsilon = complex(permittivity * VACUUM_PERMITTIVITY, -conductivity / omega)
        wave_number = omega * cmath.sqrt(VACUUM_PERMEABILITY * epsilon)
        medium = tissue(name)
        assert medium.relative_permittivity_2450
        assert medium.conductivity_s_m_2450
        found = 1.0 / power_attenuation(
            medium.relative_permittivity_2450.value, medium.conductivity_s_m_2450.value, FREQUENCY
        )
        expected = -0.5 / wave_number.imag
        yield relative(f"depth in {name.replace('_', ' ')}", expected / MM, found / MM, "mm", 0.5)
