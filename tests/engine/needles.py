"""Antennas of the library in a uniform medium, solved, and rings around a needle."""

from __future__ import annotations

from functools import cache

import numpy as np

from gpu_ablate.case.antennas import build_antenna
from gpu_ablate.engine.antennas import AntennaRings, Means, Solution, solution
from gpu_ablate.library.load import device

SLOT = "microwave_slot_2450"
LIVER = (43.03, 1.69)
"""ε' and σ [S m⁻¹] of the tutorial's liver at 2.45 GHz."""


def rings_of(spacing: float, name: str = SLOT) -> AntennaRings:
    """The rings about a device of the library on a grid of some spacing [m]."""
    return AntennaRings(build_antenna(device(name)), spacing)


@cache
def in_uniform(medium: tuple[float, float] = LIVER, spacing: float = 1e-3, name: str = SLOT) -> Solution:
    """An antenna in a boundless medium of one ε' and σ."""
    rings = rings_of(spacing, name)
    shape = rings.all.rows, rings.all.columns
    return solution(rings, Means(np.full(shape, medium[0]), np.full(shape, medium[1]), np.ones(shape)))
