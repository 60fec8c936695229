"""A straight line of heat sources on the 7-point lattice, unbounded: which cells stand for it, and how thick it is.

Around the axis lies a pattern of cells. Charges q on it that give all its cells one temperature in a homogeneous
medium (G q = 1, G the lattice's Green's function) act far away like a cylinder of the radius r_eff. With other charges
each cell has a radius of its own: that at which a continuous line of the same charge has the cell's temperature. All
lengths are in cells.

Source: Peaceman 1978, SPE Journal 18:183 (r_eff of one cell); patterns and charges are this project's
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.physics.lattice import lattice_green

Array = NDArray[np.float64]
Cells = NDArray[np.int64]
Triple = tuple[float, float, float]

GUARD = 32.0
"""Length of line solved beyond either end of a piece: half a piece, over which averages fall off, and WINDOW."""
WINDOW = 20.0
"""Reach of the sum from which r_eff is taken [cells]."""
NARROWEST = math.sqrt(0.5)
"""Patterns hold all cells within this distance of the axis, so that none of its layers is empty [cells]."""
WIDER = 0.3
"""Step by which a pattern is widened [cells]."""
USUAL = 0.25
"""By how much r_eff mostly lies below the width; only saves trials [cells]."""
TIE = 1e-6
"""Cells at the same distance but for rounding are taken or left together [cells]."""
LN2 = math.log(2.0)


@dataclass(frozen=True)
class LinePiece:
    """A piece of line around the origin: its nodes (n, 3), their charges, 1 per length on average, and r_eff (n,)."""

    nodes: Cells
    charges: Array
    radii: Array


@dataclass(frozen=True)
class Pattern:
    """All cells that stand for a line of some width, with GUARD beyond both ends of a piece, at one temperature.

    charges : 1 per length on average (n,)
    radius : r_eff
    """

    nodes: Cells
    charges: Array
    radius: float


@lru_cache(maxsize=1024)
def line_piece(direction: Triple, offset: Triple, length: float, radius: float) -> LinePiece:
    """The thinnest piece of line with r_eff ≥ radius at all its nodes; the axis passes through `offset`.

    It is the narrowest pattern B with r_eff ≥ radius, or between the next narrower one, A, and B: charges
    (1 - λ) q_A + λ q_B with the least λ for which no node's r_eff is below the radius.
    """
    axis, point = np.array(direction), np.array(offset)
    number = max(0, math.ceil((radius + USUAL - NARROWEST) / WIDER))
    thin: Pattern | None = None
    while (thick := pattern(axis, point, length, NARROWEST + number * WIDER)).radius < radius:
        number, thin = number + 1, thick
    while thin is None and number > 0:
        narrower = pattern(axis, point, length, NARROWEST + (number - 1) * WIDER)
        if narrower.radius < radius:
            thin = narrower
        else:
            number, thick = number - 1, narrower
    if thin is None:
        nodes, charges, logs = thick.nodes, thick.charges, np.full(len(thick.nodes), math.log(thick.radius))
    else:
        nodes, charges, logs = _between(axis, point, thin, thick, math.log(radius))
    along, _ = _coordinates(nodes, axis, point)
    inside, _ = part_between(-0.5 * length - along, 0.5 * length - along, axis)
    used = (inside > 0.0) & (charges > 0.0)
    return LinePiece(nodes[used], charges[used], np.exp(logs[used]))


def pattern(axis: Array, point: Array, length: float, width: float) -> Pattern:
    """Charges of all cells within `width` of the axis, and their r_eff, which is a mean over the piece.

    The nodes are given the potential φ(s) that a line of charge 1 per length and the same ends has at r_eff, so that
    the charges per length keep to 1 between the ends; the first guess of r_eff is `width`.
    """
    reach = 0.5 * length + GUARD
    nodes = _hull(axis, point, reach, width)
    along, across = _coordinates(nodes, axis, point)
    green = _green(nodes)
    guess = (np.arcsinh((reach - along) / width) + np.arcsinh((reach + along) / width)) / (4.0 * np.pi)
    charges, uniform = np.linalg.solve(green, np.column_stack([guess, np.ones(len(nodes))])).T
    windowed = green * _window(along)
    middle = falling(np.abs(along) / length)  # smooth, so that it matters little which cells the piece happens to hold
    radius = width
    for _ in range(2):
        weights = middle * charges
        total = float(weights.sum())
        logs = _log_radii(windowed @ charges * (length / total), weights, across)
        better = math.exp(weights @ logs / total)
        charges = charges - math.log(better / radius) / (2.0 * math.pi) * uniform  # those of φ at the better radius
        radius = better
    # no less than 0 by the maximum principle, but for rounding
    return Pattern(nodes, np.maximum(charges, 0.0) * length / float(middle @ charges), radius)


def _between(
    axis: Array, point: Array, thin: Pattern, thick: Pattern, log_radius: float
) -> tuple[Cells, Array, Array]:  # fmt: skip
    """Nodes, charges and ln r_eff of the thinnest mixture whose r_eff is nowhere below a radius."""
    nodes, place = np.unique(np.concatenate([thin.nodes, thick.nodes]), axis=0, return_inverse=True)
    old, new = np.zeros(len(nodes)), np.zeros(len(nodes))
    old[place[: len(thin.nodes)]] = thin.charges
    new[place[len(thin.nodes) :]] = thick.charges
    along, across = _coordinates(nodes, axis, point)
    windowed = _green(nodes) * _window(along)
    before = _log_radii(windowed @ old, old, across)
    after = np.full(len(nodes), math.log(thick.radius))
    short = before < log_radius
    mixing = float(np.max((log_radius - before[short]) / (after[short] - before[short]), initial=0.0))
    return nodes, (1.0 - mixing) * old + mixing * new, (1.0 - mixing) * before + mixing * after


def _log_radii(potential: Array, weights: Array, across: Array) -> Array:
    """ln r_eff of nodes in whose `_window` charges of 1 per length give a potential.

    Σ_j w(s_ij) G_ij q_j = ∫ w(s)/√(s² + r_eff²) ds/4π = (ln(D/r_eff) + 19/6 - 4 ln 2 + (18 ln 2 - 12) ρ²/D²)/2π

    with ρ², the mean square distance of two nodes across the axis, in place of r_eff², since that is what G sees at
    the window's edge.
    """
    share = weights / weights.sum()
    square = 2.0 * float(share @ ((across - share @ across) ** 2).sum(axis=1))
    constant = math.log(WINDOW) + 19.0 / 6.0 - 4.0 * LN2 + (18.0 * LN2 - 12.0) * square / WINDOW**2
    return np.asarray(constant - 2.0 * math.pi * potential)


def _window(along: Array) -> Array:
    """w(s_ij), falling from 1 to 0 between half of WINDOW and WINDOW (n, n)."""
    return falling(2.0 * np.abs(along[:, None] - along[None, :]) / WINDOW - 1.0)


def falling(distance: Array) -> Array:
    """1 up to 0, the cubic 1 - 3t² + 2t³ between, 0 from 1 on."""
    t = np.clip(distance, 0.0, 1.0)
    return np.asarray(1.0 + t**2 * (2.0 * t - 3.0))


def _hull(axis: Array, point: Array, reach: float, width: float) -> Cells:
    """Cells (n, 3) within `width` of the axis and `reach` of the point along it, but none without a neighbour farther
    away: wholly surrounded cells carry no charge."""
    main = int(np.abs(axis).argmax())
    layers = np.arange(-math.ceil(reach) - 1, math.ceil(reach) + 2)
    centres = np.rint(point + (layers[:, None] - point[main]) * axis / axis[main]).astype(np.int64)
    side = np.arange(-math.ceil(2.0 * width) - 1, math.ceil(2.0 * width) + 2)  # 1/|axis[main]| is at most √3
    spread = np.zeros((len(side) ** 2, 3), np.int64)
    spread[:, (main + 1) % 3] = np.repeat(side, len(side))
    spread[:, (main + 2) % 3] = np.tile(side, len(side))
    nodes = (centres[:, None, :] + spread).reshape(-1, 3)
    along, across = _coordinates(nodes, axis, point)
    nodes = nodes[(np.abs(along) <= reach) & (np.linalg.norm(across, axis=1) <= width + TIE)]
    steps = np.vstack([np.eye(3, dtype=np.int64), -np.eye(3, dtype=np.int64)])
    _, beside = _coordinates((nodes[:, None, :] + steps).reshape(-1, 3), axis, point)
    outer = np.linalg.norm(beside, axis=1).reshape(-1, 6).max(axis=1) > width + TIE
    return nodes[outer]


def _coordinates(nodes: Cells, axis: Array, point: Array) -> tuple[Array, Array]:
    """Position along the axis from the point (n,), and vector from the axis (n, 3)."""
    relative = nodes - point
    along = relative @ axis
    return along, relative - along[:, None] * axis


def _green(nodes: Cells) -> Array:
    """G between all nodes (n, n)."""
    apart = np.abs(nodes[:, None, :] - nodes[None, :, :])
    x, y, z = (int(n) for n in apart.max(axis=(0, 1)))
    return np.asarray(_block(x + 1, y + 1, z + 1)[apart[..., 0], apart[..., 1], apart[..., 2]])


@lru_cache(maxsize=16)
def _block(x: int, y: int, z: int) -> Array:
    """G at all offsets below (x, y, z)."""
    return lattice_green(*np.meshgrid(np.arange(x), np.arange(y), np.arange(z), indexing="ij"))


def part_between(lower: Array, upper: Array, direction: Array) -> tuple[Array, Array]:
    """Part of a cube's volume between two planes across `direction`, at distances from its centre, and that part's
    first moment along it [cells].

    Exact along the steepest axis, Gauss-Legendre over the two others.
    """
    small, middle, large = np.sort(np.abs(direction))
    at, weight = np.polynomial.legendre.leggauss(8)
    shift = 0.5 * (small * at[:, None] + middle * at[None, :]).ravel()
    weights = np.outer(weight, weight).ravel() / 4.0
    low, high = (np.clip((plane[:, None] - shift) / large, -0.5, 0.5) for plane in (lower, upper))
    return (high - low) @ weights, ((high - low) * (shift + 0.5 * large * (high + low))) @ weights
