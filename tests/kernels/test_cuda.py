"""The CUDA backend, its kernels run on the CPU, against the reference; and against itself in another order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

import gpu_ablate as ga
from gpu_ablate.case.case import Case
from gpu_ablate.engine.backend import Backend
from gpu_ablate.engine.cuda import Cuda
from gpu_ablate.engine.deposit import FieldShape
from gpu_ablate.engine.reference import Reference
from gpu_ablate.engine.superstep import SuperStep
from tests.engine.random_cases import HELD, Face, made_case, settings_of
from tests.kernels.host_device import HostDevice
from tests.random_tissues import LIBRARY

Array = NDArray[np.float64]

STEPS = {
    "euler": SuperStep("euler", 0.12, 5),
    "rkl1": SuperStep("rkl1", 0.3, 9),
    "rkl2": SuperStep("rkl2", 0.2, 9),
}

SHAPES = [(17, 9, 33), (3, 17, 71), (33, 8, 32), (1, 1, 1), (2, 70, 5)]
"""(nz, ny, nx): more and less than a block and its planes, and one cell beyond."""


def patchwork(shape: tuple[int, int, int], precision: str) -> tuple[Case, Array, Array]:
    """Soft tissue, fat, bone and gas in pieces, between faces of all kinds; hot, boiling and frozen places; a source.

    Returns
    -------
    case, u to start from [K], power density [W m⁻³]
    """
    rng = np.random.default_rng(7)
    nz, ny, nx = shape
    pieces = rng.integers(0, 4, (nz // 4 + 1, ny // 5 + 1, nx // 7 + 1)).astype(np.uint8)
    labels = pieces.repeat(4, 0).repeat(5, 1).repeat(7, 2)[:nz, :ny, :nx].copy()
    labels[0, 0, 0] = 0
    tissues = [LIBRARY["liver"], LIBRARY["breast_fat"], LIBRARY["cortical_bone"], None]
    faces = {
        "x_min": Face(HELD, -140.0),
        "y_max": Face(50.0, 20.0),
        "z_min": Face(2e3, 60.0),
        "z_max": Face(HELD, 37.0),
    }
    case = made_case(
        tissues, labels, np.full(shape, 37.0), faces, settings_of("standard", 10.0, precision), spacing=1.5e-3
    )
    smooth = np.add.outer(np.add.outer(np.arange(nz), np.arange(ny)), np.arange(nx))
    u = 90.0 * np.sin(0.2 * smooth) + 60.0 * np.cos(0.13 * smooth) + rng.normal(0.0, 0.5, shape)
    u = np.where(u < -40.0, 2.0 * u, u)
    u[labels == 3] = 0.0
    return case, u, np.where(labels == 3, 0.0, 2e6 * rng.random(shape))


def stepped(engine: Backend, case: Case, u: Array, density: Array, step: SuperStep, times: int) -> None:
    """Take super-steps from u."""
    engine.restore({**engine.save(), "u": u})
    engine.place("heat", FieldShape(density))
    engine.set_source({"heat": 1.0})
    engine.set_exchange(*case.exchange.at(0.0))
    for _ in range(times):
        engine.advance(step)
        engine.ranges()
        engine.keep()


@pytest.mark.parametrize("scheme", STEPS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_many_super_steps_as_in_the_reference(shape: tuple[int, int, int], scheme: str) -> None:
    """float64: within the 0.25 K bins in which the reference's potential is linear, 1e-4 °C after six super-steps."""
    case, u, density = patchwork(shape, "float64")
    cuda, reference = Cuda(case, HostDevice(np.float64)), Reference(case)
    for engine in (cuda, reference):
        stepped(engine, case, u, density, STEPS[scheme], 6)
    assert np.abs(reference.temperature() - 37.0 - u).max() > 1.0 or shape == (1, 1, 1)
    assert np.abs(cuda.temperature() - reference.temperature()).max() < 1e-4
    for name in ("max_temperature", "min_temperature"):
        assert np.abs(cuda.history(name) - reference.history(name)).max() < 1e-4
    found, expected = cuda.sums(), reference.sums()
    scale = max(abs(value) for value in expected.values())
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale)
    assert cuda.ranges().pace == pytest.approx(reference.ranges().pace, rel=1e-4)
    for ours, theirs in zip(
        (cuda.ranges().lows, cuda.ranges().highs), (reference.ranges().lows, reference.ranges().highs), strict=True
    ):
        assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("scheme", STEPS)
def test_the_order_of_threads_and_what_memory_held_change_no_bit(scheme: str) -> None:
    """Blocks and threads forwards, backwards and shuffled, fresh memory full of ones or zeros: the same bits."""
    case, u, density = patchwork((18, 9, 35), "float32")
    found = []
    for order, spoilt in itertools.product((0, 1, 5), (0xFF, 0x00)):
        cuda = Cuda(case, HostDevice(np.float32, order=order, spoilt=spoilt))
        stepped(cuda, case, u, density, STEPS[scheme], 2)
        found.append((cuda.temperature(), cuda.history("min_temperature"), cuda.sums(), cuda.ranges().pace))
    for other in found[1:]:
        assert np.array_equal(found[0][0], other[0])
        assert np.array_equal(found[0][1], other[1])
        assert found[0][2:] == other[2:]


def test_an_undone_super_step_leaves_nothing() -> None:
    """State, histories and energy are as if it had not been."""
    case, u, density = patchwork((5, 9, 12), "float32")
    engines = [Cuda(case, HostDevice(np.float32)) for _ in range(2)]
    for engine in engines:
        stepped(engine, case, u, density, STEPS["euler"], 1)
    engines[1].advance(STEPS["rkl1"])
    engines[1].undo()
    for engine in engines:
        engine.advance(STEPS["euler"])
        engine.keep()
    saved = [engine.save() for engine in engines]
    for name in saved[0]:
        assert np.array_equal(saved[0][name], saved[1][name])
    assert engines[0].sums() == engines[1].sums()


def test_a_state_that_is_not_finite_is_seen() -> None:
    """Ranges are nan for the region that holds it, and for no other."""
    case, u, _ = patchwork((5, 9, 12), "float32")
    engine = Cuda(case, HostDevice(np.float32))
    region = int(case.setup.labels[2, 3, 4])
    for bad in (np.nan, np.inf, -np.inf):
        spoilt = u.copy()
        spoilt[2, 3, 4] = bad
        engine.restore({**engine.save(), "u": spoilt})
        ranges = engine.ranges()
        assert np.isnan(ranges.lows[region])
        assert np.isnan(ranges.highs[region])
        assert np.isfinite(np.delete(ranges.lows, region)[np.delete(ranges.lows, region) < np.inf]).all()
    assert np.isnan(ranges.lows).sum() == 1


def test_a_region_without_cells_spans_nothing() -> None:
    """(inf, -inf), as in the reference."""
    labels = np.full((3, 4, 5), 1, np.uint8)
    tissues = [LIBRARY["liver"], LIBRARY["breast_fat"]]
    case = made_case(tissues, labels, np.full(labels.shape, 37.0), {}, settings_of("standard", 1.0, "float32"))
    ranges = Cuda(case, HostDevice(np.float32)).ranges()
    assert (ranges.lows[0], ranges.highs[0]) == (np.inf, -np.inf)
    assert (ranges.lows[1], ranges.highs[1], ranges.pace) == (0.0, 0.0, 0.0)


def test_the_shipped_scene_as_on_numba() -> None:
    """breast_pullback at 3 mm: field within 1e-3 °C, zone and margin alike, energy closed."""
    case = ga.build_case(ga.load_scene("breast_pullback", spacing_mm=3.0))
    results = {name: ga.simulate(case, name) for name in ("cuda", "numba")}
    end = results["numba"].records.times[-1]
    assert np.abs(results["cuda"].temperature(end) - results["numba"].temperature(end)).max() < 1e-3
    metrics = {name: ga.measure(result) for name, result in results.items()}
    volumes = [metrics[name]["zones"]["cem43_240"]["volume_cm3"] for name in results]
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-3)
    assert volumes[1] > 1.0
    assert metrics["cuda"]["energy"]["relative_imbalance"] < 1e-6
    assert [station.end_s for station in results["cuda"].stations] == [s.end_s for s in results["numba"].stations]
