"""Where the 3D pictures are taken from, and where a point of the body lies in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.render.view import PAD, View, square_to


@dataclass(frozen=True)
class Camera:
    """A camera without perspective, so that one scale bar holds for the whole picture.

    Attributes
    ----------
    title : what is seen, for people
    focus : xyz in the middle of the picture [m]
    towards : unit vector from the focus to the camera
    up : unit vector, upwards in the picture
    height : of what is seen [m]
    through_skin : whether the skin lies between the camera and the target
    """

    title: str
    focus: NDArray[np.float64]
    towards: NDArray[np.float64]
    up: NDArray[np.float64]
    height: float
    through_skin: bool = False

    @property
    def right(self) -> NDArray[np.float64]:
        """Unit vector to the right in the picture."""
        return np.cross(self.up, self.towards)

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Right and up (n, 2) of points (n, 3) from the middle of the picture [m]."""
        return (np.atleast_2d(points) - self.focus) @ np.array([self.right, self.up]).T


def cameras(view: View, aspects: tuple[float, float, float]) -> tuple[Camera, Camera, Camera]:
    """From the side (needle and skin in the plane, thinnest margin in front), from the skin, along the needle.

    aspects : width over height of the three pictures, in this order
    """
    outward = view.outward
    shaft = np.array(view.stations[0].station.direction_end) if view.stations else square_to(outward)
    side = np.cross(shaft, outward)
    side = side / np.linalg.norm(side) if np.linalg.norm(side) > 0.05 else square_to(outward)
    toward_notice = 0.0 if view.notice is None else float((view.notice - view.focus) @ side)
    if toward_notice < 0 or (toward_notice == 0 and side[np.argmax(np.abs(side))] > 0):
        side = -side
    top_up = np.cross(outward, np.cross(shaft, outward))
    top_up = top_up / np.linalg.norm(top_up) if np.linalg.norm(top_up) > 0.05 else square_to(outward)
    top_up = np.cross(outward, top_up)
    rear_up = outward - (outward @ shaft) * shaft
    rear_up = rear_up / np.linalg.norm(rear_up) if np.linalg.norm(rear_up) > 0.05 else square_to(shaft)
    above = "From the skin" if view.skin is not None else "From above"
    chosen = (
        (f"From the side ({looking(-side)})", side, outward),
        (f"{above} ({looking(-outward)})", outward, top_up),
        ("Along the needle, from its handle" if view.stations else f"From the end ({looking(-shaft)})", shaft, rear_up),
    )
    first, second, third = (
        _fit(view, title, towards, up, aspect) for (title, towards, up), aspect in zip(chosen, aspects, strict=True)
    )
    return first, second, third


def opposite(camera: Camera, place: str) -> Camera:
    """The same picture from behind; `place` names where it is taken from."""
    return replace(camera, title=f"{place} ({looking(camera.towards)})", towards=-camera.towards)


def looking(along: NDArray[np.float64]) -> str:
    """A direction of sight as the axis that it follows."""
    axis = int(np.argmax(np.abs(along)))
    mostly = "" if abs(along[axis]) > np.cos(np.radians(10)) else "mostly "
    return f"looking {mostly}along {'+' if along[axis] > 0 else '−'}{'xyz'[axis]}"


def _fit(view: View, title: str, towards: NDArray[np.float64], up: NDArray[np.float64], aspect: float) -> Camera:
    """The camera that just shows the view's points, with some space around them."""
    camera = Camera(title, view.focus, towards, up, 1.0)
    seen = camera.project(view.points)
    low, high = seen.min(axis=0), seen.max(axis=0)
    right, rise = (low + high) / 2
    width, height = high - low + 2 * PAD
    focus = view.focus + right * camera.right + rise * up
    size = max(float(height), float(width) / aspect)
    return Camera(title, focus, towards, up, size, bool(towards @ view.outward > 0.4))
