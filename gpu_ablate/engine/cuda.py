"""The CUDA backend: what each case of a batch shows and takes; all numbers are reduced on the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.setup import Endpoint
from gpu_ablate.engine.backend import Heating, Ranges
from gpu_ablate.engine.cuda_antennas import Antennas
from gpu_ablate.engine.cuda_batch import Batch, from_ordered
from gpu_ablate.engine.deposit import AntennaShape, Frame, PointShape, Rings, Shape, Surroundings, point_shares
from gpu_ablate.engine.device import Device, DeviceArray
from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]
Field = NDArray[np.floating]


class Member:
    """One case of a batch: all verbs of a backend (see engine.backend.Backend) but those that step."""

    def __init__(self, batch: Batch, index: int) -> None:
        self.batch, self.index = batch, index
        self.case: Case = batch.cases[index]
        self.device, self.structures = batch.device, batch.structures
        self.fields: dict[str, DeviceArray] = {}
        self.antennas = Antennas(batch, index)
        self.hardware = batch.device.name
        self.extremes = self.device.empty((2,), np.uint64)
        self.count = self.device.empty((1,), np.uint32)
        self.partial = self.device.empty((batch.blocks,), np.float64)

    # Sources

    def place(self, name: str, shape: Shape) -> float:
        batch = self.batch
        if name not in self.fields:
            self.fields[name] = self.device.empty((batch.cells,), batch.real)
        field = self.fields[name]
        if isinstance(shape, AntennaShape):
            self.antennas.place(name, shape, field)
            field = self.antennas.absorbing(name)
        elif isinstance(shape, PointShape):
            self.device.clear(field)
            cells, values = point_shares(self.case.setup.grid, shape.point)
            solved = np.isfinite(self.case.tables.heat_capacity)[self.case.setup.labels.flat[cells]]
            if len(cells):
                self._scatter(field, cells, values * solved)
        else:
            field.set(shape.field.astype(batch.real).reshape(-1))
        return self._heating(self.device.address(field)).absorbed

    def _scatter(self, field: DeviceArray, cells: NDArray[np.int64], values: Array) -> None:
        where, shares = self.listed(cells), self.device.array(values.astype(self.batch.real))
        arguments = np.zeros((), self.structures.scatter)
        arguments["cells"], arguments["values"] = self.device.address(where), self.device.address(shares)
        arguments["field"], arguments["n"] = self.device.address(field), len(cells)
        self.batch.in_strides("scatter", arguments)

    def surroundings(self, frame: Frame, rings: Rings) -> Surroundings:
        return self.antennas.surroundings(frame, rings)

    def set_source(self, powers: Mapping[str, float]) -> Heating:
        batch = self.batch
        if batch.source is None:
            if not powers:
                return Heating(0.0, (0.0, 0.0))  # as there has been none
            batch.source = self.device.empty(batch.u.shape, batch.real)
            self.device.clear(batch.source)
        own = batch.source[self.index]
        if not powers:
            self.device.clear(own)
        for number, (name, power) in enumerate(powers.items()):
            arguments = np.zeros((), self.structures.combine)
            field = self.antennas.absorbing(name) if name in self.antennas.fields else self.fields[name]
            arguments["field"] = self.device.address(field)
            arguments["source"] = self.device.address(own)
            arguments["watt"], arguments["is_first"], arguments["n"] = power, number == 0, batch.cells
            batch.in_strides("combine", arguments)
        heating = self._heating(self.device.address(own))
        batch.source_power[self.index] = heating.absorbed
        return heating

    def _heating(self, field: int) -> Heating:
        """What a field of this member's power density comes to."""
        self._forget_extremes()
        arguments = np.zeros((), self.structures.heating)
        arguments["p"], arguments["source"] = self.batch.problem.arguments, field
        arguments["sums"], arguments["extremes"] = map(self.device.address, (self.partial, self.extremes))
        arguments["member"] = self.index
        self.batch.in_strides("heating", arguments)
        power = float(self.partial.get().sum()) * self.case.setup.grid.cell_volume
        least, greatest = from_ordered(self.extremes.get()).tolist()
        return Heating(power, (least, greatest))

    def set_exchange(self, film: Array, outside: Array) -> None:
        self.batch.control["film"][self.index, : len(film)] = film
        self.batch.control["outside"][self.index, : len(outside)] = outside

    def ranges(self) -> Ranges:
        return self.batch.ranges()[self.index]

    # Energy

    def brought(self) -> dict[str, float]:
        batch, exchange = self.batch, self.case.exchange
        volume = self.case.setup.grid.cell_volume
        booked = batch.booked.get()
        blocks = booked[batch.block_sums].reshape(len(batch.cases), -1, 2)[self.index]
        rows = booked[batch.block_sums.stop :][batch.problem.rows_of[self.index]]
        sums = dict.fromkeys(("sources_j", "perfusion_j", "metabolic_j", *exchange.terms), 0.0)
        sums["sources_j"] = float(batch.brought[self.index])
        sums["perfusion_j"], sums["metabolic_j"] = (volume * blocks.sum(axis=0)).tolist()
        for term, heat in zip(exchange.terms, np.bincount(exchange.groups, rows, len(exchange.terms)), strict=True):
            sums[term] += volume * float(heat)
        return sums

    def sums(self) -> dict[str, float]:
        batch, volume = self.batch, self.case.setup.grid.cell_volume
        arguments = np.zeros((), self.structures.stored)
        arguments["p"], arguments["u"] = batch.problem.arguments, self.device.address(batch.u)
        arguments["heat_capacity"] = self.device.address(batch.problem.heat_capacity[self.index])
        arguments["sums"], arguments["member"] = self.device.address(self.partial), self.index
        batch.in_strides("stored", arguments)
        stored = volume * float(self.partial.get().sum()) - batch.stored_at_start[self.index]
        return {**self.brought(), "stored_j": stored}

    def save(self) -> dict[str, NDArray[Any]]:
        batch = self.batch
        histories = {h.name: batch.fields[i][self.index].get() for i, h in enumerate(batch.histories)}
        sums = {"energy": batch.brought[[self.index]], "booked": batch.booked.get()}
        return {"u": batch.u[self.index].get(), **sums, **histories}

    def restore(self, saved: Mapping[str, NDArray[Any]]) -> None:
        batch = self.batch
        batch.u[self.index].set(saved["u"].astype(batch.real))
        for i, history in enumerate(batch.histories):
            batch.fields[i][self.index].set(saved[history.name].astype(batch.real))
        (batch.brought[self.index],) = saved["energy"]
        batch.booked.set(saved["booked"])
        batch.forget_ranges()

    # What is seen

    def listed(self, cells: NDArray[np.int64]) -> DeviceArray:
        return self.device.array(cells.astype(np.uint32))

    def temperature(self) -> Field:
        return self._field(None)

    def history(self, name: str) -> Field:
        return self._field(name)

    def at(self, where: DeviceArray) -> Field:
        values = self.device.empty(where.shape, self.batch.real)
        self._survey("gather", where, None, values=self.device.address(values))
        return values.get()

    def span(self, where: DeviceArray, history: str | None = None) -> tuple[float, float]:
        self._forget_extremes()
        self._survey("span", where, history)
        least, greatest = from_ordered(self.extremes.get()).tolist()
        return least, greatest

    def met(self, where: DeviceArray, endpoint: Endpoint) -> int:
        self.device.clear(self.count)
        self._survey("count", where, endpoint.field, threshold=endpoint.threshold, at_most=endpoint.at_most)
        return int(self.count.get()[0])

    def _field(self, history: str | None) -> Field:
        """Values everywhere (nz, ny, nx), by way of a field that no super-step needs any more."""
        values = self.batch.spare[0][self.index]
        self._survey("gather", None, history, values=self.device.address(values))
        return values.get()

    def _survey(self, kernel: str, where: DeviceArray | None, history: str | None, **more: float) -> None:
        batch = self.batch
        kinds = {h.name: h.kind for h in batch.histories}
        names = list(kinds)
        arguments = np.zeros((), self.structures.survey)
        arguments["p"] = batch.problem.arguments
        arguments["field"] = self.device.address(batch.u if history is None else batch.fields[names.index(history)])
        arguments["cells"] = 0 if where is None else self.device.address(where)
        arguments["n"] = batch.cells if where is None else where.shape[0]
        arguments["extremes"], arguments["count"] = map(self.device.address, (self.extremes, self.count))
        arguments["body"], arguments["member"] = BODY_C, self.index
        arguments["is_state"] = history is None or kinds[history] in ("max", "min")
        arguments["is_count"] = history is not None and kinds[history] == "cycles"
        for name, value in more.items():
            arguments[name] = value
        batch.in_strides(kernel, arguments)

    def _forget_extremes(self) -> None:
        self.extremes.set(np.array([np.iinfo(np.uint64).max, 0], np.uint64))


class Cuda(Member):
    """Backend `cuda` for one case: the only member of a batch, and what steps it."""

    def __init__(self, case: Case, device: Device) -> None:
        batch = Batch((case,), device)
        super().__init__(batch, 0)
        self.advance, self.keep, self.undo = batch.advance, batch.keep, batch.undo


def batch_of(cases: Sequence[Case], device: Device) -> tuple[list[Member], Batch]:
    """Cases of one kind on a device, each by itself and what steps them together."""
    batch = Batch(cases, device)
    return [Member(batch, index) for index in range(len(cases))], batch
