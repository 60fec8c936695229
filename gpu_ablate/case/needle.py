"""Needles and vessels thinner than a voxel: the cells that stand for a segment, and the radius at which they do.

The heat brought to a cell is share · 2πL (T_ext - T) / (ln(r_eff/r_p)/k + 1/(h r_p)): between the wall, of radius r_p,
and the radius r_eff at which the cell stands lies the resistance of the tissue; the pattern of cells is just wide
enough that it is nowhere negative. Shares are the charges of `physics.lattice_line`, and each r_eff is that of its
cell under these very charges. So in a homogeneous medium each cell takes its share whatever h and k are, and r_eff
depends on the place of the axis alone; with equal conductances it would be another one for each h and k.

The charges are those of the unbounded line, cut by the planes at the segment's ends, so that a film on the wall acts
equally on each length. What lies within r_p is computed as tissue: it holds heat and is perfused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.physics.lattice import lattice_green
from gpu_ablate.physics.lattice_line import falling, line_piece, part_between

Array = NDArray[np.float64]
Cells = NDArray[np.int64]

PIECE = 24.0
"""A segment is worked out in pieces of about this length [cells], so that r_eff follows an axis that slowly leaves
its row of cells."""
END = 2.0
"""The end of a segment, where shares are put right: whole up to here, falling off up to twice as far [cells]."""
NEAR_END = 8.0
"""Within this distance of an end r_eff is taken cell by cell [cells]."""


@dataclass(frozen=True)
class SegmentNodes:
    """The cells that exchange heat with a segment.

    cells : flat indices, ascending, each once (n,)
    shares : of the segment's wall 2πr_pL; their sum is 1 but for what lies outside the box (n,)
    effective_radius : r_eff at each cell, not below the segment's radius (n,) [m]
    """

    cells: NDArray[np.int64]
    shares: Array
    effective_radius: Array


@dataclass(frozen=True)
class _Nodes:
    """Nodes of a segment in cells: (n, 3), charges with sum L, r_eff, and the middle of the part of each cell between
    the planes at the segment's ends, along the axis from its start (n,)."""

    nodes: Cells
    charges: Array
    radii: Array
    along: Array


def segment_nodes(
    grid: Grid, start: Vector, end: Vector, radius: float, ends: tuple[bool, bool] = (True, True)
) -> SegmentNodes:
    """Nodes of a straight segment from start to end [m] of some radius [m]; start and end differ.

    A cell's share is its charge times the part of its volume between the planes through start and end.

    ends : whether the line ends there, or goes on in another segment
    """
    first, last = (((np.array(point) - grid.origin) / grid.spacing - 0.5) for point in (start, end))
    found = _line_nodes(first, last, radius / grid.spacing)
    length = float(np.linalg.norm(last - first))
    near = (ends[0] & (found.along < NEAR_END)) | (ends[1] & (found.along > length - NEAR_END))
    radii = found.radii
    radii[near] = _radii_at_ends(found, near, length, radius / grid.spacing)
    inside = ((found.nodes >= 0) & (found.nodes < grid.shape[::-1])).all(axis=1)
    i, j, k = found.nodes[inside].T
    cells = np.ravel_multi_index((k, j, i), grid.shape)
    order = np.argsort(cells)
    return SegmentNodes(
        cells[order], (found.charges / length)[inside][order], np.maximum(radii * grid.spacing, radius)[inside][order]
    )


def exchange_rows(grid: Grid, nodes: SegmentNodes, length: float, radius: float) -> tuple[Array, Array]:
    """Weights [m⁻²] and series [m⁻²] of the exchange (see `Exchange`) of a segment of some length and radius [m]."""
    weights = nodes.shares * 2.0 * np.pi * length / grid.cell_volume
    return weights, 2.0 * np.log(nodes.effective_radius / radius) / grid.spacing**2


def _line_nodes(first: Array, last: Array, radius: float) -> _Nodes:
    """Nodes of the unbounded line between the planes through two points, all in cells."""
    length = float(np.linalg.norm(last - first))
    direction = (last - first) / length
    steepest = float(np.abs(direction).max())
    piece_length = max(1.0, round(PIECE * steepest)) / steepest  # whole cells along the steepest axis
    outward = math.ceil(max(0.0, 0.5 * (length - piece_length)) / piece_length)
    nodes, charges, moments, logs = [], [], [], []
    for number in range(-outward, outward + 1):
        centre = 0.5 * (first + last) + number * piece_length * direction
        nearest = np.rint(centre)
        offset = np.round(centre - nearest, 6)
        piece = line_piece(_rounded(direction), _rounded(offset), piece_length, radius)
        along = (piece.nodes - offset) @ direction
        lower = max(-0.5 * piece_length, -0.5 * length - number * piece_length)
        upper = min(0.5 * piece_length, 0.5 * length - number * piece_length)
        part, moment = part_between(lower - along, upper - along, direction)
        nodes.append(piece.nodes + nearest.astype(np.int64))
        charges.append(piece.charges * part)
        moments.append(piece.charges * (moment + part * (along + number * piece_length + 0.5 * length)))
        logs.append(charges[-1] * np.log(piece.radii))
    every, place = np.unique(np.concatenate(nodes), axis=0, return_inverse=True)
    charge, moment, log = (
        np.asarray(np.bincount(place, np.concatenate(rows)), np.float64) for rows in (charges, moments, logs)
    )
    held = charge > 0.0
    charge = charge[held]
    place_along = moment[held] / charge
    return _Nodes(every[held], _summing_to(length, charge, place_along), np.exp(log[held] / charge), place_along)


def _summing_to(length: float, charges: Array, along: Array) -> Array:
    """Charges with the sum L: what the cut through a few cells gave too much or too little is put right at either end.

    The halves are weighed by a smooth f with ∫ f = L/2, so that only the cuts count, not the cells in the middle.
    """
    if length < 4.0 * END:
        return charges * (length / charges.sum())
    corrected = charges
    for place in (along, length - along):
        missing = 0.5 * length - charges @ falling(place / length)
        at_end = charges * falling(place / END - 1.0)
        corrected = corrected + missing * at_end / at_end.sum()
    return corrected * (length / corrected.sum())


def _radii_at_ends(found: _Nodes, near: NDArray[np.bool_], length: float, radius: float) -> Array:
    """r_eff of the nodes `near` the ends, all in cells.

    There it is what makes the wall of a segment that gives off 1 per length have the potential of a line of that
    length: ln(r_eff/r_p)/2π = φ_wall - Σ_j G_ij q_j, φ_wall = (asinh(s/r_p) + asinh((L - s)/r_p))/4π. A cell that
    the end cuts has a small charge, hence a large r_eff, so that it takes its part even where nothing else resists.
    """
    nodes, along = found.nodes[near], found.along[near]
    apart = np.moveaxis(nodes[:, None, :] - found.nodes[None, :, :], -1, 0)
    potential = lattice_green(*apart) @ found.charges
    wall = (np.arcsinh(along / radius) + np.arcsinh((length - along) / radius)) / (4.0 * np.pi)
    return np.asarray(radius * np.exp(2.0 * np.pi * (wall - potential)))


def _rounded(vector: Array) -> Vector:
    x, y, z = (round(float(value), 9) + 0.0 for value in vector)
    return x, y, z
