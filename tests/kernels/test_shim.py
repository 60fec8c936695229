"""Run on the CPU, the kernels give the same bits in whatever order their threads run, and faults are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.problems import Precision
from gpu_ablate.paths import data_dir
from tests.kernels.host_device import HostDevice
from tests.kernels.host_kernels import PLAIN, kernels_of
from tests.kernels.odd_case import treat
from tests.kernels.planted import plant

KERNELS = data_dir("cuda_kernels")

BARRIER = "__syncthreads();\n"

SETTINGS = ((1, 0xFF), (2, 0xFF), (0, 0x00))
"""Order of threads and blocks, and what shared memory is full of before; to compare with (0, 0xFF)."""


def results(folder: Path, order: int, spoilt: int, precision: Precision = "float32") -> dict[str, NDArray[Any]]:
    """Everything that the backend says of small cases."""
    return treat(precision, HostDevice(np.dtype(precision).type, folder=folder, order=order, spoilt=spoilt))


def differences(folder: Path, precision: Precision = "float32") -> list[str]:
    """What changes with the order of the threads, or with what was in shared memory before."""
    first = results(folder, 0, 0xFF, precision)
    others = [results(folder, order, spoilt, precision) for order, spoilt in SETTINGS]
    return [name for other in others for name in first if not np.array_equal(first[name], other[name], equal_nan=True)]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_order_of_threads_and_blocks_changes_nothing(precision: Precision) -> None:
    """Bitwise: nothing is read before the barrier that makes it sure, or before it was written."""
    assert differences(KERNELS, precision) == []


def test_no_two_threads_race() -> None:
    """Nor do two blocks: whoever writes what another one uses does so atomically or beyond a barrier."""
    treat("float32", HostDevice(races=True))


RACES = [
    ("stage.cu", f"        {BARRIER}\n        if (inside)", "        if (inside)"),  # before a plane is read
    ("stage.cu", "(z - first_z) & 1", "0"),  # one plane in shared memory, not two in turn
    ("stage.cu", "out[cell] = result", "const_cast<real *>(u)[cell] = result"),  # while others read it
    ("stage.cu", f"    {BARRIER}    const double all_made", "    const double all_made"),  # one sum over another
    ("ranges.cu", f"    {BARRIER}\n    const size_t plane", "    const size_t plane"),  # before extremes begin
]
"""File of the kernels, a text in it and what makes a race of it."""

NOT_ATOMIC = [
    ("survey.cu", "atomicAdd(&met, own)", "met += own"),
    ("survey.cu", "atomicAdd(a.count, met)", "*a.count += met"),
    ("antennas.cu", "atomicAdd(sum, (wide)part)", "*sum += (wide)part"),
]
"""Threads in turn give right results all the same."""

UNWRITTEN = [
    ("stage.cu", "shared[turn][rim_y][rim_x] = ", "shared[0][0][0] = "),
    ("survey.cu", "met = 0;", ";"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), RACES + NOT_ATOMIC)
def test_a_race_is_told_with_its_place(tmp_path: Path, name: str, right: str, wrong: str) -> None:
    plant(tmp_path, name, right, wrong)
    with pytest.raises(RuntimeError, match=rf"race: thread .* of block \d+ at .*/(real\.cuh|{name}):\d+"):
        treat("float32", HostDevice(folder=tmp_path, races=True))


@pytest.mark.parametrize(("name", "right", "wrong"), RACES + UNWRITTEN)
def test_the_order_of_threads_shows_a_race(tmp_path: Path, name: str, right: str, wrong: str) -> None:
    """So does what shared memory held before show that it was read unwritten."""
    plant(tmp_path, name, right, wrong)
    assert differences(tmp_path) != []


def test_a_barrier_that_not_all_threads_reach_is_told(tmp_path: Path) -> None:
    _, line = plant(tmp_path, "stage.cu", "        if (inside) {\n", f"        if (inside) {{ {BARRIER}")
    with pytest.raises(RuntimeError, match=rf"first: divergent barrier.*stage\.cu:{line}"):
        results(tmp_path, 0, 0xFF)


def test_stacks_are_changed_alike_without_assembly() -> None:
    """What other processors than x86-64 use gives the same bits."""
    portable = treat("float32", HostDevice(options=(*PLAIN, "-DNO_ASSEMBLY")))
    for name, values in results(KERNELS, 0, 0xFF).items():
        assert np.array_equal(values, portable[name], equal_nan=True)


def test_every_kernel_is_run() -> None:
    launched = set()

    class Watched(HostDevice):
        def launch(self, kernel: str, *arguments: Any) -> None:
            launched.add(kernel)
            super().launch(kernel, *arguments)

    treat("float32", Watched())
    assert launched == {kernel for file in KERNELS.glob("*.cu") for kernel in kernels_of(file)}


def test_a_structure_of_another_size_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, "stage.cu", "    double *sums; ", "    double *unknown, *sums; ")
    with pytest.raises(AssertionError, match="first: its structure has"):
        results(tmp_path, 0, 0xFF)
