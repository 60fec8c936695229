"""Choose a backend by name, say why, and open it for a case."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

from gpu_ablate.case.case import Case
from gpu_ablate.engine.backend import Backend, Member, Stepper
from gpu_ablate.engine.device import Device
from gpu_ablate.errors import BackendError

BACKENDS = ("cuda", "numba", "numpy")
"""From the fastest to the slowest."""


def choose_backend(name: str, device: int | None = None) -> tuple[str, str]:
    """Resolve "auto" and check that the backend can be used; returns its name and the reason in words.

    name : "auto", one of BACKENDS, or "cuda:N" as returned for GPU N
    device : which GPU; with it nothing but a GPU will do

    Raises
    ------
    BackendError
        Unknown name, or what it needs is not here.
    """
    numbered = re.fullmatch(r"cuda:(\d+)", name)
    if numbered and device is None:
        name, device = "cuda", int(numbered[1])
    if name not in ("auto", *BACKENDS):
        raise BackendError(f'unknown backend "{name}"; backends: auto, {", ".join(BACKENDS)}')
    if device is not None and name not in ("auto", "cuda"):
        raise BackendError(f'--device chooses a GPU, but the backend is "{name}"; leave one of them out')
    threads = len(os.sched_getaffinity(0))
    if name == "numba":
        if find_spec("numba") is None:
            raise BackendError('backend "numba" needs the package numba: pip install numba')
        return name, f"asked for; {threads} CPU threads"
    if name == "numpy":
        return name, "asked for"
    from gpu_ablate.engine.cuda_device import gpu_name, unusable

    number = device or 0
    why = unusable(number)
    if why is None:
        return (f"cuda:{number}" if number else "cuda"), gpu_name(number)
    if name == "cuda" or device is not None:
        raise BackendError(f"GPU {number} can't be used: {why}\n  --backend numba computes on the CPU")
    if find_spec("numba") is not None:
        return "numba", f"{threads} CPU threads; no GPU: {why}"
    return "numpy", "numba is not installed (pip install numba makes it about 20 times faster)"


def open_backend(name: str, case: Case) -> Backend:
    """A backend that `choose_backend` returned, with a case loaded.

    Raises
    ------
    BackendError
        A GPU's memory is too small.
    """
    if name == "numpy":
        from gpu_ablate.engine.reference import Reference

        return Reference(case)
    if name == "numba":
        from gpu_ablate.engine.cpu import Cpu

        return Cpu(case)
    from gpu_ablate.engine.cuda import Cuda

    return Cuda(case, _device(name, case))


def in_batches(name: str, cases: Sequence[Case]) -> list[list[int]]:
    """Which cases (by their places) a backend steps together: those of a kind, as many as fit its memory."""
    if name in ("numba", "numpy"):
        return [[index] for index in range(len(cases))]
    from gpu_ablate.engine.cuda_batch import USABLE, bytes_of, kind_of, most_together

    kinds: dict[object, list[int]] = {}
    for index, case in enumerate(cases):
        kinds.setdefault(kind_of(case), []).append(index)
    batches = []
    for alike in kinds.values():
        first = cases[alike[0]]
        usable = USABLE * _device(name, first).free_bytes()
        fitting = int(usable // max(bytes_of(cases[index]) for index in alike))
        most = max(1, min(fitting, most_together(first)))
        batches += [alike[start : start + most] for start in range(0, len(alike), most)]
    return batches


def open_batch(name: str, cases: Sequence[Case]) -> tuple[Sequence[Member], Stepper]:
    """What `in_batches` put together, loaded; raises as `open_backend`."""
    if name in ("numba", "numpy"):
        backend = open_backend(name, cases[0])
        return [backend], backend
    from gpu_ablate.engine.cuda import batch_of

    return batch_of(cases, _device(name, cases[0]))


def _device(name: str, case: Case) -> Device:
    """The GPU of "cuda" or "cuda:N", its kernels in the precision of a case."""
    from gpu_ablate.engine.cuda_device import CudaDevice

    return CudaDevice(int(name.partition(":")[2] or 0), np.dtype(case.run.precision).type)
