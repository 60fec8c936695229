"""The box of a proposal: around target and needles, cropped to the body, with voxels that keep it computable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.geometry.shapes import in_box
from gpu_ablate.planning.body import AIR, BEYOND, Body
from gpu_ablate.planning.names import FALLBACK
from gpu_ablate.planning.target import Points
from gpu_ablate.units import MM

AROUND = 35 * MM
"""Of tissue around the heat or cold: as far as faces held at body temperature do not act; chosen here."""

AIR_KEPT = 8 * MM
"""Of air beyond the body [m]."""

MOST_CELLS = 2_000_000
SPACINGS_MM = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
FINE_MM = 0.75
"""Voxels of a breast, whose skin is thin."""

LOOK = 3 * MM
"""Between places at which it is looked for the body [m]."""

CUT_BODY = 0.05
"""A face of the image of which more than this is body cuts the body; the box then goes on beyond it."""

FACES = ("x_min", "x_max", "y_min", "y_max", "z_min", "z_max")


@dataclass(frozen=True)
class Box:
    """Corners [mm], spacing [mm], faces that meet air alone, tissue beyond the image, and sentences on it."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    spacing_mm: float
    in_air: tuple[str, ...]
    outside: str
    told: tuple[str, ...]


def choose_box(body: Body, heat: Points, spacing_mm: float | None) -> Box:
    """The box around a target and points (n, 3) of heat or cold [m].

    spacing_mm : asked for; None for the finest of SPACINGS_MM that keeps the box below MOST_CELLS
    """
    points = np.vstack([body.target.points, heat])
    low, high = points.min(axis=0) - AROUND, points.max(axis=0) + AROUND
    told = []
    cut = _cut_faces(body, low, high)
    first, last = body.image.lattice.bounds()
    for axis in range(3):
        if f"{'xyz'[axis]}_min" not in cut:
            low[axis] = max(low[axis], first[axis])
        if f"{'xyz'[axis]}_max" not in cut:
            high[axis] = min(high[axis], last[axis])
    beyond = [name for name in cut if _past(name, low, high, first, last)]
    if beyond:
        told.append(f"CHECK: the box goes on beyond the image ({', '.join(beyond)}) as {FALLBACK}.")
    low, high = _to_body(body, low, high)
    spacing = spacing_mm or _spacing(body, high - low)
    first_mm = np.floor(low / MM + 1e-6)
    counts = np.ceil((high / MM - first_mm) / spacing - 1e-6)
    told.append(f"{counts.prod() / 1e6:.1f} million voxels.")
    corners = [tuple(float(v) for v in corner) for corner in (first_mm, first_mm + counts * spacing)]
    in_air = tuple(name for name in FACES if _in_air(body, name, low, high))
    outside = FALLBACK if beyond or not body.has_air else "air"
    return Box(corners[0], corners[1], spacing, in_air, outside, tuple(told))


def _spacing(body: Body, size: Points) -> float:
    """The finest spacing [mm] that keeps a box [m] below MOST_CELLS."""
    fine = (FINE_MM, *SPACINGS_MM) if body.target.tissue == "breast_tumour" else SPACINGS_MM
    fits = [mm for mm in fine if np.prod(np.ceil(size / (mm * MM))) <= MOST_CELLS]
    return fits[0] if fits else SPACINGS_MM[-1]


def _cut_faces(body: Body, low: Points, high: Points) -> list[str]:
    """Faces of the image, within the box, through which the body goes on: just inside of them lies body."""
    lattice = body.image.lattice
    first, last = lattice.bounds()
    inside = float(np.linalg.norm(lattice.axes, axis=0).max())
    cut = []
    for name, places in _face_points(np.maximum(low, first + inside), np.minimum(high, last - inside)):
        kinds = body.at(places)
        known = kinds[kinds != BEYOND]
        if len(known) and (known != AIR).mean() > CUT_BODY:
            cut.append(name)
    return cut


def _face_points(low: Points, high: Points) -> list[tuple[str, Points]]:
    """Name and places (n, 3) of the faces of a box [m]."""
    axes = [np.arange(a, max(b, a + 1e-9) + 1e-9, LOOK) for a, b in zip(low, high, strict=True)]
    found = []
    for name in FACES:
        axis = "xyz".index(name[0])
        own = [*axes]
        own[axis] = np.array([low[axis] if name.endswith("min") else high[axis]])
        found.append((name, np.stack(np.meshgrid(*own, indexing="ij"), axis=-1).reshape(-1, 3)))
    return found


def _past(name: str, low: Points, high: Points, first: Points, last: Points) -> bool:
    axis = "xyz".index(name[0])
    return bool(low[axis] < first[axis] - LOOK) if name.endswith("min") else bool(high[axis] > last[axis] + LOOK)


def _to_body(body: Body, low: Points, high: Points) -> tuple[Points, Points]:
    """Corners of a box without the air beyond AIR_KEPT around the body."""
    axes = [np.arange(a + 0.5 * LOOK, b, LOOK) for a, b in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    solid = places[body.at(places) > AIR]
    found = (solid.min(axis=0) - 0.5 * LOOK - AIR_KEPT, solid.max(axis=0) + 0.5 * LOOK + AIR_KEPT)
    image_low, image_high = body.image.lattice.bounds()
    edges = in_box(np.array([low, high]), (image_low - LOOK, image_high + LOOK))
    lower = np.maximum(low, found[0]) if edges[0] or body.has_air else low
    upper = np.minimum(high, found[1]) if edges[1] or body.has_air else high
    return np.where(_open(body, low, lower), lower, low), np.where(_open(body, high, upper), upper, high)


def _open(body: Body, before: Points, after: Points) -> NDArray[np.bool_]:
    """Along which axes a face was moved through air, not through what lies beyond the image."""
    within = (after >= body.image.lattice.bounds()[0]) & (after <= body.image.lattice.bounds()[1])
    return np.asarray(within & (before != after))


def _in_air(body: Body, name: str, low: Points, high: Points) -> bool:
    """Whether a face of the box meets air alone."""
    inside = 1.5 * MM
    places = dict(_face_points(low + inside, high - inside))[name]
    return bool((body.at(places) == AIR).all())
