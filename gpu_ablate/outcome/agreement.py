"""How far two bodies agree: a zone that was seen, and the one that was computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Surface
from gpu_ablate.geometry.meshes import Mesh, centroid, corners
from gpu_ablate.geometry.shapes import in_box
from gpu_ablate.outcome.levelset import vertex_areas
from gpu_ablate.outcome.nearest import feet_on
from gpu_ablate.units import CM3, MM

Points = NDArray[np.float64]

LONGEST = 1.5 * MM
"""Triangles are cut until no side is longer [m]: distances are taken at their corners."""

FINEST = 0.25 * MM
"""Smallest distance between the points at which two bodies are compared [m]."""

MOST_POINTS = 2_000_000

FAR_SHARE = 0.95
"""HD95: the larger of the two directed distances that this share of a surface stays within, each weighted by area (the
maximum of both as in Maier-Hein et al. 2024, Nat Methods 21:195; from memory, not re-read)."""

AT_BOX_CELLS = 0.05
"""A surface that comes so near to a face of the box ends there."""


@dataclass(frozen=True)
class Apart:
    """How far the points (n, 3) [m] of one surface lie from another body.

    away : (n,) [m], signed: positive outside of that body
    feet : (n, 3), the nearest points of its surface [m]
    area : (n,), share of the surface that belongs to each point [m²]
    """

    points: Points
    away: Points
    feet: Points
    area: Points

    @property
    def mean(self) -> float:
        """Mean distance over the surface [m]."""
        return float(np.average(np.abs(self.away), weights=self.area))

    def within(self, share: float) -> float:
        """The distance that a share of the surface stays within [m]."""
        order = np.argsort(np.abs(self.away))
        reached = np.cumsum(self.area[order])
        return float(np.abs(self.away)[order][np.searchsorted(reached, share * reached[-1])])


def apart(one: Surface | Mesh, other: Mesh) -> Apart:
    """How far the surface of one body lies from another one."""
    fine = even(np.asarray(one.points, np.float64), one.faces)
    points = fine.points.astype(np.float64)
    away, feet = away_from(other, points)
    return Apart(points, away, feet, vertex_areas(fine))


def away_from(body: Mesh, points: Points) -> tuple[Points, Points]:
    """How far points (n, 3) [m] lie outside of a body (n,) [m], negative inside, and the nearest points of its surface
    (n, 3) [m]."""
    feet = feet_on(even(body.points, body.faces), points)
    away = np.linalg.norm(points - feet, axis=1)
    return np.where(body.contains(points), -away, away), feet


def even(points: Points, faces: NDArray[np.int32]) -> Surface:
    """The same surface, as closed as before, with triangles none of whose sides is longer than LONGEST."""
    triangles = np.stack(corners(points, faces), axis=1)
    done = []
    while len(triangles):
        long = np.linalg.norm(triangles - np.roll(triangles, -1, axis=1), axis=2) > LONGEST
        count = long.sum(axis=1)
        done.append(triangles[count == 0])
        cut = [halved(triangles[count == n], long[count == n], n) for n in (1, 2, 3)]
        triangles = np.concatenate(cut)
    unique, index = np.unique(np.concatenate(done).reshape(-1, 3), axis=0, return_inverse=True)
    return Surface(unique.astype(np.float32), index.reshape(-1, 3).astype(np.int32))


def halved(triangles: Points, long: NDArray[np.bool_], count: int) -> Points:
    """Triangles (m, 3, 3) with `count` sides long, (m, 3), cut at the middles of these: neighbours stay joined."""
    first = long.argmax(axis=1) if count == 1 else (long.argmin(axis=1) + 1) % 3
    turn = (first[:, None] + np.arange(3)) % 3
    a, b, c = np.moveaxis(np.take_along_axis(triangles, turn[:, :, None], axis=1), 1, 0)
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    pieces = {
        1: [(a, ab, c), (ab, b, c)],
        2: [(ab, b, bc), (a, ab, bc), (a, bc, c)],
        3: [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)],
    }
    return np.concatenate([np.stack(piece, axis=1) for piece in pieces[count]])


def measure_agreement(observed: Mesh, simulated: Mesh, grid: Grid) -> dict[str, Any]:
    """The `agreement` of compare.json: a body that was seen, against one that was computed in the box of a grid.

    difference_percent : of the volumes, observed minus simulated, of the simulated one
    dice : 2 |A ∩ B| / (|A| + |B|); dice_in_box : of what of the observed lies in the box
    mean_surface_mm : over both surfaces together; signed_mean_mm : over the observed one, positive where it lies
        outside of the simulated
    largest : where the surfaces are furthest apart: `mm`, `at_mm`, `to_mm` (the nearest point of the other surface),
        `further` (which of the two reaches further there)
    centroid_shift : from the simulated to the observed
    beyond_box_cm3, beyond_box_percent : of the observed, about which the simulation says nothing
    simulated_ends_at_box : whether the simulated one is cut off by the box
    """
    ours, theirs = apart(simulated, observed), apart(observed, simulated)
    counted = overlap(observed, simulated, grid)
    sizes = {"observed": observed.volume(), "simulated": simulated.volume()}
    shift = centroid(observed.points, observed.faces) - centroid(simulated.points, simulated.faces)
    area = ours.area.sum(), theirs.area.sum()
    beyond = 1.0 - counted.in_box / counted.observed
    return {
        "observed_cm3": sizes["observed"] / CM3,
        "simulated_cm3": sizes["simulated"] / CM3,
        "difference_cm3": (sizes["observed"] - sizes["simulated"]) / CM3,
        "difference_percent": 100.0 * (sizes["observed"] / sizes["simulated"] - 1.0),
        "dice": 2.0 * counted.both / (counted.observed + counted.simulated),
        "dice_in_box": 2.0 * counted.both / (counted.in_box + counted.simulated),
        "mean_surface_mm": (ours.mean * area[0] + theirs.mean * area[1]) / sum(area) / MM,
        "signed_mean_mm": float(np.average(theirs.away, weights=theirs.area)) / MM,
        "hd95_mm": max(ours.within(FAR_SHARE), theirs.within(FAR_SHARE)) / MM,
        "largest": furthest(ours, theirs),
        "centroid_shift_mm": float(np.linalg.norm(shift)) / MM,
        "centroid_shift": (shift / MM).tolist(),
        "beyond_box_cm3": beyond * sizes["observed"] / CM3,
        "beyond_box_percent": 100.0 * beyond,
        "simulated_ends_at_box": ends_at_box(simulated, grid),
    }


def furthest(ours: Apart, theirs: Apart) -> dict[str, object]:
    """Where two surfaces are furthest apart, and which of them reaches further there."""
    found = max((ours, theirs), key=lambda each: float(np.abs(each.away).max()))
    worst = int(np.abs(found.away).argmax())
    outside = bool(found.away[worst] > 0)
    return {
        "mm": float(abs(found.away[worst])) / MM,
        "at_mm": (found.points[worst] / MM).tolist(),
        "to_mm": (found.feet[worst] / MM).tolist(),
        "further": "observed" if outside == (found is theirs) else "simulated",
    }


@dataclass(frozen=True)
class Counted:
    """How many of the points of an even raster lie in each body, in both, and of the observed one in the box."""

    observed: int
    simulated: int
    both: int
    in_box: int


def overlap(observed: Mesh, simulated: Mesh, grid: Grid) -> Counted:
    """Compare two bodies point by point."""
    boxes = np.array([observed.bounds(), simulated.bounds()])
    lower, upper = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    step = max(FINEST, float(np.cbrt(np.prod(upper - lower) / MOST_POINTS)))
    x, y, z = (np.arange(low + step / 2, high, step) for low, high in zip(lower, upper, strict=True))
    plane = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    total = np.zeros(4, np.int64)
    for height in z:
        points = np.column_stack([plane, np.full(len(plane), height)])
        seen, computed = observed.contains(points), simulated.contains(points)
        known = in_box(points, (np.array(grid.origin), np.array(grid.upper)))
        total += [seen.sum(), computed.sum(), (seen & computed).sum(), (seen & known).sum()]
    return Counted(*total.tolist())


def ends_at_box(body: Mesh, grid: Grid) -> bool:
    """Whether a body reaches to a face of the box."""
    near = AT_BOX_CELLS * grid.spacing
    return bool((body.points < np.array(grid.origin) + near).any() or (body.points > np.array(grid.upper) - near).any())
