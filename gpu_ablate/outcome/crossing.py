"""What a straight line through the body crosses: by the surfaces of regions, where they have one, else by cells."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import corners

Vector3 = NDArray[np.float64]

SLIVER_CELLS = 0.5
"""A piece shorter than this goes to the longer of its neighbours: so long is what voxels make of an edge."""

NEAR_CELLS = 2.0
"""So near to the surface of its region, along the line, a cell outside it belongs to what lies there instead."""

OFF_CELLS = 1e-5
"""A line is moved aside by this before it is cut with surfaces [cells], so that it meets no corner of a triangle."""

BALANCE_CELLS = 0.05
"""Between two places at which the shares of two regions are compared."""

PARALLEL = 1e-9
"""A triangle is passed over where the line's direction times its normal is below this."""


def pieces(grid: Grid, tip: Vector3, direction: Vector3) -> tuple[Vector3, NDArray[np.intp]]:
    """The cells that a line from a point within the box runs through.

    Returns
    -------
    edges : distances (n + 1,) from the point at which it passes from cell to cell, the last at the box [m]
    cells : (k, j, i) of each cell, (n, 3)
    """
    cuts = [np.zeros(1)]
    leaves = np.inf
    for axis in range(3):
        if abs(direction[axis]) < PARALLEL:
            continue
        count = grid.shape[2 - axis]
        planes = grid.origin[axis] + grid.spacing * np.arange(count + 1)
        passed = (planes - tip[axis]) / direction[axis]
        leaves = min(leaves, float(passed.max()))
        cuts.append(passed[passed > 0])
    edges = np.unique(np.concatenate(cuts))
    edges = edges[edges <= leaves]
    middles = tip + 0.5 * (edges[1:] + edges[:-1])[:, None] * direction
    cells = np.floor((middles - np.array(grid.origin)) / grid.spacing).astype(np.intp)[:, ::-1]
    return edges, np.clip(cells, 0, np.array(grid.shape) - 1)


def owners(
    setup: Setup, edges: Vector3, labels: NDArray[np.uint8], tip: Vector3, direction: Vector3
) -> tuple[NDArray[np.intp], Vector3]:
    """Labels (m,) and lengths (m,) [m] of the pieces of a line, by the surfaces of regions where they have one, else by
    its cells.

    A cell of a region that lies outside the region's surface, but near to it, goes to the next piece that is known;
    far from it the cell is believed, since a surface may lose what is thinner than a cell.

    edges : (n + 1,) [m from the tip]; labels : of the cells between them, (n,)
    """
    spacing = setup.grid.spacing
    aside = tip + OFF_CELLS * spacing * np.array([1.0, np.sqrt(2.0), np.sqrt(3.0)])
    met: dict[int, Vector3] = {}
    for label, region in enumerate(setup.regions):
        surface = setup.surfaces.get(region.name)
        if surface is not None and region.name not in {setup.regions[i].name for i in met}:
            places = np.sort(meets(surface, aside, direction)[0])
            if len(places) and len(places) % 2 == 0:
                met[label] = places
    inner = [places[(places > edges[0]) & (places < edges[-1])] for places in met.values()]
    cuts = np.unique(np.concatenate([edges, *inner]))
    middles = 0.5 * (cuts[1:] + cuts[:-1])
    owner = labels[np.searchsorted(edges, middles, side="right") - 1].astype(np.intp)
    names = np.array([setup.regions[label].name for label in owner])
    known = np.ones(len(owner), bool)
    for label, places in met.items():
        within = (len(places) - np.searchsorted(places, middles)) % 2 == 1
        own = names == setup.regions[label].name
        near = np.abs(middles[:, None] - places).min(axis=1) <= NEAR_CELLS * spacing
        known &= ~(own & ~within & near)
        owner[within & ~own] = label
        known |= within
    for i in np.flatnonzero(~known):
        others = np.flatnonzero(known & (names[i] != np.array([setup.regions[label].name for label in owner])))
        if len(others):
            owner[i] = owner[others[np.argmin(np.abs(middles[others] - middles[i]))]]
    return owner, np.diff(cuts)


def joined(setup: Setup, labels: NDArray[np.intp], lengths: Vector3) -> list[tuple[int, float]]:
    """Cells on a line as pieces of one region each, (label, length [m]); slivers are given to their neighbours."""
    first = {region.name: label for label, region in reversed(list(enumerate(setup.regions)))}
    found = together([(first[setup.regions[i].name], float(size)) for i, size in zip(labels, lengths, strict=True)])
    while len(found) > 1:
        thin = min(range(len(found)), key=lambda i: found[i][1])
        if found[thin][1] >= SLIVER_CELLS * setup.grid.spacing:
            break
        heir = max((i for i in (thin - 1, thin + 1) if 0 <= i < len(found)), key=lambda i: found[i][1])
        found[heir] = (found[heir][0], found[heir][1] + found[thin][1])
        found = together(found[:thin] + found[thin + 1 :])
    return found


def together(found: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Neighbours with the same label as one piece."""
    return [(label, sum(size for _, size in run)) for label, run in groupby(found, key=itemgetter(0))]


def snapped(edge: float, surfaces: list[Surface], tip: Vector3, direction: Vector3, reach: float) -> float:
    """The place nearest to an edge [m from the tip] where a line meets one of some surfaces, if it is no further than
    `reach` from it, square to the surface; else the edge itself."""
    found = [edge]
    for surface in surfaces:
        places, cosines = meets(surface, tip, direction)
        found += places[np.abs(places - edge) * cosines <= reach].tolist()
    return min(found[1:] or found, key=lambda place: abs(place - edge))


def balanced(setup: Setup, edge: float, inner: str, outer: str, tip: Vector3, direction: Vector3) -> float:
    """The place nearest to an edge [m from the tip] where a line has as much of one region around it as of the other,
    their shares trilinear between cell centres: the staircase of voxels evened out. The edge itself where there is none
    within a cell.

    inner, outer : names of the regions towards the tip and towards the handle
    """
    grid = setup.grid
    steps = edge + grid.spacing * np.arange(-1.0, 1.0 + 0.5 * BALANCE_CELLS, BALANCE_CELLS)
    places = tip + steps[:, None] * direction
    index = ((places - np.array(grid.origin)) / grid.spacing - 0.5)[:, ::-1]
    lower = np.clip(np.floor(index.min(axis=0)).astype(int) - 1, 0, np.array(grid.shape) - 1)
    upper = np.ceil(index.max(axis=0)).astype(int) + 2
    labels = setup.labels[tuple(slice(i, j) for i, j in zip(lower, upper, strict=True))]
    own = {name: [i for i, region in enumerate(setup.regions) if region.name == name] for name in (inner, outer)}
    excess = np.isin(labels, own[inner]).astype(np.float64) - np.isin(labels, own[outer])
    share = map_coordinates(excess, (index - lower).T, order=1, mode="nearest")
    falls = np.flatnonzero((share[:-1] > 0) & (share[1:] <= 0))
    if not len(falls):
        return edge
    found = steps[falls] + np.diff(steps)[falls] * share[falls] / (share[falls] - share[falls + 1])
    return float(found[np.argmin(np.abs(found - edge))])


def meets(surface: Surface, point: Vector3, direction: Vector3) -> tuple[Vector3, Vector3]:
    """Where a line meets a surface: distances along it (n,) [m], and the cosines of its angles to the normals.

    Source: Möller and Trumbore 1997, J Graph Tools 2:21.
    """
    a, b, c = (corner.astype(np.float64) for corner in corners(surface.points, surface.faces))
    first, second, away = b - a, c - a, point - a
    across = np.cross(direction, second)
    determinant = np.einsum("ij,ij->i", first, across)
    normal = np.cross(first, second)
    size = np.linalg.norm(normal, axis=1)
    flat = np.abs(determinant) <= PARALLEL * np.maximum(size, np.finfo(float).tiny)
    scale = 1.0 / np.where(flat, 1.0, determinant)
    u = scale * np.einsum("ij,ij->i", away, across)
    turned = np.cross(away, first)
    v = scale * (turned @ direction)
    hit = ~flat & (u >= 0) & (v >= 0) & (u + v <= 1)
    along = scale * np.einsum("ij,ij->i", second, turned)
    cosine = np.abs(determinant) / np.maximum(size, np.finfo(float).tiny)
    return along[hit], cosine[hit]
