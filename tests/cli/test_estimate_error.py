"""`run --estimate-error`: the estimate covers what a finer grid changes, and never costs the run itself."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import h5py
import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.result.result import Result
from gpu_ablate.result.store import load_metrics
from gpu_ablate.simulation import simulate

HEATED = """
schema_version = 1
[plan]
margin_goal_mm = 2
[domain]
spacing_mm = 1.5
min_mm = [-15, -15, -15]
max_mm = [15, 15, 15]
background = "liver"
[[region]]
name = "tumour"
role = "target"
tissue = "liver_tumour"
shape = { kind = "sphere", center_mm = [0, 0, 0], radius_mm = 5 }
[[region]]
name = "nodule"
role = "target"
tissue = "liver_tumour"
shape = { kind = "sphere", center_mm = [10.4, 10.4, 10.4], radius_mm = 1.2 }
[[source]]
name = "heater"
shape = { kind = "gaussian", center_mm = [0, 0, 0], sigma_mm = 2 }
power_w = 6
end_s = 60
"""
"""A tumour that is killed with a margin, and one as small as a voxel."""


@pytest.fixture
def heated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "heated.toml").write_text(HEATED)
    return "heated.toml"


def run(scene: str, *options: str) -> dict[str, Any]:
    assert main(["run", scene, "--out", "out", "--no-figures", *options]) == 0
    return load_metrics(Path("out"))


def test_covers_the_change_on_a_finer_grid(heated: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At h = 1.5 mm, with 2.25 mm; the truth is taken at h/1.5 = 1 mm."""
    metrics = run(heated, "--estimate-error")
    shown = capsys.readouterr().out
    assert "run 1 of 2 (1.5 mm): " in shown
    assert "run 2 of 2 (2.25 mm): " in shown
    assert "box x -15 to 16.5 mm" in shown, "rounded up to whole cells"
    assert "± error of the grid, estimated from 1.5 and 2.25 mm" in shown
    assert main(["show", "out"]) == 0
    assert "± error of the grid, estimated from 1.5 and 2.25 mm" in capsys.readouterr().out
    assert "± error of the grid" in Path("out/log.txt").read_text()
    assert "estimated from 1.5 and 2.25 mm" in Path("out/report.html").read_text()
    assert not Path("out/records").exists()
    with h5py.File("out/result.vtkhdf") as file:
        assert json.loads(file["gpu_ablate/metrics"][()]) == metrics

    assert main(["run", heated, "--out", "finer", "--no-figures", "--quiet", "--spacing-mm", "1"]) == 0
    finer = load_metrics(Path("finer"))
    error = metrics["numerical_error"]
    assert error["spacing_mm"] == [1.5, 2.25]
    assert {"cem43_240", "above_60c"} < error["zones"].keys()
    for name, zone in error["zones"].items():
        change = abs(finer["zones"][name]["volume_cm3"] - zone["volume_cm3"])
        assert change <= zone["error_cm3"] < zone["volume_cm3"], name
    tumour = error["targets"][0]
    assert abs(finer["targets"][0]["min_margin_mm"] - tumour["min_margin_mm"]) <= tumour["error_mm"] < 3.0
    assert finer["numerical_error"] is None


def test_too_coarse_a_grid_leaves_a_reason(heated: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At 1.2 mm the nodule holds cells, at 1.8 mm none."""
    metrics = run(heated, "--estimate-error", "--spacing-mm", "1.2")
    error = metrics["numerical_error"]
    assert error["reason"] == 'the coarser grid cannot be computed: region "nodule" has no cell in the box'
    assert (error["zones"], error["targets"]) == ({}, [])
    assert metrics["zones"]["cem43_240"]["volume_cm3"] > 0.0
    assert f"error of the grid not estimated: {error['reason']}" in capsys.readouterr().out


def test_ctrl_c_in_the_second_run_keeps_the_first(
    heated: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = []

    def interrupted(*arguments: Any, **named: Any) -> Result:
        runs.append(arguments)
        if len(runs) == 2:
            show = named["progress"]
            named["progress"] = lambda now: (show(now), os.kill(os.getpid(), signal.SIGINT))
        return simulate(*arguments, **named)

    monkeypatch.setattr("gpu_ablate.simulation.simulate", interrupted)
    assert main(["run", heated, "--out", "out", "--estimate-error"]) == 130
    metrics = load_metrics(Path("out"))
    assert metrics["status"] == "done"
    assert metrics["time"]["simulated_s"] == 60.0
    assert metrics["numerical_error"]["reason"] == "the second run was interrupted"
    assert Path("out/report.html").exists()
    assert not Path("out/checkpoint.h5").exists()
    assert "not estimated: the second run was interrupted" in capsys.readouterr().out


def test_a_crash_of_the_second_run_costs_nothing(heated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []

    def crashes(*arguments: Any, **named: Any) -> Result:
        runs.append(arguments)
        if len(runs) == 2:
            raise ZeroDivisionError("oh")
        return simulate(*arguments, **named)

    monkeypatch.setattr("gpu_ablate.simulation.simulate", crashes)
    metrics = run(heated, "--estimate-error", "--quiet")
    assert metrics["numerical_error"]["reason"] == "the second run failed, see log.txt"
    assert "ZeroDivisionError: oh" in Path("out/log.txt").read_text()


def test_resume_estimates_when_it_is_asked_to(heated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*arguments: Any) -> Result:
        result = simulate(*arguments)
        result.status = "interrupted"
        return result

    with monkeypatch.context() as patched:
        patched.setattr("gpu_ablate.simulation.simulate", stopped)
        assert main(["run", heated, "--out", "out", "--no-figures", "--quiet", "--estimate-error"]) == 130
    assert load_metrics(Path("out"))["numerical_error"] is None
    assert "resume out --estimate-error` goes on" in Path("out/log.txt").read_text()
    assert main(["resume", "out", "--no-figures", "--quiet", "--estimate-error"]) == 0
    assert load_metrics(Path("out"))["numerical_error"]["zones"]["cem43_240"]["error_cm3"] > 0.0
