"""Exchange lists: skin against air, patches on the skin, faces of the box, vessels, infusion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.air import outside_air
from gpu_ablate.case.case import Exchange, Film
from gpu_ablate.case.cryoprobes import DRAWN, CryoRows
from gpu_ablate.case.faces import faces_towards
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.infusion import InfusionRows
from gpu_ablate.case.shafts import ShaftRows
from gpu_ablate.case.vessels import VesselRows
from gpu_ablate.errors import SceneError
from gpu_ablate.physics.evaporation import wet_film
from gpu_ablate.scene.body import ConvectiveFace, HeldFace, SurfacePatch
from gpu_ablate.scene.schema import Scene
from gpu_ablate.units import BODY_C, MM

Array = NDArray[np.float64]

FACES = {"x_min": (2, 0), "x_max": (2, -1), "y_min": (1, 0), "y_max": (1, -1), "z_min": (0, 0), "z_max": (0, -1)}
"""Face of the box -> (array axis, index of its layer of cells)."""


class _Lists:
    """Collects rows and groups."""

    def __init__(self) -> None:
        self.cells: list[NDArray[np.int64]] = []
        self.weights: list[Array] = []
        self.series: list[Array] = []
        self.groups: list[NDArray[np.int32]] = []
        self.table: list[tuple[str, float, Film, str]] = []

    def group(self, name: str, film_scale: float, film: Film, term: str) -> int:
        """Add a group; its index."""
        self.table.append((name, film_scale, film, term))
        return len(self.table) - 1

    def rows(self, cells: NDArray[np.int64], weights: Array, series: Array, groups: NDArray[np.int32]) -> None:
        """Add rows of one or several groups."""
        self.cells.append(cells)
        self.weights.append(weights)
        self.series.append(series)
        self.groups.append(groups)

    def exchange(self) -> Exchange:
        cells = np.concatenate([*self.cells, np.zeros(0, np.int64)])
        order = np.argsort(cells, kind="stable")
        names, film_scale, films, terms = zip(*self.table, strict=True)
        return Exchange(
            cells=cells[order],
            weights=np.concatenate([*self.weights, np.zeros(0)])[order],
            series=np.concatenate([*self.series, np.zeros(0)])[order],
            groups=np.concatenate([*self.groups, np.zeros(0, np.int32)])[order],
            names=names,
            film_scale=np.array(film_scale),
            films=films,
            terms=terms,
        )


def build_exchange(
    scene: Scene,
    grid: Grid,
    gas: NDArray[np.bool_],
    unsolved: NDArray[np.bool_],
    vessels: list[VesselRows],
    shafts: list[ShaftRows],
    cryoprobes: list[CryoRows],
    infusions: list[InfusionRows],
) -> Exchange:
    """All cells that meet outside air, a patch, a face of the box, a vessel, a shaft, a cryoprobe, or infused liquid.

    gas : (nz, ny, nx); unsolved : gas and the lumens of vessels
    """
    lists = _Lists()
    air = lists.group("skin", grid.spacing, _air(scene), "skin_j")
    _skin(scene, grid, gas, unsolved, lists, air)
    for name, (axis, index) in FACES.items():
        face = scene.boundary.face(name)
        if face == "insulated":
            continue
        if isinstance(face, ConvectiveFace):
            h, temperature = face.h_w_m2k, face.temperature_c
        elif isinstance(face, HeldFace):
            h, temperature = math.inf, face.temperature_c
        else:
            h, temperature = math.inf, scene.model.blood_temperature_c
        film = Film((0.0,), (h,), (temperature - BODY_C,))
        group = lists.group(f"boundary {name}", grid.spacing, film, "boundary_j")
        cells = np.take(np.arange(grid.cells).reshape(grid.shape), index, axis=axis).ravel()
        cells = cells[~unsolved.flat[cells]]
        ones = np.ones(len(cells))
        lists.rows(cells, ones, ones, np.full(len(cells), group, np.int32))
    for vessel in vessels:
        group = lists.group(vessel.name, vessel.film_scale, vessel.film, "vessels_j")
        lists.rows(vessel.cells, vessel.weights, vessel.series, np.full(len(vessel.cells), group, np.int32))
    for shaft in shafts:
        film = Film((0.0,), (0.0,), (shaft.cooling.theta,))  # the engine says when a piece cools
        group = lists.group(shaft.piece.name, 1.0 / shaft.radius, film, "probes_j")
        lists.rows(shaft.cells, shaft.weights, shaft.series, np.full(len(shaft.cells), group, np.int32))
    for rows in cryoprobes:
        film = Film((0.0,), (0.0,), (rows.probe.freeze.theta,))  # the engine says when it freezes
        group = lists.group(rows.name, 1.0 / rows.radius, film, DRAWN.format(rows.name))
        lists.rows(rows.cells, rows.weights, rows.series, np.full(len(rows.cells), group, np.int32))
    for infusion in infusions:
        layer, theta = infusion.layer, infusion.layer.inflow_c - BODY_C
        film = _switched((0.0, theta), (infusion.conductance, theta), layer.start_s, layer.end_s)
        group = lists.group(f"{layer.region} infusion", 1.0, film, "infusion_j")
        ones = np.ones(len(infusion.cells))
        lists.rows(infusion.cells, ones, 0.0 * ones, np.full(len(infusion.cells), group, np.int32))
    return lists.exchange()


def _skin(
    scene: Scene, grid: Grid, gas: NDArray[np.bool_], unsolved: NDArray[np.bool_], lists: _Lists, air: int
) -> None:
    """Faces between tissue and gas that is connected to the edge of the box; enclosed gas takes no heat."""
    patches = [
        (patch, lists.group(patch.name, grid.spacing, _patch_film(_air(scene), patch), "skin_j"))
        for patch in scene.surface_patch
    ]
    x, y, z = grid.axes()
    covered = dict.fromkeys((patch.name for patch, _ in patches), 0)
    for faces, (axis, step), weights in faces_towards(~unsolved, outside_air(gas)):
        k, j, i = faces.T
        centre = np.column_stack([x[i], y[j], z[k]])
        centre[:, 2 - axis] += 0.5 * step * grid.spacing
        groups = np.full(len(faces), air, np.int32)
        for patch, group in patches:
            distance = np.linalg.norm(centre - np.array(patch.center_mm) * MM, axis=1)
            inside = distance <= patch.radius_mm * MM
            groups[inside] = group
            covered[patch.name] += int(inside.sum())
        lists.rows(np.ravel_multi_index((k, j, i), grid.shape), weights, np.ones(len(faces)), groups)
    for name, faces_covered in covered.items():
        if not faces_covered:
            raise SceneError(
                f'{scene.path}: surface_patch "{name}": no skin lies inside its sphere\n'
                "  remedy: move center_mm to the skin or enlarge radius_mm; skin is where body meets air"
            )


def _air(scene: Scene) -> Film:
    """The bare skin's."""
    return Film((0.0,), (scene.skin_surface.h_w_m2k,), (scene.skin_surface.temperature_c - BODY_C,))


def _patch_film(air: Film, patch: SurfacePatch) -> Film:
    """A patch from its start to its end, plain skin before and after."""
    (h0,), (theta0,) = air.h, air.theta
    h, outside_c = patch.h_w_m2k, patch.temperature_c
    if patch.moist is not None:
        moist = patch.moist
        h, outside_c = wet_film(
            h, moist.convective_w_m2k, outside_c, moist.humidity_percent / 100.0, moist.linear_about_c
        )
    return _switched((h0, theta0), (h, outside_c - BODY_C), patch.start_s, patch.end_s)


def _switched(off: tuple[float, float], on: tuple[float, float], start: float, end: float | None) -> Film:
    """A film (h, T_ext - 37) from start to end [s], another one before and after."""
    times, films = [start], [on]
    if start > 0.0:
        times, films = [start, *times], [off, *films]
    if end is not None:
        times, films = [*times, end, end], [*films, on, off]
    return Film(tuple(times), tuple(h for h, _ in films), tuple(theta for _, theta in films))
