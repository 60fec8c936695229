"""The kernels under AddressSanitizer and UndefinedBehaviorSanitizer, each time in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gpu_ablate.paths import data_dir
from tests.kernels.planted import plant

ROOT = Path(__file__).parents[2]


def library(name: str) -> str:
    """Where g++ has a library."""
    command = ["g++", f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def watched(folder: Path) -> subprocess.CompletedProcess[str]:
    """Use all kernels of a folder; AddressSanitizer must be loaded first, and finds exceptions only in what follows."""
    settings = {
        "LD_PRELOAD": f"{library('libasan.so')} {library('libstdc++.so')}",
        "ASAN_OPTIONS": "detect_leaks=0",  # Python keeps memory until its end
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    command = [sys.executable, "-m", "tests.kernels.watched", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False)


FAULTS = [
    ("+ min(x, p.nx - 1);", "+ x;", "heap-buffer-overflow"),
    ("rim_y = TILE_Y + 1;", "rim_y = TILE_Y + 2;", "index 10 out of bounds"),
    ("mu = a.weights->mu", "mu = *(const double *)((const char *)a.weights + 4)", "misaligned address"),
    ("x < p.nx &&", "x * 100000000 < p.nx &&", "signed integer overflow"),
]
"""A text of stage.cu, what makes a fault of it, and how that is called: a read beyond an array and beyond shared
memory, a read at an odd place, an overflow."""

Ended = dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The kernels as they are and, what is compiled already then, with each fault."""
    ended = {"": watched(data_dir("cuda_kernels"))}
    folders = {}
    for right, wrong, report in FAULTS:
        file, _ = plant(tmp_path_factory.mktemp("planted"), "stage.cu", right, wrong)
        folders[report] = file.parent
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return ended | dict(zip(folders, pool.map(watched, folders.values()), strict=True))


def test_sanitizers_have_nothing_to_say(ended: Ended) -> None:
    assert (ended[""].returncode, ended[""].stdout, ended[""].stderr) == (0, "", "")


@pytest.mark.parametrize("report", [report for _, _, report in FAULTS])
def test_sanitizers_find_what_is_wrong(ended: Ended, report: str) -> None:
    assert ended[report].returncode != 0
    assert report in ended[report].stderr
    assert "stage.cu" in ended[report].stderr
