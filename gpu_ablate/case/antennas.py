"""Antennas of the library in SI: what the solver of Maxwell's equations needs, and what cools their shaft."""

from __future__ import annotations

import math
from functools import lru_cache

from gpu_ablate.case.case import Antenna, Cooling
from gpu_ablate.errors import SceneError
from gpu_ablate.physics.maxwell_geometry import CoaxialAntenna, Ring, Spacing, Window, graded_grid
from gpu_ablate.physics.maxwell_system import Discretisation, discretise
from gpu_ablate.spec.device import MicrowaveDevice, RingEntry
from gpu_ablate.units import BODY_C, MM

WINDOW = Window(40e-3, -40e-3, 60e-3)
"""What is solved around an antenna; beyond it the medium goes on.

Twice as wide and twice as far before the tip changes |Γ|² of the shipped devices by at most 0.0002 and |E|² by at most
0.6 % (in tumour, gland, liver, fat and liver at 90 °C; where it exceeds a thousandth of its largest value)."""

SPACING = Spacing(finest=0.03e-3, growth=1.25, coarsest=1.0e-3)
"""Cell sizes around every antenna of the library: 16 000 to 24 000 unknowns, 50 to 80 ms a solution.

Against cells of 0.015 mm at edges, growth 1.2 and 0.7 mm far away the power in the same media differs by at most 0.2 %
and |E|² at 1 mm and more from the needle by at most 1.8 % (2.45 GHz) or 2.8 % (915 MHz), |Γ|² by 0.002. With 0.05 mm at
edges it would be 0.3 %, 2.3 % and 4.8 % for a fifth less time; growth 1.4 costs 5 to 9 % of |E|²."""


def build_antenna(device: MicrowaveDevice) -> Antenna:
    """The antenna of a device in SI.

    Raises
    ------
    SceneError
        Its rings make no antenna that can be solved.
    """
    cooling = None
    if device.cooled_from_mm is not None:
        assert device.coolant_h_w_m2k is not None
        assert device.coolant_temperature_c is not None
        theta = device.coolant_temperature_c.value - BODY_C
        cooling = Cooling(device.cooled_from_mm.value * MM, device.coolant_h_w_m2k.value, theta)
    try:
        coaxial = coaxial_antenna(device, WINDOW.end)
        discretised(coaxial, SPACING)
    except SceneError as error:
        raise SceneError(f'device "{device.name}": {error}') from error
    return Antenna(
        coaxial=coaxial,
        window=WINDOW,
        spacing=SPACING,
        radius=0.5 * device.shaft_diameter_mm.value * MM,
        emission_offset=device.emission_offset_mm.value * MM,
        cable_efficiency=device.cable_efficiency.value,
        cooling=cooling,
    )


@lru_cache(maxsize=8)
def discretised(antenna: CoaxialAntenna, spacing: Spacing) -> Discretisation:
    """An antenna on its grid in the window, ready to be solved in one medium after the other."""
    return discretise(antenna, graded_grid(antenna, WINDOW, spacing))


def coaxial_antenna(device: MicrowaveDevice, feed: float) -> CoaxialAntenna:
    """The antenna of a device, in its frame: z = 0 at the physical tip, growing towards the handle.

    feed : where the coaxial line is cut, from the tip [m]

    Raises
    ------
    SceneError
        A ring reaches out of the shaft.
    """
    widest = max(ring.outer_mm for ring in device.rings)
    if 2.0 * widest > device.shaft_diameter_mm.value * (1.0 + 1e-9):
        raise SceneError(
            f"a ring reaches out to {widest:g} mm, beyond the shaft of diameter "
            f"{device.shaft_diameter_mm.value:g} mm\n  remedy: enlarge shaft_diameter_mm or shrink the ring"
        )
    return CoaxialAntenna(
        frequency=device.frequency_mhz.value * 1e6,
        rings=tuple(_ring(ring) for ring in device.rings),
        line_inner=device.line_inner_mm.value * MM,
        line_outer=device.line_outer_mm.value * MM,
        feed=feed,
    )


def _ring(ring: RingEntry) -> Ring:
    end = math.inf if ring.to_mm is None else ring.to_mm * MM
    conductivity = math.inf if ring.conductor else ring.conductivity_s_m
    permittivity = ring.relative_permittivity or 1.0
    return Ring(ring.name, ring.inner_mm * MM, ring.outer_mm * MM, ring.from_mm * MM, end, permittivity, conductivity)
