"""The ways of the needles through the body: where each comes in and what it crosses up to its tip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.air import outside_air
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.probes import legs
from gpu_ablate.case.setup import Probe, Region, Setup, Track
from gpu_ablate.outcome.crossing import Vector3, balanced, joined, owners, pieces, snapped
from gpu_ablate.result.result import Result

SNAP_CELLS = 1.0
"""The entry is taken from the surface of the body or of the skin where that lies so near, square to it [cells]:
surfaces are finer than voxels."""


@dataclass(frozen=True)
class Crossed:
    """A piece of a way that lies in one region; length [m]."""

    region: Region
    length: float


@dataclass(frozen=True)
class Way:
    """A track that was taken, with the needle at its deepest place on it.

    track : number from 0
    tip : xyz [m]; direction : unit vector from the tip to the handle
    reach : from the tip back to where the shaft comes into the body, or into the box [m]
    entered : whether it came in from the air, through the skin, and not through a face of the box
    crossed : the pieces from there to the tip, in order
    """

    probe: Probe
    track: int
    tip: Vector3
    direction: Vector3
    reach: float
    entered: bool
    crossed: tuple[Crossed, ...]

    @property
    def start(self) -> Vector3:
        """Where the shaft comes into the body, or into the box, xyz [m]."""
        return self.tip + self.reach * self.direction

    @property
    def active(self) -> Vector3:
        """Middle of the heating or freezing part, xyz [m]."""
        return self.tip + self.probe.emission_offset * self.direction


def ways_taken(result: Result) -> list[Way]:
    """The tracks that were taken, each once, in the order of the probes; of a probe without steps its first."""
    tips: dict[str, dict[int, list[Vector]]] = {probe.name: {} for probe in result.setup.probes}
    tracks = {probe.name: probe.track_after for probe in result.setup.probes}
    for station in result.stations:
        if station.action != "reinsert":
            own = tips[station.probe].setdefault(tracks[station.probe](station.step), [])
            own += [station.tip_start, station.tip_end]
    return _ways(result.setup, tips)


def ways_planned(setup: Setup) -> list[Way]:
    """The tracks of a plan, each once, in the order of the probes, the needle where it is deepest on each."""
    tips: dict[str, dict[int, list[Vector]]] = {}
    for probe in setup.probes:
        own: dict[int, list[Vector]] = {number: [] for number in range(len(probe.tracks))}
        for leg in legs(probe):
            own[leg.track] += [leg.after]
        tips[probe.name] = own
    return _ways(setup, tips)


def _ways(setup: Setup, tips: dict[str, dict[int, list[Vector]]]) -> list[Way]:
    """The way in to the deepest tip on each track.

    tips : name of a probe -> number of a track from 0 -> where its tip is on it [m]; where the track begins is added
    """
    air = outside_air(setup.phase_mask("gas"))
    found = []
    for probe in setup.probes:
        for number, own in sorted((tips[probe.name] or {0: []}).items()):
            track = probe.tracks[number]
            every = [track.tip, *own]
            deepest = int(np.argmin(np.array(every) @ np.array(track.direction)))
            found.append(way_in(setup, air, probe, number, Track(every[deepest], track.direction)))
    return found


def way_in(setup: Setup, air: NDArray[np.bool_], probe: Probe, number: int, track: Track) -> Way:
    """The way of a needle on a track, from its handle's side to the tip.

    air : (nz, ny, nx), the gas outside of the body
    """
    grid = setup.grid
    tip, direction = np.array(track.tip, float), np.array(track.direction, float)
    edges, cells = pieces(grid, tip, direction)
    in_air = air[tuple(cells.T)]
    entered = len(in_air) > 0 and bool(in_air[-1])
    inside = np.flatnonzero(~in_air)
    count = int(inside[-1]) + 1 if len(inside) else 0
    edges, cells = edges[: count + 1], cells[:count]
    if not count:
        return Way(probe, number, tip, direction, 0.0, entered, ())
    if entered:
        names = ["body", setup.regions[setup.labels[tuple(cells[-1])]].name]
        surfaces = [setup.surfaces[name] for name in names if name in setup.surfaces]
        end = snapped(float(edges[-1]), surfaces, tip, direction, SNAP_CELLS * grid.spacing)
        count = max(1, int((edges[:-1] < end).sum()))
        edges, cells = np.append(edges[:count], end), cells[:count]
    labels, lengths = owners(setup, edges, setup.labels[tuple(cells.T)], tip, direction)
    found = joined(setup, labels, lengths)
    regions = [setup.regions[label] for label, _ in found]
    ends = np.cumsum([0.0, *(size for _, size in found)])
    for i in range(1, len(ends) - 1):
        inner, outer = regions[i - 1].name, regions[i].name
        if inner not in setup.surfaces and outer not in setup.surfaces:
            ends[i] = balanced(setup, float(ends[i]), inner, outer, tip, direction)
    ends = np.maximum.accumulate(np.minimum(ends, ends[-1]))
    sizes = np.diff(ends)
    crossed = tuple(Crossed(regions[i], float(sizes[i])) for i in reversed(range(len(regions))))
    return Way(probe, number, tip, direction, float(ends[-1]), entered, crossed)
