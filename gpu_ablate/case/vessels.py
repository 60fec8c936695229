"""Vessels as exchange rows: lines thinner than a few voxels, and the walls of regions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.anatomy import Anatomy
from gpu_ablate.case.case import Film
from gpu_ablate.case.faces import faces_towards
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.needle import exchange_rows, segment_nodes
from gpu_ablate.errors import SceneError
from gpu_ablate.library import load as library
from gpu_ablate.physics.pipe_flow import Liquid, wall_film
from gpu_ablate.scene.schema import Scene
from gpu_ablate.scene.vessel import Vessel
from gpu_ablate.units import BODY_C, ML_MIN, MM

Array = NDArray[np.float64]

LEAST_LOSS = 0.005
"""A vessel of which less lies outside the box or in gas is not worth a note."""


@dataclass(frozen=True)
class VesselRows:
    """Rows of one vessel's exchange group (see `Exchange`).

    lost : share of its wall that lies outside the box or in gas and exchanges nothing
    flow : of blood, where the film follows from it [m³ s⁻¹]
    """

    name: str
    film_scale: float
    film: Film
    cells: NDArray[np.int64]
    weights: Array
    series: Array
    lost: float
    flow: float | None


def lumen_labels(scene: Scene, anatomy: Anatomy) -> dict[int, Vessel]:
    """Labels of the regions that are lumens, which are not solved -> their vessel."""
    lumens = {vessel.region: vessel for vessel in scene.vessel if vessel.region is not None}
    return {i: lumens[region.name] for i, region in enumerate(anatomy.regions) if region.name in lumens}


def blood_c(scene: Scene, vessel: Vessel) -> float:
    """Temperature of what flows in a vessel [°C]."""
    return scene.model.blood_temperature_c if vessel.temperature_c is None else vessel.temperature_c


def vessel_rows(scene: Scene, anatomy: Anatomy, unsolved: NDArray[np.bool_]) -> list[VesselRows]:
    """The exchange of all vessels.

    unsolved : (nz, ny, nx), gas and the lumens of regions

    Raises
    ------
    SceneError
        A point lies in gas or in a lumen, or nothing of a vessel lies in tissue.
    """
    lumens = lumen_labels(scene, anatomy)
    return [
        _wall_rows(scene, anatomy, unsolved, vessel, [label for label, its in lumens.items() if its == vessel])
        if vessel.region is not None
        else _rows(scene, anatomy.grid, unsolved, vessel)
        for vessel in scene.vessel
    ]


def _wall_rows(
    scene: Scene, anatomy: Anatomy, unsolved: NDArray[np.bool_], vessel: Vessel, labels: list[int]
) -> VesselRows:
    """A region's wall: the faces between its cells and solved ones, each counted so that they have its true area."""
    lumen = np.isin(anatomy.labels, labels)
    grid = anatomy.grid
    cells, weights = [], []
    for faces, _, weight in faces_towards(~unsolved, lumen):
        cells.append(np.ravel_multi_index(tuple(faces.T), grid.shape))
        weights.append(weight)
    if not cells:
        raise SceneError(
            f'{scene.path}: vessel "{vessel.name}": no wall of "{vessel.region}" lies in the box ({grid.describe()})\n'
            "  remedy: enlarge [domain], or remove the vessel"
        )
    found = np.concatenate(cells)
    return VesselRows(
        name=vessel.name,
        film_scale=grid.spacing,
        film=_film(scene, vessel, []),
        cells=found,
        weights=np.concatenate(weights),
        series=np.ones(len(found)),
        lost=0.0,
        flow=None,
    )


def vessel_notes(vessels: list[VesselRows]) -> list[str]:
    """What flows mean for the heat at their walls; which vessels leave the box or the tissue, and by how much."""
    films = [
        f'{rows.flow / ML_MIN:g} ml/min in the vessel "{rows.name}": its wall takes up {rows.film.h[0]:.0f} W/m²K.'
        for rows in vessels
        if rows.flow is not None
    ]
    return films + [
        f'{100.0 * rows.lost:.0f} % of the vessel "{rows.name}" lies outside the box or in gas and exchanges no heat.'
        for rows in vessels
        if rows.lost >= LEAST_LOSS
    ]


def _rows(scene: Scene, grid: Grid, gas: NDArray[np.bool_], vessel: Vessel) -> VesselRows:
    """One vessel; the segments of its polyline meet without ends."""
    assert vessel.points_mm is not None
    assert vessel.radius_mm is not None
    points: list[Vector] = [(x * MM, y * MM, z * MM) for x, y, z in vessel.points_mm]
    _require_tissue(scene, grid, gas, vessel, points)
    radius = vessel.radius_mm * MM
    segments = list(pairwise(points))
    cells, weights, series = [], [], []
    whole = 0.0
    for number, (start, end) in enumerate(segments):
        nodes = segment_nodes(grid, start, end, radius, (number == 0, number == len(segments) - 1))
        length = float(np.linalg.norm(np.subtract(end, start)))
        weight, resistance = exchange_rows(grid, nodes, length, radius)
        solved = ~gas.flat[nodes.cells]
        cells.append(nodes.cells[solved])
        weights.append(weight[solved])
        series.append(resistance[solved])
        whole += 2.0 * np.pi * length / grid.cell_volume
    kept = float(sum(weight.sum() for weight in weights))
    if kept == 0.0:
        raise SceneError(
            f'{scene.path}: vessel "{vessel.name}": nothing of it lies in tissue within the box ({grid.describe()})\n'
            "  remedy: move points_mm, or enlarge [domain]"
        )
    return VesselRows(
        name=vessel.name,
        film_scale=1.0 / radius,
        film=_film(scene, vessel, points),
        cells=np.concatenate(cells),
        weights=np.concatenate(weights),
        series=np.concatenate(series),
        lost=1.0 - kept / whole,
        flow=None if vessel.flow_ml_min is None else vessel.flow_ml_min * ML_MIN,
    )


def _film(scene: Scene, vessel: Vessel, points: list[Vector]) -> Film:
    if vessel.flow_ml_min is not None and vessel.radius_mm is not None:
        blood = library.tissue("blood", scene.tissue)
        liquid = Liquid(blood.density_kg_m3.value, blood.heat_capacity_j_kgk.value, blood.conductivity_w_mk.value)
        length = sum(math.dist(start, end) for start, end in pairwise(points))
        h = wall_film(vessel.flow_ml_min * ML_MIN, vessel.radius_mm * MM, length, liquid)
    else:
        h = library.vessels()[vessel.preset].wall_h_w_m2k.value if vessel.preset else vessel.wall_h_w_m2k or 0.0
    return Film((0.0,), (h,), (blood_c(scene, vessel) - BODY_C,))


def _require_tissue(scene: Scene, grid: Grid, gas: NDArray[np.bool_], vessel: Vessel, points: list[Vector]) -> None:
    for number, point in enumerate(points, start=1):
        if grid.contains(point) and gas[grid.cell_at(point)]:
            at = ", ".join(f"{value / MM:.1f}" for value in point)
            raise SceneError(
                f'{scene.path}: vessel "{vessel.name}": point {number} at [{at}] mm lies in gas or in another vessel\n'
                "  remedy: move it into tissue"
            )
