"""The SI model that a backend computes: the setup, its tables, sources, exchange lists and histories. Frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Setup
from gpu_ablate.case.tables import RateTable, ThermalTables

Array = NDArray[np.float64]


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
class Exchange:
    """Cells that exchange heat with an outside temperature: (T_ext - T)·weight / (r(T) + Δx/h) per volume.

    r(T) is the half-cell resistance Δx²/(2k) of the cell; h = inf holds the face at T_ext.

    cells : flat indices, ascending, repeated for cells with several faces
    weights : share of a cell face (n,), the true surface over the stair-cased one
    groups : index into `names` (n,)
    names : "skin", "boundary", or a patch
    coefficients : h per group [W m⁻² K⁻¹];  theta : T_ext - 37 per group [K]
    active : (start, end) per group [s]; outside of it the group falls back to `fallback`
    fallback : group whose values hold then, or -1 for none
    terms : name in the energy balance per group: "skin_j" or "boundary_j"
    """

    cells: NDArray[np.int64]
    weights: Array
    groups: NDArray[np.int32]
    names: tuple[str, ...]
    coefficients: Array
    theta: Array
    active: tuple[tuple[float, float], ...]
    fallback: tuple[int, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """A field that remembers: "accumulate" (dose), "decay" (share left), "max" or "min" (of u)."""

    name: str
    kind: Literal["accumulate", "decay", "max", "min"]
    rate: RateTable | None = None


@dataclass(frozen=True)
class AntennaMedium:
    """Where the provisional line source radiates: power attenuation 2α [m⁻¹] and absorption of each region
    relative to the medium, σ/σ_medium (regions,)."""

    tissue: str
    attenuation: float
    absorption: Array


@dataclass(frozen=True)
class RunSettings:
    """duration None means: until the last schedule or source has ended [s]."""

    duration: float | None
    record_every: float
    trace_every: float
    precision: Literal["float32", "float64"]


@dataclass(frozen=True)
class Case:
    """A case ready to compute.

    initial : T - 37 (nz, ny, nx) [K]
    """

    setup: Setup
    tables: ThermalTables
    initial: Array
    sources: tuple[HeatSource, ...]
    exchange: Exchange
    histories: tuple[History, ...]
    medium: AntennaMedium | None
    run: RunSettings
