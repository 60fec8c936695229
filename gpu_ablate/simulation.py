"""Compute a case on a backend: the one entry of the engine."""

from __future__ import annotations

import time
from collections.abc import Callable

from gpu_ablate.case.case import Case
from gpu_ablate.engine.choose import backend_class, choose_backend
from gpu_ablate.engine.loop import Progress, run
from gpu_ablate.result.checkpoint import Checkpoint
from gpu_ablate.result.provenance import provenance
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Records, Result

__all__ = ["Progress", "simulate"]


def simulate(
    case: Case,
    backend: str = "auto",
    records: Records | None = None,
    progress: Callable[[Progress], None] | None = None,
    start: Checkpoint | None = None,
    write: Callable[[Checkpoint], None] | None = None,
) -> Result:
    """Step the temperature of a case through its plan.

    Parameters
    ----------
    case : what `build_case` made
    backend : "auto", "numba" (float32 by default, all cores) or "numpy" (float64 reference)
    records : where the fields go; in memory if None
    progress : called after every super-step, and with a message when a probe ends a step
    start : where an earlier run of the same case on the same backend came to; `records` hold what it recorded
    write : takes a checkpoint from time to time and when the run is interrupted (see engine.checkpoint)

    Returns
    -------
    Result; its status is "interrupted" after Ctrl-C.

    Raises
    ------
    BackendError
        The backend cannot be used here.
    RunError
        The run went wrong.
    """
    began = time.perf_counter()
    name, _ = choose_backend(backend)
    engine = backend_class(name)(case)
    result = run(case, engine, name, records or MemoryRecords(), progress or (lambda _: None), start, write)
    earlier = float(start.loop["solve_s"]) if start else 0.0
    result.run["wall_s"] = earlier + time.perf_counter() - began
    result.provenance = provenance()
    result.run["device"] = result.provenance["cpu"]
    return result
