"""What only a GPU can show: pytest --gpu tests/gpu. With --gpu all other tests of the backend "cuda" run on it as well.

A second device is opened only when the first has done its work, as a run does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gpu_ablate as ga
from bench.gpu import breast, recorded_freeze
from bench.gpu_cases import agreement
from bench.gpu_device import WithoutGraphs, nvidia
from gpu_ablate.engine import cuda_device
from gpu_ablate.engine.cuda import Cuda
from gpu_ablate.engine.cuda_batch import THREADS, bytes_of
from gpu_ablate.engine.cuda_layout import Structures
from gpu_ablate.engine.deposit import FieldShape
from gpu_ablate.engine.device import Device
from gpu_ablate.engine.superstep import SuperStep
from gpu_ablate.errors import BackendError
from gpu_ablate.result.result import Result
from tests.kernels.odd_case import SHAPE, odd_cases

pytestmark = pytest.mark.gpu

CASES = {"breast_pullback": lambda: breast(1.5), "two-cycle freeze": lambda: recorded_freeze(32, 1.5e-3)}

STEPS = (
    SuperStep("euler", 0.06, 4),
    SuperStep("euler", 0.06, 5),
    SuperStep("rkl1", 0.3, 6),
    SuperStep("rkl1", 0.3, 7),
    SuperStep("rkl2", 0.2, 6),
    SuperStep("rkl2", 0.2, 7),
)
"""Even and odd numbers of stages: buffers change places differently."""


def opened() -> Device:
    """The first GPU, for kernels in float32."""
    return cuda_device.CudaDevice(0, np.float32)


@pytest.mark.parametrize("name", CASES)
def test_float32_as_numpy_in_float64(name: str) -> None:
    """Within 0.05 °C at every record and 0.2 % of the volume of every zone; energy closes to what float32 rounds."""
    found = agreement(CASES[name](), nvidia(0), "numpy")
    assert len(found["at"]) > 5
    assert found["greatest_k"] < 0.05
    assert max(found["zones_cm3"].values()) > 1.0
    assert found["greatest_of_zones"] < 2e-3
    assert found["relative_imbalance"] < 1e-5


def all_of(result: Result) -> dict[str, Any]:
    """Everything that a run computed."""
    records = result.records
    fields = {(i, name): records.read(i, name) for i in range(len(records.times)) for name in records.names}
    return {"times": records.times, "stations": result.stations, **fields, **result.final, **result.traces}


def test_the_same_run_twice_gives_the_same_bits() -> None:
    """Fields, histories, traces, stations, energy."""
    case = breast(2.0)
    first, second = (ga.simulate(case, "cuda") for _ in range(2))
    for ours, theirs in zip(all_of(first).values(), all_of(second).values(), strict=True):
        assert np.array_equal(ours, theirs)
    assert first.energy == second.energy
    assert first.final["max_temperature"].max() > 60.0


def course(device: Device, step: SuperStep) -> list[tuple[NDArray[np.floating], dict[str, float], float]]:
    """Nine super-steps of one kind, the source and what is outside changing all the time: temperature, energy and
    fastest change after each. Then each order of the buffers has come three times."""
    (case, _) = odd_cases("float32")
    engine = Cuda(case, device)
    engine.place("field", FieldShape(np.random.default_rng(3).uniform(0.0, 1e6, SHAPE)))
    film, outside = case.exchange.at(0.0)
    said = []
    for number in range(9):
        engine.set_source({"field": 0.5 + 0.1 * number})
        engine.set_exchange(film, outside + number)
        engine.advance(step)
        pace = engine.ranges().pace
        engine.keep()
        said.append((engine.temperature(), engine.sums(), pace))
    return said


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.scheme}-{step.count}")
def test_a_graph_does_what_its_launches_do(step: SuperStep) -> None:
    """The same bits when a super-step is launched, recorded and replayed as when it is always launched."""
    graphs = course(opened(), step)
    launches = course(WithoutGraphs(opened()), step)
    for ours, theirs in zip(graphs, launches, strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert ours[1:] == theirs[1:]
    assert not np.array_equal(graphs[-1][0], graphs[-2][0])


def test_what_is_replayed_is_done_each_time_and_not_called_again() -> None:
    """Adding 1 to what a device holds, five times under one key."""
    device = opened()
    ones, total = device.array(np.ones(1000, np.float32)), device.array(np.zeros(1000, np.float32))
    arguments = np.zeros((), Structures(np.float32).combine)
    arguments["field"], arguments["source"] = device.address(ones), device.address(total)
    arguments["watt"], arguments["n"] = 1.0, 1000
    calls = []

    def work() -> None:
        calls.append(None)
        device.launch("combine", (4, 1, 1), (THREADS, 1, 1), arguments)

    for number in range(1, 6):
        device.replay("add", work)
        assert np.all(total.get() == number)
    assert len(calls) <= 2


def test_too_large_an_array_is_refused_in_words() -> None:
    """4096³ float32, 275 GB: need and remedy, no trace of CuPy's; the device goes on."""
    device = opened()
    with pytest.raises(BackendError, match=r"another 274\.9 GB are needed.*\n.*spacing-mm") as caught:
        device.empty((4096, 4096, 4096), np.float32)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert device.array(np.arange(3.0)).get().tolist() == [0.0, 1.0, 2.0]


def test_too_large_a_case_is_refused_in_words() -> None:
    """Before anything is put on the device."""
    labels = np.broadcast_to(np.zeros((), np.uint8), (4096, 4096, 4096))
    case = odd_cases("float32")[0]
    setup = replace(case.setup, grid=replace(case.setup.grid, shape=labels.shape), labels=labels)
    with pytest.raises(BackendError, match=r"GB are needed, .* GB are free"):
        Cuda(replace(case, setup=setup), opened())


def test_the_gpu_says_what_it_is_and_what_is_missing() -> None:
    """GPU 0 can be used; there is no GPU 99."""
    assert cuda_device.unusable(0) is None
    assert cuda_device.gpu_name(0) == f"{opened().name}, GPU 0"
    assert str(cuda_device.unusable(99)).startswith("there is no GPU 99 (found ")


def test_every_gpu_computes_what_it_is_asked_to() -> None:
    """ "cuda" is the first, "cuda:N" another; all agree to the rounding of float32."""
    case = recorded_freeze(16, 3e-3)
    case = replace(case, run=replace(case.run, duration=60.0))
    usable = [number for number in range(16) if cuda_device.unusable(number) is None]
    results = {number: ga.simulate(case, f"cuda:{number}") for number in usable}
    first = ga.simulate(case, "cuda")
    assert np.array_equal(first.temperature(60.0), results[0].temperature(60.0))
    for number, result in results.items():
        assert result.run["backend"] == (f"cuda:{number}" if number else "cuda")
        assert cuda_device.gpu_name(number) == f"{result.run['device']}, GPU {number}"
        assert np.abs(result.temperature(60.0) - first.temperature(60.0)).max() < 0.01


def test_memory_is_given_back() -> None:
    """From the second run on no more is taken: less than one run's need in two runs."""
    case = recorded_freeze(128, 1e-3)
    case = replace(case, run=replace(case.run, duration=2.0))
    free = []
    for _ in range(4):
        ga.simulate(case, "cuda")
        free.append(opened().free_bytes())
    assert free[1] - free[3] < bytes_of(case)
