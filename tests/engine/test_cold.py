"""What is remembered of freezing: times, cycles and rates of known courses, alike on every backend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import gpu_ablate as ga
from bench.problems import LINEAR
from gpu_ablate.case.case import Case
from gpu_ablate.case.cold import REWARMED_C, cold_histories
from gpu_ablate.case.setup import Endpoint
from gpu_ablate.engine.backend import Backend, Member
from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.cpu import Cpu
from gpu_ablate.engine.cuda import batch_of
from gpu_ablate.engine.deposit import FieldShape
from gpu_ablate.engine.superstep import Scheme, SuperStep
from gpu_ablate.physics.bioheat import TissueProperties
from tests.engine.conftest import BACKENDS
from tests.engine.random_cases import HELD, Face, made_case, settings_of
from tests.kernels.host_device import HostDevice
from tests.random_tissues import LIBRARY

Array = NDArray[np.float64]
Precision = Literal["float32", "float64"]

SHOWN = tuple(history.name for history in cold_histories() if history.kind != "passage")

FREEZING = (LIBRARY["liver"], LIBRARY["breast_fat"], LIBRARY["cortical_bone"])

WAYS: tuple[tuple[Scheme, int, float], ...] = (("euler", 3, math.inf), ("euler", 2, 7.3), ("rkl1", 4, 9.0))
"""Scheme, its stages and longest super-step [s]."""

Ramp = tuple[float, float]
"""Pace [K/s] and duration [s]."""

COURSE: tuple[Ramp, ...] = (
    (-1.0, 87.0), (0.0, 10.0), (0.5, 80.0), (-8.0, 4.375), (0.25, 200.0), (-3.0, 12.0), (-0.5, 38.0), (4.0, 15.0),
    (-5.0, 8.0), (2.0, 20.0),
)  # fmt: skip
"""37, -50, -50, -10, -45, 5, -31, -50, 10, -30, 10 °C."""

PARTS = (1.0, 0.0, 0.5)
"""Of the course in each of three cells: all; none; half of each ramp, which comes to -6.5, -6.5, -4, -6.5 °C."""

EXPECTED = {
    "time_below_0c": (395.875 + 31 / 3, 0.0, 111.25),
    "time_below_m20c": (255.625 + 11 / 3, 0.0, 0.0),
    "time_below_m40c": (83.125, 0.0, 0.0),
    "cycles_m20c": (4.0, 0.0, 0.0),
    "cycles_m20c_thawed": (3.0, 0.0, 0.0),
    "cycles_m40c": (3.0, 0.0, 0.0),
    "cycles_m40c_thawed": (2.0, 0.0, 0.0),
    "cooling_rate": (300.0, 0.0, 0.0),
    "thaw_rate": (240.0, 0.0, 0.0),
}
"""Only passages from -5 to -20 °C and back count: at -8 K/s the cell comes from -10 °C, at 0.5 K/s it turns there."""


def apart(tissue: TissueProperties) -> TissueProperties:
    """The same tissue, but each cell of it by itself: u goes as its source says."""
    return replace(tissue, conductivity=1e-12, frozen_conductivity=1e-12, perfusion=0.0, metabolic_heat=0.0)


def still_case(tissues: Sequence[TissueProperties | None], cells: int, precision: Precision) -> Case:
    """So many cells of each tissue, at 37 °C."""
    labels = np.arange(len(tissues), dtype=np.uint8).repeat(cells).reshape(len(tissues), 1, cells)
    settings = settings_of("standard", 1.0, precision)
    separate = [tissue and apart(tissue) for tissue in tissues]
    case = made_case(separate, labels, np.full(labels.shape, 37.0), {}, settings)
    return replace(case, histories=(*case.histories, *cold_histories()))


def begin(engine: Member, case: Case, parts: Array) -> None:
    """Let a source of 1 W change u by `parts` [K/s]."""
    heat_capacity = case.tables.heat_capacity[case.setup.labels]
    density = np.where(np.isfinite(heat_capacity), heat_capacity, 0.0) * parts
    engine.place("ramp", FieldShape(density))
    engine.set_exchange(*case.exchange.at(0.0))


def steps_of(course: Sequence[Ramp], way: tuple[Scheme, int, float]) -> list[tuple[float, SuperStep]]:
    """Paces and super-steps that end at the ends of ramps."""
    scheme, stages, longest = way
    counts = [max(1, math.ceil(duration / longest)) for _, duration in course]
    return [
        (pace, SuperStep(scheme, duration / count, stages))
        for (pace, duration), count in zip(course, counts, strict=True)
        for _ in range(count)
    ]


def go(engine: Backend, steps: Sequence[tuple[float, SuperStep]]) -> None:
    for pace, step in steps:
        engine.set_source({"ramp": pace})
        engine.advance(step)
        engine.keep()


def random_course(case: Case, legs: int) -> tuple[list[Ramp], Array]:
    """Ramps down to ice and back, and what each cell takes of them."""
    rng = np.random.default_rng(4)
    turns = np.where(np.arange(legs) % 2 == 0, rng.uniform(-240.0, -140.0, legs), rng.uniform(-120.0, 0.0, legs))
    turns = np.array([0.0, *turns])
    durations = rng.uniform(5.0, 60.0, legs)
    paces = np.diff(turns) / durations
    return list(zip(paces.tolist(), durations.tolist(), strict=True)), rng.uniform(0.3, 1.1, case.setup.labels.shape)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_ramps_and_triangles_as_by_hand(backend: str, way: tuple[Scheme, int, float]) -> None:
    """However long the steps are; float64 to rounding, float32 to 1e-5."""
    for precision, tolerance in (("float64", 1e-9), ("float32", 1e-5)):
        case = still_case([LINEAR], 3, precision)  # type: ignore[arg-type]
        engine = open_backend(backend, case)
        begin(engine, case, np.array(PARTS))
        go(engine, steps_of(COURSE, way))
        for name in SHOWN:
            assert engine.history(name).ravel() == pytest.approx(EXPECTED[name], rel=tolerance), name


def lived_through(temperature: Array, seconds: float) -> dict[str, float]:
    """The memory of a cell, from samples of its temperature so many seconds apart."""
    found = {f"time_below_{name}": seconds * np.count_nonzero(temperature < edge) for name, edge in
             (("0c", 0.0), ("m20c", -20.0), ("m40c", -40.0))}  # fmt: skip
    for name, cold, warm in (
        ("m20c", -20.0, REWARMED_C), ("m20c_thawed", -20.0, 0.0),
        ("m40c", -40.0, REWARMED_C), ("m40c_thawed", -40.0, 0.0),
    ):  # fmt: skip
        count, armed = 0, True
        for value in temperature:
            if armed and value < cold:
                count, armed = count + 1, False
            armed = armed or value > warm
        found[f"cycles_{name}"] = count
    for name, course, begins, ends in (("cooling", temperature, -5.0, -20.0), ("thaw", -temperature, 20.0, 5.0)):
        fastest, left = 0.0, -1
        for index, value in enumerate(course):
            if value >= begins:
                left = index
            elif value <= ends and left >= 0:
                fastest, left = max(fastest, 60.0 * 15.0 / (seconds * (index - left))), -1
        found[f"{name}_rate"] = fastest
    return found


def test_any_course_as_its_samples_tell() -> None:
    """Tissues that freeze: the laws in u, in long steps, against the temperature sampled 20 times a second."""
    case = still_case(FREEZING, 2, "float64")
    course, parts = random_course(case, 6)
    engine = open_backend("numpy", case)
    begin(engine, case, parts)
    samples, samples_per_s = [np.full((case.setup.grid.cells, 1), 37.0)], 20.0
    for pace, duration in course:
        count = round(duration * samples_per_s)
        temperatures = []
        for _ in range(count):
            go(engine, [(pace, SuperStep("euler", duration / count, 1))])
            temperatures.append(engine.temperature().ravel())
        samples.append(np.array(temperatures).T)
    whole = open_backend("numpy", case)
    begin(whole, case, parts)
    go(whole, steps_of(course, WAYS[0]))
    for cell, temperature in enumerate(np.concatenate(samples, axis=1)):
        for name, value in lived_through(temperature, 1.0 / samples_per_s).items():
            found = whole.history(name).ravel()[cell]
            assert engine.history(name).ravel()[cell] == pytest.approx(found, rel=1e-9), name
            assert found == pytest.approx(value, rel=0.05, abs=0.5 if name.startswith("time") else 0.0), name
    assert {*whole.history("cycles_m40c").ravel()} >= {1.0, 2.0}


@pytest.mark.parametrize("backend", ["numba", "cuda"])
def test_backends_remember_alike(backend: str) -> None:
    """Tissues that freeze, and gas, with edges of their own; what is asked of a few cells too."""
    case = still_case([*FREEZING, None], 40, "float64")
    course, parts = random_course(case, 5)
    engine, reference = open_backend(backend, case), open_backend("numpy", case)
    for one in (engine, reference):
        begin(one, case, parts)
        go(one, steps_of(course, WAYS[1]))
    for name in (*SHOWN, "passage"):
        assert np.abs(engine.history(name) - reference.history(name)).max() < 1e-6, name
        assert np.ptp(reference.history(name)) > 0.0, name
    asked = np.arange(1, 150, 3)
    counts = reference.history("cycles_m20c").ravel()[asked]
    assert set(counts) == {0.0, 1.0, 2.0, 3.0}
    for one in (engine, reference):
        where = one.listed(asked)
        assert one.span(where, "cycles_m20c") == (0.0, 3.0)
        assert one.met(where, Endpoint("lethal20x2", "cycles_m20c", 2.0)) == np.count_nonzero(counts >= 2.0)


def test_cases_stepped_together_keep_their_own_edges() -> None:
    """Two cases on one device, of other tissues and another number of them, as each alone."""
    cases = [still_case([LIBRARY["breast_fat"], None], 6, "float64"), still_case([LIBRARY["liver"]], 12, "float64")]
    cases[1] = replace(
        cases[1], setup=replace(cases[1].setup, grid=cases[0].setup.grid, labels=np.zeros((2, 1, 6), np.uint8))
    )
    cases[1] = replace(cases[1], initial=cases[0].initial)
    course, _ = random_course(cases[0], 3)
    members, batch = batch_of(cases, HostDevice(np.float64))
    for member, case in zip(members, cases, strict=True):
        begin(member, case, np.ones((2, 1, 6)))
    for pace, step in steps_of(course, WAYS[2]):
        for member in members:
            member.set_source({"ramp": pace})
        batch.advance(step)
        batch.keep()
    for member, case in zip(members, cases, strict=True):
        alone = open_backend("numpy", case)
        begin(alone, case, np.ones((2, 1, 6)))
        go(alone, steps_of(course, WAYS[2]))
        for name in (*SHOWN, "passage"):
            assert np.abs(member.history(name) - alone.history(name)).max() < 1e-6, name


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_super_step_can_be_gone_on_from(backend: str) -> None:
    """Bitwise, also in the middle of a passage."""
    case = still_case(FREEZING, 3, "float32")
    course, parts = random_course(case, 4)
    steps = steps_of(course, ("rkl1", 3, 9.0))
    whole, on_the_way = open_backend(backend, case), 0
    begin(whole, case, parts)
    saved = []
    for step in steps:
        go(whole, [step])
        saved.append({name: values.copy() for name, values in whole.save().items()})
    for done in range(1, len(steps), 3):
        resumed = open_backend(backend, case)
        begin(resumed, case, parts)
        resumed.restore(saved[done - 1])
        go(resumed, steps[done:])
        on_the_way += np.count_nonzero(saved[done - 1]["passage"])
        for name in (*SHOWN, "passage"):
            assert np.array_equal(resumed.history(name), whole.history(name)), name
    assert on_the_way > 5


def frozen_block(precision: Precision) -> Case:
    """Liver, fat and bone in pieces, frozen from one side for 20 s."""
    labels = np.random.default_rng(2).integers(0, 3, (6, 5, 7), np.uint8)
    faces = {"x_min": Face(HELD, -140.0), "z_max": Face(HELD, 37.0)}
    settings = settings_of("standard", 20.0, precision)
    case = made_case(FREEZING, labels, np.full(labels.shape, 37.0), faces, settings)
    return replace(case, histories=(*case.histories, *cold_histories()))


def test_threads_change_nothing() -> None:
    case = frozen_block("float32")
    engines = []
    for threads in (1, 2, 3):
        engine = Cpu(case, threads=threads)
        engine.set_exchange(*case.exchange.at(0.0))
        for step in (SuperStep("euler", 2.0, 40), SuperStep("rkl1", 2.0, 9), SuperStep("rkl1", 2.0, 9)):
            engine.advance(step)
            engine.keep()
        engines.append(engine)
    assert engines[0].histories["cycles_m40c"].max() == 0.5
    for other in engines[1:]:
        assert np.array_equal(engines[0].fields, other.fields)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_shows_what_was_lived_through(backend: str) -> None:
    """All fields but the clock; in cells that only ever cooled they follow from the lowest temperature."""
    found = ga.simulate(frozen_block("float32"), backend).final
    assert set(found) == {"max_temperature", "min_temperature", *SHOWN}
    coldest = found["min_temperature"]
    for edge, name in ((0.0, "0c"), (-20.0, "m20c"), (-40.0, "m40c")):
        assert np.array_equal(found[f"time_below_{name}"] > 0.0, coldest < edge), name
    for edge, name in ((-20.0, "m20c"), (-20.0, "m20c_thawed"), (-40.0, "m40c"), (-40.0, "m40c_thawed")):
        assert np.array_equal(found[f"cycles_{name}"], coldest < edge), name
    assert np.array_equal(found["cooling_rate"] > 0.0, coldest <= -20.0)
    assert np.all(found["thaw_rate"] == 0.0)
    assert 0.0 < np.mean(coldest < -40.0) < np.mean(coldest < 0.0) < 1.0
