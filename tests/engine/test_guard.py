"""A run that goes wrong stops, says where, when and why, and keeps what it has; a sound one is left alone."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.case import Case
from gpu_ablate.engine import course, loop
from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.course import Course
from gpu_ablate.engine.guard import HOTTEST_C
from gpu_ablate.engine.loop import run
from gpu_ablate.engine.reference import Reference
from gpu_ablate.engine.superstep import SuperStep
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Result
from tests.engine.conftest import BACKENDS, PROBE, SMALL, Build

RUN = "[run]\nduration_s = 10\nrecord_every_s = 2\ntrace_every_s = 1\n"
COLD = SMALL.replace('z_max = "insulated"', 'z_min = { temperature_c = 5 }\nz_max = "insulated"') + RUN
PLACE = re.compile(r'at \((.*), (.*), (.*)\) mm in "(.*)" at t = ([\d.]+) s, ')

BROKEN_CELL = (5, 12, 12)
"""(k, j, i) of a cell of the tumour."""


def spoilt(case: Case, added: float, where: Any = BROKEN_CELL, backend: str = "numpy") -> Result:
    """A run of a backend that is right, but adds something to some cells after each super-step from the fifth on."""
    engine = open_backend(backend, case)
    advance, taken = engine.advance, itertools.count(1)

    def spoil(step: SuperStep) -> None:
        advance(step)
        if next(taken) >= 5:
            saved = engine.save()
            u = saved["u"].copy()
            u[where] += added
            engine.restore({**saved, "u": u})

    engine.advance = spoil  # type: ignore[method-assign]
    (result,) = run([Course(case, engine, MemoryRecords(), lambda _: None)], engine, backend)
    return result


def require_failed_early(result: Result, says: str) -> None:
    """It failed within the run, and can still be measured."""
    assert result.status == "failed"
    assert says in result.run["failure"]
    assert result.records.times[0] == 0.0
    assert len(result.records.times) >= 2
    assert result.records.times[-1] < 10.0
    assert len(result.traces["time_s"]) >= 3
    assert ga.measure(result)["status"] == "failed"


@pytest.mark.parametrize(
    ("added", "says"),
    [
        (20.0, "though nothing heats above 37."),
        (-40.0, "though nothing cools below 5.00 °C"),
        (2000.0, f"beyond the {HOTTEST_C:g} °C that the model covers"),
        (-400.0, "beyond the -200 °C that the model covers"),
    ],
)
def test_a_temperature_out_of_bounds_is_found(build: Build, added: float, says: str) -> None:
    case = build(COLD)
    result = spoilt(case, added)
    require_failed_early(result, says)
    found = PLACE.search(str(result.run["failure"]))
    assert found is not None
    x, y, z = case.setup.grid.axes()
    k, j, i = BROKEN_CELL
    assert [float(text) for text in found.groups()[:3]] == pytest.approx(
        [x[i] * 1e3, y[j] * 1e3, z[k] * 1e3], abs=0.051
    )
    assert found[4] == "tumour"
    assert 2.0 < float(found[5]) < 5.0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("added", [np.nan, np.inf, -np.inf])
def test_a_cell_that_is_not_finite_is_found(build: Build, added: float, backend: str) -> None:
    result = spoilt(build(COLD), added, backend=backend)
    assert result.status == "failed"
    assert re.match(
        r'(nan|-?inf) °C at \(0\.8, 0\.8, -9\.8\) mm in "tumour" at t = .* s, no', str(result.run["failure"])
    )
    assert result.records.times == [0.0, 2.0]


def test_heat_from_nowhere_is_found(build: Build) -> None:
    """3 mK a step in all cells are within all bounds, but not in the balance."""
    result = spoilt(build(COLD), 0.003, ...)
    require_failed_early(result, "stored and brought heat differ by")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_beyond_the_limit_is_found(build: Build, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Euler at more than twice its limit swings up; it is stopped long before numbers end."""
    monkeypatch.setattr(course, "LONGEST", {"standard": 4.0})
    monkeypatch.setattr(course, "calm_span", lambda *_: np.inf)
    for chosen in ("plain", "plan"):
        monkeypatch.setattr(loop, chosen, lambda span, *_: SuperStep("euler", span, 1))
    text = COLD.partition("[run]")[0].replace("spacing_mm = 1.5", "spacing_mm = 1.0")
    text += "[run]\nduration_s = 200\ntrace_every_s = 4\nrecord_every_s = 200\n"
    result = ga.simulate(build(text), backend)
    assert result.status == "failed"
    assert re.search("though nothing (heats above|cools below)", str(result.run["failure"]))
    assert 0.0 < result.run["simulated_s"] < 200.0
    assert np.isfinite(result.final["max_temperature"]).all()


def test_a_wrong_heat_capacity_is_found(build: Build) -> None:
    """The heat goes where the backend says, but the cells warm and cool too fast for it."""
    case = build(COLD)
    backend = Reference(case)
    backend.inverse_heat_capacity *= 1.02
    (result,) = run([Course(case, backend, MemoryRecords(), lambda _: None)], backend, "numpy")
    require_failed_early(result, "stored and brought heat differ by")


@pytest.mark.parametrize("backend", BACKENDS)
def test_heating_and_what_remains_of_it_are_no_errors(build: Build, backend: str) -> None:
    """Hot tissue after the power is off, metabolism without blood, a cold pack that comes and goes."""
    text = SMALL + PROBE.format(
        steps='{ action = "hold", power_w = 60, duration_s = 8 }, { action = "rest", duration_s = 20 }'
    )
    text += """
    [tissue.breast_tumour]
    like = "breast_tumour"
    perfusion_1_s = 0
    metabolic_heat_w_m3 = 400000
    [[surface_patch]]
    name = "pack"
    center_mm = [0, 0, 0]
    radius_mm = 9
    h_w_m2k = 300
    temperature_c = -10
    start_s = 3
    end_s = 12
    [run]
    endpoint = "cem43_240"
    """
    result = ga.simulate(build(text), backend)
    assert result.status == "done"
    assert result.final["max_temperature"].max() > 60.0
