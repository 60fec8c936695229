"""Cases on one grid that a GPU steps together; one case is a batch of one.

All that the kernels need in a super-step goes to the device in one small block, all launches of it are replayed as one
graph, and what comes back are the extremes of u. Sums are kept per block and exchange row, never by atomic additions,
so that a run gives the same bits again.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case, History
from gpu_ablate.case.tables import U_BINS
from gpu_ablate.engine.backend import Ranges
from gpu_ablate.engine.cuda_histories import Laws
from gpu_ablate.engine.cuda_layout import DEPTHS, TILE, Problem, Structures, control_block
from gpu_ablate.engine.device import Device, DeviceArray, Triple
from gpu_ablate.engine.reference import initial_history, initial_state, middle_of, stored
from gpu_ablate.engine.stepping import MOST_STAGES
from gpu_ablate.engine.superstep import SuperStep, stages
from gpu_ablate.errors import BackendError

THREADS = 256
"""Threads of every block."""

MOST_BLOCKS = 1024
"""Blocks of the kernels that go through the cells of a member in strides."""

ZERO = np.uint64(1 << 63)
"""0 as `ordered` of real.cuh makes it an integer."""

MOST_IN_GRID = 65535
"""Blocks along y and z of a grid (CUDA C++ Programming Guide, table of technical specifications)."""

USABLE = 0.9
"""Share of the free memory that cases may take."""

BUFFERS = {"euler": 2, "rkl1": 3, "rkl2": 4}
"""Fields that the stages of a scheme need."""

Unsigned = NDArray[np.uint64]


def kind_of(case: Case) -> Hashable:
    """What cases that go together share: grid, precision, accuracy, and histories with their laws."""
    return case.setup.grid, case.run.precision, case.run.accuracy, tuple(map(_law_of, case.histories))


def _law_of(history: History) -> Hashable:
    rate = history.rate
    law = (rate.theta_min, rate.cap, rate.log2_rate.tobytes()) if rate else None
    return history.name, history.kind, law, history.drop


def most_together(case: Case) -> int:
    """How many cases of this kind a launch can hold."""
    return MOST_IN_GRID // _chunks(case)


def _chunks(case: Case) -> int:
    """Parts along z in which the blocks of a stage take a case."""
    return -(-case.setup.grid.shape[0] // DEPTHS[-1])


def bytes_of(case: Case) -> int:
    """Memory that a case takes on a device."""
    real = np.dtype(case.run.precision).itemsize
    sources = len(case.setup.probes) + len(case.sources)
    fields = _buffers(case) + len(case.histories) + sources + (sources > 0)
    tables = 3 * len(case.setup.regions) * (U_BINS + 1)
    lists = 8  # cells of the body, of roles and of targets, 4 bytes each
    return case.setup.grid.cells * (fields * real + 2 + lists) + tables * real + 40 * len(case.exchange.cells)


def _buffers(case: Case) -> int:
    """Fields of u that the scheme of a case's accuracy needs."""
    return BUFFERS["rkl2" if case.run.accuracy == "fine" else "rkl1"]


class Batch:
    """State and super-steps of cases of one kind.

    Raises
    ------
    BackendError
        They need more memory than is free.
    """

    def __init__(self, cases: Sequence[Case], device: Device) -> None:
        self.cases, self.device = tuple(cases), device
        need, free = sum(bytes_of(case) for case in cases), USABLE * device.free_bytes()
        if need > free:
            raise BackendError(
                f"{device.name}: {need / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free\n"
                "  a coarser --spacing-mm, a smaller [domain] or --backend numba helps"
            )
        run = cases[0].run
        self.real = real = np.dtype(run.precision).type
        self.histories = cases[0].histories
        self.grid = cases[0].setup.grid
        nz, ny, nx = self.grid.shape
        self.cells = nz * ny * nx
        self.structures = Structures(real)
        self.problem = Problem(cases, device, real)
        chunks = int(self.problem.arguments["chunks"])
        self.tiles = (-(-nx // TILE[0]), -(-ny // TILE[1]), chunks)
        self.blocks = min(-(-self.cells // THREADS), MOST_BLOCKS)

        states = [initial_state(case, real) for case in cases]
        self.u = device.array(np.stack(states))
        self.stored_at_start = [stored(case, state) for case, state in zip(cases, states, strict=True)]
        """Enthalpy of each member above that at 37 °C [J]."""
        self.spare = [device.empty((len(cases), nz, ny, nx), real) for _ in range(_buffers(cases[0]) - 1)]
        started = list(zip(cases, states, strict=True))
        fields = [[initial_history(case, history, u) for case, u in started] for history in self.histories]
        self.fields = device.array(np.array(fields, real).reshape(-1, len(cases), nz, ny, nx))
        self.source: DeviceArray | None = None
        """Power density of all members (members, nz, ny, nx) [W m⁻³]; None while there has been none."""
        self.source_power = np.zeros(len(cases))
        """What the sources of each member bring [W] ..."""
        self.brought = np.zeros(len(cases))
        """... and have brought [J]."""

        tiles = math.prod(self.tiles) * len(cases)
        rows = self.problem.rows_of[-1].stop
        self.block_sums = slice(0, 2 * tiles)
        self.pending = device.array(np.zeros(2 * tiles + rows))
        self.booked = device.array(np.zeros(2 * tiles + rows))
        """Perfusion and metabolic heat of each block, heat of each exchange row [W m⁻³ s], in turn."""

        self.control = control_block(
            max(MOST_STAGES.values()) + 2, len(cases), self.problem.regions, self.problem.groups, real
        )
        self.on_device = device.array(self.control.reshape(1).view(np.uint8))
        for name in ("film", "outside"):
            self.problem.arguments[name] = self.in_control(name)
        span, fields_at = self.in_control("span"), device.address(self.fields)
        self.laws = Laws(cases, device, self.structures, self.problem, fields_at, span)
        self.elapsed = math.inf
        self.seen: list[Ranges] | None = None
        """What the state spans, as far as it is known."""

    def in_control(self, name: str, stage: int = 0) -> int:
        """Address on the device of an entry of the control block."""
        assert self.control.dtype.fields is not None
        kind, offset = self.control.dtype.fields[name][:2]
        return self.device.address(self.on_device) + offset + stage * kind.base.itemsize

    # Super-steps

    def advance(self, step: SuperStep) -> None:
        """Take a super-step; `keep` or (of an RKL step) `undo` it next."""
        while len(self.spare) < BUFFERS[step.scheme] - 1:  # of a scheme that the accuracy doesn't plan
            self.spare.append(self.device.empty(self.u.shape, self.real))
        self._instruct(step)
        work = self._euler if step.scheme == "euler" else self._runge_kutta_legendre
        self.device.replay((step.scheme, step.count, *self._order()), lambda: work(step))
        odd = step.count % 2 == 1
        if step.scheme == "euler":
            if odd:
                self.u, self.spare[0] = self.spare[0], self.u
            self.elapsed = step.span / step.count
        else:
            start, (one, other, *kept) = self.u, self.spare
            self.u, self.spare = (one, [start, other, *kept]) if odd else (other, [start, one, *kept])
            self.elapsed = step.span
        self.taken = step
        self.seen = self._read_ranges()

    def keep(self) -> None:
        """Accept the super-step: histories and energy take it over."""
        self.brought += self.taken.span * self.source_power
        self.device.replay(("keep", self.taken.scheme == "euler", *self._order()), self._keep)

    def undo(self) -> None:
        """Go back to the state before an RKL step."""
        self.u, self.spare[0] = self.spare[0], self.u
        self._settle(keep=False)
        self.forget_ranges()

    def ranges(self) -> list[Ranges]:
        """What the state of each member spans now."""
        if self.seen is None:
            self._send()
            self._launch_ranges(self.u, self.u)
            self.seen = self._read_ranges()
        return self.seen

    def forget_ranges(self) -> None:
        """The state is another one now, which no super-step has led to."""
        self.seen, self.elapsed = None, math.inf

    def _read_ranges(self) -> list[Ranges]:
        seen = self.on_device.get().view(self.control.dtype)[0]
        lows, highs = from_ordered(seen["least"]), from_ordered(seen["greatest"])
        lost = ~(np.isfinite(lows) & np.isfinite(highs))
        none = seen["greatest"] == 0
        lows[lost], highs[lost] = np.nan, np.nan
        lows[none], highs[none] = np.inf, -np.inf
        paces = from_ordered(seen["change"]) / self.elapsed
        return [Ranges(low, high, float(pace)) for low, high, pace in zip(lows, highs, paces, strict=True)]

    def _order(self) -> tuple[int, ...]:
        """Where everything lies now: what a recorded graph holds for."""
        fields = (self.u, *self.spare) if self.source is None else (self.u, *self.spare, self.source)
        return tuple(self.device.address(field) for field in fields)

    def _instruct(self, step: SuperStep) -> None:
        """Send the coefficients of a super-step, films and outside temperatures; forget the extremes."""
        weights, tau = self.control["weights"], step.span
        if step.scheme == "euler":
            dt = step.span / step.count
            weights[0] = dt, 0.0, 0.0, 0.0, dt
            _, share = middle_of(step.count)
            self.control["span"] = share, step.count, step.span
        else:
            method = stages(step.scheme, step.count)
            weights[0] = tau * method.first, 0.0, 0.0, 0.0, tau * method.weights[0]
            for j, (stage, weight) in enumerate(zip(method.later, method.weights[1:], strict=True), start=1):
                weights[j] = tau * stage.gain, stage.mu, stage.nu, tau * stage.gain_0, tau * weight
            self.control["span"] = 0.5, 1.0, step.span
        self._send()

    def _send(self) -> None:
        """The control block, with extremes that anything surpasses."""
        self.control["least"], self.control["greatest"] = np.iinfo(np.uint64).max, 0
        self.control["change"] = ZERO
        self.on_device.set(self.control.reshape(1).view(np.uint8))

    def _euler(self, step: SuperStep) -> None:
        u, out = self.u, self.spare[0]
        middle, _ = middle_of(step.count)
        for index in range(step.count):
            self._stage("first", 0, u, u, out)
            if index == middle:
                self._remember("doses", self.laws.doses, u, out)
            self._remember("cold", self.laws.cold, u, out)
            u, out = out, u
        self._launch_ranges(u, out)

    def _runge_kutta_legendre(self, step: SuperStep) -> None:
        start, (now, following, *kept) = self.u, self.spare
        rate = kept[0] if step.scheme == "rkl2" else None
        first, later = ("first_rkl2", "later_rkl2") if rate is not None else ("first", "later")
        self._stage(first, 0, start, start, now, start, rate)
        before = start
        for index in range(1, step.count):
            self._stage(later, index, now, before, following, start, rate)
            before, now, following = now, following, now
        self._launch_ranges(now, start)

    def _stage(
        self,
        kernel: str,
        index: int,
        u: DeviceArray,
        before: DeviceArray,
        out: DeviceArray,
        start: DeviceArray | None = None,
        rate: DeviceArray | None = None,
    ) -> None:
        arguments = np.zeros((), self.structures.stage)
        arguments["p"] = self.problem.arguments
        for name, array in (
            ("u", u), ("before", before), ("start", start), ("start_rate", rate), ("out", out), ("source", self.source),
        ):  # fmt: skip
            arguments[name] = 0 if array is None else self.device.address(array)
        arguments["alive"] = self._field("perfusion")
        arguments["weights"] = self.in_control("weights", index)
        arguments["sums"] = self.device.address(self.pending)
        arguments["row_sums"] = self.device.address(self.pending) + 8 * self.block_sums.stop
        x, y, chunks = self.tiles
        self.device.launch(kernel, (x, y, chunks * len(self.cases)), TILE, arguments)

    def _field(self, name: str) -> int:
        """Address of a history, 0 if it isn't kept."""
        names = [history.name for history in self.histories]
        return self.device.address(self.fields[names.index(name)]) if name in names else 0

    def _keep(self) -> None:
        if self.taken.scheme != "euler":
            self._remember("doses", self.laws.doses, self.spare[0], self.u)
            self._remember("cold", self.laws.cold, self.spare[0], self.u)
        addresses = {h.kind: self._field(h.name) for h in self.histories if h.kind in ("max", "min")}
        if addresses:
            arguments = np.zeros((), self.structures.extremes)
            arguments["u"] = self.device.address(self.u)
            arguments["greatest"], arguments["least"] = addresses.get("max", 0), addresses.get("min", 0)
            arguments["n"] = self.cells * len(self.cases)
            self.in_strides("extremes", arguments)
        self._settle(keep=True)

    def _settle(self, keep: bool) -> None:
        arguments = np.zeros((), self.structures.settle)
        arguments["pending"], arguments["total"] = self.device.address(self.pending), self.device.address(self.booked)
        arguments["n"], arguments["keep"] = self.pending.shape[0], keep
        self.in_strides("settle", arguments)

    def _remember(
        self, kernel: str, arguments: NDArray[np.void] | None, before: DeviceArray, after: DeviceArray
    ) -> None:
        """Launch `doses` or `cold` for a step, if there is something for it to remember."""
        if arguments is not None:
            arguments["before"], arguments["after"] = self.device.address(before), self.device.address(after)
            self.in_strides(kernel, arguments, len(self.cases))

    def _launch_ranges(self, u: DeviceArray, previous: DeviceArray) -> None:
        arguments = np.zeros((), self.structures.ranges)
        arguments["p"] = self.problem.arguments
        arguments["u"], arguments["previous"] = self.device.address(u), self.device.address(previous)
        for name in ("least", "greatest", "change"):
            arguments[name] = self.in_control(name)
        _, ny, nx = self.grid.shape
        columns: Triple = (-(-ny * nx // THREADS), len(self.cases), self.tiles[2])
        self.device.launch("ranges", columns, (THREADS, 1, 1), arguments)

    def in_strides(self, kernel: str, arguments: NDArray[np.void], members: int = 1) -> None:
        """Launch a kernel whose blocks go through cells (or what else) in strides."""
        self.device.launch(kernel, (self.blocks, members, 1), (THREADS, 1, 1), arguments)


def from_ordered(values: Unsigned) -> NDArray[np.float64]:
    """The numbers that `ordered` of real.cuh made integers of."""
    top = np.uint64(1) << np.uint64(63)
    bits = np.where(values & top, values ^ top, ~values)
    return bits.view(np.float64)
