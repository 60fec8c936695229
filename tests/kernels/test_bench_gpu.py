"""The benchmarks of the GPU, at tiny size on the CPU in its place: they run to their ends and count rightly.

No time is looked at.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench import gpu
from bench.gpu_device import Extent, Gpu, WithoutGraphs, describe, seconds_of
from bench.gpu_speed import HOST_BYTES, copy_bandwidth, full_physics, loaded, super_steps, timed_block
from bench.problems import microwave, two_cycle_freeze
from gpu_ablate.engine.superstep import SuperStep
from gpu_ablate.errors import BackendError
from tests.kernels.host_device import HostArray, HostDevice

EXTENT = Extent(copy_bytes=4096, count_s=0.0, euler_cells=16.0 * 6**3)


def copy(to: HostArray, of: HostArray) -> None:
    to.set(of.get())


HOST = Gpu("cuda", HostDevice, copy)

TINY = gpu.Programme(
    quick=True,
    extent=EXTENT,
    sizes=(6, 5),
    ensemble=(8, 4),
    tiny=4,
    timed={"microwave": lambda: microwave(10, 3.0)},
    compared={"freeze": lambda: two_cycle_freeze(16, 90.0, 3e-3)},
)

ABOUT: dict[str, Any] = {
    "date": "2000-01-01",
    "machine": {"cpu": "CPU", "cores": 1},
    "gpu": {
        "name": "none",
        "compute_capability": "0.0",
        "multiprocessors": 1,
        "memory_gib": 1.0,
        "driver_cuda": "0.0",
        "nvrtc": "0.0",
        "cupy": "0.0",
    },
}


def test_every_part_runs_and_is_shown() -> None:
    """Nothing fails or is left out; what is written after each part grows; the tables read back from JSON."""
    written: list[str] = []
    found = gpu.measure(HOST, TINY, lambda found: written.append(json.dumps({**ABOUT, **found})))
    assert (found["failed"], found["left_out"]) == ({}, {})
    assert len(written) == len(found["seconds"]) == 7
    assert [len(text) for text in written] == sorted(len(text) for text in written)
    assert json.loads(written[-1]) == {**ABOUT, **found}

    speeds = {(row["n"], row["scheme"], row["damage"]) for row in found["full_physics"]}
    assert speeds == {(n, scheme, damage) for n in (6, 5) for scheme in ("euler", "rkl1", "rkl2") for damage in (0, 1)}
    case = found["whole_cases"]["microwave"]
    assert case["status"] == "done"
    assert case["relative_imbalance"] < 1e-6
    assert case["super_steps"] <= case["right_hand_sides"]
    assert {row["large"] for row in found["ensemble"]} == {8}

    text = gpu.tables(json.loads(written[-1]))
    for expected in ("| 6³ | rkl2 | 13 | yes |", "| microwave | 1000 |", "| 8 x 4³ beside 8³ | euler |", "NVRTC"):
        assert expected in text
    assert "| freeze, 3 mm | 4096 | numpy float64 |" in text


def test_agreement_is_that_of_float32() -> None:
    """The kernels on the CPU against NumPy: within 0.05 °C and 0.2 % of the zones, and not without a difference."""
    row = gpu.agreement(two_cycle_freeze(16, 90.0, 3e-3), HOST, "numpy")
    assert 0.0 < row["greatest_k"] < 0.05
    assert 0.0 < row["greatest_of_zones"] < 2e-3
    assert row["zones_cm3"]["below_m20c"] > 1.0
    assert row["simulated_s"] == [90.0, 90.0]


def test_a_part_that_goes_wrong_is_named_and_the_others_go_on() -> None:
    """A device that is full, a driver that fails."""

    def broken(to: HostArray, of: HostArray) -> None:
        raise RuntimeError("no copy today")

    def full(real: type[np.floating]) -> HostDevice:
        return HostDevice(real, memory=10**4)

    wanted = replace(TINY, timed={}, compared={})
    found = gpu.measure(Gpu("cuda", HostDevice, broken), wanted, lambda _: None)
    assert found["failed"]["copy"] == "RuntimeError: no copy today"
    assert found["ensemble"]
    found = gpu.measure(Gpu("cuda", full, copy), wanted, lambda _: None)
    assert set(found["left_out"]) == {"full physics, 6³", "full physics, 5³", "ensemble", "launches"}
    assert "0.0 GB are free" in found["left_out"]["ensemble"]
    text = gpu.tables({**ABOUT, **found})
    assert "Left out: ensemble: the CPU in place of a GPU: 0.0 GB are needed" in text


def test_what_the_host_cannot_hold_is_not_begun() -> None:
    n = round((1e18 / HOST_BYTES) ** (1 / 3))
    with pytest.raises(BackendError, match="the host has"):
        full_physics(HOST, n, 1.0, EXTENT)


def test_a_job_is_counted_as_often_as_it_is_done() -> None:
    """One wait for each count; 8 goes before the first count, which is of one."""
    events: list[str] = []
    seconds_of(lambda: events.append("job"), lambda: events.append("wait"), 0.0)
    counts = [len(part) for part in "".join(event[0] for event in events).split("w")]
    assert counts == [8, 1, 1, 1, 1, 0]


def test_a_gpu_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """From what CuPy says of it; versions as people write them."""
    properties = {
        "name": b"NVIDIA H200",
        "major": 9,
        "minor": 0,
        "multiProcessorCount": 132,
        "totalGlobalMem": 141 << 30,
    }
    runtime = SimpleNamespace(getDeviceProperties=lambda _: properties, driverGetVersion=lambda: 13020)
    cuda = SimpleNamespace(runtime=runtime, nvrtc=SimpleNamespace(getVersion=lambda: (13, 1)))
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda, __version__="14.2.0"))
    found = describe(0)
    assert set(found) == set(ABOUT["gpu"])
    assert (found["name"], found["compute_capability"], found["memory_gib"]) == ("NVIDIA H200", "9.0", 141.0)
    assert (found["driver_cuda"], found["nvrtc"], found["cupy"]) == ("13.2", "13.1", "14.2.0")


def test_the_copy_copies() -> None:
    """What is timed moves every element: `combine` with one watt."""
    seen: list[tuple[int, bool]] = []

    class Watched(HostDevice):
        def empty(self, shape: tuple[int, ...], dtype: Any) -> HostArray:
            self.arrays = [*getattr(self, "arrays", []), super().empty(shape, dtype)]
            return self.arrays[-1]

        def launch(self, kernel: str, grid: Any, block: Any, arguments: Any) -> None:
            super().launch(kernel, grid, block, arguments)
            of, to = (array.get() for array in self.arrays[:2])
            seen.append((to.nbytes, np.array_equal(of, to)))

    copy_bandwidth(Gpu("cuda", Watched, None), EXTENT)
    assert set(seen) == {(4096, True)}


@pytest.mark.parametrize("scheme", ["euler", "rkl1", "rkl2"])
def test_the_state_that_is_timed_is_that_of_the_block(scheme: str) -> None:
    """Many short super-steps leave it where it was, and finite."""
    case, u, source = timed_block(6)
    step = super_steps(6**3, EXTENT)[scheme]  # type: ignore[index]
    batch = loaded([case, case], u, source, WithoutGraphs(HostDevice()))
    for _ in range(30):
        batch.advance(step)
        batch.keep()
    assert np.abs(batch.u.get() - u).max() < 0.2
    assert step.count == {"euler": 16, "rkl1": 9, "rkl2": 13}[scheme]


def test_without_graphs_gives_the_same() -> None:
    case, u, source = timed_block(5)
    found = []
    for device in (HostDevice(), WithoutGraphs(HostDevice())):
        batch = loaded([case], u, source, device)
        for _ in range(4):
            batch.advance(SuperStep("rkl1", 0.2, 4))
            batch.keep()
        found.append((batch.u.get(), batch.booked.get()))
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))
