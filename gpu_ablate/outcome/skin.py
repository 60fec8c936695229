"""What becomes of the skin: burn grades and dead skin by area, on its outer and its deep face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Endpoint, Region, Setup, Surface
from gpu_ablate.geometry.meshes import areas
from gpu_ablate.outcome.levelset import Field, beyond_body, excess
from gpu_ablate.outcome.margins import interpolate
from gpu_ablate.outcome.outer import centres_and_normals
from gpu_ablate.outcome.zones import zone_field
from gpu_ablate.result.result import Result
from gpu_ablate.units import CM2

BURN_GRADES = {"first": 0.53, "second": 1.0, "third": 1e4}
"""Ω at the basal layer from which a burn is of this degree (Henriques & Moritz 1947; as in Physics of Thermal Therapy,
p. 49)."""

NOT_OF_SKIN = "liver"
"""The damage law whose Ω says nothing of burns."""

STEP_CELLS = 0.5
"""Between two looks for the deep face of the skin, along the inward normal."""

THICKEST = 15e-3
"""Skin is followed inwards no deeper [m]; chosen here, beyond any skin."""


@dataclass(frozen=True)
class Faces:
    """The outer and the deep face of all that lies at the air.

    area : of each triangle of the outer surface (n,) [m²]
    label : of the first cell of the body behind it (n,)
    outer, deep : points (n, 3) [m] on the outer face, and in the last cell, square to it, of the same region
    """

    area: NDArray[np.float64]
    label: NDArray[np.intp]
    outer: NDArray[np.float64]
    deep: NDArray[np.float64]


def measure_skin(result: Result, outer: Surface) -> list[dict[str, object]]:
    """The `skin` of metrics.json: an entry for each region of skin.

    Regions of role skin or involved_skin count, and those of the same tissue as spared skin, such as a rim. Areas are
    of the outer surface, true and not of the staircase. A grade is that of the damage Ω on the outer face, of one
    degree only: what is burnt to the third is not counted as second. "deep_" stands before the same on the deep face,
    given as the outer area above it: heated from below, skin is burnt there first.

    outer : the body's surface at the air outside
    """
    setup = result.setup
    present = [setup.regions[label] for label in np.unique(setup.labels)]
    regions = list(dict.fromkeys(region for region in present if is_skin(setup, region)))
    if not regions:
        return []
    faces = faces_of(setup, outer)
    body = setup.phase_mask("body")
    dead = zone_field(result, setup.endpoint.name)
    assert dead is not None  # of the endpoint: zone_field raises instead
    burnt = burn_field(result)
    fields = [None if field is None else beyond_body(field, body) for field in (dead, burnt)]
    hottest = result.final.get("max_temperature")
    entries = []
    for region in regions:
        cells = np.isin(setup.labels, [i for i, each in enumerate(setup.regions) if each == region])
        own = np.isin(faces.label, [i for i, each in enumerate(setup.regions) if each == region])
        entry: dict[str, object] = {
            "name": region.name,
            "role": region.role,
            "area_cm2": float(faces.area[own].sum()) / CM2,
        }
        for prefix, points in (("", faces.outer), ("deep_", faces.deep)):
            measured = areas_of(setup, fields[0], fields[1], faces.area[own], points[own])
            entry |= {f"{prefix}{key}": value for key, value in measured.items()}
        entry["max_c"] = float(hottest[cells].max()) if hottest is not None else None
        entries.append(entry)
    return entries


def is_skin(setup: Setup, region: Region) -> bool:
    """Whether a region is skin: by its role, or by a tissue that spared skin is made of."""
    spared = {each.tissue for each in setup.regions if each.role == "skin"}
    return region.phase == "body" and (region.role in ("skin", "involved_skin") or region.tissue in spared)


def burn_field(result: Result) -> Field | None:
    """log2 Ω (nz, ny, nx); None where the run kept no damage, since nothing got warm enough."""
    values = result.final.get("arrhenius")
    return None if values is None else excess(values, Endpoint("burn", "arrhenius", 1.0))


def areas_of(
    setup: Setup, dead: Field | None, burnt: Field | None, area: NDArray[np.float64], points: NDArray[np.float64]
) -> dict[str, float | None]:
    """Area of each degree of burn and of dead skin [cm²], null for degrees by a damage law that is not of skin.

    dead, burnt : ≥ 0 where killed, and log2 Ω (nz, ny, nx), both continued beyond the body
    area, points : of triangles (n,) [m²] and (n, 3) [m]
    """

    def total(triangles: NDArray[np.bool_]) -> float:
        return float(area[triangles].sum()) / CM2

    found: dict[str, float | None] = dict.fromkeys((f"{degree}_degree_cm2" for degree in BURN_GRADES), 0.0)
    if burnt is not None and len(points):
        damage = interpolate(burnt, setup.grid, points)
        ends = [*(np.log2(least) for least in BURN_GRADES.values()), np.inf]
        for degree, low, high in zip(BURN_GRADES, ends[:-1], ends[1:], strict=True):
            found[f"{degree}_degree_cm2"] = total((damage >= low) & (damage < high))
    if setup.damage_law == NOT_OF_SKIN:
        found = dict.fromkeys(found)
    killed = 0.0 if dead is None or not len(points) else total(interpolate(dead, setup.grid, points) >= 0)
    return {**found, "killed_cm2": killed}


def faces_of(setup: Setup, outer: Surface) -> Faces:
    """Both faces of what lies at the air: from each triangle inwards, square to it, while the region is the same."""
    grid = setup.grid
    body = np.array([region.phase == "body" for region in setup.regions])
    kinds = {region: i for i, region in enumerate(dict.fromkeys(setup.regions))}
    kind = np.array([kinds[region] for region in setup.regions])
    centres, normals = centres_and_normals(outer)
    label = np.full(len(centres), -1, np.intp)
    deep = centres.copy()
    inside = np.ones(len(centres), bool)
    for depth in np.arange(STEP_CELLS * grid.spacing, THICKEST, STEP_CELLS * grid.spacing):
        places = centres - depth * normals
        index = np.floor((places - np.asarray(grid.origin)) / grid.spacing).astype(int)[:, ::-1]
        within = np.all((index >= 0) & (index < grid.shape), axis=1)
        here = np.full(len(centres), -1, np.intp)
        here[within] = setup.labels[tuple(index[within].T)]
        first = inside & (label < 0) & within & body[here]
        label[first] = here[first]
        begun = inside & (label >= 0)
        inside[begun] = within[begun] & (kind[here[begun]] == kind[label[begun]])
        inside &= (label >= 0) | (depth <= 2 * grid.spacing)
        deep[inside] = places[inside]
        if not inside.any():
            break
    return Faces(areas(outer.points, outer.faces), label, centres, deep)
