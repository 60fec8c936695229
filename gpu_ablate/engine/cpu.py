"""The Numba backend: the reference's step on all cores, float32 (or float64), planes of the volume in turn.

Each thread takes a slab of z-planes and keeps T and r of three planes in its cache. Sums are taken per plane in
float64 and added in plane order, so that the number of threads does not change any result.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import RATE_STEP, U_MIN, U_STEP
from gpu_ablate.engine import cpu_kernels, lookup
from gpu_ablate.engine.reference import initial_history, initial_state, read_history, stored
from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]

KINDS = {"accumulate": 0, "decay": 1, "max": 2, "min": 3}


class Cpu:
    """Backend `numba` (see engine.backend.Backend)."""

    def __init__(self, case: Case, threads: int | None = None) -> None:
        self.case = case
        self.real = np.dtype(case.run.precision).type
        real = self.real
        tables, exchange = case.tables, case.exchange
        nz, ny, nx = case.setup.labels.shape
        self.threads = min(threads or len(os.sched_getaffinity(0)), nz)
        self.pool = ThreadPoolExecutor(self.threads)
        edges = np.linspace(0, nz, self.threads + 1).astype(int)
        self.slabs = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
        self.scratch = [
            (np.empty((3, ny * nx), real), np.empty((3, ny * nx), real), np.empty(nx, real)) for _ in self.slabs
        ]

        self.labels = np.ascontiguousarray(case.setup.labels)
        start = initial_state(case)
        self.u = start.astype(real)
        self.initial_u = self.u.copy()
        self.spare = np.empty_like(self.u)
        columns = (tables.theta[:, :-1], np.diff(tables.theta), tables.resistance[:, :-1], np.diff(tables.resistance))
        self.bins = np.stack(columns, axis=-1).reshape(-1, 4).astype(real)
        self.flow = tables.flow.astype(real)
        zero_node = round(-U_MIN / U_STEP)
        self.linear = np.column_stack(
            (tables.linear, tables.resistance[:, zero_node], tables.conductivity_slope)
        ).astype(real)
        self.grid = np.array([U_MIN, 1.0 / U_STEP, tables.blood_theta], real)
        self.material = np.column_stack((1.0 / tables.heat_capacity, tables.perfusion, tables.metabolic)).astype(real)

        self.absent = np.empty((0, 0, 0), real)
        self.source = self.absent
        self.source_power = 0.0
        self.cells = exchange.cells
        self.rows = np.searchsorted(exchange.cells, np.arange(nz + 1) * ny * nx)
        self.weights, self.groups = exchange.weights.astype(real), exchange.groups
        self.film = np.zeros(len(exchange.names), real)
        self.outside = np.zeros(len(exchange.names), real)
        self.plane_sums = np.zeros((nz, 2 + len(exchange.names)))
        self.planes = np.empty((nz, len(case.setup.regions), 2))
        self.energy = dict.fromkeys(("sources_j", "perfusion_j", "metabolic_j", *exchange.terms), 0.0)

        histories = case.histories
        self.fields = np.empty((len(histories), nz, ny, nx), real)
        for field, history in zip(self.fields, histories, strict=True):
            field[...] = initial_history(history, start)
        self.alive = next(
            (f for f, h in zip(self.fields, histories, strict=True) if h.name == "perfusion"), self.absent
        )
        self.kinds = np.array([KINDS[history.kind] for history in histories], np.int32)
        laws = [history.rate for history in histories]
        longest = max((len(law.log2_rate) for law in laws if law), default=2)
        self.laws = np.zeros((len(laws), 3), real)
        self.log2_rates = np.zeros((len(laws), longest), real)
        for i, law in enumerate(laws):
            if law is not None:
                self.laws[i] = law.theta_min, law.cap, len(law.log2_rate) - 1
                self.log2_rates[i, : len(law.log2_rate)] = law.log2_rate
        self.hot = real(min((law.theta_min for law in laws if law), default=np.inf))

    def set_source(self, power_density: Array | None) -> None:
        self.source = self.absent if power_density is None else power_density.astype(self.real)
        self.source_power = float(self.source.sum(dtype=np.float64)) * self.case.setup.grid.cell_volume

    def set_exchange(self, coefficients: Array, theta: Array) -> None:
        self.film = (self.case.setup.grid.spacing / coefficients).astype(self.real)
        self.outside = theta.astype(self.real)

    def ranges(self) -> tuple[Array, Array]:
        jobs = [self.pool.submit(cpu_kernels.ranges, self.u, self.labels, self.planes, *slab) for slab in self.slabs]
        for job in jobs:
            job.result()
        return self.planes[:, :, 0].min(axis=0), self.planes[:, :, 1].max(axis=0)

    def advance(self, dt: float, steps: int) -> None:
        step = self.real(dt)
        self.plane_sums[:] = 0.0
        for _ in range(steps):
            self._on_all_slabs(self._step_slab, step)
            if len(self.kinds):
                self._on_all_slabs(self._remember_slab, step)
            self.u, self.spare = self.spare, self.u
        self._book(dt, steps)

    def _on_all_slabs(self, work, step) -> None:  # type: ignore[no-untyped-def]
        for job in [self.pool.submit(work, index, step) for index in range(len(self.slabs))]:
            job.result()

    def _step_slab(self, index: int, dt: np.floating) -> None:
        cpu_kernels.step(
            self.u, self.spare, self.labels, self.bins, self.flow, self.linear, self.grid, self.material,
            self.source, self.alive, self.rows, self.cells, self.weights, self.groups, self.film, self.outside,
            dt, *self.slabs[index], *self.scratch[index], self.plane_sums,
        )  # fmt: skip

    def _remember_slab(self, index: int, dt: np.floating) -> None:
        cpu_kernels.remember(
            self.u, self.spare, self.labels, self.bins, self.grid, self.fields, self.kinds, self.laws,
            self.log2_rates, self.real(1.0 / RATE_STEP), dt, self.hot, *self.slabs[index],
        )  # fmt: skip

    def _book(self, dt: float, steps: int) -> None:
        joule = dt * self.case.setup.grid.cell_volume
        perfusion, metabolic, *groups = (self.plane_sums[:, i].sum() for i in range(self.plane_sums.shape[1]))
        self.energy["sources_j"] += dt * steps * self.source_power
        self.energy["perfusion_j"] += joule * perfusion
        self.energy["metabolic_j"] += joule * metabolic
        for term, brought in zip(self.case.exchange.terms, groups, strict=True):
            self.energy[term] += joule * brought

    def sums(self) -> dict[str, float]:
        return {**self.energy, "stored_j": stored(self.case, self.u, self.initial_u)}

    def temperature(self, cells: NDArray[np.int64] | None = None) -> Array:
        labels, u = (self.labels, self.u) if cells is None else (self.labels.flat[cells], self.u.flat[cells])
        return BODY_C + lookup.thermal(self.case.tables.theta, labels, u.astype(np.float64))

    def history(self, name: str, cells: NDArray[np.int64] | None = None) -> Array:
        index = [history.name for history in self.case.histories].index(name)
        return read_history(self.case, name, self.fields[index], cells)
