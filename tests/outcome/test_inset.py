"""The ice moved inwards: a ball of ice becomes a smaller ball; edges without tissue beyond do not count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu_ablate.case.grid import Grid
from gpu_ablate.geometry.meshes import volume
from gpu_ablate.outcome.inset import INSETS, inset_fields
from gpu_ablate.outcome.zones import zone_parts

GRID = Grid((44, 44, 44), 1e-3, (-22e-3, -22e-3, -22e-3))


def ball(radius: float, grid: Grid = GRID) -> np.ndarray:
    """φ of ice: distance inside of a sphere about (0.2, -0.3, 0.1) mm."""
    away = np.linalg.norm(grid.centres() - np.array([0.2e-3, -0.3e-3, 0.1e-3]), axis=1)
    return (radius - away).reshape(grid.shape).astype(np.float32)


@pytest.mark.parametrize("radius_mm", [14.0, 17.5])
def test_a_ball_of_ice_becomes_a_smaller_ball(radius_mm: float) -> None:
    """At 1 mm within 1.5 % of the volume that 5 mm leave, and 3 % of the little that 10 mm leave."""
    body = np.ones(GRID.shape, bool)
    for inset, phi in zip(INSETS, inset_fields(ball(1e-3 * radius_mm), body, GRID), strict=True):
        (part,) = zone_parts(phi, body, GRID)
        expected = 4.0 / 3.0 * math.pi * (1e-3 * (radius_mm - inset)) ** 3
        assert volume(part.points, part.faces) == pytest.approx(expected, rel=0.015 if inset < 10 else 0.03)


def test_ice_at_gas_is_no_edge_that_imaging_shows() -> None:
    """Half of the ball cut off by gas through its middle: the inset reaches the cut."""
    body = np.ones(GRID.shape, bool)
    body[22:] = False
    five, _ = inset_fields(ball(14e-3), body, GRID)
    assert five[21, 22, 22] > 0.0
    assert five[21, 22, 22 + 11] < 0.0


def test_thin_ice_leaves_nothing() -> None:
    body = np.ones(GRID.shape, bool)
    assert all((phi < 0.0).all() for phi in inset_fields(ball(4.5e-3), body, GRID))
