"""Where the 3D pictures are taken from, and where a point of the body lies in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.language import say
from gpu_ablate.render.view import PAD, View, square_to


@dataclass(frozen=True)
class Camera:
    """A camera without perspective, so that one scale bar holds for the whole picture.

    Attributes
    ----------
    place : where it is taken from, for people
    focus : xyz in the middle of the picture [m]
    towards : unit vector from the focus to the camera
    up : unit vector, upwards in the picture
    height : of what is seen [m]
    through_skin : whether the skin lies between the camera and the target
    sight : which way one looks, for people; empty where the place says it
    """

    place: str
    focus: NDArray[np.float64]
    towards: NDArray[np.float64]
    up: NDArray[np.float64]
    height: float
    through_skin: bool = False
    sight: str = ""

    @property
    def title(self) -> str:
        """Place and direction of sight."""
        return say("{place} ({sight})", place=self.place, sight=self.sight) if self.sight else self.place

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
    shaft = view.tracks[0].direction if view.tracks else square_to(outward)
    steep = np.linalg.norm(np.cross(shaft, outward)) < 0.3
    side = square_to(outward) if steep else _unit(np.cross(shaft, outward))
    toward_notice = 0.0 if view.notice is None else float((view.notice - view.focus) @ side)
    if toward_notice < 0 or (toward_notice == 0 and side[np.argmax(np.abs(side))] > 0):
        side = -side
    along = np.cross(outward, side)
    if not steep and along @ shaft < 0:
        along = -along
    along_needle = say("Along the needle, from its handle")
    above = say("From the skin") if view.skin is not None else say("From above")
    if steep:
        third = (say("From the side, turned by 90°"), along, outward)
    elif view.tracks:
        third = (along_needle, shaft, _unit(outward - (outward @ shaft) * shaft))
    else:
        third = (say("From the end"), along, outward)
    chosen = ((say("From the side"), side, outward), (above, outward, np.cross(outward, along)), third)
    first, second, last = (
        _fit(view, place, "" if place == along_needle else looking(-towards, view.frame), towards, up, aspect)
        for (place, towards, up), aspect in zip(chosen, aspects, strict=True)
    )
    return first, second, last


def opposite(camera: Camera, place: str, frame: str) -> Camera:
    """The same picture from behind; `place` names where it is taken from."""
    return replace(camera, place=place, sight=looking(camera.towards, frame), towards=-camera.towards)


def looking(along: NDArray[np.float64], frame: str) -> str:
    """A direction of sight as the axis that it follows, in a patient's frame as the side that one looks from."""
    axis = int(np.argmax(np.abs(along)))
    square = abs(along[axis]) > np.cos(np.radians(10))
    if frame == "patient":
        places = (
            (say("seen from the patient's right"), say("seen from the patient's left")),
            (say("seen from the front"), say("seen from the back")),
            (say("seen from the feet"), say("seen from the head")),
        )
        words = places[axis][int(along[axis] < 0)]
        return words if square else say("mostly {seen}", seen=words)
    arrow = f"{'+' if along[axis] > 0 else '−'}{'xyz'[axis]}"
    return say("looking along {axis}", axis=arrow) if square else say("looking mostly along {axis}", axis=arrow)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))


def _fit(
    view: View, place: str, sight: str, towards: NDArray[np.float64], up: NDArray[np.float64], aspect: float
) -> Camera:
    """The camera that just shows the view's points, with some space around them."""
    camera = Camera(place, view.focus, towards, up, 1.0)
    seen = camera.project(view.points)
    low, high = seen.min(axis=0), seen.max(axis=0)
    right, rise = (low + high) / 2
    width, height = high - low + 2 * PAD
    focus = view.focus + right * camera.right + rise * up
    size = max(float(height), float(width) / aspect)
    return Camera(place, focus, towards, up, size, bool(towards @ view.outward > 0.4), sight)
