"""A run that goes on from any checkpoint comes to the last bit to what it would have come to; checkpoints cost nothing.

The case has all that a checkpoint must carry: a probe that moves, is reinserted and ends a step on a condition, one
that comes later, a moving source, a patch that begins and ends, histories, and records between which checkpoints fall.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

from gpu_ablate.case.case import Case
from gpu_ablate.engine import checkpoint
from gpu_ablate.engine.backend import Backend
from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.course import Course
from gpu_ablate.engine.cpu import Cpu
from gpu_ablate.engine.loop import run
from gpu_ablate.result.checkpoint import Checkpoint
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Result
from tests.engine.conftest import BACKENDS, PROBE, SLOT, SMALL, Build

MOVING = PROBE.format(
    steps='{ action = "hold", power_w = 60, duration_s = 30, until = { where = "middle", above_c = 41 } }, '
    '{ action = "pull", distance_mm = 2 }, '
    '{ action = "pull", distance_mm = 3, speed_mm_s = 0.6, power_w = 20 }, { action = "rest", duration_s = 2 }, '
    '{ action = "reinsert", tip_mm = [-4, -6, -12], shaft_direction = [1, 1, 1], duration_s = 1 }, '
    '{ action = "hold", power_w = 20, duration_s = 1.5 }'
)
LATE = PROBE.format(steps='{ action = "rest", duration_s = 3 }, { action = "hold", power_w = 10, duration_s = 4 }')
LATE = LATE.replace('name = "A"', 'name = "B"').replace("[-6, 0, -12]", "[-6, 8, -12]")
DRYING = """
[domain]
spacing_mm = 3
min_mm = [-24, -24, -24]
max_mm = [24, 24, 24]
background = "liver"
""" + SLOT.format(steps='{ action = "hold", power_w = 60, duration_s = 12 }')
"""Liver that dries around an antenna, so that it is solved again."""

FREEZING = """
[domain]
spacing_mm = 3
min_mm = [-12, -12, -6]
max_mm = [12, 12, 24]
background = "muscle"
[[probe]]
name = "A"
device = "cryo_17g"
tip_mm = [0, 0, 0]
shaft_direction = [0.2, 0, 1]
steps = [
  { action = "freeze", duration_s = 20 },
  { action = "thaw", by = "helium", duration_s = 30, until = { where = "A", all_above_c = -20 } },
  { action = "thaw", by = "passive", duration_s = 5 },
  { action = "freeze", output_percent = 60, duration_s = 5 },
]
[run]
trace_every_s = 2
record_every_s = 10
"""
"""Muscle that freezes, thaws and freezes again."""

REST = """
[[source]]
name = "spark"
shape = { kind = "point", point_mm = [6, 6, -12] }
power_w = 2
velocity_mm_s = [-1, 0, 0]
start_s = 1.5
end_s = 6
[[surface_patch]]
name = "cold pack"
center_mm = [0, 0, 0]
radius_mm = 8
h_w_m2k = 200
temperature_c = 5
start_s = 2
end_s = 7.3
[run]
record_every_s = 4
trace_every_s = 1.7
"""


@pytest.fixture
def case(build: Build) -> Case:
    return build(SMALL + MOVING + LATE + REST)


@dataclass
class Kept:
    """Every checkpoint of a run, as it would come back from a file."""

    found: list[Checkpoint] = field(default_factory=list)

    def __call__(self, state: Checkpoint) -> None:
        fields = {name: values.copy() for name, values in state.fields.items()}
        self.found.append(Checkpoint(json.loads(json.dumps(state.loop)), fields))


@pytest.fixture
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Takes a checkpoint at the end of every super-step."""
    monkeypatch.setattr(checkpoint, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(checkpoint, "LARGEST_SHARE", np.inf)
    return Kept()


def solved(
    case: Case, backend: Backend, start: Checkpoint | None = None, earlier: Result | None = None, keep=None
) -> Result:  # type: ignore[no-untyped-def]
    """Compute a case, from a checkpoint of an earlier run if one is given."""
    records = MemoryRecords()
    if start is not None:
        assert earlier is not None
        for index in range(start.loop["records"]):
            fields = {name: earlier.records.read(index, name) for name in earlier.records.names}
            records.append(earlier.records.times[index], fields)
    course = Course(case, backend, records, lambda _: None)
    if start is not None:
        checkpoint.restore_course(course, start)
    (result,) = run([course], backend, "numba", checkpoint.Checkpoints(keep))
    return result


def require_same(one: Result, other: Result) -> None:
    assert one.status == other.status == "done"
    assert one.records.times == other.records.times
    for index in range(len(one.records.times)):
        for name in one.records.names:
            assert np.array_equal(one.records.read(index, name), other.records.read(index, name)), (index, name)
    for name, values in one.final.items():
        assert np.array_equal(values, other.final[name]), name
    assert list(one.traces) == list(other.traces)
    for name, values in one.traces.items():
        assert np.array_equal(values, other.traces[name], equal_nan=True), name
    assert one.stations == other.stations
    assert one.energy == other.energy
    assert one.run["cell_steps"] == other.run["cell_steps"]
    assert one.run["simulated_s"] == other.run["simulated_s"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_checkpoint_leads_to_the_same_end(case: Case, backend: str, at_every_step: Kept) -> None:
    make = partial(open_backend, backend)
    whole = solved(case, make(case))
    watched = solved(case, make(case), keep=at_every_step)
    require_same(whole, watched)
    assert len(at_every_step.found) > 20
    assert {state.loop["records"] for state in at_every_step.found} >= {1, 2, 3}
    for state in at_every_step.found[:: 1 if backend == "numba" else 10]:  # the others are slow
        require_same(whole, solved(case, make(case), state, whole))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_goes_on_while_an_antenna_is_being_solved(build: Build, backend: str, at_every_step: Kept) -> None:
    """The solution that was asked for before the checkpoint is used from the same super-step on."""
    make, case = partial(open_backend, backend), build(DRYING)
    whole = solved(case, make(case), keep=at_every_step)
    under_way = [state for state in at_every_step.found if "antenna 0 asked" in state.fields]
    assert under_way
    for state in under_way:
        assert state.loop["antennas"]["A"]["solves"] >= 2
        require_same(whole, solved(case, make(case), state, whole))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_goes_on_while_a_cryoprobe_cools_and_thaws(build: Build, backend: str, at_every_step: Kept) -> None:
    make, case = partial(open_backend, backend), build(FREEZING)
    whole = solved(case, make(case), keep=at_every_step)
    assert len(at_every_step.found) > 20
    for state in at_every_step.found[:: 3 if backend == "numba" else 12]:
        require_same(whole, solved(case, make(case), state, whole))


def test_a_run_goes_on_with_another_number_of_threads(case: Case, at_every_step: Kept) -> None:
    whole = solved(case, Cpu(case, threads=3))
    solved(case, Cpu(case, threads=1), keep=at_every_step)
    for state in at_every_step.found[3::6]:
        require_same(whole, solved(case, Cpu(case, threads=2), state, whole))


def test_checkpoints_do_not_come_more_often_than_they_may(case: Case) -> None:
    """A run of a second takes none: the first is due after CHECKPOINT_EVERY_S."""
    kept = Kept()
    solved(case, open_backend("numba", case), keep=kept)
    assert kept.found == []
