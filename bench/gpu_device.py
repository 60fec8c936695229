"""The GPU that is measured, how to open it, and how work on it is timed.

What measures opens its devices through a `Gpu`, so that the tests can give the CPU in place of one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpu_ablate.engine.cuda_device import CudaDevice
from gpu_ablate.engine.device import Device

WARM_UP = 8
"""Super-steps before the clock starts: by then the graph of each order of the buffers has been recorded and replayed
(an order comes back after three super-steps at most)."""

ROUNDS = 3
"""The least time of so many counts."""


@dataclass(frozen=True)
class Gpu:
    """The device that is measured.

    backend : its name for `simulate`
    open : opens it for kernels of one precision; what a device recorded is of one batch, so each gets one of its own
    copy : the driver's own copy of an array (to, from); None where there is no driver
    """

    backend: str
    open: Callable[[type[np.floating]], Device]
    copy: Callable[[Any, Any], None] | None


@dataclass(frozen=True)
class Extent:
    """How much is measured: arrays of the copy [bytes], time that is counted at least [s], cell-steps of one super-step
    of Euler, which then has 16 to 1000 steps."""

    copy_bytes: int
    count_s: float
    euler_cells: float


def nvidia(number: int) -> Gpu:
    """GPU `number` of this machine."""

    def copy(to: Any, of: Any) -> None:
        to.data.copy_from_device_async(of.data, of.nbytes)

    return Gpu(f"cuda:{number}", lambda real: CudaDevice(number, real), copy)


def describe(number: int) -> dict[str, Any]:
    """GPU, its memory [GiB], and the versions of CUDA that the driver and the run-time compiler have."""
    import cupy

    properties = cupy.cuda.runtime.getDeviceProperties(number)
    driver = cupy.cuda.runtime.driverGetVersion()  # 13020 is 13.2
    return {
        "name": properties["name"].decode(),
        "compute_capability": f"{properties['major']}.{properties['minor']}",
        "multiprocessors": int(properties["multiProcessorCount"]),
        "memory_gib": round(properties["totalGlobalMem"] / 2**30, 1),
        "driver_cuda": f"{driver // 1000}.{driver % 1000 // 10}",
        "nvrtc": ".".join(map(str, cupy.cuda.nvrtc.getVersion())),
        "cupy": cupy.__version__,
    }


class WithoutGraphs:
    """A device that launches one kernel after the other where another would replay a graph."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def replay(self, key: Hashable, work: Callable[[], None]) -> None:
        work()


def seconds_of(job: Callable[[], None], wait: Callable[[], object], count_s: float) -> float:
    """Wall time of a job [s] that is done again and again, with one wait for the device at the end."""
    for _ in range(WARM_UP):
        job()
    wait()

    def counted(times: int) -> float:
        began = time.perf_counter()
        for _ in range(times):
            job()
        wait()
        return (time.perf_counter() - began) / times

    times = max(1, math.ceil(count_s / counted(1)))
    return min(counted(times) for _ in range(ROUNDS))
