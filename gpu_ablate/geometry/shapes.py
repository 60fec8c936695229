"""Solids in closed form: which points they hold, where they end, how large they are. Metres, LPS xyz."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, pi
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Points = NDArray[np.float64]
Mask = NDArray[np.bool_]
Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


class Solid(Protocol):
    """Anything that says which points (n, 3) [m] lie in it, and its box (lower, upper) [m]."""

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""

    def bounds(self) -> Bounds:
        """Corners (lower, upper) of the enclosing box along the axes, (3,) each [m]; inf where it is open."""


@dataclass(frozen=True)
class Sphere:
    """Ball: |p - center| ≤ radius [m]."""

    center: Vector
    radius: float

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        return _distance_squared(points, self.center) <= self.radius**2

    def bounds(self) -> Bounds:
        """Corners (lower, upper) of the enclosing box [m]."""
        return np.subtract(self.center, self.radius), np.add(self.center, self.radius)

    def volume(self) -> float:
        """4/3 π r³ [m³]."""
        return 4 / 3 * pi * self.radius**3


@dataclass(frozen=True)
class Box:
    """Box along the axes between two corners [m], faces included."""

    lower: Vector
    upper: Vector

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        return in_box(points, self.bounds())

    def bounds(self) -> Bounds:
        """Corners (lower, upper) [m]."""
        return np.array(self.lower, float), np.array(self.upper, float)

    def volume(self) -> float:
        """Product of the edges [m³]."""
        return float(np.prod(np.subtract(self.upper, self.lower)))


@dataclass(frozen=True)
class Ellipsoid:
    """Ellipsoid along the axes: Σ ((p - center)/radii)² ≤ 1; radii along x, y, z [m]."""

    center: Vector
    radii: Vector

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        total = np.zeros(len(points))
        for axis in range(3):
            total += ((points[:, axis] - self.center[axis]) / self.radii[axis]) ** 2
        return total <= 1

    def bounds(self) -> Bounds:
        """Corners (lower, upper) of the enclosing box [m]."""
        return np.subtract(self.center, self.radii), np.add(self.center, self.radii)

    def volume(self) -> float:
        """4/3 π a b c [m³]."""
        return 4 / 3 * pi * float(np.prod(self.radii))


@dataclass(frozen=True)
class Cylinder:
    """Round cylinder with flat ends between two points of its axis; radius [m]."""

    start: Vector
    end: Vector
    radius: float

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        axis, length = _axis(self.start, self.end)
        along = project(points, axis) - np.dot(self.start, axis)
        across_squared = _distance_squared(points, self.start) - along**2
        return (along >= 0) & (along <= length) & (across_squared <= self.radius**2)

    def bounds(self) -> Bounds:
        """Corners (lower, upper) of the enclosing box [m]; the ends reach r √(1 - a_i²) along axis i."""
        axis, _ = _axis(self.start, self.end)
        reach = self.radius * np.sqrt(np.clip(1 - axis**2, 0, 1))
        return np.minimum(self.start, self.end) - reach, np.maximum(self.start, self.end) + reach

    def volume(self) -> float:
        """π r² L [m³]."""
        return pi * self.radius**2 * _axis(self.start, self.end)[1]


@dataclass(frozen=True)
class Capsule:
    """Round cylinder with half balls on its ends: points within `radius` [m] of the segment start-end."""

    start: Vector
    end: Vector
    radius: float

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        axis, length = _axis(self.start, self.end)
        along = project(points, axis) - np.dot(self.start, axis)
        beyond = along - np.clip(along, 0, length)
        across_squared = _distance_squared(points, self.start) - along**2
        return across_squared + beyond**2 <= self.radius**2

    def bounds(self) -> Bounds:
        """Corners (lower, upper) of the enclosing box [m]."""
        return np.minimum(self.start, self.end) - self.radius, np.maximum(self.start, self.end) + self.radius

    def volume(self) -> float:
        """π r² (L + 4/3 r) [m³]."""
        return pi * self.radius**2 * (_axis(self.start, self.end)[1] + 4 / 3 * self.radius)


@dataclass(frozen=True)
class HalfSpace:
    """All points behind a plane: (p - point) · normal ≤ 0, so that the normal points out of the solid.

    point : on the plane [m]
    normal : of any length
    """

    point: Vector
    normal: Vector

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        return project(points, self.normal) <= np.dot(self.point, self.normal)

    def bounds(self) -> Bounds:
        """Infinite, but for the side that the normal points to where the plane is along the axes [m]."""
        lower, upper = np.full(3, -inf), np.full(3, inf)
        axes = np.flatnonzero(self.normal)
        if len(axes) == 1:
            axis = int(axes[0])
            (upper if self.normal[axis] > 0 else lower)[axis] = self.point[axis]
        return lower, upper


@dataclass(frozen=True)
class Shell:
    """Hollow ball: inner_radius ≤ |p - center| ≤ outer_radius [m]."""

    center: Vector
    inner_radius: float
    outer_radius: float

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        squared = _distance_squared(points, self.center)
        return (squared >= self.inner_radius**2) & (squared <= self.outer_radius**2)

    def bounds(self) -> Bounds:
        """Corners (lower, upper) of the enclosing box [m]."""
        return np.subtract(self.center, self.outer_radius), np.add(self.center, self.outer_radius)

    def volume(self) -> float:
        """4/3 π (R³ - r³) [m³]."""
        return 4 / 3 * pi * (self.outer_radius**3 - self.inner_radius**3)


@dataclass(frozen=True)
class Ring:
    """Ring with a lens for a section: |s| ≤ t/2 (1 - ((ρ - R) / (w/2))²), s along the axis, ρ the distance from it.

    center : [m]
    normal : along the axis, of any length
    radius, width, thickness : R, w, t [m], w ≤ 2 R
    """

    center: Vector
    normal: Vector
    radius: float
    width: float
    thickness: float

    def contains(self, points: Points) -> Mask:
        """Whether each point (n, 3) [m] lies in the solid, (n,)."""
        axis, _ = _axis((0.0, 0.0, 0.0), self.normal)
        along = project(points, axis) - np.dot(self.center, axis)
        across = np.sqrt(np.maximum(_distance_squared(points, self.center) - along**2, 0))
        section = 1 - ((across - self.radius) / (self.width / 2)) ** 2
        return np.abs(along) <= self.thickness / 2 * section

    def bounds(self) -> Bounds:
        """Corners (lower, upper) of the enclosing box [m].

        Along axis i the ring reaches max over x of (R + x) √(1 - n_i²) + t/2 (1 - (2x/w)²) |n_i|, |x| ≤ w/2.
        """
        axis, _ = _axis((0.0, 0.0, 0.0), self.normal)
        slant, lean = np.sqrt(np.clip(1 - axis**2, 0, 1)), np.abs(axis)
        half = self.width / 2
        x = np.minimum(half, slant * half**2 / np.maximum(self.thickness * lean, 1e-30))
        reach = (self.radius + x) * slant + self.thickness / 2 * (1 - (x / half) ** 2) * lean
        return np.subtract(self.center, reach), np.add(self.center, reach)

    def volume(self) -> float:
        """2 π R x 2/3 w t [m³] (Pappus)."""
        return 2 * pi * self.radius * 2 / 3 * self.width * self.thickness


def project(points: Points, direction: Sequence[float] | NDArray[np.float64]) -> Points:
    """points · direction, (n,): term by term, which for three columns beats a threaded matrix product."""
    total = np.zeros(len(points))
    for axis in range(3):
        if direction[axis] != 0:
            total += points[:, axis] * direction[axis]
    return total


def in_box(points: Points, bounds: Bounds) -> Mask:
    """Whether each point (n, 3) lies between two corners, faces included."""
    inside = np.ones(len(points), bool)
    for axis in range(3):
        inside &= (points[:, axis] >= bounds[0][axis]) & (points[:, axis] <= bounds[1][axis])
    return inside


def distance_to_line(points: Points, line: Sequence[Vector] | Points) -> Points:
    """Distance (n,) [m] of points (n, 3) [m] from a line that is straight between its points, two or more [m]."""
    away = np.full(len(points), inf)
    for start, end in pairwise(np.asarray(line, float)):
        side = end - start
        along = np.clip((points - start) @ side / max(float(side @ side), np.finfo(float).tiny), 0.0, 1.0)
        away = np.minimum(away, np.linalg.norm(points - start - along[:, None] * side, axis=1))
    return away


def _distance_squared(points: Points, center: Vector) -> Points:
    """|p - center|² of each point, (n,) [m²]."""
    total = np.zeros(len(points))
    for axis in range(3):
        total += (points[:, axis] - center[axis]) ** 2
    return total


def _axis(start: Vector, end: Vector) -> tuple[NDArray[np.float64], float]:
    """Unit vector from start to end, and their distance [m]."""
    along = np.subtract(end, start)
    length = float(np.linalg.norm(along))
    return along / length, length
