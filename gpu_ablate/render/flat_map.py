"""A tumour's surface unrolled onto a flat map, so that no side of it hides behind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gpu_ablate.case.setup import Surface
from gpu_ablate.language import say
from gpu_ablate.render import marks, style
from gpu_ablate.render.camera import Camera
from gpu_ablate.render.view import View
from gpu_ablate.render.words import own
from gpu_ablate.units import MM

Array = NDArray[np.float64]

HALF = 2.0 * np.sqrt(2.0), np.sqrt(2.0)
"""Half width and height of Mollweide's ellipse for a unit sphere."""

PIXELS = 420, 210
"""Across and up."""

NEIGHBOURS = 6
"""Between so many points in nearly the same direction is interpolated, of them those that lie outermost."""


def mollweide(longitude: Array, latitude: Array) -> tuple[Array, Array]:
    """Right and up of places on the unit sphere [rad] in Mollweide's equal-area map (Snyder 1987, eq. 31-1 to 31-4).

    2θ + sin 2θ = π sin φ, solved by Newton's method.
    """
    theta = np.array(latitude, float)
    for _ in range(50):
        slope = np.maximum(2.0 + 2.0 * np.cos(2.0 * theta), 1e-9)
        theta -= np.clip((2.0 * theta + np.sin(2.0 * theta) - np.pi * np.sin(latitude)) / slope, -0.2, 0.2)
    return HALF[0] / np.pi * longitude * np.cos(theta), HALF[1] * np.sin(theta)


def unrolled(right: Array, up: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Longitude and latitude [rad] of places on the map, and which of them lie on it (Snyder 1987, eq. 31-7, 31-8)."""
    theta = np.arcsin(np.clip(up / HALF[1], -1.0, 1.0))
    latitude = np.arcsin(np.clip((2.0 * theta + np.sin(2.0 * theta)) / np.pi, -1.0, 1.0))
    longitude = np.pi * right / (HALF[0] * np.maximum(np.cos(theta), 1e-9))
    return longitude, latitude, (np.abs(longitude) <= np.pi) & (np.abs(up) <= HALF[1])


def seen_from(surface: Surface, centre: Array, camera: Camera) -> tuple[Array, Array]:
    """Unit vectors (n, 3) from a centre [m] to a surface's points and their distance (n,), in the camera's directions:
    right, up, towards."""
    away = (surface.points.astype(float) - centre) @ np.array([camera.right, camera.up, camera.towards]).T
    distance = np.linalg.norm(away, axis=1)
    return away / np.maximum(distance, 1e-9)[:, None], distance


def flat_margins(surface: Surface, margins: Array, centre: Array, camera: Camera) -> Array:
    """Margin [m] in every pixel of the map, (rows upwards, columns); NaN beside the map."""
    directions, distance = seen_from(surface, centre, camera)
    right, up = np.meshgrid(*((np.arange(n) + 0.5) / n * 2 * h - h for n, h in zip(PIXELS, HALF, strict=True)))
    longitude, latitude, inside = unrolled(right, up)
    asked = np.column_stack(spherical(longitude[inside], latitude[inside]))
    near = np.asarray(cKDTree(directions).query(asked, k=NEIGHBOURS)[1])
    angle = np.linalg.norm(directions[near] - asked[:, None], axis=2)
    outer = distance[near] >= 0.9 * distance[near].max(axis=1, keepdims=True)
    weights = outer / np.maximum(angle, 1e-6)
    values = np.full(right.shape, np.nan)
    values[inside] = (weights * margins[near]).sum(axis=1) / weights.sum(axis=1)
    return values


def spherical(longitude: Array, latitude: Array) -> tuple[Array, Array, Array]:
    """Right, up and towards the viewer of directions [rad]; (0, 0) faces the viewer."""
    return np.cos(latitude) * np.sin(longitude), np.sin(latitude), np.cos(latitude) * np.cos(longitude)


def draw_flat_map(
    axes: Any, surface: Surface, margins: Array, view: View, camera: Camera, thinnest: Array | None
) -> None:
    """The map of a target: the skin's side on top, what faces the camera in the middle.

    margins : (n,) at the surface's points [m]; thinnest : where the margin is least, xyz [m]
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Ellipse

    points = surface.points.astype(float)
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    values = flat_margins(surface, margins, centre, camera) / MM
    bounds = [-1e3, *(bound for bound, _ in style.MARGIN_BANDS[:-1]), 1e3]
    colours = ListedColormap([colour for _, colour in style.MARGIN_BANDS])
    axes.imshow(values, origin="lower", extent=(-HALF[0], HALF[0], -HALF[1], HALF[1]), cmap=colours,
                norm=BoundaryNorm(bounds, colours.N), interpolation="nearest")  # fmt: skip
    axes.add_patch(Ellipse((0, 0), 2 * HALF[0], 2 * HALF[1], fill=False, ec=style.FAINT, lw=1.2))
    for longitude in np.radians([-90.0, 0.0, 90.0]):
        latitudes = np.linspace(-np.pi / 2, np.pi / 2, 61)
        axes.plot(*mollweide(np.full(61, longitude), latitudes), color="white", lw=0.8, alpha=0.7)
    axes.plot([-HALF[0], HALF[0]], [0, 0], color="white", lw=0.8, alpha=0.7)
    for track in view.tracks:
        for sense in (1.0, -1.0):
            place = _crossing(surface, centre, track.tip, sense * track.direction, camera)
            if place is not None:
                axes.plot(*place, "o", ms=7, mfc=style.PROBE, mec="white", mew=1.2)
                marks.beside(axes, place, own(track.probe.name))
    for words, vector in _compass(view):
        place = _place(vector, camera)
        axes.text(*place, words, fontsize=10, weight="bold", ha="center", va="center", color=style.INK,
                  path_effects=marks.halo(3))  # fmt: skip
    if thinnest is not None:
        marks.ring(axes, *_place(thinnest - centre, camera), front=True)
    axes.set(xlim=(-HALF[0] * 1.02, HALF[0] * 1.02), ylim=(-HALF[1] * 1.16, HALF[1] * 1.16), aspect="equal")
    axes.axis("off")


def _place(vector: Array, camera: Camera) -> tuple[float, float]:
    """Where a direction lies on the map."""
    right, up, towards = np.array([camera.right, camera.up, camera.towards]) @ vector / np.linalg.norm(vector)
    x, y = mollweide(np.array([np.arctan2(right, towards)]), np.array([np.arcsin(np.clip(up, -1.0, 1.0))]))
    return float(x[0]), float(y[0])


def _crossing(surface: Surface, centre: Array, tip: Array, along: Array, camera: Camera) -> tuple[float, float] | None:
    """Where a shaft, from its tip along a direction, passes the surface; None where it does not."""
    points = surface.points.astype(float)
    offset = points - tip
    forward = offset @ along
    beside = np.linalg.norm(offset - np.outer(forward, along), axis=1)
    edge = float(np.median(np.linalg.norm(np.diff(points[surface.faces[:, :2]], axis=1), axis=2)))
    near = (beside < 2.0 * edge) & (forward > 0)
    if not near.any():
        return None
    leaves = int(np.argmax(np.where(near, forward, -np.inf)))
    return _place(points[leaves] - centre, camera)


def _compass(view: View) -> list[tuple[str, Array]]:
    """Names of the six sides of the tumour."""
    sides = [
        (letters[i], (2 * i - 1.0) * np.eye(3)[axis])
        for axis, letters in enumerate(marks.PATIENT_LETTERS)
        for i in (0, 1)
    ]
    if view.frame != "patient":
        sides = [(f"{'−+'[i]}{'xyz'[axis]}", (2 * i - 1.0) * np.eye(3)[axis]) for axis in range(3) for i in (0, 1)]
    if view.skin is None:
        return sides
    return [side for side in sides if abs(side[1] @ view.outward) < 0.8] + [
        (say("skin side"), view.outward),
        (say("deep side"), -view.outward),
    ]
