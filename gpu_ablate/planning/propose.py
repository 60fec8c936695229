"""A plan proposed for a target: the way in that costs least, with the needles on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gpu_ablate.errors import SceneError
from gpu_ablate.planning.body import Body
from gpu_ablate.planning.entry import lines, sphere, tilt_cost
from gpu_ablate.planning.needles import Layout, antenna_layout, breast_layout, cryo_layout
from gpu_ablate.planning.target import Points
from gpu_ablate.units import MM

Modality = Literal["microwave", "cryo"]

TRIED_WHOLE = 60
"""Directions, the best for one needle, that are tried with all needles."""

ACROSS_COST = 40.0
"""Of a cryoprobe along the long axis instead of across it, in mm of way; chosen here."""

FRONT_COST = 80.0
"""Of coming from the front to bone where the image shows no skin, in mm of way; chosen here."""

OBLIQUE = (15.0, 40.0)
"""Least and greatest angle of a breast track to the skin [°]; chosen here."""

DEEP = 20 * MM
"""A breast lesion whose middle lies deeper below the skin gets 60 W in its deep part, else 50; chosen here."""

MARGINS = {"cryo": 10 * MM, "microwave": 5 * MM}
"""Margin aimed at [m]: the ice edge 10 mm beyond (2018 consensus); 5 mm of heat, chosen here."""


@dataclass(frozen=True)
class Proposal:
    """Needles, and why they lie as they do (sentences)."""

    modality: Modality
    margin: float
    layout: Layout
    why: tuple[str, ...]


def usual_modality(tissue: str) -> Modality:
    """Microwave for liver and breast, cold for bone and soft tissue: the fields of the two consensus papers."""
    return "microwave" if tissue in ("liver_tumour", "breast_tumour") else "cryo"


def propose(body: Body, modality: Modality) -> Proposal:
    """The plan with the least cost of ways in.

    Raises
    ------
    SceneError
        Every straight way crosses what no needle may cross.
    """
    target, margin = body.target, MARGINS[modality]
    breast = modality == "microwave" and target.tissue == "breast_tumour" and body.has_air
    directions = sphere()
    extra = tilt_cost(directions) if not breast else np.zeros(len(directions))
    told: list[str] = []
    if modality == "cryo" and target.slender:
        extra = extra + ACROSS_COST * np.abs(directions @ target.axis)
        told.append("As square to the lesion's long axis as the ways allow.")
    if body.in_bone and not body.has_air:
        extra = extra + FRONT_COST * 0.5 * (1.0 - directions[:, 1])
        told.append("Rather from the back (+y): where no skin is seen, bone is taken to be reached from behind (ours).")
    if body.gas > 0.0 and not body.has_air:
        told.append(
            f"CHECK: {100 * body.gas:.2g} % of the image is gas, too little for the air around a body: taken for bowel "
            "or lung and kept off. Where the skin is, is not known."
        )
    if body.canal is not None:
        told.append(
            "CHECK: no label names the spinal canal; what bone encloses in axial slices is kept off as canal. The "
            "scene has none: no limit watches cord and roots until a region of role nerve is added."
        )
    if body.has_air and not any(label.means.role == "skin" for label in body.labels):
        told.append("CHECK: no label is skin: no limit watches it, and distances to it are not measured.")
    if breast:
        directions, extra, deep = _oblique(body, directions)

    def layout(direction: Points) -> Layout:
        if breast:
            return breast_layout(target, direction, deep, margin)
        if modality == "cryo":
            return cryo_layout(target, direction)
        return antenna_layout(target, direction, margin)

    direction, chosen, clear = _best(body, directions, extra, layout)
    told.append(
        f"Entry: {len(directions)} directions tried, {clear} of them clear of vessels, nerves and structures at risk; "
        "taken is the one that costs least in length, bone, nearness to these (5 mm), lung and angle out of the axial "
        "plane. What the needle crosses stands at each probe."
    )
    found = lines(body, np.array([n.tip for n in chosen.needles]), np.tile(direction, (len(chosen.needles), 1)))
    if found.face.any():
        told.append("CHECK: a needle leaves the image before the skin; what lies beyond the image's edge is not known.")
    if (found.near > 0).any():
        told.append("CHECK: a needle passes nearer than 5 mm to a vessel, nerve or structure at risk.")
    return Proposal(modality, margin, chosen, tuple(told))


def _oblique(body: Body, directions: Points) -> tuple[Points, Points, bool]:
    """Of some directions those oblique to the nearest skin, their cost of being steeper or flatter than in the middle
    [mm], and whether the lesion lies deep."""
    middle = np.tile(body.target.middle, (len(directions), 1))
    ways = lines(body, middle, directions)
    reach = np.where(ways.face, np.inf, ways.reach)
    nearest = int(np.argmin(reach))
    angles = np.degrees(np.arcsin(np.clip(directions @ directions[nearest], -1.0, 1.0)))
    oblique = (angles >= OBLIQUE[0]) & (angles <= OBLIQUE[1])
    return directions[oblique], np.abs(angles[oblique] - 22.0), bool(reach[nearest] > DEEP)


def _best(
    body: Body, directions: Points, extra: Points, layout: Callable[[Points], Layout]
) -> tuple[Points, Layout, int]:
    """The direction of least cost with its needles, and how many directions are clear for a single needle."""
    target = body.target
    deepest = np.array([target.middle + target.span(d)[0] * d for d in directions])
    single = lines(body, deepest, directions)
    cost = single.cost(body.in_bone, body.has_air) + extra
    clear = int(np.isfinite(cost).sum())
    best: tuple[float, Points, Layout] | None = None
    for index in np.argsort(cost)[: min(TRIED_WHOLE, clear)]:
        planned = layout(directions[index])
        tips = np.array([needle.tip for needle in planned.needles])
        each = lines(body, tips, np.tile(directions[index], (len(tips), 1))).cost(body.in_bone, body.has_air)
        whole = float(each.mean() + extra[index])
        if np.isfinite(whole) and (best is None or whole < best[0]):
            best = whole, directions[index], planned
    if best is None:
        least = int(np.argmin(single.kept))
        raise SceneError(
            f"{body.file}: no straight way to the target is clear: of {len(directions)} directions {clear} are for one "
            f"needle, none for all; the least bad runs through {single.kept[least] / MM:.0f} mm of vessel, nerve or "
            "structure at risk\n"
            "  remedy: name the labels that may be crossed otherwise (--names), or write the probes by hand"
        )
    return best[1], best[2], clear
