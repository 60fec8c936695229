"""The structures that the CUDA kernels take, and what never changes of a batch of cases in their form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.grid import halves
from gpu_ablate.case.tables import U_BINS, U_MIN, U_STEP
from gpu_ablate.engine.device import Device, DeviceArray

TILE = (32, 8, 1)
"""Cells in x and y that one block of a stage holds (stage.cu)."""

COUPLED = 64
"""The bit of a cell's `sides` that says that the exchange list names it (problem.cuh)."""

DEPTHS = (32, 16, 8, 4)
"""Planes that one block of a stage may go through: many read little twice, few make many blocks."""

ENOUGH_BLOCKS = 1000
"""Blocks of 256 threads that keep the largest GPUs of today busy (132 multiprocessors, 4 blocks each, twice)."""

WEIGHTS = np.dtype([(name, "f8") for name in ("gain", "mu", "nu", "gain_0", "booked")])
"""Of one stage (stage.cu)."""

SPAN = np.dtype([(name, "f8") for name in ("share", "steps", "seconds")])
"""How doses sample a super-step (problem.cuh)."""


def control_block(stages: int, members: int, regions: int, groups: int, real: type[np.floating]) -> NDArray[np.void]:
    """What goes to the device before a super-step, and what comes back after it, in one piece."""
    kind = np.dtype(
        [
            ("weights", WEIGHTS, (stages,)),
            ("span", SPAN),
            ("least", np.uint64, (members, regions)),
            ("greatest", np.uint64, (members, regions)),
            ("change", np.uint64, (members,)),
            ("film", real, (members, groups)),
            ("outside", real, (members, groups)),
        ]
    )
    return np.zeros((), kind)


def structure(real: type[np.floating], fields: str, **nested: np.dtype[np.void]) -> np.dtype[np.void]:
    """A C structure from a text like "p:Problem u:* n:int rate:real": pointers are *, sizes size_t."""
    plain = {"*": np.uint64, "size_t": np.uint64, "int": np.int32, "double": np.float64, "real": real, **nested}
    return np.dtype([(name, plain[kind]) for name, kind in (field.split(":") for field in fields.split())], align=True)


class Structures:
    """The arguments of all kernels for one precision, by their names in cuda_kernels/."""

    def __init__(self, real: type[np.floating]) -> None:
        self.real = real
        ints = "nx:int ny:int nz:int depth:int chunks:int regions:int bins:int groups:int lowest:real scale:real"
        pointers = (
            "labels sides theta potential resistance materials blood row_first row_cell row_group row_weight row_series"
        )
        outside = " film:* outside:*"
        self.problem = structure(real, f"{ints} {' '.join(f'{name}:*' for name in pointers.split())}{outside}")
        self.needle = structure(
            real,
            "tip_x:double tip_y:double tip_z:double axis_x:double axis_y:double axis_z:double spacing:double "
            "near:double first_x:int first_y:int first_z:int last_x:int last_y:int last_z:int samples:int",
        )
        nested = {"Problem": self.problem, "Needle": self.needle}

        def with_problem(fields: str) -> np.dtype[np.void]:
            return structure(real, f"p:Problem {fields}", **nested)

        self.stage = with_problem(
            "u:* before:* start:* start_rate:* out:* source:* alive:* weights:* sums:* row_sums:*"
        )
        self.doses = with_problem(
            "before:* after:* fields:* kinds:* laws:* log2_rates:* stops:* span:* histories:int nodes:int "
            "rate_scale:real hot:real cold:real even:real"
        )
        self.cold = with_problem(
            "before:* after:* fields:* kinds:* colds:* warms:* span:* histories:int cooling:int thawing:int drop:real "
            "gate:real"
        )
        self.extremes = structure(real, "u:* greatest:* least:* n:size_t")
        self.ranges = with_problem("u:* previous:* least:* greatest:* change:*")
        self.survey = with_problem(
            "field:* cells:* values:* extremes:* count:* body:real threshold:real n:int member:int is_state:int "
            "is_count:int at_most:int"
        )
        self.antenna = with_problem(
            "needle:Needle log_half_square:* field:* r_min:double r_step:double z_first:double z_step:double rows:int "
            "columns:int"
        )
        self.absorb = with_problem("u:* field:* conductivity:* density:* member:int")
        self.surroundings = with_problem(
            "needle:Needle u:* permittivity:* conductivity:* sums:* r_min:double width:double z_first:double rows:int "
            "columns:int member:int"
        )
        self.scatter = structure(real, "cells:* values:* field:* n:int")
        self.combine = structure(real, "field:* source:* watt:real is_first:int n:size_t")
        self.heating = with_problem("source:* sums:* extremes:* member:int")
        self.stored = with_problem("u:* heat_capacity:* sums:* member:int")
        self.settle = structure(real, "pending:* total:* n:int keep:int")


class Problem:
    """What never changes of cases on one grid, on a device.

    arguments : the kernels' structure of it; film and outside are still to be set
    groups, regions : of every member, at most
    rows_of : the exchange rows of each member among all
    """

    def __init__(self, cases: Sequence[Case], device: Device, real: type[np.floating]) -> None:
        grid = cases[0].setup.grid
        nz, ny, nx = grid.shape
        tiles = -(-nx // TILE[0]) * -(-ny // TILE[1]) * len(cases)
        depth = next((d for d in DEPTHS if tiles * -(-nz // d) >= ENOUGH_BLOCKS), DEPTHS[-1])
        regions = max(len(case.setup.regions) for case in cases)
        groups = max(1, max(len(case.exchange.names) for case in cases))
        rows = _rows(cases)
        self.groups, self.regions = groups, regions
        tables = [case.tables for case in cases]
        material = np.zeros((len(cases), regions, 8))
        heat_capacity = np.zeros((len(cases), regions))
        for m, t in enumerate(tables):
            material[m, : len(t.thawed)] = t.material
            heat_capacity[m, : len(t.thawed)] = np.where(np.isfinite(t.heat_capacity), t.heat_capacity, 0.0)
        self.heat_capacity = device.array(heat_capacity)
        self._kept: list[DeviceArray] = []
        self.arguments = np.zeros((), Structures(real).problem)

        def keep(name: str, values: NDArray[np.generic]) -> None:
            self._kept.append(device.array(np.ascontiguousarray(values)))
            self.arguments[name] = device.address(self._kept[-1])

        for name, number in (
            ("nx", nx), ("ny", ny), ("nz", nz), ("depth", depth), ("chunks", -(-nz // depth)), ("regions", regions),
            ("bins", U_BINS), ("groups", groups), ("lowest", U_MIN), ("scale", 1.0 / U_STEP),
        ):  # fmt: skip
            self.arguments[name] = number
        keep("labels", np.stack([case.setup.labels for case in cases]))
        keep("sides", np.stack([_sides(case) for case in cases]))
        for name in ("theta", "potential", "resistance"):
            values = np.zeros((len(cases), regions, U_BINS + 1), real)
            for m, t in enumerate(tables):
                values[m, : len(t.thawed)] = getattr(t, name)
            keep(name, values)
        keep("materials", material.astype(real))
        keep("blood", np.array([t.blood_theta for t in tables], real))
        keep("row_first", rows["first"])
        keep("row_cell", rows["cell"])
        keep("row_group", rows["group"])
        keep("row_weight", rows["weight"].astype(real))
        keep("row_series", rows["series"].astype(real))
        self.rows_of: list[slice] = rows["of_member"]


def _sides(case: Case) -> NDArray[np.uint8]:
    """For each cell (nz, ny, nx) a bit for each side -x +x -y +y -z +z on which it meets another material, and
    COUPLED."""
    labels = case.setup.labels
    solved = np.isfinite(case.tables.heat_capacity)
    found = np.zeros(labels.shape, np.uint8)
    for axis, bits in ((2, (1, 2)), (1, (4, 8)), (0, (16, 32))):
        below, above = halves(axis)
        differ = labels[below] != labels[above]
        found[above] |= np.where(differ, bits[0], 0).astype(np.uint8)
        found[below] |= np.where(differ, bits[1], 0).astype(np.uint8)
    found[~solved[labels]] = 0
    found.reshape(-1)[case.exchange.cells] |= COUPLED
    return found


def _rows(cases: Sequence[Case]) -> dict[str, Any]:
    """The exchange lists of all cases one after the other; `first` and `of_member` count from the first row of all."""
    first, offset, of_member = [], 0, []
    for case in cases:
        nz, ny, nx = case.setup.grid.shape
        cells = case.exchange.cells
        first.append(offset + np.searchsorted(cells, np.arange(nz * ny + 1) * nx))
        of_member.append(slice(offset, offset + len(cells)))
        offset += len(cells)
    exchanges = [case.exchange for case in cases]
    return {
        "first": np.stack(first).astype(np.int32),
        "cell": np.concatenate([e.cells for e in exchanges]).astype(np.uint32),
        "group": np.concatenate([e.groups for e in exchanges]).astype(np.int32),
        "weight": np.concatenate([e.weights for e in exchanges]),
        "series": np.concatenate([e.series for e in exchanges]),
        "of_member": of_member,
    }
