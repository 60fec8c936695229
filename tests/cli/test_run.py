"""`run`: exit codes, what is left on disk after each kind of end, nothing overwritten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.errors import ResultError, RunError
from gpu_ablate.result.result import Result
from gpu_ablate.result.store import load_metrics, load_result
from gpu_ablate.scene.load import load_scene
from gpu_ablate.simulation import simulate

Instead = Callable[[str, BaseException], None]

NUMBERS = {"scene.toml", "result.vtkhdf", "metrics.json", "traces.csv", "references.bib", "log.txt"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_writes_its_folder(finished: Path) -> None:
    assert names(finished) == NUMBERS | {"report.html", "report.pdf"}
    assert load_metrics(finished)["status"] == "done"
    result = load_result(finished)
    assert result.records.times == [0.0, 10.0, 20.0, 30.0]
    assert result.provenance["command"] == "gpu-ablate run tiny.toml --out run --no-figures --quiet"
    assert load_scene(finished / "scene.toml") == load_scene(finished.parent / "tiny.toml")


def test_the_terminal_shows_plan_stations_verdict_and_report(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", scene, "--no-figures"]) == 0
    out = capsys.readouterr().out
    for text in ("16 x 16 x 21 = 5,376 voxels of 2 mm", "numba (", "A: hold at 15 W", "verdict", "limits"):
        assert text in out
    assert str(Path("runs/tiny/report.html")) in out
    logged = [line.partition("] ")[2] for line in Path("runs/tiny/log.txt").read_text().splitlines()]
    assert [line for line in logged if line] == [line for line in out.splitlines() if line]


def test_runs_are_counted_up(scene: str) -> None:
    for folder in ("runs/tiny", "runs/tiny-2"):
        assert main(["run", scene, "--no-figures", "--quiet", "--backend", "numpy"]) == 0
        assert load_metrics(Path(folder))["backend"] == "numpy"


def test_quiet_is_silent(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", scene, "--no-figures", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert "verdict" in Path("runs/tiny/log.txt").read_text()


def test_changes_are_computed_and_kept(scene: str) -> None:
    change = ["--set", "probe.A.steps.0.duration_s=5", "--spacing-mm", "4"]
    assert main(["run", scene, "--no-figures", "--quiet", *change]) == 0
    metrics = load_metrics(Path("runs/tiny"))
    assert metrics["time"]["simulated_s"] == 15.0
    assert metrics["grid"]["spacing_mm"] == [4.0, 4.0, 4.0]
    assert load_scene("runs/tiny/scene.toml").domain.spacing_mm == 4.0


def test_a_used_folder_is_refused(scene: str, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.iterdir()}
    assert main(["run", scene, "--out", str(finished)]) == 2
    err = capsys.readouterr().err
    assert "already holds a finished run" in err
    assert "--out" in err
    assert {path: path.stat().st_mtime_ns for path in finished.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.toml"], "nowhere.toml"),
        (["tiny.toml", "--set", "probe.A.steps.0.power=5"], "power_w"),
        (["tiny.toml", "--set", "probe.A.steps.0.power_w=-5"], "power_w"),
        (["tiny.toml", "--backend", "abacus"], "abacus"),
        (["tiny.toml", "--spacing-mm", "wide"], "spacing-mm"),
        (["tiny.toml", "--figures"], "figures"),
    ],
)
def test_bad_input_is_code_2_and_leaves_no_folder(
    arguments: list[str], says: str, scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments]) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert "Traceback" not in captured.err
    assert not Path("runs").exists()


def test_a_broken_limit_is_code_3(scene: str) -> None:
    assert main(["run", scene, "--no-figures", "--quiet", "--set", "limit.0.fail_above=45"]) == 3
    assert load_metrics(Path("runs/tiny"))["limits"][0]["status"] == "broken"


def test_a_failed_run_is_code_1(scene: str, instead: Instead, capsys: pytest.CaptureFixture[str]) -> None:
    instead("gpu_ablate.simulation.simulate", RunError("t = 3 s: no longer finite"))
    assert main(["run", scene, "--quiet"]) == 1
    assert capsys.readouterr().err == "t = 3 s: no longer finite\n"
    assert "t = 3 s: no longer finite" in Path("runs/tiny/log.txt").read_text()


def test_a_result_that_failed_is_written_whole(
    scene: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails_late(*arguments: object) -> Result:
        result = simulate(*arguments)  # type: ignore[arg-type]
        result.status = "failed"
        result.run["failure"] = "t = 30 s: no longer finite"
        return result

    monkeypatch.setattr("gpu_ablate.simulation.simulate", fails_late)
    assert main(["run", scene, "--quiet", "--no-figures"]) == 1
    assert capsys.readouterr().err == "failed: t = 30 s: no longer finite\n"
    assert names(Path("runs/tiny")) == NUMBERS | {"report.html", "report.pdf"}
    assert load_metrics(Path("runs/tiny"))["status"] == "failed"


def test_a_run_without_opengl_says_so_once_and_writes_the_rest(scene: str) -> None:
    command = [sys.executable, "-m", "gpu_ablate", "run", scene, "--spacing-mm", "4"]
    environment = os.environ | {"__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len([line for line in done.stdout.splitlines() if "libegl1" in line]) == 1
    folder = Path("runs/tiny")
    assert names(folder) == NUMBERS | {"report.html", "report.pdf", "figures"}
    drawn = {path.stem for path in (folder / "figures").glob("*.png")}
    assert any("slice" in name for name in drawn)
    assert any("curve" in name for name in drawn)
    assert not any("3d" in name for name in drawn)


def test_vtk_opens_a_run_at_each_recorded_time(finished: Path) -> None:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOHDF import vtkHDFReader

    result = load_result(finished)
    reader = vtkHDFReader()
    reader.SetFileName(str(finished / "result.vtkhdf"))
    for index, time_s in enumerate(result.records.times):
        reader.UpdateTimeStep(time_s)
        cells = reader.GetOutput().GetCellData()
        expected = result.records.read(index, "temperature")
        np.testing.assert_array_equal(vtk_to_numpy(cells.GetArray("temperature")), expected.ravel())


def test_the_unexpected_is_short_on_the_terminal_and_whole_in_the_log(
    scene: str, instead: Instead, capsys: pytest.CaptureFixture[str]
) -> None:
    instead("gpu_ablate.simulation.simulate", ZeroDivisionError("oh"))
    assert main(["run", scene, "--quiet"]) == 1
    err = capsys.readouterr().err
    assert "ZeroDivisionError: oh" in err
    assert "log.txt" in err
    assert "Traceback" not in err
    assert "Traceback" in Path("runs/tiny/log.txt").read_text()


def test_failed_figures_lose_nothing(scene: str, instead: Instead) -> None:
    instead("gpu_ablate.render.figures.write_figures", RuntimeError("no paint"))
    assert main(["run", scene, "--quiet"]) == 0
    assert names(Path("runs/tiny")) >= NUMBERS | {"report.html", "report.pdf"}
    assert "no paint" in Path("runs/tiny/log.txt").read_text()


def test_a_failed_report_loses_nothing(scene: str, instead: Instead) -> None:
    instead("gpu_ablate.report.write.write_reports", RuntimeError("no paper"))
    assert main(["run", scene, "--quiet", "--no-figures"]) == 0
    assert names(Path("runs/tiny")) == NUMBERS
    assert "no paper" in Path("runs/tiny/log.txt").read_text()


def test_failed_measuring_keeps_the_fields(scene: str, instead: Instead) -> None:
    instead("gpu_ablate.outcome.metrics.measure", RuntimeError("no ruler"))
    assert main(["run", scene, "--quiet"]) == 1
    assert load_result(Path("runs/tiny")).records.times[-1] == 30.0
    with pytest.raises(ResultError, match=r"log\.txt"):
        load_metrics(Path("runs/tiny"))


def test_ctrl_c_in_the_figures_skips_them(scene: str, instead: Instead) -> None:
    instead("gpu_ablate.render.figures.write_figures", KeyboardInterrupt())
    assert main(["run", scene, "--quiet"]) == 130
    assert names(Path("runs/tiny")) >= NUMBERS | {"report.html", "report.pdf"}
    assert load_metrics(Path("runs/tiny"))["status"] == "done"


@pytest.mark.parametrize("times", [1, 4])
def test_ctrl_c_leaves_a_valid_folder(times: int, scene: str) -> None:
    long = ["--set", "probe.A.steps.0.duration_s=1e6", "--no-figures"]
    command = [sys.executable, "-m", "gpu_ablate", "run", scene, *long]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not Path("runs/tiny/records/000003.h5").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        for _ in range(times):
            if not Path("runs/tiny/report.html").exists():  # all is written: only Python's own end remains
                process.send_signal(signal.SIGINT)
            time.sleep(0.01)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err == ""

    folder = Path("runs/tiny")
    assert names(folder) == NUMBERS | {"report.html", "report.pdf", "records", "checkpoint.h5"}
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["status"] == "interrupted"
    assert metrics["energy"]["relative_imbalance"] < 1e-3
    result = load_result(folder)
    assert result.status == "interrupted"
    recorded = result.records.times
    assert recorded == sorted(set(recorded))
    assert recorded[-1] == metrics["time"]["simulated_s"] >= 20.0
    for index in range(len(recorded)):
        assert np.isfinite(result.records.read(index, "temperature")).all()
