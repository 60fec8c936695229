"""Where the margin is thinnest, as an operator looks for it: seen from the tumour, the skin, the needle, the nipple."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.outcome.crossing import Vector3
from gpu_ablate.outcome.nearest import feet_on
from gpu_ablate.outcome.ways import Way
from gpu_ablate.units import MM

BEHIND_NIPPLE = 5 * MM
"""Nearer to the nipple than this, in the coronal plane, a place has no hour [m]; chosen here, within any areola."""


def measure_thinnest(
    setup: Setup, targets: list[dict[str, Any]], ways: list[Way], outer: Surface
) -> dict[str, object] | None:
    """The `thinnest` of metrics.json; None where no margin is known.

    targets : of metrics.json; ways : of all needles; outer : the body's surface at the air outside

    target, mm, at_mm : of the target with the thinnest margin, and where that is
    direction, outward : unit vectors from the middle of the target to there, and to the nearest skin (None without)
    probe, track : of the needle whose shaft is nearest; distance_to_axis_mm : from its axis; along_mm : behind its tip
        towards the handle, negative beyond the tip
    below_skin_mm : to the nearest skin
    clock : where the scene gives the nipple, else None, see `clock_of`
    """
    known = [target for target in targets if target["min_margin_mm"] is not None and target["min_margin_at_mm"]]
    if not known:
        return None
    target = min(known, key=lambda each: float(each["min_margin_mm"]))
    place = np.array(target["min_margin_at_mm"], float) * MM
    middle = middle_of(setup, str(target["name"]))
    skin = feet_on(outer, np.array([place, middle])) if len(outer.faces) else None
    return {
        "target": target["name"],
        "mm": target["min_margin_mm"],
        "at_mm": target["min_margin_at_mm"],
        "direction": unit(place - middle),
        "outward": None if skin is None else unit(skin[1] - middle),
        **from_needle(place, ways),
        "below_skin_mm": None if skin is None else float(np.linalg.norm(skin[0] - place)) / MM,
        "clock": None if setup.plan.nipple is None else clock_of(place - np.array(setup.plan.nipple)),
    }


def clock_of(away: Vector3) -> dict[str, float | None]:
    """A place on the clock around the nipple, as who faces the patient reads it: 12 at the head, 3 at the patient's
    left.

    away : from the nipple to the place, LPS [m]

    hour : 0.5 to 12, to the half; None straight behind the nipple; from_nipple_mm : in the coronal plane;
    behind_nipple_mm : towards the patient's back
    """
    x, y, z = (float(v) for v in away)
    far = float(np.hypot(x, z))
    halves = round(float(np.degrees(np.arctan2(x, z))) / 15.0) % 24
    hour = (halves or 24) / 2.0
    return {
        "hour": hour if far >= BEHIND_NIPPLE else None,
        "from_nipple_mm": far / MM,
        "behind_nipple_mm": y / MM,
    }


def from_needle(place: Vector3, ways: list[Way]) -> dict[str, object]:
    """The needle whose shaft is nearest to a place, see `measure_thinnest`; null without needles."""
    found: list[tuple[float, dict[str, object]]] = []
    for way in ways:
        along = float((place - way.tip) @ way.direction)
        off = float(np.linalg.norm(place - way.tip - along * way.direction))
        beyond = max(-along, along - way.reach, 0.0)
        measured = {"distance_to_axis_mm": off / MM, "along_mm": along / MM}
        found.append((float(np.hypot(off, beyond)), {"probe": way.probe.name, "track": way.track + 1, **measured}))
    none = dict.fromkeys(("probe", "track", "distance_to_axis_mm", "along_mm"))
    return min(found, key=lambda each: each[0])[1] if found else none


def middle_of(setup: Setup, name: str) -> Vector3:
    """Mean of the centres of a region's cells, xyz [m]; of the points of its surface where it has no cell."""
    cells = np.argwhere(setup.mask(name))
    if not len(cells):
        return np.asarray(setup.surfaces[name].points.mean(axis=0, dtype=np.float64))
    return np.asarray(np.array(setup.grid.origin) + (cells.mean(axis=0)[::-1] + 0.5) * setup.grid.spacing)


def unit(vector: Vector3) -> list[float] | None:
    """A vector of length 1 in the same direction; None of no length."""
    length = float(np.linalg.norm(vector))
    return (vector / length).tolist() if length > 0 else None
