"""Margins: from each point of the tumour's surface to the nearest viable body tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.outcome.levelset import (
    Field,
    Mask,
    beyond_body,
    corners,
    vertex_areas,
    with_outside,
    zero_surface,
)
from gpu_ablate.outcome.zones import zone_field, zone_surface
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

CM2 = 1e-4
"""Square metres in a square centimetre."""

NEIGHBOURS = 16
"""Triangles tried for each point. Those of a zero surface are no wider than a voxel, so that the nearest one
is among the nearest few centroids."""


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


def margin_map(result: Result, target: str) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64]]:
    """Margin over a target's surface.

    Returns
    -------
    points : (n, 3) xyz [m]
    faces : (m, 3)
    margin : (n,) [m], see `margins`

    Raises
    ------
    KeyError
        The setup holds no surface of this name.
    """
    surface = result.setup.surfaces[target]
    phi = zone_field(result, result.setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    edge = front(phi, result.setup.phase_mask("body"), result.setup.grid)
    return surface.points, surface.faces, margins(surface.points, edge)


def margins(points: NDArray[np.floating], edge: Front) -> NDArray[np.float64]:
    """Margin (n,) [m] at points (n, 3) [m] of a tumour's surface.

    Positive: distance to the nearest viable body tissue. Negative, where the tumour itself is viable:
    distance to the killed tissue. NaN everywhere if nothing is killed. If nothing viable is left in the box,
    the distance to the box: the margin is at least that.
    """
    where = np.asarray(points, np.float64)
    margin = np.full(len(where), np.nan)
    if len(edge.killed.faces) == 0:
        return margin
    covered = interpolate(edge.phi, edge.grid, where) >= 0
    margin[~covered] = -distance(where[~covered], edge.killed)
    if len(edge.viable.faces):
        margin[covered] = distance(where[covered], edge.viable)
    else:
        margin[covered] = distance_to_box(where[covered], edge.grid)
    return margin


def measure_margins(setup: Setup, name: str, edge: Front) -> dict[str, object]:
    """The margin keys of a target in metrics.json, and some beside them.

    margin_p5_mm : margin that 95 % of the surface has at least
    min_margin_at_mm : where the least margin is
    margin_ends_at_box : killed tissue touches the box nearer than the least margin: what lies beyond the box
        is not known, and the margin may be less than stated
    """
    surface = setup.surfaces.get(name)
    none_killed: dict[str, object] = {
        "min_margin_mm": None,
        "min_margin_at_mm": None,
        "margin_p5_mm": None,
        "margin_5mm_percent": 0.0,
        "margin_10mm_percent": 0.0,
        "margin_ends_at_box": False,
        "at_surface_cm2": 0.0,
    }
    if surface is None or len(surface.points) == 0:
        return none_killed
    area = vertex_areas(surface)
    at_surface = area_at_gas(surface, setup) / CM2
    margin = margins(surface.points, edge)
    if np.isnan(margin).any():
        return {**none_killed, "at_surface_cm2": at_surface}
    order = np.argsort(margin)
    least = order[0]
    passed = np.cumsum(area[order]) / area.sum()
    return {
        "min_margin_mm": float(margin[least]) / MM,
        "min_margin_at_mm": [float(p) / MM for p in surface.points[least]],
        "margin_p5_mm": float(margin[order[np.searchsorted(passed, 0.05)]]) / MM,
        "margin_5mm_percent": 100.0 * float(area[margin >= 5 * MM].sum() / area.sum()),
        "margin_10mm_percent": 100.0 * float(area[margin >= 10 * MM].sum() / area.sum()),
        "margin_ends_at_box": ends_at_box(surface.points, float(margin[least]), edge),
        "at_surface_cm2": at_surface,
    }


def ends_at_box(points: NDArray[np.floating], least: float, edge: Front) -> bool:
    """Whether killed tissue at the box is as near to the points (n, 3) [m] as their least margin [m]."""
    if len(edge.killed_at_box) == 0:
        return False
    nearest, _ = cKDTree(edge.killed_at_box).query(points)
    return bool(np.min(nearest) - 0.5 * edge.grid.spacing <= least)


def area_at_gas(surface: Surface, setup: Setup) -> float:
    """Area [m²] of a surface that lies on gas.

    Triangles count whose centre is within one voxel of the centre of a gas cell: skin one voxel thin already
    keeps a surface off the gas, and at the rim of the area up to half a voxel too much counts.
    """
    grid = setup.grid
    a, b, c = corners(surface)
    centres = (a + b + c) / 3.0
    reach = 2 * grid.spacing
    x, y, z = (
        (axis > centres[:, i].min() - reach) & (axis < centres[:, i].max() + reach)
        for i, axis in enumerate(grid.axes())
    )
    gas = cell_centres(setup.phase_mask("gas") & z[:, None, None] & y[:, None] & x, grid)
    if len(gas) == 0:
        return 0.0
    nearest, _ = cKDTree(gas).query(centres, distance_upper_bound=grid.spacing)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2.0
    return float(areas[np.isfinite(nearest)].sum())


def cell_centres(cells: Mask, grid: Grid) -> NDArray[np.float64]:
    """Centres (n, 3) xyz [m] of the cells of a mask."""
    return np.asarray(grid.origin) + (np.argwhere(cells)[:, ::-1] + 0.5) * grid.spacing


def interpolate(field: Field, grid: Grid, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Field (nz, ny, nx) at points (n, 3) xyz [m], trilinear between cell centres, held beyond them."""
    index = (points - np.asarray(grid.origin)) / grid.spacing - 0.5
    return map_coordinates(field, index.T[::-1], output=np.float64, order=1, mode="nearest")


def distance_to_box(points: NDArray[np.float64], grid: Grid) -> NDArray[np.float64]:
    """Distance (n,) [m] from points (n, 3) [m] inside the box to its nearest face."""
    sides = np.minimum(points - np.asarray(grid.origin), np.asarray(grid.upper) - points)
    return np.maximum(sides.min(axis=1), 0.0)


def distance(points: NDArray[np.float64], surface: Surface) -> NDArray[np.float64]:
    """Distance (n,) [m] from points (n, 3) [m] to the triangles of a surface."""
    a, b, c = corners(surface)
    count = min(NEIGHBOURS, len(a))
    _, near = cKDTree((a + b + c) / 3.0).query(points, k=range(1, count + 1), workers=-1)
    best = np.full(len(points), np.inf)
    for triangle in np.asarray(near).T:
        best = np.minimum(best, distance_to_triangles(points, a[triangle], b[triangle], c[triangle]))
    return best


def distance_to_triangles(
    points: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance (n,) from each point to its own triangle, all (n, 3): to the plane where the foot lies in the
    triangle, else to the nearest edge."""
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    edges = np.full(len(points), np.inf)
    above = length > 0
    for start, end in ((a, b), (b, c), (c, a)):
        side, to_point = end - start, points - start
        square = np.maximum(np.einsum("ij,ij->i", side, side), np.finfo(float).tiny)
        along = np.clip(np.einsum("ij,ij->i", to_point, side) / square, 0.0, 1.0)
        edges = np.minimum(edges, np.linalg.norm(to_point - along[:, None] * side, axis=1))
        above &= np.einsum("ij,ij->i", np.cross(side, to_point), normal) >= 0
    plane = np.abs(np.einsum("ij,ij->i", points - a, normal)) / np.where(length > 0, length, 1.0)
    return np.where(above, plane, edges)
