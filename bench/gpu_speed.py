"""How fast a GPU steps: copy bandwidth, full physics, ensembles, cost of launches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.gpu_device import Extent, Gpu, WithoutGraphs, seconds_of
from bench.problems import Array, block, heat
from gpu_ablate.case.case import Case
from gpu_ablate.engine.cuda import batch_of
from gpu_ablate.engine.cuda_batch import MOST_BLOCKS, THREADS, Batch
from gpu_ablate.engine.cuda_layout import Structures
from gpu_ablate.engine.device import Device
from gpu_ablate.engine.stepping import MOST_STAGES
from gpu_ablate.engine.superstep import Scheme, SuperStep
from gpu_ablate.errors import BackendError

SHORT = 1e-6
"""Time step, so short that the state stays as it is while it is timed [s]."""

STAGES: dict[Scheme, int] = {"rkl1": MOST_STAGES["standard"], "rkl2": MOST_STAGES["fine"]}
"""Of the super-steps that are timed: the most that the accuracies which use the scheme take."""

CPU_BYTES = 13
"""Least traffic of a cell and step as the tables of the CPU count it: u in, u out, power density, label."""

BYTES: dict[Scheme, int] = {"euler": 14, "rkl1": 18, "rkl2": 26}
"""Least traffic of a cell and stage with a source (docs/gpu.md) ..."""

ALIVE = 4
"""... and of the share of perfusion that is left."""

HOST_BYTES = 60
"""Memory of the host that building a block and loading it takes per cell; measured at 224³."""


def copy_bandwidth(gpu: Gpu, extent: Extent) -> dict[str, float]:
    """GB/s read and written while an array is copied: by the kernel `combine`, which multiplies by 1 on the way, in
    pieces of 4 and of 8 bytes; and by the driver."""
    seconds = {f"combine, {size} bytes": _combine_seconds(gpu, f"f{size}", extent) for size in (4, 8)}
    if gpu.copy is not None:
        device = gpu.open(np.float32)
        of, to = (device.empty((extent.copy_bytes,), np.uint8) for _ in range(2))
        device.clear(of)
        small = device.array(np.zeros(1))
        seconds["driver"] = seconds_of(partial(gpu.copy, to, of), small.get, extent.count_s)
    return {way: 2 * extent.copy_bytes / each / 1e9 for way, each in seconds.items()}


def _combine_seconds(gpu: Gpu, kind: str, extent: Extent) -> float:
    real = np.dtype(kind).type
    device, n = gpu.open(real), extent.copy_bytes // np.dtype(kind).itemsize
    of, to, small = device.empty((n,), real), device.empty((n,), real), device.array(np.zeros(1))
    device.clear(of)
    arguments = np.zeros((), Structures(real).combine)
    arguments["field"], arguments["source"] = device.address(of), device.address(to)
    arguments["watt"], arguments["is_first"], arguments["n"] = 1.0, 1, n
    blocks = (min(-(-n // THREADS), 8 * MOST_BLOCKS), 1, 1)
    launch = partial(device.launch, "combine", blocks, (THREADS, 1, 1), arguments)
    return seconds_of(launch, small.get, extent.count_s)


def loaded(cases: Sequence[Case], u: Array, source: Array, device: Device) -> Batch:
    """Cases stepped together, each with this state [K] and power density [W m⁻³]."""
    members, batch = batch_of(cases, device)
    for member in members:
        member.restore({**member.save(), "u": u})
        heat(member, source)
    return batch


def super_step_seconds(batch: Batch, step: SuperStep, count_s: float) -> float:
    """Wall time of a super-step that is accepted."""

    def job() -> None:
        batch.advance(step)
        batch.keep()

    return seconds_of(job, batch.on_device.get, count_s)


def super_steps(cells: int, extent: Extent) -> dict[Scheme, SuperStep]:
    """What is timed of each scheme."""
    steps = 2 * round(min(max(extent.euler_cells / cells, 16.0), 1000.0) / 2)
    legendre = {scheme: SuperStep(scheme, count * SHORT, count) for scheme, count in STAGES.items()}
    return {"euler": SuperStep("euler", steps * SHORT, steps), **legendre}


def timed_block(n: int) -> tuple[Case, Array, Array]:
    """`problems.block` with damage; accuracy "fine", so that memory for every scheme is asked for."""
    case, u, source = block(n, damage=True)
    return replace(case, run=replace(case.run, accuracy="fine")), u, source


def full_physics(gpu: Gpu, n: int, copy_gb_s: float, extent: Extent) -> list[dict[str, Any]]:
    """Gcell-steps/s of each scheme at n³, without and with damage, and their shares of the copy bandwidth.

    Raises
    ------
    BackendError
        It does not fit the memory of the device or of the host.
    """
    need, left = HOST_BYTES * n**3, available_bytes()
    if need > left:
        raise BackendError(f"the host has {left / 1e9:.1f} GB left, {need / 1e9:.1f} are needed to build {n}³")
    case, u, source = timed_block(n)
    found = []
    for damage, used in ((False, replace(case, histories=())), (True, case)):
        batch = loaded([used], u, source, gpu.open(np.float32))
        for scheme, step in super_steps(n**3, extent).items():
            rate = n**3 * step.count / super_step_seconds(batch, step, extent.count_s) / 1e9
            own = BYTES[scheme] + ALIVE * damage
            found.append(
                {
                    "n": n,
                    "scheme": scheme,
                    "count": step.count,
                    "damage": damage,
                    "gcell_steps_s": rate,
                    "bytes": own,
                    "share_of_copy": rate * own / copy_gb_s,
                    "share_of_copy_at_13": rate * CPU_BYTES / copy_gb_s,
                }
            )
        del batch
    return found


def available_bytes() -> int:
    """Memory of the host that a new program could have (proc(5), MemAvailable)."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise OSError("no MemAvailable in /proc/meminfo: memory is measured on Linux only")


def ensemble(gpu: Gpu, members: int, n: int, extent: Extent) -> list[dict[str, Any]]:
    """Time per cell and step [s] of so many members of n³ in one batch, and of one grid of as many cells; with damage.

    Raises
    ------
    ValueError
        There is no cube of as many cells.
    """
    large = round(n * members ** (1 / 3))
    if large**3 != members * n**3:
        raise ValueError(f"{members} x {n}³ cells are no cube")
    each: dict[Scheme, list[float]] = {}
    for count, side in ((members, n), (1, large)):
        case, u, source = timed_block(side)
        batch = loaded([case] * count, u, source, gpu.open(np.float32))
        for scheme, step in super_steps(large**3, extent).items():
            seconds = super_step_seconds(batch, step, extent.count_s)
            each.setdefault(scheme, []).append(seconds / (step.count * large**3))
        del batch
    return [
        {
            "members": members,
            "n": n,
            "large": large,
            "scheme": scheme,
            "batch_s": batch_s,
            "grid_s": grid_s,
            "ratio": batch_s / grid_s,
        }
        for scheme, (batch_s, grid_s) in each.items()
    ]


def launches(gpu: Gpu, n: int, extent: Extent) -> list[dict[str, Any]]:
    """Time of a super-step [µs] of a grid that costs next to nothing: replayed as graphs, and launched one by one."""
    case, u, source = timed_block(n)
    steps = [SuperStep("euler", count * SHORT, count) for count in (2, 100)]
    steps += [SuperStep(scheme, count * SHORT, count) for scheme, count in STAGES.items()]
    found = []
    for step in steps:
        row: dict[str, Any] = {"n": n, "scheme": step.scheme, "count": step.count}
        for graphs in (True, False):
            device = gpu.open(np.float32)
            batch = loaded([case], u, source, device if graphs else WithoutGraphs(device))
            row["graph_us" if graphs else "one_by_one_us"] = 1e6 * super_step_seconds(batch, step, extent.count_s)
        found.append(row)
    return found
