"""`resume`: a run killed at any moment, or stopped by Ctrl-C, comes to the bits of one that was not."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.result.lock import locked
from gpu_ablate.result.store import load_result
from tests.cli.conftest import TINY, computed

MOVING = (
    TINY.partition("[[probe]]")[0].replace("spacing_mm = 2.0", "spacing_mm = 1.0")
    + """
[[probe]]
name = "A"
device = "microwave_2450_16g"
tip_mm = [0, 0, -30]
entry_mm = [0, 0, 0]
steps = [
  { action = "hold", power_w = 40, duration_s = 60, until = { where = "tumour", above_c = 60 } },
  { action = "pull", distance_mm = 6, speed_mm_s = 0.3, power_w = 20 },
  { action = "rest", duration_s = 60 },
]
[[surface_patch]]
name = "cold pack"
center_mm = [0, 0, 0]
radius_mm = 10
h_w_m2k = 100
temperature_c = 10
start_s = 5
end_s = 31
[[sensor]]
name = "beside"
point_mm = [6, 0, -15]
[run]
record_every_s = 5
trace_every_s = 0.7
"""
)

IMAGED = """
schema_version = 1
[domain]
spacing_mm = 1
[anatomy]
image = "labels.nii.gz"
outside = "air"
[anatomy.labels]
0 = "air"
1 = "liver"
7 = "muscle"
[[source]]
name = "heater"
shape = { kind = "gaussian", center_mm = [7, 7, 7], sigma_mm = 2 }
power_w = 1
[run]
duration_s = 5
"""

PROGRAM = """
import os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{threads}])
from gpu_ablate.cli.app import main
from gpu_ablate.engine import checkpoint
checkpoint.CHECKPOINT_EVERY_S = {every_s}
checkpoint.LARGEST_SHARE = 1.0
sys.exit(main(sys.argv[1:]))
"""


def start(*arguments: str, threads: int = 1, every_s: float = 0.0) -> subprocess.Popen[str]:
    """A process of its own, with so many cores and a checkpoint every so many seconds."""
    command = [sys.executable, "-c", PROGRAM.format(threads=threads, every_s=every_s), *arguments, "--no-figures"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert process.poll() is None, process.communicate()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def wait_for_checkpoint(folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the process has replaced what now is, or first will be, checkpoint.h5."""
    path = folder / "checkpoint.h5"
    wait_for(path.exists, process)
    before = path.stat().st_ino
    wait_for(lambda: path.stat().st_ino != before, process)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped. Not to be changed."""
    return computed(tmp_path_factory.mktemp("whole") / "moving.toml", MOVING)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scene in a working folder of the test; its run goes to `run`."""
    monkeypatch.chdir(tmp_path)
    Path("moving.toml").write_text(MOVING)
    return Path("run")


def content(path: Path) -> dict[str, Any]:
    """All of result.vtkhdf but what tells when, how long and by which command."""
    found: dict[str, Any] = {}

    def take(name: str, item: Any) -> None:
        found.update({f"{name}@{key}": np.asarray(value).tolist() for key, value in item.attrs.items()})
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes() if item.ndim else item[()]

    with h5py.File(path) as file:
        file.visititems(take)
    for name in ("provenance", "metrics", "run"):
        del found[f"gpu_ablate/{name}"]
    return found


def require_same(one: Path, other: Path) -> None:
    """Two run folders hold the same answer, to the last bit."""
    files = [sorted(str(p.relative_to(folder)) for p in folder.rglob("*")) for folder in (one, other)]
    assert files[0] == files[1]
    assert content(one / "result.vtkhdf") == content(other / "result.vtkhdf")
    for name in ("traces.csv", "references.bib", "scene.toml"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    metrics = [json.loads((folder / "metrics.json").read_text()) for folder in (one, other)]
    for found in metrics:
        for key in ("wall_s", "solve_s", "mcell_steps_per_s"):
            del found["time"][key]
    assert metrics[0] == metrics[1]


def test_a_run_killed_again_and_again_comes_to_the_same_answer(here: Path, whole: Path) -> None:
    """SIGKILL at random moments, each process with another number of threads than the one before."""
    moment = random.Random()
    process = start("run", "moving.toml", "--out", "run", threads=1)
    for threads in (2, 1, 2):
        wait_for_checkpoint(here, process)
        time.sleep(moment.uniform(0.0, 0.3))
        kill(process)
        assert (here / "checkpoint.h5").exists(), "the run had ended: make the scene longer"
        process = start("resume", "run", threads=threads)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "resumed from t = " in out
    log = (here / "log.txt").read_text()
    assert log.count("resumed from t = ") == 3
    assert out in "".join(line.partition("] ")[2] for line in log.splitlines(keepends=True))
    require_same(here, whole)


def test_ctrl_c_and_then_resume(here: Path, whole: Path) -> None:
    """What was written at Ctrl-C can be read; its last record and trace row are not in the resumed run."""
    process = start("run", "moving.toml", "--out", "run", every_s=20.0)
    wait_for((here / "records" / "000005.h5").exists, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "gpu-ablate resume run" in out
    metrics = json.loads((here / "metrics.json").read_text())
    assert metrics["status"] == "interrupted"
    assert metrics["time"]["simulated_s"] >= 10.0
    assert main(["show", "run"]) == 0
    assert main(["resume", "run", "--no-figures", "--quiet"]) == 0
    require_same(here, whole)


def test_what_a_kill_leaves_half_written_does_no_harm(here: Path, whole: Path) -> None:
    """Killed while a record, the checkpoint and the result were being written; and a later record that is cut short."""
    process = start("run", "moving.toml", "--out", "run")
    wait_for((here / "records" / "000004.h5").exists, process)
    kill(process)
    with h5py.File(here / "checkpoint.h5") as file:
        records = json.loads(file["loop"][()])["records"]
    late = here / "records" / f"{records + 1:06d}.h5"
    late.write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    for path in (late.with_name("000099.h5"), here / "checkpoint.h5", here / "result.vtkhdf"):
        path.with_name(path.name + ".part").write_bytes(b"half")
    assert main(["resume", "run", "--no-figures", "--quiet"]) == 0
    require_same(here, whole)


def test_a_run_killed_before_its_first_checkpoint_begins_again(here: Path, whole: Path) -> None:
    process = start("run", "moving.toml", "--out", "run", every_s=20.0)
    wait_for((here / "records" / "000002.h5").exists, process)
    kill(process)
    assert main(["resume", "run", "--no-figures", "--quiet"]) == 0
    assert "resumed from t = 0 s" in (here / "log.txt").read_text()
    require_same(here, whole)


@contextmanager
def stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs end by Ctrl-C before their first step."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("gpu_ablate.simulation.simulate", stop)
        yield


@pytest.fixture
def begun(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder in which nothing was computed yet."""
    with stopped_at_once(monkeypatch):
        assert main(["run", "moving.toml", "--out", "run", "--quiet"]) != 0
    return here


def test_unfinished_runs_are_said_to_be_resumable(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for command in (["show", "run"], ["report", "run"], ["render", "run"], ["run", "moving.toml", "--out", "run"]):
        assert main(command) == 2, command
        assert "gpu-ablate resume run" in capsys.readouterr().err


def test_a_run_that_has_ended_is_not_resumed(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.iterdir()}
    assert main(["resume", str(whole)]) == 2
    assert "the run has ended" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in whole.iterdir()} == before


@pytest.mark.parametrize("holds", [None, "notes.txt"])
def test_what_is_no_run_is_not_resumed(holds: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "folder"
    if holds:
        folder.mkdir()
        (folder / holds).write_text("precious")
    assert main(["resume", str(folder)]) == 2
    assert str(folder) in capsys.readouterr().err
    assert not folder.exists() or [path.name for path in folder.iterdir()] == [holds]


def test_only_one_process_at_a_time(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(begun):
        assert main(["resume", "run", "--quiet"]) == 2
    assert "another process computes this run" in capsys.readouterr().err


def test_a_running_run_is_not_resumed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process = start("run", "moving.toml", "--out", "run")
    wait_for((here / "records" / "000001.h5").exists, process)
    assert main(["resume", "run", "--quiet"]) == 2
    kill(process)
    assert "another process computes this run" in capsys.readouterr().err


def test_a_changed_scene_is_refused(begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (begun / "scene.toml").read_text()
    (begun / "scene.toml").write_text(text.replace("power_w = 20.0", "power_w = 30.0"))
    assert main(["resume", "run", "--quiet"]) == 2
    err = capsys.readouterr().err
    assert "scene.toml" in err
    assert "changed since the run began" in err


def test_another_version_is_refused(
    begun: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gpu_ablate.result import provenance

    monkeypatch.setattr(provenance, "package_version", lambda _: "99.0")
    assert main(["resume", "run", "--quiet"]) == 2
    err = capsys.readouterr().err
    assert "this is 99.0, which may compute differently" in err


def test_a_run_goes_on_without_its_originals_but_not_with_other_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    labels = Path(__file__).parents[1] / "scene" / "must_fail" / "labels_0_1_7.nii.gz"
    shutil.copy(labels, "labels.nii.gz")
    Path("imaged.toml").write_text(IMAGED)
    assert main(["run", "imaged.toml", "--backend", "numpy", "--out", "whole", "--no-figures", "--quiet"]) == 0
    with stopped_at_once(monkeypatch):
        assert main(["run", "imaged.toml", "--backend", "numpy", "--out", "run", "--quiet"]) != 0
    Path("labels.nii.gz").unlink()
    copy = Path("run/inputs/labels.nii.gz")
    good = copy.read_bytes()
    copy.write_bytes(good[:-1])
    assert main(["resume", "run", "--quiet"]) == 2
    assert f"{copy}: was changed since the run began" in capsys.readouterr().err
    copy.write_bytes(good)
    assert main(["resume", "run", "--no-figures", "--quiet"]) == 0
    require_same(Path("run"), Path("whole"))
    assert list(load_result(Path("run")).setup.inputs) == ["labels.nii.gz"]


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all"])
def test_a_damaged_checkpoint_is_said(content: bytes, begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (begun / "checkpoint.h5").write_bytes(content)
    assert main(["resume", "run", "--quiet"]) == 2
    assert "checkpoint.h5: cannot be read" in capsys.readouterr().err
