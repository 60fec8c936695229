"""The way in: straight lines from the outside to the target, tried over the sphere, and what each would cross."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.planning.body import AIR, BEYOND, BONE, KEEP_OFF, LUNG, TARGET, Body
from gpu_ablate.planning.target import Points
from gpu_ablate.units import MM

DIRECTIONS = 900
"""Tried over the sphere: 7° apart."""

STEP = 1.0 * MM
"""Between two places on a line [m]."""

LONGEST = 220 * MM
"""No needle reaches further [m]; chosen here."""

CLEARANCE = 5 * MM
"""Kept from what no needle may cross [m]; chosen here."""

BONE_COST, BONE_BARS, LUNG_COST, NEAR_COST, FACE_COST, END_COST, TILT_COST = 2.0, 60.0, 5.0, 4.0, 80.0, 200.0, 0.3
"""Costs in mm of way, chosen here: a mm of bone; bone on the way to a target that does not lie in it; a mm of lung; a
mm nearer than CLEARANCE to what is kept off; a way through the image's edge where the image shows skin elsewhere;
one through its edge towards head or feet; a degree out of the axial plane."""


@dataclass(frozen=True)
class Lines:
    """What straight needles meet, each from its tip outwards; arrays (n,).

    reach : from the tip to where it leaves the body [m]; face : whether it leaves through the image's edge; end :
        whether that is the edge towards head or feet, where no skin is
    kept : way within what no needle may cross [m]; near : way nearer than CLEARANCE to it [m]
    bone, lung : way through them [m]
    """

    reach: Points
    face: NDArray[np.bool_]
    end: NDArray[np.bool_]
    kept: Points
    near: Points
    bone: Points
    lung: Points

    def cost(self, in_bone: bool, with_air: bool) -> Points:
        """Cost of each line [mm]; inf where it crosses what no needle may cross, is too long, or its tip would stick
        out of the body."""
        bars = 0.0 if in_bone else BONE_BARS
        cost = self.reach / MM + BONE_COST * self.bone / MM + bars * (self.bone > 1.5 * STEP)
        cost += LUNG_COST * self.lung / MM + NEAR_COST * self.near / MM
        cost += FACE_COST * (self.face & with_air) + END_COST * self.end
        return np.where((self.kept > 0) | (self.reach > LONGEST) | (self.reach == 0.0), np.inf, cost)


def sphere(count: int = DIRECTIONS) -> Points:
    """Unit vectors (n, 3) evenly over the sphere (a spiral by the golden angle)."""
    height = 1.0 - 2.0 * (np.arange(count) + 0.5) / count
    turn = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(count)
    level = np.sqrt(1.0 - height**2)
    return np.column_stack([level * np.cos(turn), level * np.sin(turn), height])


def lines(body: Body, tips: Points, directions: Points) -> Lines:
    """What needles from tips (n, 3) [m] along unit vectors (n, 3) towards their handles meet."""
    steps = np.arange(0.0, LONGEST + 2 * STEP, STEP)
    places = tips[:, None] + steps[:, None] * directions[:, None]
    kinds = body.at(places.reshape(-1, 3)).reshape(places.shape[:2])
    out = (kinds == AIR) | (kinds == BEYOND)
    out[:, -1] = True
    first = out.argmax(axis=1)
    on_way = np.arange(len(steps)) < first[:, None]
    near = np.zeros(kinds.shape, bool)
    for offset in _around(directions):
        near |= body.at((places + CLEARANCE * offset[:, None]).reshape(-1, 3)).reshape(kinds.shape) == KEEP_OFF

    def length(mask: NDArray[np.bool_]) -> Points:
        return np.asarray(STEP * (mask & on_way).sum(axis=1))

    face = kinds[np.arange(len(tips)), first] == BEYOND
    low, high = body.image.lattice.bounds()
    exits = places[np.arange(len(tips)), first][:, 2]
    end = face & ((exits < low[2]) | (exits > high[2]))
    return Lines(
        steps[first], face, end, length(kinds == KEEP_OFF), length(near), length(kinds == BONE), length(kinds == LUNG)
    )


def pieces_of_way(body: Body, tip: Points, direction: Points) -> list[tuple[str, float]]:
    """Name of a label and way through it [m], from where a needle leaves the body or the image to its tip (3,) [m]."""
    places = tip + np.arange(0.5 * STEP, LONGEST, STEP)[:, None] * direction
    kinds = body.at(places)
    out = (kinds == AIR) | (kinds == BEYOND)
    end = int(out.argmax()) if out.any() else len(places)
    values, _ = body.image.sample(places[:end])
    names = {label.value: label.name for label in body.labels}
    told = [
        body.target.name if kind == TARGET else names[int(value)] for kind, value in zip(kinds, values, strict=False)
    ]
    return [(name, STEP * len(list(run))) for name, run in groupby(reversed(told))]


def _around(directions: Points) -> list[Points]:
    """Four unit vectors square to each direction, each (n, 3)."""
    aside = np.eye(3)[np.argmin(np.abs(directions), axis=1)]
    first = np.cross(directions, aside)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(directions, first)
    return [first, -first, second, -second]


def tilt_cost(directions: Points) -> Points:
    """Cost of leaving the axial plane, in which a CT shows a needle whole (n,) [mm]."""
    return TILT_COST * np.degrees(np.arcsin(np.clip(np.abs(directions[:, 2]), 0.0, 1.0)))
