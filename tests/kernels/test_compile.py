"""Every kernel compiles for every kind of GPU, and needs no more of it than planned. No GPU is needed."""

from __future__ import annotations

import itertools
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gpu_ablate.paths import data_dir
from tests.kernels.host_kernels import kernels_of
from tests.kernels.nvrtc import CompileError, Resources, resources
from tests.kernels.planted import plant

FILES = sorted(data_dir("cuda_kernels").glob("*.cu"))

ARCHITECTURES = (75, 80, 86, 89, 90, 100, 103, 120)
"""Turing (RTX 20, T4), Ampere (A100, RTX 30), Ada (RTX 40), Hopper (H100, H200), Blackwell (B200, B300, RTX 50)."""

WITH_DOUBLE = (75, 90, 120)
"""Oldest, newest and one between: for these the kernels are compiled in double too, which only verification needs."""

MOST_REGISTERS = 80
"""Of a thread in float: of the 65 536 of a multiprocessor so many let 3 blocks of 256 threads run at once."""

MOST_SHARED = 48 * 1024
"""Of a block without asking for more [bytes] (CUDA C++ Programming Guide, compute capabilities)."""


Compiled = dict[tuple[str, int], dict[str, Resources]]
"""What each kernel takes, for a number type and an architecture."""


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """Everything, compiled at once."""
    kinds = [*(("float", known) for known in ARCHITECTURES), *(("double", known) for known in WITH_DOUBLE)]
    jobs = [(real, architecture, file) for (real, architecture), file in itertools.product(kinds, FILES)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = list(pool.map(lambda job: resources(job[2], job[0], job[1]), jobs))
    taken: Compiled = defaultdict(dict)
    for (real, architecture, file), of_file in zip(jobs, found, strict=True):
        assert of_file.keys() == kernels_of(file).keys()
        taken[real, architecture] |= of_file
    return taken


def test_there_are_kernels() -> None:
    assert len(FILES) > 0
    assert all(kernels_of(file) for file in FILES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_float_kernels_keep_all_in_registers(compiled: Compiled, architecture: int) -> None:
    for name, taken in compiled["float", architecture].items():
        assert taken.registers <= MOST_REGISTERS, f"{name}: {taken}"
        assert taken.local == 0, f"{name}: {taken}"
        assert taken.shared <= MOST_SHARED, f"{name}: {taken}"


@pytest.mark.parametrize("architecture", WITH_DOUBLE)
def test_double_kernels_compile(compiled: Compiled, architecture: int) -> None:
    """For verification: how fast does not matter."""
    for name, taken in compiled["double", architecture].items():
        assert taken.shared <= MOST_SHARED, f"{name}: {taken}"


def test_registers_that_do_not_suffice_are_seen(tmp_path: Path) -> None:
    """Eight blocks of 256 threads at once leave 32 registers a thread."""
    plant(tmp_path, "real.cuh", "__launch_bounds__(THREADS)", "__launch_bounds__(THREADS, 8)")
    assert resources(tmp_path / "stage.cu", "float", 90)["later"].local > 0


@pytest.mark.parametrize(
    ("right", "wrong"), [("__syncthreads();", "__syncthread();"), ("const int thread = ", "int unused, thread = ")]
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, right: str, wrong: str) -> None:
    file, line = plant(tmp_path, "stage.cu", right, wrong)
    with pytest.raises(CompileError, match=rf"stage\.cu\({line}\)"):
        resources(file, "float", 90)
