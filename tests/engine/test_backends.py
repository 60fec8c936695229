"""Laws that every backend keeps, and their agreement with each other."""

from __future__ import annotations

import numpy as np
import pytest

import gpu_ablate as ga
from bench.problems import heat
from gpu_ablate.engine.cpu import Cpu
from gpu_ablate.engine.reference import Reference
from gpu_ablate.engine.superstep import SuperStep
from tests.engine.conftest import BACKENDS, PROBE, SMALL, Build

HOLD = PROBE.format(steps='{ action = "hold", power_w = 40, duration_s = 20 }, { action = "rest", duration_s = 5 }')


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_body_at_rest_stays_at_37_exactly(build: Build, backend: str) -> None:
    """No power, no metabolic heat, faces at body temperature or insulated: nothing happens, to the last bit."""
    case = build("""
    [domain]
    spacing_mm = 2
    min_mm = [-10, -10, -10]
    max_mm = [10, 10, 10]
    background = "liver"
    [boundary]
    default = "body"
    z_max = "insulated"
    [tissue.liver]
    like = "liver"
    metabolic_heat_w_m3 = 0
    [[region]]
    name = "lump"
    tissue = "lump"
    shape = { kind = "sphere", center_mm = [0, 0, 0], radius_mm = 6 }
    [tissue.lump]
    like = "breast_tumour"
    metabolic_heat_w_m3 = 0
    [run]
    duration_s = 300
    trace_every_s = 50
    """)
    result = ga.simulate(case, backend)
    assert np.array_equal(result.temperature(300.0), np.full(case.setup.grid.shape, np.float32(37.0)))


def test_backends_agree_on_the_shipped_scene() -> None:
    """NumPy float64 and Numba float32 on breast_pullback at 2 mm, cut short: 0.05 °C, 0.5 % of the zone."""
    shorter = [f"probe.A.steps.{step}.duration_s={time_s}" for step, time_s in ((0, 40), (2, 20), (4, 10), (5, 10))]
    case = ga.build_case(ga.load_scene("breast_pullback", shorter, spacing_mm=2.0))
    results = {backend: ga.simulate(case, backend) for backend in ("numba", "numpy")}
    end = case.run.duration or results["numpy"].records.times[-1]
    difference = results["numba"].temperature(end) - results["numpy"].temperature(end)
    assert np.abs(difference).max() < 0.05
    metrics = {backend: ga.measure(result) for backend, result in results.items()}
    volumes = [metrics[backend]["zones"]["cem43_240"]["volume_cm3"] for backend in results]
    assert volumes[0] > 1.0
    assert volumes[0] == pytest.approx(volumes[1], rel=0.005)
    assert metrics["numba"]["energy"]["relative_imbalance"] < 1e-3
    assert metrics["numpy"]["energy"]["relative_imbalance"] < 1e-8


def test_the_number_of_threads_changes_nothing(build: Build) -> None:
    """Bitwise: planes are summed in the same order however they are shared out."""
    case = build(SMALL + HOLD)
    source = np.zeros(case.setup.grid.shape)
    source[4:9, 8:14, 10:15] = 3e6
    engines = []
    for threads in (1, 2, 3):
        engine = Cpu(case, threads=threads)
        engine.set_exchange(*case.exchange.at(0.0))
        heat(engine, source)
        engine.advance(SuperStep("euler", 20.0, 50))
        engine.keep()
        engines.append(engine)
    for other in engines[1:]:
        assert np.array_equal(engines[0].u, other.u)
        assert np.array_equal(engines[0].fields, other.fields)
        assert engines[0].sums() == other.sums()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_plan_turned_by_90_degrees_gives_the_turned_field(build: Build, backend: str) -> None:
    """Turning tumour, needle and sources about z turns the result (float32: 1e-4 °C)."""
    turned = SMALL.replace(
        "center_mm = [1, -2, -9], radii_mm = [5, 4, 4]", "center_mm = [2, 1, -9], radii_mm = [4, 5, 4]"
    ) + HOLD.replace("tip_mm = [-6, 0, -12]", "tip_mm = [0, -6, -12]").replace("[1, 0, 0.5]", "[0, 1, 0.5]")
    first = ga.simulate(build(SMALL + HOLD), backend).temperature(25.0)
    second = ga.simulate(build(turned), backend).temperature(25.0)
    # (x, y) -> (-y, x): a quarter turn of the last two axes
    assert np.abs(np.rot90(first, k=-1, axes=(1, 2)) - second).max() < 1e-4
    assert first.max() > 60.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_source_no_overshoot(build: Build, backend: str) -> None:
    """Maximum principle: no cell leaves the range of start and surroundings, ice beside fat included."""
    case = build("""
    [domain]
    spacing_mm = 1
    min_mm = [-8, -8, -8]
    max_mm = [8, 8, 8]
    background = "breast_fat"
    [boundary]
    default = "insulated"
    x_min = { temperature_c = -140 }
    y_max = { h_w_m2k = 3000, temperature_c = 45 }
    [[region]]
    name = "ice"
    tissue = "still"
    initial_temperature_c = -40
    shape = { kind = "box", min_mm = [-8, -8, -8], max_mm = [0, 8, 8] }
    [tissue.still]
    like = "muscle"
    perfusion_1_s = 0
    metabolic_heat_w_m3 = 0
    [tissue.breast_fat]
    like = "breast_fat"
    perfusion_1_s = 0
    metabolic_heat_w_m3 = 0
    [run]
    duration_s = 40
    endpoint = "ice"
    trace_every_s = 5
    """)
    result = ga.simulate(case, backend)
    assert result.final["max_temperature"].max() <= 45.0 + 1e-3
    assert result.final["min_temperature"].min() >= -140.0 - 1e-3
    assert result.final["min_temperature"].min() < -120.0


SLAB = """
[domain]
spacing_mm = 1
min_mm = [0, 0, 0]
max_mm = [100, 210, 6]
background = "liver"
[boundary]
default = "insulated"
z_max = { temperature_c = 20, h_w_m2k = 500 }
[model]
perfusion_heat = "none"
[run]
duration_s = 10
precision = "float64"
"""


@pytest.mark.parametrize("step", [SuperStep("euler", 1.0, 3), SuperStep("rkl1", 2.0, 5), SuperStep("rkl2", 2.0, 5)])
@pytest.mark.parametrize("frozen", [False, True])
def test_blocks_of_one_tissue_are_swept_alike(build: Build, step: SuperStep, frozen: bool) -> None:
    """Blocks of one tissue in its linear range take another path: every cell as in the reference, beside ice too."""
    case = build(SLAB)
    shape = case.setup.grid.shape
    rng = np.random.default_rng(1)
    u = rng.uniform(-20.0, 30.0, shape)
    if frozen:
        u[2, 3, 5] = -120.0
    source = 1e6 * rng.random(shape)
    swept, passed, reference = Cpu(case), Cpu(case), Reference(case)
    assert len(swept.blocks) == 2
    assert swept.layout.uniform.all()
    assert swept.alive.size == 0
    passed.layout.uniform[:] = False
    for engine in (swept, passed, reference):
        engine.restore({**engine.save(), "u": u})
        engine.set_exchange(*case.exchange.at(0.0))
        heat(engine, source)
        engine.advance(step)
        engine.keep()
    assert np.abs(swept.u - passed.u).max() < 1e-10
    assert swept.sums() == pytest.approx(passed.sums(), rel=1e-10)
    assert np.abs(swept.u - reference.u).max() < 1e-4  # whose tables are linear within 0.25 K
