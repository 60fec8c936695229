"""A plane through the body: what lies in it, in millimetres to the right and up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Surface
from gpu_ablate.render.view import DrawnTrack, View, square_to
from gpu_ablate.units import MM

Vector3 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane with a right and an up.

    Attributes
    ----------
    origin : xyz of the point that is drawn at (0, 0) [m]; lies in the plane
    right, up : unit vectors in it, at a right angle
    axes : number (0 x, 1 y, 2 z) of the axes to the right, upwards and across; None of an oblique plane
    """

    origin: Vector3
    right: Vector3
    up: Vector3
    axes: tuple[int, int, int] | None = None

    @property
    def normal(self) -> Vector3:
        """Unit vector towards the viewer."""
        return np.cross(self.right, self.up)

    def flat(self, points: NDArray[np.floating]) -> Vector3:
        """Right and up (n, 2) [mm] of points (n, 3) [m]."""
        return (np.atleast_2d(points) - self.origin) @ np.array([self.right, self.up]).T / MM

    def before(self, points: NDArray[np.floating]) -> Vector3:
        """How far points (n, 3) lie before the plane (n,) [m]; negative behind it."""
        return np.asarray((np.atleast_2d(points) - self.origin) @ self.normal)

    def raster(self, low: Vector3, high: Vector3, step_mm: float) -> tuple[Vector3, Vector3, Vector3]:
        """Points on a regular raster between two corners (right, up) [mm].

        Returns
        -------
        right, up : (n,), (m,) [mm]
        points : (m, n, 3) [m]
        """
        right = np.arange(low[0] + step_mm / 2, high[0], step_mm)
        up = np.arange(low[1] + step_mm / 2, high[1], step_mm)
        across, rise = np.meshgrid(right * MM, up * MM)
        return right, up, self.origin + across[..., None] * self.right + rise[..., None] * self.up


def sampled(
    field: NDArray[Any], grid: Grid, points: Vector3, order: Literal[0, 1], beyond: float
) -> NDArray[np.float32]:
    """A field (nz, ny, nx) at points (..., 3) [m], nearest cell (order 0) or trilinear (1); `beyond` out of the box."""
    index = np.moveaxis((points - np.asarray(grid.origin)) / grid.spacing - 0.5, -1, 0)[::-1]
    inside = ((points >= grid.origin) & (points <= grid.upper)).all(axis=-1)
    values = map_coordinates(field.astype(np.float32), index, order=order, mode="nearest")
    return np.where(inside, values, np.float32(beyond))


def through(at: Vector3) -> tuple[Plane, Plane, Plane]:
    """The coronal, sagittal and axial plane through a point [m], their rulers those of the scene."""
    planes = []
    for axes in ((0, 2, 1), (1, 2, 0), (0, 1, 2)):
        across, up, normal = axes
        origin = at * np.eye(3)[normal]
        planes.append(Plane(origin, np.eye(3)[across], np.eye(3)[up], axes))
    coronal, sagittal, axial = planes
    return coronal, sagittal, axial


def along_probe(view: View, track: DrawnTrack) -> Plane:
    """The plane of a needle and of the direction to the skin, the skin on top; (0, 0) is the tip.

    Where the needle runs straight to the skin, the plane that also holds the middle of what is looked at.
    """
    up = view.outward
    right = track.direction - (track.direction @ up) * up
    if np.linalg.norm(right) < 0.1:
        up = track.direction if track.direction @ up >= 0 else -track.direction
        right = view.focus - track.tip - ((view.focus - track.tip) @ up) * up
        if np.linalg.norm(right) < 0.5 * MM:
            right = square_to(up)
        largest = right[np.argmax(np.abs(right))]
        right = right * np.sign(largest)
    right = right / np.linalg.norm(right)
    up = up - (up @ right) * right
    return Plane(track.tip, right, up / np.linalg.norm(up))


def loops(surface: Surface, plane: Plane) -> list[NDArray[np.float64]]:
    """Curves (n, 2) [mm] in which a triangle mesh meets a plane.

    Every crossed triangle gives a segment between two of its edges; segments that share an edge are joined.
    """
    points = surface.points.astype(float)
    height = plane.before(points)
    above = height >= 0
    corners = above[surface.faces]
    crossed = surface.faces[corners.any(axis=1) & ~corners.all(axis=1)]
    ends: dict[tuple[int, int], list[int]] = {}
    segments = []
    for face in np.sort(crossed, axis=1).tolist():
        edges = [(i, j) for i, j in ((face[0], face[1]), (face[0], face[2]), (face[1], face[2]))]
        segments.append(tuple(edge for edge in edges if above[edge[0]] != above[edge[1]]))
        for edge in segments[-1]:
            ends.setdefault(edge, []).append(len(segments) - 1)
    unused = set(range(len(segments)))
    curves = []
    while unused:
        start = unused.pop()
        chain = list(segments[start])
        for _ in range(2):  # an open curve is followed from its other end too
            while following := [i for i in ends[chain[-1]] if i in unused]:
                unused.discard(following[0])
                first, second = segments[following[0]]
                chain.append(second if first == chain[-1] else first)
            chain.reverse()
        i, j = np.array(chain).T
        share = (height[i] / (height[i] - height[j]))[:, None]
        curves.append(plane.flat(points[i] + share * (points[j] - points[i])))
    return curves
