"""The outcome of a run in memory: records over time, traces, energy, what happened to each probe."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Setup

Status = Literal["done", "interrupted", "failed"]

ENERGY_TERMS = (
    "sources_j",
    "cable_j",
    "reflected_j",
    "escaped_j",
    "probes_j",
    "vessels_j",
    "skin_j",
    "boundary_j",
    "infusion_j",
    "perfusion_j",
    "metabolic_j",
    "stored_j",
)
"""Terms of the energy balance: stored = Σ of all others but LOST_TERMS."""

LOST_TERMS = ("cable_j", "reflected_j", "escaped_j")
"""Energy of probes and sources that never reached tissue."""


@dataclass(frozen=True)
class Station:
    """One step as it was carried out: its number from 1, start_s to end_s [s], power at the generator [W] or output of
    a cryoprobe [%], tip xyz [m] and unit vector from the tip to the handle at its start and end."""

    probe: str
    step: int
    action: str
    start_s: float
    end_s: float
    power_w: float
    output_percent: float
    tip_start: Vector
    tip_end: Vector
    direction_start: Vector
    direction_end: Vector
    ended_by: str
    """"duration", or the `until` condition that was met, in words."""


class Records(Protocol):
    """Fields at the recorded times; each (nz, ny, nx) float32, names "temperature" [°C] and the endpoint's field."""

    @property
    def times(self) -> list[float]:
        """Recorded times [s], ascending."""

    @property
    def names(self) -> list[str]:
        """Names of the recorded fields."""

    def append(self, time_s: float, fields: dict[str, NDArray[np.float32]]) -> None:
        """Add a record."""

    def read(self, index: int, name: str) -> NDArray[np.float32]:
        """One field of one record."""


@dataclass
class Result:
    """Everything a run produced.

    final : history fields at the end, (nz, ny, nx) float32: "max_temperature", "min_temperature" [°C],
        "cem43" [min], "arrhenius" [-], "perfusion" [share of the resting perfusion still flowing], those of
        case.cold but its clock; only those that the case tracked
    traces : column name of traces.csv -> values; "time_s" is the first
    energy : terms [J] of the contract of metrics.json
    run : backend, device, precision, simulated_s, wall_s, solve_s, cell_steps
    provenance : versions, platform, date, command
    """

    setup: Setup
    records: Records
    status: Status
    final: dict[str, NDArray[np.float32]]
    traces: dict[str, NDArray[np.float64]]
    energy: dict[str, float]
    stations: list[Station]
    run: dict[str, str | float | int]
    provenance: dict[str, str] = field(default_factory=dict)

    def temperature(self, time_s: float) -> NDArray[np.float32]:
        """Temperature (nz, ny, nx) [°C] at a time [s], linear between records, held beyond the ends."""
        return self.field("temperature", time_s)

    def field(self, name: str, time_s: float) -> NDArray[np.float32]:
        """A recorded field (nz, ny, nx) at a time [s], linear between records, held beyond the ends."""
        times = self.records.times
        after = bisect_right(times, time_s)
        if after == 0:
            return self.records.read(0, name)
        before = self.records.read(after - 1, name)
        if after == len(times) or times[after - 1] == time_s:
            return before
        share = (time_s - times[after - 1]) / (times[after] - times[after - 1])
        return before + np.float32(share) * (self.records.read(after, name) - before)
