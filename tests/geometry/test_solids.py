"""Each solid holds the share of its box that its volume says, ends where it says, and turns with its axis."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats.qmc import Sobol

from gpu_ablate.geometry.shapes import (
    Box,
    Capsule,
    Cylinder,
    Ellipsoid,
    HalfSpace,
    Ring,
    Shell,
    Solid,
    Sphere,
    distance_to_line,
)

MM = 1e-3
FINITE = [
    Sphere((1 * MM, 2 * MM, 3 * MM), 8 * MM),
    Box((-1 * MM, -2 * MM, -3 * MM), (4 * MM, 5 * MM, 6 * MM)),
    Ellipsoid((1 * MM, 0.0, 0.0), (9 * MM, 8 * MM, 10 * MM)),
    Cylinder((0.0, 0.0, 0.0), (10 * MM, 20 * MM, 5 * MM), 4 * MM),
    Capsule((0.0, 0.0, 0.0), (10 * MM, -20 * MM, 5 * MM), 4 * MM),
    Shell((0.0, 1 * MM, 0.0), 6 * MM, 9 * MM),
    Ring((1 * MM, 0.0, 2 * MM), (0.2, 0.0, 3.0), 10 * MM, 12 * MM, 6 * MM),
]


def evenly(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Points (2^18, 3) that fill a box evenly, aligned with nothing (Sobol's sequence)."""
    return lower + Sobol(3, seed=0).random_base2(18) * (upper - lower)


@pytest.mark.parametrize("solid", FINITE, ids=lambda solid: type(solid).__name__)
def test_counted_volume_is_the_closed_form(solid: Solid) -> None:
    lower, upper = solid.bounds()
    points = evenly(lower - MM, upper + MM)
    inside = solid.contains(points)
    assert inside.mean() * np.prod(upper - lower + 2 * MM) == pytest.approx(solid.volume(), rel=0.002)
    assert np.all(points[inside].min(axis=0) >= lower)
    assert np.all(points[inside].max(axis=0) <= upper)


def test_bounds_of_a_tilted_cylinder_touch_its_rim() -> None:
    cylinder = Cylinder((0.0, 0.0, 0.0), (10 * MM, 20 * MM, 5 * MM), 4 * MM)
    axis = np.array([10, 20, 5]) / np.linalg.norm([10, 20, 5])
    e1 = np.cross(axis, [0, 0, 1])
    e1 /= np.linalg.norm(e1)
    angle = np.linspace(0, 2 * np.pi, 100_000)[:, None]
    rim = 4 * MM * (np.cos(angle) * e1 + np.sin(angle) * np.cross(axis, e1))
    both = np.concatenate([rim, rim + np.array([10, 20, 5]) * MM])
    np.testing.assert_allclose(cylinder.bounds(), (both.min(axis=0), both.max(axis=0)), atol=1e-9)


@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (0.3, -0.2, 1.0), (1.0, 1.0, 0.0)])
def test_bounds_of_a_ring_touch_its_surface(normal: tuple[float, float, float]) -> None:
    ring = Ring((1 * MM, 2 * MM, 3 * MM), normal, 10 * MM, 12 * MM, 6 * MM)
    axis = np.array(normal) / np.linalg.norm(normal)
    e1 = np.cross(axis, [0.6, 0.0, 0.8])
    e1 /= np.linalg.norm(e1)
    angle, x = np.meshgrid(np.linspace(0, 2 * np.pi, 2000), np.linspace(-1, 1, 401))
    out = np.cos(angle)[..., None] * e1 + np.sin(angle)[..., None] * np.cross(axis, e1)
    middle = np.array(ring.center) + (10 + 6 * x)[..., None] * MM * out
    height = (3 * (1 - x**2))[..., None] * MM * axis
    surface = np.concatenate([middle + height, middle - height]).reshape(-1, 3)
    np.testing.assert_allclose(ring.bounds(), (surface.min(axis=0), surface.max(axis=0)), atol=2e-6)


def test_half_space_lies_behind_its_normal() -> None:
    half = HalfSpace((0.0, 0.0, 2 * MM), (0.0, 0.0, 5.0))
    assert half.contains(np.array([[7.0, -3.0, 1.9 * MM], [0.0, 0.0, 2.1 * MM]])).tolist() == [True, False]
    lower, upper = half.bounds()
    assert upper[2] == 2 * MM
    assert np.isinf(lower).all()
    assert np.isinf(upper[:2]).all()
    oblique = HalfSpace((0.0, 0.0, 0.0), (1.0, 1.0, 0.0))
    assert np.isinf(oblique.bounds()).all()
    assert oblique.contains(np.array([[2.0, -2.1, 0.0], [2.0, -1.9, 0.0]])).tolist() == [True, False]


def test_capsule_is_cylinder_and_two_balls() -> None:
    start, end, radius = (0.0, 0.0, 0.0), (10 * MM, -20 * MM, 5 * MM), 4 * MM
    points = np.random.default_rng(1).uniform(-0.03, 0.03, (20_000, 3))
    parts = [Cylinder(start, end, radius), Sphere(start, radius), Sphere(end, radius)]
    union = np.any([part.contains(points) for part in parts], axis=0)
    assert np.array_equal(Capsule(start, end, radius).contains(points), union)


def test_points_near_to_a_line_lie_in_the_capsules_along_it() -> None:
    line = [(0.0, 0.0, 0.0), (1.0, 2.0, 0.5), (1.0, 2.0, 0.5), (-1.0, 2.5, 3.0)]
    points = np.random.default_rng(4).uniform(-2.0, 4.0, (5000, 3))
    near = distance_to_line(points, line) <= 0.8
    capsules = [Capsule(line[0], line[1], 0.8), Capsule(line[2], line[3], 0.8)]
    assert np.array_equal(near, capsules[0].contains(points) | capsules[1].contains(points))
    assert 0 < near.sum() < len(points)
