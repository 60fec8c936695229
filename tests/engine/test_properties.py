"""Laws that hold for any small case: any tissues, layout, start, faces, accuracy; on every backend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.problems import heat
from gpu_ablate.case.case import Accuracy, Case, HeatSource
from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.reference import Reference
from gpu_ablate.engine.stepping import MOST_STAGES, plan
from gpu_ablate.engine.superstep import SuperStep, stages
from gpu_ablate.physics.bioheat import TissueProperties
from gpu_ablate.simulation import simulate
from tests.engine.conftest import BACKENDS
from tests.engine.random_cases import (
    HELD,
    Face,
    accuracies,
    cases,
    films,
    layouts,
    made_case,
    settings_of,
    some_tissues,
)
from tests.random_tissues import LIBRARY, still

OVERSHOOT_C = 0.01
"""Most that a temperature may leave the range of all that acts on it."""

PRECISIONS = [("numpy", "float64"), ("numba", "float64"), ("numba", "float32")]

IMBALANCE = {"float64": 1e-10, "float32": 1e-6}
"""Greatest share of the energy that may be missing, besides what rounding u to the precision takes in each stage."""


def imposed(case: Case) -> tuple[float, float]:
    """Coldest and hottest of start, outside and blood [°C]."""
    outside = [film.theta[0] for film in case.exchange.films]
    blood = [case.tables.blood_theta] if case.tables.perfusion.any() else []
    found = [*case.initial.ravel().tolist(), *outside, *blood]
    return 37.0 + min(found), 37.0 + max(found)


@pytest.mark.parametrize(("backend", "precision"), PRECISIONS)
@settings(max_examples=25)
@given(st.data())
def test_no_source_no_overshoot(backend: str, precision: str, data: st.DataObject) -> None:
    """Maximum principle at the finest accuracy, for any case."""
    case = data.draw(cases(precision))
    keeps_the_maximum_principle(case, backend)


@pytest.mark.parametrize("accuracy", ["standard", "preview"])
def test_a_cell_that_relaxes_does_not_overshoot(accuracy: Accuracy) -> None:
    """One cell of liver, 1 mm, a face held at -140 °C: the smallest case found that breaks it."""
    labels = np.zeros((1, 1, 1), np.uint8)
    run = settings_of(accuracy, 6.0, "float64")
    face = {"z_max": Face(HELD, -140.0)}
    case = made_case([still(LIBRARY["liver"])], labels, np.full(labels.shape, 37.0), face, run)
    keeps_the_maximum_principle(case, "numpy")


def keeps_the_maximum_principle(case: Case, backend: str) -> None:
    """No cell ever leaves the range of the start, what is outside and blood."""
    result = simulate(case, backend)
    low, high = imposed(case)
    assert result.status == "done", result.run
    assert result.final["min_temperature"].min() >= low - OVERSHOOT_C
    assert result.final["max_temperature"].max() <= high + OVERSHOOT_C


@pytest.mark.parametrize(("backend", "precision"), PRECISIONS)
@settings(max_examples=15)
@given(st.data())
def test_energy_balance_closes(backend: str, precision: str, data: st.DataObject) -> None:
    """Sources, metabolism, blood and faces bring what is stored, to the precision."""
    case = data.draw(cases(precision, metabolism=True))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    field = rng.random(case.setup.grid.shape)
    field /= field.sum() * case.setup.grid.cell_volume
    power = data.draw(st.floats(-2e5, 1e6)) * case.setup.grid.cells * case.setup.grid.cell_volume
    heated = replace(case, sources=(HeatSource("heater", power, 0.0, 1e9, field),))
    result = simulate(heated, backend)
    total = sum(abs(value) for name, value in result.energy.items() if name.endswith("_j"))
    stages_taken = int(result.run["cell_steps"]) / case.setup.grid.cells
    # u stays below 4096 K, and most cells far below: half an ulp of 512 K each
    capacity = float(case.tables.heat_capacity[case.setup.labels].sum()) * case.setup.grid.cell_volume
    rounding = stages_taken * 256.0 * float(np.finfo(precision).eps) * capacity
    assert result.energy["relative_imbalance"] * total <= IMBALANCE[precision] * total + rounding


@pytest.mark.parametrize(("backend", "precision"), PRECISIONS)
@settings(max_examples=15)
@given(some_tissues, st.data(), films, accuracies)
def test_at_rest_the_field_stays_at_37_exactly(
    backend: str, precision: str, tissues: list[TissueProperties], data: st.DataObject, h: float, accuracy: Accuracy
) -> None:
    """No power, no metabolic heat, faces at body temperature or insulated: nothing happens, to the last bit."""
    labels = data.draw(layouts(len(tissues)))
    faces = dict.fromkeys(data.draw(st.sets(st.sampled_from(["x_min", "y_max", "z_min", "z_max"]))), Face(h, 37.0))
    run = settings_of(accuracy, 20.0, precision)
    case = made_case([still(tissue) for tissue in tissues], labels, np.full(labels.shape, 37.0), faces, run)
    result = simulate(case, backend)
    for field in (result.temperature(20.0), *result.final.values()):
        assert np.array_equal(field, np.full(labels.shape, np.float32(37.0)))
    assert result.energy["stored_j"] == 0.0


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=15)
@given(st.data())
def test_moved_by_whole_cells_the_field_moves_with_it(backend: str, data: st.DataObject) -> None:
    """A block in an insulating gas, once in a corner and once elsewhere (float32: 1e-4 °C)."""
    tissues = [still(tissue) for tissue in data.draw(some_tissues)]
    block = data.draw(layouts(len(tissues)))
    starts = np.array([data.draw(st.floats(-60.0, 95.0)) for _ in tissues])
    shift = data.draw(st.tuples(*[st.integers(0, 70)] + [st.integers(0, 3)] * 2))
    run = settings_of(data.draw(accuracies), 5.0, "float32")
    fields = []
    for at in ((0, 0, 0), shift[::-1]):
        place = tuple(slice(a, a + n) for a, n in zip(at, block.shape, strict=True))
        shape = tuple(n + s for n, s in zip(block.shape, shift[::-1], strict=True))
        labels = np.full(shape, len(tissues), np.uint8)
        labels[place] = block
        initial_c = np.full(shape, 25.0)
        initial_c[place] = starts[block]
        case = made_case([*tissues, None], labels, initial_c, {}, run)
        fields.append(simulate(case, backend).temperature(5.0)[place])
    assert np.abs(fields[0] - fields[1]).max() < 1e-4


@settings(max_examples=25)
@given(st.data())
def test_backends_agree(data: st.DataObject) -> None:
    """The same super-step in float64 on both: 1e-6 of the range of temperatures (the reference
    interpolates Φ and Δx²/2k linearly within a bin)."""
    case = data.draw(cases("float64", metabolism=True))
    scheme, count = data.draw(st.sampled_from([("euler", 1), ("euler", 4), ("rkl1", 3), ("rkl1", 9), ("rkl2", 5)]))
    fields = []
    for name in BACKENDS:
        engine = open_backend(name, case)
        engine.set_exchange(*case.exchange.at(0.0))
        for _ in range(3):
            engine.advance(SuperStep(scheme, 0.02, count))  # type: ignore[arg-type]
            engine.keep()
        fields.append(engine.temperature())
    low, high = imposed(case)
    assert np.abs(fields[0] - fields[1]).max() <= 1e-6 * (high - low) + 1e-9


@settings(max_examples=50)
@given(
    st.sampled_from(["rkl1", "rkl2"]),
    st.integers(3, 40),
    st.integers(0, 10**6),
    st.floats(1e-3, 1e3),
)
def test_a_super_step_is_the_sum_of_its_weights(scheme: str, count: int, seed: int, tau: float) -> None:
    """Y_s = Y_0 + τ Σ w_i M(Y_i), whatever the M are; Σ w_i = 1."""
    method = stages(scheme, count)  # type: ignore[arg-type]
    rates = np.random.default_rng(seed).normal(size=count)
    before, now = 0.0, tau * method.first * rates[0]
    for stage, rate in zip(method.later, rates[1:], strict=True):
        change = tau * (stage.gain * rate + stage.gain_0 * rates[0])
        before, now = now, stage.mu * now + stage.nu * before + change
    assert now == pytest.approx(tau * float(np.dot(method.weights, rates)), abs=1e-11 * tau)
    assert sum(method.weights) == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=25)
@given(some_tissues, st.data())
def test_insulated_and_evenly_heated_the_enthalpy_rises_by_the_heat(
    tissues: list[TissueProperties], data: st.DataObject
) -> None:
    """One tissue, a uniform source, any scheme: u rises by q t / ρc, through ice and steam."""
    tissue = replace(tissues[0], metabolic_heat=0.0, perfusion=0.0)
    labels = np.zeros((2, 3, 2), np.uint8)
    start = data.draw(st.floats(-60.0, 110.0))
    case = made_case([tissue], labels, np.full(labels.shape, start), {}, settings_of("standard", 1.0, "float64"))
    scheme, count = data.draw(st.sampled_from([("euler", 3), ("rkl1", 5), ("rkl2", 9)]))
    engine = Reference(case)
    before = engine.u.copy()
    heat(engine, np.full(labels.shape, 2e6))
    engine.advance(SuperStep(scheme, 3.0, count))  # type: ignore[arg-type]
    assert engine.u - before == pytest.approx(3.0 * 2e6 / tissue.volumetric_heat_capacity, rel=1e-11)


@settings(max_examples=200)
@given(st.floats(1e-4, 4.0), st.floats(1e-5, 10.0), accuracies)
def test_a_planned_step_is_stable_and_fits(span: float, limit: float, accuracy: Accuracy) -> None:
    """An even part of the span, within the reach of its scheme, with no more stages than its accuracy allows."""
    step = plan(span, limit, accuracy)
    assert span / step.span == pytest.approx(round(span / step.span), rel=1e-9)
    if step.scheme == "euler":
        assert step.span / step.count <= limit * (1 + 1e-8)
    else:
        assert step.span <= limit * stages(step.scheme, step.count).reach * (1 + 1e-8)
        assert step.count <= MOST_STAGES[accuracy]
        assert step.scheme == ("rkl2" if accuracy == "fine" else "rkl1")
