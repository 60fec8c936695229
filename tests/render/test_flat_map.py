"""The unrolled surface: Mollweide's map keeps areas, and a margin lies where it lies on the tumour."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.case.setup import Surface
from gpu_ablate.render.camera import Camera
from gpu_ablate.render.flat_map import HALF, PIXELS, flat_margins, mollweide, spherical, unrolled

CAMERA = Camera("", np.zeros(3), np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0]), 0.04)
"""From the front of LPS space: right is +x, up is +z."""


def sphere(radius: float, nsub: int = 5) -> Surface:
    import pyvista as pv

    mesh = pv.Icosphere(radius=radius, nsub=nsub)
    return Surface(np.asarray(mesh.points, np.float32), np.asarray(mesh.regular_faces, np.int32))


def grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    right, up = np.meshgrid(*((np.arange(n) + 0.5) / n * 2 * h - h for n, h in zip(PIXELS, HALF, strict=True)))
    return right, up


def test_the_map_and_its_inverse_agree() -> None:
    right, up = grid()
    longitude, latitude, inside = unrolled(right, up)
    x, y = mollweide(longitude[inside], latitude[inside])
    assert np.abs(x - right[inside]).max() < 1e-6
    assert np.abs(y - up[inside]).max() < 1e-6


def test_known_places_of_the_map() -> None:
    """The poles are points at the ends of the short axis; the meridians at ±90° are a circle (Snyder 1987)."""
    x, y = mollweide(np.radians([0.0, 180.0, 90.0, 90.0]), np.radians([90.0, 0.0, 0.0, 41.1]))
    assert x[:3] == pytest.approx([0.0, 2 * np.sqrt(2), np.sqrt(2)], abs=1e-6)
    assert y[:3] == pytest.approx([np.sqrt(2), 0.0, 0.0], abs=1e-6)
    assert np.hypot(x[3], y[3]) == pytest.approx(np.sqrt(2), abs=1e-6)


@pytest.mark.parametrize("half_angle", [20.0, 60.0, 90.0])
@pytest.mark.parametrize("towards", [(0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.5, 0.5, np.sqrt(0.5))])
def test_a_cap_takes_the_share_of_the_map_that_it_has_of_the_sphere(
    half_angle: float, towards: tuple[float, float, float]
) -> None:
    ball = sphere(0.01)
    height = ball.points.astype(float) @ np.array(towards) / 0.01
    values = flat_margins(ball, height - np.cos(np.radians(half_angle)), np.zeros(3), CAMERA)
    on_map = np.isfinite(values)
    share = (values[on_map] > 0).mean()
    assert share == pytest.approx((1.0 - np.cos(np.radians(half_angle))) / 2.0, abs=0.004)


def test_each_side_lies_where_the_camera_has_it() -> None:
    """Right of the picture right on the map, up up, what faces the camera in the middle, behind at the ends."""
    ball = sphere(0.01)
    right, up = grid()
    for axis, place in (((1, 0, 0), (np.sqrt(2), 0.0)), ((0, 0, 1), (0.0, np.sqrt(2))), ((0, -1, 0), (0.0, 0.0))):
        values = flat_margins(ball, ball.points.astype(float) @ np.array(axis, float), np.zeros(3), CAMERA)
        row, column = np.unravel_index(np.nanargmax(values), values.shape)
        assert (right[row, column], up[row, column]) == pytest.approx(place, abs=0.2)
    behind = flat_margins(ball, ball.points.astype(float) @ np.array([0.0, 1.0, 0.0]), np.zeros(3), CAMERA)
    row, column = np.unravel_index(np.nanargmax(behind), behind.shape)
    assert abs(right[row, column]) == pytest.approx(HALF[0], abs=0.12)


def test_of_two_faces_in_one_direction_the_outer_one_is_seen() -> None:
    inner, outer = sphere(0.005), sphere(0.010)
    both = Surface(np.concatenate([inner.points, outer.points]), np.concatenate([inner.faces, outer.faces]))
    margins = np.concatenate([np.full(len(inner.points), -1.0), np.full(len(outer.points), 1.0)])
    values = flat_margins(both, margins, np.zeros(3), CAMERA)
    assert np.nanmin(values) == pytest.approx(1.0)


def test_directions_have_length_one_and_the_middle_faces_the_viewer() -> None:
    right, up, towards = spherical(np.array([0.0, 1.0]), np.array([0.0, 0.5]))
    assert right**2 + up**2 + towards**2 == pytest.approx([1.0, 1.0])
    assert (right[0], up[0], towards[0]) == pytest.approx((0.0, 0.0, 1.0))
