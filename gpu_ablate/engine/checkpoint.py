"""What a course must remember to go on: as plain values and back, and when it is written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu_ablate.result.checkpoint import Checkpoint
from gpu_ablate.result.encode import decode_stations, encode

if TYPE_CHECKING:
    from gpu_ablate.engine.course import Course

CHECKPOINT_EVERY_S = 20.0
"""Wall time between two checkpoints [s] ..."""

LARGEST_SHARE = 0.05
"""... or more, so that writing them takes no larger share of it."""


class Checkpoints:
    """Hands the state of a course to a function, from time to time and when asked to; to none if there is none.

    A checkpoint is taken at the end of a super-step and changes nothing in what follows.
    """

    def __init__(self, write: Callable[[Checkpoint], None] | None) -> None:
        self._write = write
        self._due = time.monotonic() + CHECKPOINT_EVERY_S

    def after_step(self, course: Course) -> None:
        """Write one if it is time."""
        if time.monotonic() >= self._due:
            self.write(course)

    def write(self, course: Course) -> None:
        """Write one."""
        if self._write is None:
            return
        began = time.monotonic()
        self._write(Checkpoint(course_state(course), {**course.backend.save(), **course.sources.save()}))
        ended = time.monotonic()
        self._due = ended + max(CHECKPOINT_EVERY_S, (ended - began) / LARGEST_SHARE)


def course_state(course: Course) -> dict[str, Any]:
    """All that a course at the end of a super-step doesn't find in its case or backend, as plain values (JSON).

    "time_s", "steps" taken, "lost" energy, number of "records", "rows" of the trace, "stations" (see
    `result.encode`), "clocks" of the probes, "antennas": where each last radiated, "cryoprobes": what flows through
    each, "bounds" of the guard [°C], "pace" of the last super-step [K s⁻¹], "film" and "outside" of its exchange
    (see `Exchange.at`), "solve_s": wall time so far
    """
    return {
        "time_s": course.time,
        "steps": course.steps,
        "lost": course.lost,
        "records": len(course.records.times),
        "rows": course.rows,
        "stations": json.loads(encode(course.stations)),
        "clocks": [clock.state() for clock in course.clocks],
        "antennas": course.sources.state(),
        "cryoprobes": course.cryoprobes.state(),
        "bounds": course.guard.bounds,
        "pace": course.ranges.pace,
        "film": course.film.tolist(),
        "outside": course.outside.tolist(),
        "solve_s": course.solve_s,
    }


def restore_course(course: Course, checkpoint: Checkpoint) -> None:
    """Bring a new course, and its backend, to the state of a checkpoint."""
    state = checkpoint.loop
    course.backend.restore(checkpoint.fields)
    course.ranges = replace(course.backend.ranges(), pace=state["pace"])
    course.film, course.outside = np.array(state["film"]), np.array(state["outside"])
    course.time, course.steps, course.lost = state["time_s"], state["steps"], state["lost"]
    course.rows = state["rows"]
    course.stations = decode_stations(json.dumps(state["stations"]))
    for clock, values in zip(course.clocks, state["clocks"], strict=True):
        clock.restore(values)
    course.sources.restore(state["antennas"], checkpoint.fields)
    course.cryoprobes.restore(state["cryoprobes"])
    course.guard.bounds = state["bounds"]
    course.began -= state["solve_s"]
