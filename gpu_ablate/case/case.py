"""The SI model that a backend computes: the setup, its tables, sources, exchange lists and histories. Frozen."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Setup
from gpu_ablate.case.tables import DielectricTables, RateTable, ThermalTables
from gpu_ablate.physics.maxwell_geometry import CoaxialAntenna, Spacing, Window

Array = NDArray[np.float64]


LEAST_FILM = 1e-12
"""A film coefficient of 0 insulates; kept above 0 for the series resistance [W m⁻² K⁻¹]."""


@dataclass(frozen=True)
class HeatSource:
    """Prescribed heat: `field` integrates to 1 over the cells [m⁻³] (or is None for a moving point source).

    power [W] from start to end [s]; a moving source starts at `point` and goes with `velocity` [m s⁻¹].
    """

    name: str
    power: float
    start: float
    end: float
    field: NDArray[np.float64] | None
    point: Vector = (0.0, 0.0, 0.0)
    velocity: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Film:
    """Film coefficient h [W m⁻² K⁻¹] and outside temperature - 37 [K] over time [s].

    Linear between the knots, constant before the first and after the last; a repeated time is a jump. h = inf holds
    the surface at the outside temperature.
    """

    times: tuple[float, ...]
    h: tuple[float, ...]
    theta: tuple[float, ...]

    def at(self, time: float) -> tuple[float, float]:
        """h and T_ext - 37 at a time; at a jump the later value."""
        knot = bisect_right(self.times, time)
        if knot in (0, len(self.times)):
            last = max(knot - 1, 0)
            return self.h[last], self.theta[last]
        before, after = self.times[knot - 1], self.times[knot]
        share = (time - before) / (after - before)
        h0, h1 = self.h[knot - 1], self.h[knot]
        h = h0 if h0 == h1 else h0 + share * (h1 - h0)
        return h, self.theta[knot - 1] + share * (self.theta[knot] - self.theta[knot - 1])


@dataclass(frozen=True)
class Exchange:
    """Cells that exchange heat with an outside temperature: weight·(T_ext - T) / (series·r(T) + film) per volume.

    r(T) is the half-cell resistance Δx²/(2k) of the cell, film = film_scale / h.

    cells : flat indices, ascending, repeated for cells with several rows
    weights : of a cell face, the true surface over the stair-cased one; of a node of a segment of radius r_p and
        length L, share · 2πL/ΔV; 1 for infusion (n,)
    series : how often r(T) lies before the film: 1 for a face, 2 ln(r_eff/r_p)/Δx² for a segment, 0 for infusion (n,)
    groups : index into `names` (n,)
    names : "skin", "boundary z_min" and so on, a patch or a vessel
    film_scale : Δx for faces, 1/r_p for segments, 1 for infusion, whose h is ρ c Q/V [W m⁻³ K⁻¹] (groups,)
    films : of each group
    terms : name in the energy balance per group: "skin_j", "boundary_j", "vessels_j", "probes_j", "infusion_j"
    """

    cells: NDArray[np.int64]
    weights: Array
    series: Array
    groups: NDArray[np.int32]
    names: tuple[str, ...]
    film_scale: Array
    films: tuple[Film, ...]
    terms: tuple[str, ...]

    def at(self, time: float) -> tuple[Array, Array]:
        """Film resistance film_scale/h and T_ext - 37 [K] of each group at a time [s]."""
        film, outside = self._start
        if self._changing:
            film, outside = film.copy(), outside.copy()
        for group in self._changing:
            h, outside[group] = self.films[group].at(time)
            film[group] = self.film_scale[group] / max(h, LEAST_FILM)
        return film, outside

    @cached_property
    def _changing(self) -> list[int]:
        """Groups whose film is not the same at all times."""
        return [group for group, film in enumerate(self.films) if len(film.times) > 1]

    @cached_property
    def _start(self) -> tuple[Array, Array]:
        """What `at` gives before anything changes."""
        values = np.array([film.at(-math.inf) for film in self.films]).reshape(-1, 2)
        return self.film_scale / np.maximum(values[:, 0], LEAST_FILM), values[:, 1]


@dataclass(frozen=True)
class History:
    """A field that remembers: "accumulate" (dose), "decay" (share left), "max" or "min" (of u), or of freezing
    (engine/cold.py): "time" below `cold` [s]; "cycles": how often colder than `cold`, a further time only after it was
    warmer than `warm`; "cooling", "thawing": fastest passage from `warm` to `cold` and back [K/min], which the one
    "passage" of a case times.

    rate : of a dose or decay; none for a field that only the edges change
    cold, warm : edges, T - 37 [K]; a decaying field falls to 0 at once below `cold`
    """

    name: str
    kind: Literal["accumulate", "decay", "max", "min", "time", "cycles", "cooling", "thawing", "passage"]
    rate: RateTable | None = None
    cold: float = -math.inf
    warm: float = math.inf

    @property
    def drop(self) -> float:
        """From the warm edge to the cold one, over whose time in seconds a passage is so fast in kelvin per minute."""
        return 60.0 * (self.warm - self.cold)


@dataclass(frozen=True)
class Antenna:
    """A microwave antenna: its matter in its own frame, the window and cell sizes to solve it with.

    radius : of the shaft [m]; emission_offset : from the tip back to the middle of the heat [m]
    cable_efficiency : share of the generator's power that arrives at the antenna
    cooling : of its shaft, None without
    """

    coaxial: CoaxialAntenna
    window: Window
    spacing: Spacing
    radius: float
    emission_offset: float
    cable_efficiency: float
    cooling: Cooling | None


@dataclass(frozen=True)
class ShaftPiece:
    """A piece of the way of a cooled shaft, an exchange group of its own.

    name : of the group; probe, track : whose it is, the track by its number from 0
    start, end : from where the tip is first on this track, towards the handle [m]
    """

    name: str
    probe: str
    track: int
    start: float
    end: float


@dataclass(frozen=True)
class Cooling:
    """A shaft whose wall is cooled from some distance behind the tip on [m]: film coefficient [W m⁻² K⁻¹] and
    temperature of the coolant - 37 [K]."""

    begin: float
    h: float
    theta: float


@dataclass(frozen=True)
class Cryoprobe:
    """A cryoprobe's freezing part, an exchange group of the probe's name.

    h : film coefficient at full output [W m⁻² K⁻¹]; area : of its wall [m²]; cells : that hold most of it, flat indices
    freeze, thaw : of the cryogen and of the warm gas; thaw None without gas
    """

    h: float
    area: float
    cells: NDArray[np.int64]
    freeze: Cryogen
    thaw: Cryogen | None


@dataclass(frozen=True)
class Cryogen:
    """Saturated temperature - 37 [K], and the time constant with which it is neared [s]."""

    theta: float
    tau: float


Accuracy = Literal["preview", "standard", "fine"]


@dataclass(frozen=True)
class RunSettings:
    """duration None means: until the last schedule or source has ended [s]."""

    duration: float | None
    record_every: float
    trace_every: float
    precision: Literal["float32", "float64"]
    accuracy: Accuracy = "standard"


@dataclass(frozen=True)
class Case:
    """A case ready to compute.

    initial : T - 37 (nz, ny, nx) [K]
    remembered : what cells have lived through in an earlier stage, by the names of histories, as a `Result` holds
        it; nan where matter is new
    antennas : by the names of their probes
    shafts : pieces of cooled shafts, each an exchange group
    cryoprobes : by the names of their probes
    dielectric : laws of the regions at the antennas' frequency; None without antennas
    """

    setup: Setup
    tables: ThermalTables
    initial: NDArray[np.floating]
    remembered: Mapping[str, NDArray[np.float32]]
    sources: tuple[HeatSource, ...]
    exchange: Exchange
    histories: tuple[History, ...]
    antennas: Mapping[str, Antenna]
    shafts: tuple[ShaftPiece, ...]
    cryoprobes: Mapping[str, Cryoprobe]
    dielectric: DielectricTables | None
    run: RunSettings
