"""What the time loop must remember to go on: as plain values and back, and when it is written."""

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
    from gpu_ablate.engine.loop import TimeLoop

CHECKPOINT_EVERY_S = 20.0
"""Wall time between two checkpoints [s] ..."""

LARGEST_SHARE = 0.05
"""... or more, so that writing them takes no larger share of it."""


class Checkpoints:
    """Hands the state of a loop to a function, from time to time and when asked to; to none if there is none.

    A checkpoint is taken at the end of a super-step and changes nothing in what follows.
    """

    def __init__(self, write: Callable[[Checkpoint], None] | None) -> None:
        self._write = write
        self._due = time.monotonic() + CHECKPOINT_EVERY_S

    def after_step(self, loop: TimeLoop) -> None:
        """Write one if it is time."""
        if time.monotonic() >= self._due:
            self.write(loop)

    def write(self, loop: TimeLoop) -> None:
        """Write one."""
        if self._write is None:
            return
        began = time.monotonic()
        self._write(Checkpoint(loop_state(loop), loop.backend.save()))
        ended = time.monotonic()
        self._due = ended + max(CHECKPOINT_EVERY_S, (ended - began) / LARGEST_SHARE)


def loop_state(loop: TimeLoop) -> dict[str, Any]:
    """All that a loop at the end of a super-step doesn't find in its case or backend, as plain values (JSON).

    "time_s", "steps" taken, "escaped_j", number of "records", "rows" of the trace, "stations" (see
    `result.encode`), "clocks" of the probes, "places": where each probe last radiated [m], "bounds" of the guard
    [°C], "pace" of the last super-step [K s⁻¹], "film" and "outside" of its exchange (see `Exchange.at`),
    "solve_s": wall time so far
    """
    return {
        "time_s": loop.time,
        "steps": loop.steps,
        "escaped_j": loop.escaped,
        "records": len(loop.records.times),
        "rows": loop.rows,
        "stations": json.loads(encode(loop.stations)),
        "clocks": [clock.state() for clock in loop.clocks],
        "places": loop.sources.places(),
        "bounds": loop.guard.bounds,
        "pace": loop.ranges.pace,
        "film": loop.film.tolist(),
        "outside": loop.outside.tolist(),
        "solve_s": loop.solve_s,
    }


def restore_loop(loop: TimeLoop, checkpoint: Checkpoint) -> None:
    """Bring a new loop, and its backend, to the state of a checkpoint."""
    state = checkpoint.loop
    loop.backend.restore(checkpoint.fields)
    loop.ranges = replace(loop.backend.ranges(), pace=state["pace"])
    loop.film, loop.outside = np.array(state["film"]), np.array(state["outside"])
    loop.time, loop.steps, loop.escaped = state["time_s"], state["steps"], state["escaped_j"]
    loop.rows = state["rows"]
    loop.stations = decode_stations(json.dumps(state["stations"]))
    for clock, values in zip(loop.clocks, state["clocks"], strict=True):
        clock.restore(values)
    loop.sources.place(state["places"])
    loop.guard.bounds = state["bounds"]
    loop.began -= state["solve_s"]
