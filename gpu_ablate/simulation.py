"""Compute a case, or many, on a backend: the one entry of the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from gpu_ablate.case.case import Case
from gpu_ablate.engine.checkpoint import Checkpoints, restore_course
from gpu_ablate.engine.choose import choose_backend, in_batches, open_backend, open_batch
from gpu_ablate.engine.course import Course, Progress
from gpu_ablate.engine.loop import run
from gpu_ablate.result.checkpoint import Checkpoint
from gpu_ablate.result.provenance import provenance
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Records, Result

__all__ = ["Progress", "simulate", "simulate_many"]


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
    backend : "auto", "cuda" (a GPU; "cuda:1" the second one), "numba" (all cores) or "numpy" (float64 reference)
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
    engine = open_backend(name, case)
    course = Course(case, engine, records or MemoryRecords(), progress or (lambda _: None))
    if start is not None:
        restore_course(course, start)
    (result,) = run([course], engine, name, Checkpoints(write))
    earlier = float(start.loop["solve_s"]) if start else 0.0
    return _stamped(result, earlier + time.perf_counter() - began)


def simulate_many(
    cases: Sequence[Case], backend: str = "auto", progress: Callable[[Progress], None] | None = None
) -> list[Result]:
    """Compute many cases; on a GPU those that share grid, precision, accuracy and histories are stepped together.

    Cases that go together share their super-steps: each ends at every switch of any of them and takes the stages that
    the stiffest of them needs. A case that fails stops alone.

    Parameters
    ----------
    cases : each with its own tables, probes and schedule
    backend : as of `simulate`; backends on the CPU compute one case after the other
    progress : as of `simulate`, of all cases in turn

    Returns
    -------
    Results in the order of the cases, with the fields of all records in memory; "wall_s" is the time of all that went
    together.

    Raises
    ------
    BackendError
        The backend cannot be used here, or a single case does not fit its memory.
    """
    name, _ = choose_backend(backend)
    tell = progress or (lambda _: None)
    results: dict[int, Result] = {}
    for together in in_batches(name, cases):
        began = time.perf_counter()
        members, stepper = open_batch(name, [cases[index] for index in together])
        courses = [Course(cases[i], member, MemoryRecords(), tell) for i, member in zip(together, members, strict=True)]
        for index, result in zip(together, run(courses, stepper, name), strict=True):
            results[index] = _stamped(result, time.perf_counter() - began)
        del members, stepper, courses  # and their memory, before the next ones ask for it
    return [results[index] for index in range(len(cases))]


def _stamped(result: Result, wall: float) -> Result:
    """A result with the wall time that it took [s], and what made it."""
    result.run["wall_s"] = wall
    result.provenance = provenance()
    return result
