"""The other commands, and what all share: help, light start, bad input."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gpu_ablate.case.build import build_case
from gpu_ablate.cli.app import main
from gpu_ablate.cli.show import summary
from gpu_ablate.engine.estimate import estimate
from gpu_ablate.library.load import devices, tissue, tissues
from gpu_ablate.result.provenance import package_version
from gpu_ablate.result.result import Result
from gpu_ablate.result.store import load_metrics, load_result
from gpu_ablate.scene.load import load_scene
from gpu_ablate.spec.base import quantities

COMMANDS = ("run", "case", "new", "check", "show", "render", "report", "verify", "info", "library")
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
    # tip and heat 30 and 16.7 mm deep, the tumour's deepest point at -17 mm, skin down to -2 mm; then 4 mm less
    assert rows["A.1"][-5:-1] == ["30.0", "16.7", "0.3", "14.7"]
    assert rows["A.2"][-5:-1] == ["26.0", "12.7", "4.3", "10.7"]
    assert float(rows["A.1"][-1]) > float(rows["A.3"][-1]) > 0.0
    assert rows["A.2"][-1] == "-"
    assert rows["cover"][-1] == f"{32 * 32 * 2 / 1000:.2f}"
    assert not Path("runs").exists()


def test_check_shows_each_track_and_warns_of_the_plan(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(scene).read_text(encoding="utf-8")
    again = '{ action = "reinsert", tip_mm = [0, 0, -17], shaft_direction = [1, 0, 4], duration_s = 20 },'
    text = text.replace('{ action = "pull", distance_mm = 4 },', again)
    Path(scene).write_text(text, encoding="utf-8")
    assert main(["check", scene]) == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith("  A.")}
    assert [rows[step][1] for step in ("A.1", "A.2", "A.3")] == ["1", "2", "2"]
    assert rows["A.3"][-5] == "17.0"
    assert 'note     Probe "A", step 3: the active zone' in out


def test_check_says_what_is_wrong(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", scene, "--set", 'region.tumour.tissue="chees"']) == 2
    assert "chees" in capsys.readouterr().err


def test_show_prints_verdict_limits_and_zones(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(finished)]) == 0
    out = capsys.readouterr().out
    for text in ("verdict", "tumour", "max_temperature_c", "cem43_240", "above_50c", "5,376 voxels"):
        assert text in out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gpu-ablate {package_version('gpu-ablate')}\n"


def test_help_of_run_gives_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for code in (
        "0 done",
        "1 the run failed",
        "2 bad input",
        "3 done but a safety limit was broken",
        "130 interrupted",
    ):
        assert code in out


def test_a_broken_limit_stands_beside_the_verdict(finished: Path) -> None:
    metrics = load_metrics(finished)
    assert "LIMIT BROKEN" not in summary(metrics)
    metrics["limits"][0] |= {"status": "broken", "value": 361.04, "fail": 300}
    line = next(line for line in summary(metrics).splitlines() if line.startswith("verdict"))
    assert line.endswith("; LIMIT BROKEN: tumour max_temperature_c 361, limit 300")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda run: (run / "figures").write_text(""), "figures"),
        (lambda run: (run / "report.html").mkdir(), "report.html"),
    ],
)
@pytest.mark.parametrize("command", ["render", "report"])
def test_what_is_in_the_way_of_pictures_is_code_2(
    command: str,
    make: Callable[[Path], object],
    says: str,
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("result.vtkhdf", "metrics.json"):
        shutil.copy(finished / name, folder / name)
    make(folder)
    assert main([command, str(folder)]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert "remove it" in err
    assert "Traceback" not in err


def test_show_of_gutted_metrics_is_code_2(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = load_metrics(finished) | {"verdict": {}}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    assert main(["show", str(tmp_path)]) == 2
    assert "is damaged (KeyError" in capsys.readouterr().err


def copies(finished: Path, folder: Path, names: str) -> list[str]:
    """Run folders that can be reported on."""
    for name in names:
        (folder / name).mkdir()
        for file in ("result.vtkhdf", "metrics.json", "scene.toml"):
            shutil.copy(finished / file, folder / name / file)
    return list(names)


def draw_one(_: object, __: object, folder: Path, ___: object) -> dict[str, Path]:
    """Instead of all figures: one."""
    folder.mkdir()
    Image.new("RGB", (8, 8), "red").save(folder / "slices.png")
    return {}


def test_report_of_several_runs_compares_them(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gpu_ablate.render.figures.write_figures", draw_one)
    monkeypatch.chdir(tmp_path)
    runs = copies(finished, tmp_path, "ab")
    assert main(["report", *runs]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "comparison.html"
    assert Path("comparison.html").read_text(encoding="utf-8").count("<img") == 2
    assert not Path("a/report.html").exists()
    drawn = Path("a/figures/slices.png").stat().st_mtime_ns
    assert main(["report", *runs, "--out", "page.html", "--language", "zh-CN"]) == 0
    assert Path("a/figures/slices.png").stat().st_mtime_ns == drawn
    assert 'lang="zh-CN"' in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a", "--out", "page.html"], "--out is the page of a comparison"),
        (["a", "./a"], "is given twice"),
        ([*"abcdefg"], "at most 6"),
        (["a", "b", "--language", "fr"], "zh-CN"),
        (["a", "gone"], "no such run folder"),
    ],
)
def test_what_cannot_be_compared_is_code_2(
    arguments: list[str],
    says: str,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("gpu_ablate.render.figures.write_figures", draw_one)
    monkeypatch.chdir(tmp_path)
    copies(finished, tmp_path, "abcdefg")
    assert main(["report", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.glob("*.html"))


def test_the_estimate_is_a_close_lower_bound(scene: str, finished: Path) -> None:
    metrics = load_metrics(finished)
    loaded = load_scene(scene)
    planned = estimate(build_case(loaded), loaded.duration_s())
    taken = metrics["time"]["cell_steps"] / metrics["grid"]["cells"]
    assert 0.5 * taken <= planned.steps <= taken
    assert planned.records == len(load_result(finished).records.times)


@pytest.mark.parametrize("command", ["check", "run"])
def test_too_many_steps_are_refused_before_computing(
    command: str, scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = ["--set", "run.trace_every_s=0.01", "--set", "run.duration_s=1e6"]
    assert main([command, scene, *steps]) == 2
    err = capsys.readouterr().err
    assert "time steps are needed" in err
    assert "trace_every_s" in err
    assert not Path("runs").exists()


def test_freezing_is_shown_as_a_scene_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "show", "liver"]) == 0
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if line.strip().startswith("freezing = "))
    written = tomllib.loads(line.strip())["freezing"]
    assert written == tissue("liver").model_dump()["freezing"]


@pytest.mark.parametrize("command", ["show", "render", "report"])
def test_no_run_is_code_2(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(tmp_path / "nothing")]) == 2
    assert "nothing: no such run folder" in capsys.readouterr().err


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


@pytest.mark.parametrize("name", ["skin", "microwave_2450_16g", "cryo_17g"])
def test_library_gives_every_number_with_its_source(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["library", "show", name, "--out", str(tmp_path / "needle.png")]) == 0
    out = capsys.readouterr().out
    entry = {**tissues(), **devices()}[name]
    written = [quantity for key, quantity in quantities(entry) if key != "perfusion_ml_min_kg"]
    assert written
    for quantity in written:
        assert any(f"{quantity.value:g}" in line and quantity.source in line for line in out.splitlines())
    for ring in devices()[name].rings or () if name in devices() else ():
        assert any(f" {ring.outer_mm:g} " in line and ring.source in line for line in out.splitlines())
    assert (tmp_path / "needle.png").exists() == name.startswith("microwave")


def test_a_cryoprobe_is_told_by_its_cryogen_and_film(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "show", "cryo_17g"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    course = {int(row[0]): int(row[1]) for row in rows if len(row) == 2 and row[0].isdigit()}
    assert course[0] == 37
    assert list(course.values()) == sorted(course.values(), reverse=True)
    assert min(course.values()) == -150
    films = {int(row[0]): [int(word) for word in row[1:]] for row in rows if len(row) == 5 and row[0].isdigit()}
    for output, (h, *walls) in films.items():
        assert h == 6000 * output / 100
        assert walls == sorted(walls)
    assert [films[output][1] for output in (100, 70, 50, 20)] == sorted(row[1] for row in films.values())


def test_a_device_is_drawn_and_its_watt_accounted_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["library", "show", "microwave_slot_2450", "--tissue", "muscle"]) == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith("  ")}
    for tissue_name in ("muscle", "breast_tumour", "breast_gland", "breast_fat", "liver"):
        assert sum(map(float, rows[tissue_name][:5])) == pytest.approx(100.0, abs=0.3)
    picture = tmp_path / "microwave_slot_2450.png"
    before = picture.read_bytes()
    assert main(["library", "show", "microwave_slot_2450"]) == 2
    assert "remove it, or name another" in capsys.readouterr().err
    assert picture.read_bytes() == before


@pytest.mark.parametrize("tissue_name", ["livver", "air"])
def test_a_device_is_not_drawn_in_what_is_no_tissue(
    tissue_name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "needle.png")
    assert main(["library", "show", "microwave_slot_2450", "--out", out, "--tissue", tissue_name]) == 2
    assert tissue_name in capsys.readouterr().err
    assert not Path(out).exists()


def test_an_unknown_name_is_refused_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "show", "skinn"]) == 2
    assert 'did you mean "skin"?' in capsys.readouterr().err
