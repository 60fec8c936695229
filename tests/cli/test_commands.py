"""The other commands, and what all share: help, light start, bad input."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.library.load import devices, tissues
from gpu_ablate.result.result import Result
from gpu_ablate.spec.base import quantities

COMMANDS = ("run", "check", "show", "render", "report", "info", "library")
HEAVY = ("numpy", "numba", "h5py", "pydantic", "vtkmodules", "pyvista", "matplotlib", "SimpleITK", "scipy")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert set(COMMANDS) <= listed
    for command in COMMANDS:
        assert main([command, "--help"]) == 0


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, gpu_ablate.cli.app; sys.exit(' '.join(set({HEAVY}) & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "gpu_ablate", "run"], capture_output=True, check=False)
    assert done.returncode == 2


def test_check_computes_nothing_and_shows_the_plan(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", scene]) == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith("  ")}
    assert rows["A.1"][-3] == "22.0"  # tip depth: the skin lies at z = 0, the tip at -22 mm, then 4 mm less
    assert rows["A.2"][-3] == "18.0"
    assert rows["cover"][-1] == f"{32 * 32 * 2 / 1000:.2f}"
    assert not Path("runs").exists()


def test_check_says_what_is_wrong(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", scene, "--set", 'region.tumour.tissue="chees"']) == 2
    assert "chees" in capsys.readouterr().err


def test_show_prints_verdict_limits_and_zones(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(finished)]) == 0
    out = capsys.readouterr().out
    for text in ("verdict", "tumour", "max_temperature_c", "cem43_240", "above_50c", "4,352 voxels"):
        assert text in out


@pytest.mark.parametrize("command", ["show", "render", "report"])
def test_no_run_is_code_2(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(tmp_path / "nothing")]) == 2
    assert "nothing" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["render", "report"])
def test_pictures_need_the_folder_alone(
    command: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Result] = []

    def write_figures(result: Result, *_: object) -> dict[str, Path]:
        drawn.append(result)
        return {}

    monkeypatch.setattr("gpu_ablate.render.figures.write_figures", write_figures)
    folder = tmp_path / "moved"
    folder.mkdir()
    for name in ("result.vtkhdf", "metrics.json"):
        shutil.copy(finished / name, folder / name)
    assert main([command, str(folder)]) == 0
    assert drawn[0].setup.name == "tiny"
    assert (folder / "report.html").exists() == (command == "report")


def test_info_names_versions_and_backends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    words = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert words >= {"gpu-ablate", "python", "numpy", "numba", "vtk", "cpu", "threads", "auto", "3D"}


def test_library_lists_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert listed >= {*tissues(), *devices()}


@pytest.mark.parametrize("name", ["skin", "microwave_2450_16g"])
def test_library_gives_every_number_with_its_source(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", name]) == 0
    out = capsys.readouterr().out
    entry = {**tissues(), **devices()}[name]
    written = [quantity for key, quantity in quantities(entry) if key != "perfusion_ml_min_kg"]
    assert written
    for quantity in written:
        assert any(f"{quantity.value:g}" in line and quantity.source in line for line in out.splitlines())


def test_an_unknown_name_is_refused_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "skinn"]) == 2
    assert 'did you mean "skin"?' in capsys.readouterr().err
