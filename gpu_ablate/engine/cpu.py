"""The Numba backend: the reference's super-steps on all cores, float32 (or float64).

The planes are cut into blocks of rows that fit the cache, and each thread takes blocks and slabs of planes. Sums are
taken per plane and block and added in that order, so that the number of threads does not change any result.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import RATE_STEP, U_MIN, U_STEP
from gpu_ablate.engine import cpu_cold, cpu_histories, cpu_kernels, lookup
from gpu_ablate.engine.backend import Heating, Ranges
from gpu_ablate.engine.cpu_histories import Doses
from gpu_ablate.engine.cpu_kernels import FIRST, FIRST_RKL2, LATER, LATER_RKL2, Fields, Layout, Outside, Scratch, Tables
from gpu_ablate.engine.cpu_sources import CpuSources
from gpu_ablate.engine.deposit import Frame, Rings, Shape, Surroundings
from gpu_ablate.engine.dose_tables import KINDS, dose_tables
from gpu_ablate.engine.layout import blocks_of_rows, material_runs, meeting_cells, uniform_blocks
from gpu_ablate.engine.reading import Reading
from gpu_ablate.engine.reference import initial_history, initial_state, middle_of, stored
from gpu_ablate.engine.superstep import SuperStep, stages

Array = NDArray[np.float64]
Field = NDArray[np.floating]

BLOCK_CELLS = 16384
"""Cells of a plane in one block: what is worked on at a time (about 28 bytes each) lies in the second-level cache."""


class Cpu(Reading):
    """Backend `numba` (see engine.backend.Backend)."""

    def __init__(self, case: Case, threads: int | None = None) -> None:
        self.case = case
        self.real = real = np.dtype(case.run.precision).type
        tables, exchange = case.tables, case.exchange
        self.labels = np.ascontiguousarray(case.setup.labels)
        nz, ny, nx = self.labels.shape
        self.blocks = blocks_of_rows(ny, nx, BLOCK_CELLS)
        self.threads = min(threads or len(os.sched_getaffinity(0)), nz)
        edges = np.linspace(0, nz, self.threads + 1).astype(int).tolist()
        self.slabs = list(pairwise(edges))
        self.pool = ThreadPoolExecutor(max(self.threads - 1, 1))

        solved = np.isfinite(tables.heat_capacity)
        meeting, sides = meeting_cells(self.labels, solved)
        self.layout = Layout(
            self.labels,
            np.array(self.blocks),
            uniform_blocks(self.labels, solved, self.blocks),
            *material_runs(self.labels),
            *meeting,
            *sides,
        )
        tallest = max(y1 - y0 for y0, y1 in self.blocks)
        most = max(
            int((meeting[1][min(y1 + 1, ny) :: ny] - meeting[1][max(y0 - 1, 0) : -1 : ny]).max())
            for y0, y1 in self.blocks
        )
        self.scratch = [
            Scratch(
                potential=np.empty((3, (tallest + 2) * nx), real),
                theta=np.empty((3, most), real),
                resistance=np.empty((3, most), real),
                listed=np.empty(3, np.int64),
                held=np.empty(3, np.int64),
                tested=np.empty(3, np.int64),
                rate=np.empty(tallest * nx, real),
                change=np.empty(tallest * nx, real),
                unit=np.array([1, 0, 0, 0], real),
            )
            for _ in self.slabs
        ]
        self.tables = Tables(
            theta=tables.theta.astype(real),
            potential=tables.potential.astype(real),
            resistance=tables.resistance.astype(real),
            material=tables.material.astype(real),
            grid=np.array([U_MIN, 1.0 / U_STEP, tables.blood_theta], real),
        )
        groups = len(exchange.names)
        self.outside = Outside(
            np.searchsorted(exchange.cells, np.arange(nz * ny + 1) * nx),
            exchange.cells,
            exchange.weights.astype(real),
            exchange.series.astype(real),
            exchange.groups,
            np.zeros(groups, real),
            np.zeros(groups, real),
        )

        self.u = initial_state(case, real)
        self.start = stored(case, self.u)
        self.absent = np.empty((0, 0, 0), real)
        self.spare = [self.u.copy()]
        self.elapsed = math.inf
        self.placed = CpuSources(case, self.slabs, self._on_slabs)
        self.source = self.absent
        self.source_power = 0.0
        self.block_sums = np.zeros((len(self.blocks), nz, 2 + groups))
        self.planes = np.empty((nz, len(case.setup.regions), 2))
        self.changes = np.empty(nz)
        self.energy = dict.fromkeys(("sources_j", "perfusion_j", "metabolic_j", *exchange.terms), 0.0)

        histories = case.histories
        self.fields = np.empty((len(histories), nz, ny, nx), real)
        self.histories = {history.name: field for history, field in zip(histories, self.fields, strict=True)}
        for history in histories:
            self.histories[history.name][...] = initial_history(case, history, self.u)
        self.alive = self.histories.get("perfusion", self.absent)
        self.doses = self._doses()
        self.cold = cpu_cold.laws_of(case, real)

    def _doses(self) -> Doses:
        found, real = dose_tables(self.case), self.real
        return Doses(
            found.kinds,
            found.laws.astype(real),
            found.log2_rates.astype(real),
            real(1.0 / RATE_STEP),
            found.stops.astype(real),
            real(found.hot),
            real(found.cold),
        )

    def place(self, name: str, shape: Shape) -> float:
        return self.placed.place(name, shape, self.u)

    def surroundings(self, frame: Frame, rings: Rings) -> Surroundings:
        return self.placed.surroundings(frame, rings, self.u)

    def set_source(self, powers: Mapping[str, float]) -> Heating:
        density, heating = self.placed.together(powers, self.u)
        self.source = self.absent if density is None else density
        self.source_power = heating.absorbed
        return heating

    def set_exchange(self, film: Array, outside: Array) -> None:
        self.outside.film[:] = film
        self.outside.theta[:] = outside

    def ranges(self) -> Ranges:
        self._on_slabs(
            lambda i: cpu_histories.ranges(
                self.layout, self.u, self.spare[0], self.planes, self.changes, *self.slabs[i]
            )
        )
        lows, highs = self.planes[:, :, 0].min(axis=0), self.planes[:, :, 1].max(axis=0)
        lows[lows == cpu_histories.FAR], highs[highs == -cpu_histories.FAR] = np.inf, -np.inf
        return Ranges(lows, highs, float(self.changes.max()) / self.elapsed)

    def advance(self, step: SuperStep) -> None:
        self.placed.forget()
        self.block_sums[:] = 0.0
        if step.scheme == "euler":
            self._euler(step)
        else:
            self._runge_kutta_legendre(step)
        self.taken = step

    def keep(self) -> None:
        if self.taken.scheme != "euler":
            self._add_doses(self.spare[0], self.u, 0.5, 1, self.taken.span)
            self._add_cold(self.spare[0], self.u, self.taken.span)
        self._on_slabs(lambda i: cpu_histories.widen(self.doses.kinds, self.u, self.fields, *self.slabs[i]))
        self._book(self.taken.span)

    def undo(self) -> None:
        self.placed.forget()
        self.u, self.spare[0] = self.spare[0], self.u

    def _euler(self, step: SuperStep) -> None:
        dt = step.span / step.count
        middle, share = middle_of(step.count)
        for index in range(step.count):
            (out,) = self.spare[:1]
            self._stage(FIRST, (dt,), dt, self._fields(self.u, out))
            if index == middle:
                self._add_doses(self.u, out, share, step.count, step.span)
            self._add_cold(self.u, out, dt)
            self.u, self.spare[0] = out, self.u
        self.elapsed = dt

    def _runge_kutta_legendre(self, step: SuperStep) -> None:
        method, tau, start = stages(step.scheme, step.count), step.span, self.u
        second_order = step.scheme == "rkl2"
        while len(self.spare) < (3 if second_order else 2):
            self.spare.append(np.empty_like(self.u))
        now, following, *kept = self.spare
        rate = kept[0] if second_order else self.absent
        self._stage(
            FIRST_RKL2 if second_order else FIRST,
            (tau * method.first,),
            tau * method.weights[0],
            self._fields(start, now, start_rate=rate),
        )
        self._on_slabs(lambda i: np.copyto(following[slice(*self.slabs[i])], start[slice(*self.slabs[i])]))
        kind, spare = LATER_RKL2 if second_order else LATER, following
        for stage, weight in zip(method.later, method.weights[1:], strict=True):
            weights = (tau * stage.gain, stage.mu, stage.nu, tau * stage.gain_0)
            self._stage(kind, weights, tau * weight, self._fields(now, spare, start, rate))
            now, spare = spare, now
        self.u, self.spare = now, [start, spare, *kept]
        self.elapsed = tau

    def _fields(
        self,
        u: NDArray[Any],
        out: NDArray[Any],
        start: NDArray[Any] | None = None,
        start_rate: NDArray[Any] | None = None,
    ) -> Fields:
        kept = self.absent if start_rate is None else start_rate
        return Fields(u, u if start is None else start, kept, out, self.source, self.alive)

    def _stage(self, kind: int, weights: tuple[float, ...], booked: float, fields: Fields) -> None:
        coefficients = np.zeros(4, self.real)
        coefficients[: len(weights)] = weights

        def work(i: int) -> None:
            z0, z1 = self.slabs[i]
            for block, sums in enumerate(self.block_sums):
                cpu_kernels.stage(
                    self.tables, self.layout, self.outside, fields, self.scratch[i], kind, coefficients, booked,
                    sums, z0, z1, block,
                )  # fmt: skip

        self._on_slabs(work)

    def _add_doses(self, before: NDArray[Any], after: NDArray[Any], share: float, steps: int, span: float) -> None:
        if not np.any(self.doses.kinds < KINDS["max"]):
            return
        numbers = [self.real(value) for value in (share, steps, span, lookup.EVEN)]
        self._on_slabs(
            lambda i: cpu_histories.add_doses(
                self.tables, self.labels, self.doses, before, after, self.fields, *numbers, *self.slabs[i]
            )
        )

    def _add_cold(self, before: NDArray[Any], after: NDArray[Any], span: float) -> None:
        laws = self.cold
        if laws is None:
            return
        self._on_slabs(
            lambda i: cpu_cold.remember_cold(
                self.labels, laws, before, after, self.fields, self.real(span), *self.slabs[i]
            )
        )

    def _on_slabs(self, work: Callable[[int], None]) -> None:
        """Do the work of all slabs, one on this thread."""
        jobs = [self.pool.submit(work, i) for i in range(1, len(self.slabs))]
        work(0)
        for job in jobs:
            job.result()

    def _book(self, span: float) -> None:
        volume = self.case.setup.grid.cell_volume
        perfusion, metabolic, *groups = (volume * self.block_sums.sum(axis=(0, 1))).tolist()
        self.energy["sources_j"] += span * self.source_power
        self.energy["perfusion_j"] += perfusion
        self.energy["metabolic_j"] += metabolic
        for term, brought in zip(self.case.exchange.terms, groups, strict=True):
            self.energy[term] += brought

    def brought(self) -> dict[str, float]:
        return self.energy

    def sums(self) -> dict[str, float]:
        return {**self.energy, "stored_j": stored(self.case, self.u) - self.start}

    def save(self) -> dict[str, NDArray[Any]]:
        return {"u": self.u, "energy": np.array(list(self.energy.values())), **self.histories}

    def restore(self, saved: Mapping[str, NDArray[Any]]) -> None:
        self.placed.forget()
        self.u[...] = saved["u"]
        for name, field in self.histories.items():
            field[...] = saved[name]
        self.energy = dict(zip(self.energy, saved["energy"].tolist(), strict=True))
