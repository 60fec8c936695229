"""What a run says about a place where something is seen later: planned margin, temperatures, needle, vessel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup, Surface, ThinVessel
from gpu_ablate.geometry.label_surface import label_parts
from gpu_ablate.geometry.meshes import Mesh
from gpu_ablate.geometry.shapes import distance_to_line, in_box
from gpu_ablate.outcome.agreement import away_from, even
from gpu_ablate.outcome.beside import BESIDE
from gpu_ablate.outcome.levelset import Field
from gpu_ablate.outcome.margins import Front, interpolate, margins
from gpu_ablate.outcome.metrics import fronts
from gpu_ablate.outcome.nearest import feet_on
from gpu_ablate.outcome.needles import GROUPS, group_surfaces
from gpu_ablate.outcome.observed import merged
from gpu_ablate.outcome.outer import outer_surface
from gpu_ablate.outcome.thinnest import from_needle, middle_of, unit
from gpu_ablate.outcome.ways import Way, ways_taken
from gpu_ablate.outcome.zones import zone_field
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

Points = NDArray[np.float64]

HISTORIES = {"max_temperature_c": "max_temperature", "min_temperature_c": "min_temperature", "cem43_minutes": "cem43"}
"""Keys of a place, and the histories that they are taken from."""

SAME_MM = 1.0
"""Points of a target's surface that are nearest to something, to within this [mm]: the least margin of them counts."""


@dataclass(frozen=True)
class PlannedTarget:
    """A target with the margins that the run gave it.

    surface : its surface; middle : of its cells [m]; direction to the nearest skin is `outward`, None without air
    margin, boundary_margin : (n,) [m] at the points of the surface, by the endpoint and by the ablation boundary
    """

    name: str
    surface: Surface
    middle: Points
    outward: list[float] | None
    margin: Points
    boundary_margin: Points


@dataclass(frozen=True)
class Past:
    """A run as one looks back at it; edge : where killed tissue ends; outer : the body's surface at the air."""

    result: Result
    edge: Front
    targets: tuple[PlannedTarget, ...]
    ways: list[Way]
    vessels: dict[str, Surface]
    outer: Surface


def recall(result: Result) -> Past:
    """Everything of a run that places are told by.

    Raises
    ------
    ResultError
        The field of the endpoint is missing.
    """
    setup = result.setup
    body, outer = setup.phase_mask("body"), outer_surface(setup)
    phi = zone_field(result, setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    edge, boundary = fronts(result, phi, body)
    targets = []
    for region in setup.regions:
        surface = setup.surfaces.get(region.name)
        if region.role != "target" or surface is None or not len(surface.points):
            continue
        middle, points = middle_of(setup, region.name), surface.points.astype(np.float64)
        outward = unit(feet_on(outer, middle[None])[0] - middle) if len(outer.faces) else None
        planned = margins(points, edge)[0], margins(points, boundary)[0]
        targets.append(PlannedTarget(region.name, surface, middle, outward, *planned))
    vessels = group_surfaces(setup, GROUPS["vessel"])
    return Past(result, edge, tuple(targets), ways_taken(result), vessels, outer)


def tell(past: Past, part: Mesh, at: Points) -> dict[str, object]:
    """What the run says about a part of the body, and about a place (3,) [m] that stands for it.

    at_mm, direction, outward, target : see `side`
    target_at_mm, planned_margin_mm, planned_boundary_margin_mm : of the target's surface nearest to the part
    max_temperature_c, min_temperature_c, cem43_minutes : lowest and highest value in the part; null where the run kept
        none, or where the part lies outside of the box
    probe, track, distance_to_axis_mm, along_mm : see `from_needle`
    below_skin_mm : of the place
    vessel : the nearest, if it is nearer than BESIDE: `region`, `mm`
    """
    skin = feet_on(past.outer, at[None])[0] if len(past.outer.faces) else None
    return {
        **side(past, at),
        **planned_at(past, part),
        **histories_in(past.result, part),
        **from_needle(at, past.ways),
        "below_skin_mm": None if skin is None else float(np.linalg.norm(skin - at)) / MM,
        "vessel": vessel_near(past, part),
    }


def side(past: Past, at: Points) -> dict[str, object]:
    """On which side of the nearest target a place (3,) [m] lies: `at_mm`, `target`, `direction` (unit vector from the
    middle of the target), `outward` (unit vector from there to the nearest skin)."""
    if not past.targets:
        return {"at_mm": (at / MM).tolist(), "target": None, "direction": None, "outward": None}
    target = min(past.targets, key=lambda each: float(np.linalg.norm(each.middle - at)))
    return {
        "at_mm": (at / MM).tolist(),
        "target": target.name,
        "direction": unit(at - target.middle),
        "outward": target.outward,
    }


def planned_at(past: Past, part: Mesh) -> dict[str, object]:
    """The margin of the plan where the surface of a target is nearest to a part, the least of all such places."""
    found: list[tuple[float, dict[str, object]]] = []
    for target in past.targets:
        points = target.surface.points.astype(np.float64)
        away = np.maximum(away_from(part, points)[0], 0.0)
        near = np.flatnonzero(away <= away.min() + SAME_MM * MM)
        least = near[int(np.argmin(np.nan_to_num(target.margin[near], nan=-np.inf)))]
        told: dict[str, object] = {
            "target_at_mm": (points[least] / MM).tolist(),
            "planned_margin_mm": float(target.margin[least]) / MM,
            "planned_boundary_margin_mm": float(target.boundary_margin[least]) / MM,
        }
        found.append((float(away.min()), told))
    none = dict.fromkeys(("target_at_mm", "planned_margin_mm", "planned_boundary_margin_mm"))
    return min(found, key=lambda each: each[0])[1] if found else none


def histories_in(result: Result, part: Mesh) -> dict[str, list[float] | None]:
    """Lowest and highest value of each history in a part and on its surface, on a raster of half a cell."""
    grid = result.setup.grid
    box = np.array(grid.origin), np.array(grid.upper)
    lower, upper = (np.clip(corner, *box) for corner in part.bounds())
    sides = [np.arange(low, high, grid.spacing / 2) for low, high in zip(lower, upper, strict=True)]
    inner = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 3)
    points = np.concatenate([inner[part.contains(inner)], part.points[in_box(part.points, box)]])

    def span(field: Field | None) -> list[float] | None:
        if field is None or not len(points):
            return None
        values = interpolate(field, grid, points)
        return [float(values.min()), float(values.max())]

    return {key: span(result.final.get(name)) for key, name in HISTORIES.items()}


def vessel_near(past: Past, part: Mesh) -> dict[str, object] | None:
    """The vessel whose wall is nearest to a part, `region` and `mm`, 0 where it runs into it; None further away."""
    points = even(part.points, part.faces).points.astype(np.float64)
    found = [(gap(points, surface, part), name) for name, surface in past.vessels.items()]
    found += [(gap_to_line(points, vessel, part), vessel.name) for vessel in past.result.setup.vessels]
    distance, name = min(found, default=(np.inf, ""))
    return {"region": name, "mm": distance / MM} if distance <= BESIDE else None


def gap(points: Points, surface: Surface, part: Mesh) -> float:
    """Least distance [m] between the surface of a part, given by its points (n, 3) [m], and another one."""
    if part.contains(surface.points.astype(np.float64)).any():
        return 0.0
    return float(np.linalg.norm(points - feet_on(surface, points), axis=1).min())


def gap_to_line(points: Points, vessel: ThinVessel, part: Mesh) -> float:
    """Least distance [m] between a part and the wall of a thin vessel."""
    for start, end in pairwise(np.array(point) for point in vessel.points):
        steps = np.linspace(start, end, 2 + int(np.linalg.norm(end - start) / MM))
        if part.contains(steps).any():
            return 0.0
    return max(float(distance_to_line(points, vessel.points).min()) - vessel.radius, 0.0)


def cell_surface(cells: NDArray[np.bool_], setup: Setup) -> Mesh:
    """The closed surface of some cells (nz, ny, nx) of the grid."""
    return merged(tuple(label_parts(cells, setup.grid.lattice())))
