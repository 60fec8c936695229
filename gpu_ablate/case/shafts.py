"""Cooled shafts as exchange rows: each track of a needle in pieces, of which those behind the antenna cool."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Antenna, Cooling, ShaftPiece
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.needle import exchange_rows, segment_nodes
from gpu_ablate.case.probes import along, legs
from gpu_ablate.case.setup import Probe, Track

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShaftRows:
    """A piece with its rows (see `Exchange`)."""

    piece: ShaftPiece
    radius: float
    cooling: Cooling
    cells: NDArray[np.int64]
    weights: Array
    series: Array


def shaft_rows(
    probes: tuple[Probe, ...], antennas: Mapping[str, Antenna], grid: Grid, gas: NDArray[np.bool_]
) -> list[ShaftRows]:
    """All pieces of all cooled shafts that have cells in tissue.

    A pull with a speed is cut into pieces of at most a cell, one at once needs no more than its ends.

    gas : (nz, ny, nx) cells that are not solved
    """
    found = []
    for probe in probes:
        antenna = antennas.get(probe.name)
        if antenna is None or antenna.cooling is None:
            continue
        for number, track in enumerate(probe.tracks):
            edges = _edges(probe, number, antenna.cooling.begin, _exit(grid, track), grid.spacing)
            for place, (start, end) in enumerate(pairwise(edges)):
                piece = ShaftPiece(f"{probe.name} shaft {number + 1}.{place + 1}", probe.name, number, start, end)
                rows = _rows(piece, track, antenna.radius, antenna.cooling, grid, gas)
                if len(rows.cells):
                    found.append(rows)
    return found


def _edges(probe: Probe, track: int, begin: float, end: float, longest: float) -> list[float]:
    """Where the cooled wall begins at a track's stations and along its slow pulls, and where the track ends [m]."""
    withdrawn, edges = 0.0, {begin}
    for leg in legs(probe):
        if leg.track != track or leg.step.action != "pull":
            continue
        parts = math.ceil(leg.step.distance / longest) if leg.step.speed > 0.0 else 1
        edges |= {begin + withdrawn + leg.step.distance * part / parts for part in range(1, parts + 1)}
        withdrawn += leg.step.distance
    return [*sorted(edge for edge in edges if edge < end - 1e-9), end] if begin < end else []


def _exit(grid: Grid, track: Track) -> float:
    """How far from the first place of the tip the axis leaves the box towards the handle [m]."""
    ways = [
        ((upper if d > 0.0 else lower) - t) / d
        for t, d, lower, upper in zip(track.tip, track.direction, grid.origin, grid.upper, strict=True)
        if abs(d) > 1e-12
    ]
    return max(0.0, min(ways))


def _rows(
    piece: ShaftPiece, track: Track, radius: float, cooling: Cooling, grid: Grid, gas: NDArray[np.bool_]
) -> ShaftRows:
    ends: tuple[Vector, Vector] = (
        along(track.tip, track.direction, piece.start),
        along(track.tip, track.direction, piece.end),
    )
    nodes = segment_nodes(grid, *ends, radius, ends=(False, False))
    weights, series = exchange_rows(grid, nodes, piece.end - piece.start, radius)
    solved = ~gas.flat[nodes.cells]
    return ShaftRows(piece, radius, cooling, nodes.cells[solved], weights[solved], series[solved])
