"""Shapes as a scene writes them, in millimetres."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gpu_ablate.spec.base import Length, Table, Vector


def _has_direction(vector: tuple[float, float, float]) -> tuple[float, float, float]:
    if math.hypot(*vector) < SHORTEST:
        raise ValueError(f"must have a length of {SHORTEST:g} or more, not {[float(x) for x in vector]}")
    return vector


SHORTEST = 1e-6
Direction = Annotated[Vector, AfterValidator(_has_direction)]
"""A vector of which the direction alone matters."""


class Sphere(Table):
    """A ball."""

    kind: Literal["sphere"]
    center_mm: Vector
    radius_mm: Length


class Box(Table):
    """A box with edges along the axes."""

    kind: Literal["box"]
    min_mm: Vector
    max_mm: Vector

    @model_validator(mode="after")
    def _has_volume(self) -> Box:
        check_corners(self.min_mm, self.max_mm)
        return self


class Ellipsoid(Table):
    """An ellipsoid with half-axes along the axes."""

    kind: Literal["ellipsoid"]
    center_mm: Vector
    radii_mm: tuple[Length, Length, Length] = Field(strict=False)
    """Half-axes along x, y and z."""


class _Axis(Table):
    from_mm: Vector
    to_mm: Vector

    @model_validator(mode="after")
    def _has_length(self) -> _Axis:
        if self.from_mm == self.to_mm:
            raise ValueError("from_mm and to_mm are the same point; move one of them")
        return self


class Cylinder(_Axis):
    """A round cylinder with flat ends at from_mm and to_mm."""

    kind: Literal["cylinder"]
    radius_mm: Length


class Capsule(_Axis):
    """A round cylinder with half a ball beyond from_mm and to_mm each."""

    kind: Literal["capsule"]
    radius_mm: Length


class HalfSpace(Table):
    """All that lies behind a plane: the side that the normal points away from."""

    kind: Literal["half_space"]
    point_mm: Vector
    """A point on the plane."""
    normal: Direction
    """Points out of the half-space."""


class Shell(Table):
    """The room between two spheres of one centre."""

    kind: Literal["shell"]
    center_mm: Vector
    inner_radius_mm: Length
    outer_radius_mm: Length

    @model_validator(mode="after")
    def _has_thickness(self) -> Shell:
        if self.inner_radius_mm >= self.outer_radius_mm:
            raise ValueError(
                f"outer_radius_mm ({self.outer_radius_mm:g}) must be greater than "
                f"inner_radius_mm ({self.inner_radius_mm:g})"
            )
        return self


class Ring(Table):
    """A ring whose section is a lens: thickest at radius_mm from its axis, down to nothing width_mm / 2 beside that."""

    kind: Literal["ring"]
    center_mm: Vector
    normal: Direction
    """Along the ring's axis."""
    radius_mm: Length
    """From the axis to the middle of the section."""
    width_mm: Length
    """From the inner to the outer edge."""
    thickness_mm: Length
    """In the middle of the section, along the axis."""

    @model_validator(mode="after")
    def _has_a_hole(self) -> Ring:
        if self.width_mm > 2 * self.radius_mm:
            raise ValueError(
                f"width_mm ({self.width_mm:g}) must be at most twice radius_mm ({self.radius_mm:g}), where its hole "
                "closes"
            )
        return self


class Point(Table):
    """A point (sources only)."""

    kind: Literal["point"]
    point_mm: Vector


class Line(_Axis):
    """A straight line of even strength (sources only)."""

    kind: Literal["line"]


class Gaussian(Table):
    """A bell of the density exp(-r²/(2 sigma²)) around a centre (sources only)."""

    kind: Literal["gaussian"]
    center_mm: Vector
    sigma_mm: Length


def check_corners(lower: tuple[float, float, float], upper: tuple[float, float, float]) -> None:
    """Demand that each of max_mm lies above min_mm; else a ValueError that names the axis."""
    for axis, low, high in zip("xyz", lower, upper, strict=True):
        if low >= high:
            raise ValueError(f"along {axis}, max_mm ({high:g}) must be greater than min_mm ({low:g})")


Solid = Sphere | Box | Ellipsoid | Cylinder | Capsule | HalfSpace | Shell | Ring
"""Shapes with a volume, for regions and sources."""

SolidTable = Annotated[Solid, Field(discriminator="kind")]
SourceShape = Solid | Point | Line | Gaussian
SourceShapeTable = Annotated[SourceShape, Field(discriminator="kind")]
