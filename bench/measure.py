"""The machine, its copy bandwidth, and timing that other work on the machine disturbs little."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from gpu_ablate.result.provenance import cpu_model, package_version

COPY_MIB = 256
"""Size of each of the two arrays of the copy test: far larger than any cache [MiB]."""


def all_threads() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def machine() -> dict[str, Any]:
    """CPU, cores, memory [GiB] and versions; no name of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": cpu_model(),
        "cores": all_threads(),
        "ram_gib": round(memory, 1),
        "python": platform.python_version(),
        **{package: package_version(package) for package in ("numpy", "numba", "gpu-ablate")},
    }


def clock_for(threads: int) -> Callable[[], float]:
    """CPU time for one thread, which waiting for a core does not lengthen; wall time for several."""
    return time.process_time if threads == 1 else time.perf_counter


def clock_name(threads: int) -> str:
    """Name of `clock_for` in the results."""
    return "cpu" if threads == 1 else "wall"


def shortest(jobs: Mapping[str, Callable[[], None]], threads: int, rounds: int) -> dict[str, float]:
    """Least time of each job [s], once run before; they take turns, so that a disturbance meets all of them."""
    clock = clock_for(threads)
    best = dict.fromkeys(jobs, float("inf"))
    for job in jobs.values():
        job()
    for _ in range(rounds):
        for name, job in jobs.items():
            began = clock()
            job()
            best[name] = min(best[name], clock() - began)
    return best


def copy_bandwidth(threads: int, rounds: int = 10) -> float:
    """Bytes that np.copyto of float32 reads and writes per second, one part of the arrays for each thread."""
    source = np.ones(COPY_MIB * 2**20 // 4, np.float32)
    target = np.zeros_like(source)
    parts = list(zip(np.array_split(source, threads), np.array_split(target, threads), strict=True))
    with ThreadPoolExecutor(max(threads - 1, 1)) as pool:

        def copy() -> None:
            others = [pool.submit(np.copyto, to, of) for of, to in parts[1:]]
            np.copyto(parts[0][1], parts[0][0])
            for other in others:
                other.result()

        seconds = shortest({"copy": copy}, threads, rounds)["copy"]
    return 2 * source.nbytes / seconds


def resident_bytes() -> int:
    """Memory that this process holds now."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmRSS in /proc/self/status: memory is measured on Linux only")


def forget_peak() -> None:
    """Count the most memory that this process has held from now on (Linux: proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """Most memory that this process has held since `forget_peak`."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmHWM in /proc/self/status: memory is measured on Linux only")
