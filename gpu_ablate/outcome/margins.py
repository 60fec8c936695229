"""Margins: from each point of the tumour's surface to the nearest viable body tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import areas, corners
from gpu_ablate.outcome.across import regions_across
from gpu_ablate.outcome.beside import measure_beside_vessels
from gpu_ablate.outcome.levelset import Field, Mask, beyond_body, vertex_areas, with_outside, zero_surface
from gpu_ablate.outcome.nearest import feet_on
from gpu_ablate.outcome.zones import zone_field, zone_surface
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

GOALS_MM = (5, 10)
"""Margins of which metrics.json states what share of the surface has them."""

THIN_SHARE = 0.05
"""Share of the surface with a margin below `margin_p5_mm`."""

NO_MARGIN: dict[str, object] = {
    "min_margin_mm": None,
    "min_margin_at_mm": None,
    "margin_p5_mm": None,
    **dict.fromkeys(f"margin_{goal}mm_percent" for goal in GOALS_MM),
    "margin_ends_at_box": False,
    "across_fluid_percent": 0.0,
    "across_fluid": [],
    "beside_vessels": [],
    "boundary_margin_mm": None,
}
"""The margin keys of what no margin is asked of."""


@dataclass(frozen=True)
class Front:
    """Where killed and viable tissue end.

    Attributes
    ----------
    phi : (nz, ny, nx), continued outside the body from the nearest body cell; ≥ 0 where killed
    killed : surface of the killed body tissue
    viable : surface of the viable body tissue, open at the box
    killed_at_box : centres (n, 3) [m] of the killed cells that touch the box
    """

    grid: Grid
    phi: Field
    killed: Surface
    viable: Surface
    killed_at_box: NDArray[np.float64]


def front(phi: Field, body: Mask, grid: Grid) -> Front:
    """Surfaces between killed (φ ≥ 0) and viable (φ < 0) body tissue.

    Fluid and gas are neither: between killed tissue and fluid ends no viable tissue, between fluid and viable
    tissue it begins, at the voxel face.
    """
    x, y, z = (o - 0.5 * grid.spacing for o in grid.origin)
    not_viable = np.pad(with_outside(phi, body, +1), 1, mode="edge")
    at_box = np.ones(grid.shape, bool)
    at_box[1:-1, 1:-1, 1:-1] = False
    return Front(
        grid=grid,
        phi=beyond_body(phi, body),
        killed=zone_surface(phi, body, grid),
        viable=zero_surface(not_viable, grid.spacing, (x, y, z)),
        killed_at_box=cell_centres(at_box & body & (phi >= 0), grid),
    )


def margin_map(result: Result, target: str) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64], Mask]:
    """Margin over a target's surface.

    Returns
    -------
    points : (n, 3) xyz [m]
    faces : (m, 3)
    margin : (n,) [m], see `margins`
    across : (n,), whether the line to the nearest viable tissue runs through fluid or gas

    Raises
    ------
    KeyError
        The setup holds no surface of this name.
    """
    surface = result.setup.surfaces[target]
    phi = zone_field(result, result.setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    edge = front(phi, result.setup.phase_mask("body"), result.setup.grid)
    points = surface.points.astype(np.float64)
    margin, ends = margins(points, edge)
    return surface.points, surface.faces, margin, regions_across(result.setup, points, ends) >= 0


def margins(points: NDArray[np.float64], edge: Front) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Margin (n,) [m] at points (n, 3) [m] of a tumour's surface, and the viable tissue (n, 3) [m] where it ends,
    NaN where none is.

    Positive: distance to the nearest viable body tissue. Negative, where the tumour itself is viable:
    distance to the killed tissue. NaN everywhere if nothing is killed. If nothing viable is left in the box,
    the distance to the box: the margin is at least that.
    """
    margin, ends = np.full(len(points), np.nan), np.full(points.shape, np.nan)
    if len(edge.killed.faces) == 0:
        return margin, ends
    covered = interpolate(edge.phi, edge.grid, points) >= 0
    margin[~covered] = -np.linalg.norm(points[~covered] - feet_on(edge.killed, points[~covered]), axis=1)
    if len(edge.viable.faces):
        ends[covered] = feet_on(edge.viable, points[covered])
        margin[covered] = np.linalg.norm(points[covered] - ends[covered], axis=1)
    else:
        margin[covered] = distance_to_box(points[covered], edge.grid)
    return margin, ends


def measure_margins(setup: Setup, name: str, edge: Front) -> dict[str, object]:
    """The margin keys of a target in metrics.json, and some beside them.

    margin_p5_mm : margin that 95 % of the surface has at least
    min_margin_at_mm : where the least margin is
    margin_ends_at_box : killed tissue touches the box nearer than the least margin: what lies beyond the box
        is not known, and the margin may be less than stated
    across_fluid_percent : share of the surface whose line to the nearest viable tissue runs through fluid or gas;
        that tissue was not killed, and where the fluid was injected it is the tissue that lay there before
    across_fluid : the same for each fluid or gas, by the one in which a line is the longest
    beside_vessels : see `beside.measure_beside_vessels`
    """
    surface = setup.surfaces.get(name)
    none_killed = {**NO_MARGIN, **{f"margin_{goal}mm_percent": 0.0 for goal in GOALS_MM}}
    if surface is None or len(surface.points) == 0:
        return none_killed
    area = vertex_areas(surface)

    def percent(points: Mask) -> float:
        return 100.0 * float(area[points].sum() / area.sum())

    points = surface.points.astype(np.float64)
    margin, ends = margins(points, edge)
    if np.isnan(margin).any():
        return none_killed
    order = np.argsort(margin)
    least = order[0]
    thin = order[np.searchsorted(np.cumsum(area[order]), THIN_SHARE * area.sum())]
    across = regions_across(setup, points, ends)
    return {
        "min_margin_mm": float(margin[least]) / MM,
        "min_margin_at_mm": [float(p) / MM for p in points[least]],
        "margin_p5_mm": float(margin[thin]) / MM,
        **{f"margin_{goal}mm_percent": percent(margin >= goal * MM) for goal in GOALS_MM},
        "margin_ends_at_box": ends_at_box(points, float(margin[least]), edge),
        "across_fluid_percent": percent(across >= 0),
        "across_fluid": [
            {
                "region": setup.regions[label].name,
                "role": setup.regions[label].role,
                "phase": setup.regions[label].phase,
                "percent": percent(across == label),
            }
            for label in np.unique(across[across >= 0])
        ],
        "beside_vessels": measure_beside_vessels(setup, points, margin, area),
    }


def ends_at_box(points: NDArray[np.float64], least: float, edge: Front) -> bool:
    """Whether killed tissue at the box is as near to the points (n, 3) [m] as their least margin [m]."""
    if len(edge.killed_at_box) == 0:
        return False
    nearest, _ = cKDTree(edge.killed_at_box).query(points)
    return bool(np.min(nearest) - 0.5 * edge.grid.spacing <= least)


def area_near(surface: Surface, other: Surface, reach: float) -> float:
    """Area [m²] of the triangles of a surface whose centre is nearer to another surface than `reach` [m]."""
    if not (len(surface.faces) and len(other.faces)):
        return 0.0
    centres = np.mean(corners(surface.points, surface.faces), axis=0)
    distance = np.linalg.norm(centres - feet_on(other, centres), axis=1)
    return float(areas(surface.points, surface.faces)[distance < reach].sum())


def cell_centres(cells: Mask, grid: Grid) -> NDArray[np.float64]:
    """Centres (n, 3) xyz [m] of the cells of a mask."""
    index = np.nonzero(cells)[::-1]
    return np.stack([axis[i] for axis, i in zip(grid.axes(), index, strict=True)], axis=1)


def interpolate(field: Field, grid: Grid, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Field (nz, ny, nx) at points (n, 3) xyz [m], trilinear between cell centres, held beyond them."""
    index = (points - np.asarray(grid.origin)) / grid.spacing - 0.5
    return map_coordinates(field, index.T[::-1], output=np.float64, order=1, mode="nearest")


def distance_to_box(points: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Distance (n,) [m] from points (n, 3) [m] inside the box to its nearest face."""
    sides = np.minimum(points - np.asarray(grid.origin), np.asarray(grid.upper) - points)
    return np.maximum(sides.min(axis=1), 0.0)
