"""`run --after`: a second stage in its own folder, with a copy of what it began from."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.result.store import load_metrics

BOX = """
schema_version = 1
title = "{title}"
[domain]
spacing_mm = 2
min_mm = [-14, -14, -8]
max_mm = [14, 14, 28]
background = "muscle"
[[region]]
name = "tumour"
role = "target"
tissue = "soft_tissue_tumour"
shape = {{ kind = "sphere", center_mm = [0, 0, 12], radius_mm = 4 }}
"""
FREEZE = """
[device.short]
like = "cryo_17g"
active_from_mm = 2
active_length_mm = 16
[[probe]]
name = "A"
device = "short"
tip_mm = [0, 0, 0]
shaft_direction = [0, 0, 1]
steps = [{ action = "freeze", duration_s = 60 }]
[run]
endpoint = "lethal40"
"""
CEMENT = """
[[region]]
name = "cement"
tissue = "bone_cement_setting"
initial_temperature_c = 23
shape = { kind = "sphere", center_mm = [0, 9, 12], radius_mm = 3 }
[run]
duration_s = 30
endpoint = "lethal40"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a first stage computed in "first"."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first.toml").write_text(BOX.format(title="Freeze") + FREEZE, encoding="utf-8")
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "second.toml").write_text(BOX.format(title="Cement") + CEMENT, encoding="utf-8")
    assert main(["run", "first.toml", "--out", "first", "--no-figures", "--quiet"]) == 0
    return tmp_path


def test_a_second_stage_goes_on_where_the_first_ended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "scenes/second.toml", "--after", "first", "--out", "second"]) == 0
    assert "begins where the run of first ended after 60 s" in capsys.readouterr().out
    first, second = load_metrics(Path("first")), load_metrics(Path("second"))
    assert second["targets"][0]["ablated_percent"] == pytest.approx(first["targets"][0]["ablated_percent"], abs=0.5)
    assert first["zones"]["below_m40c_now"]["volume_cm3"] > 0.0 == second["zones"]["below_m40c_now"]["volume_cm3"]
    assert "second stage" in Path("second/report.html").read_text(encoding="utf-8")
    written = tomllib.loads(Path("second/scene.toml").read_text(encoding="utf-8"))
    assert written["initial"]["from_run"] == "inputs/result.vtkhdf"


def test_its_folder_is_complete(folder: Path) -> None:
    """The scene in it runs again without the first stage's folder."""
    assert main(["run", "scenes/second.toml", "--after", "first", "--out", "second", "--no-figures", "--quiet"]) == 0
    Path("first").rename("elsewhere")
    assert main(["run", "second/scene.toml", "--out", "again", "--no-figures", "--quiet"]) == 0
    one, other = load_metrics(Path("second")), load_metrics(Path("again"))
    assert one["targets"] == other["targets"]
    assert one["energy"] == other["energy"]


def test_check_looks_at_a_second_stage_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "scenes/second.toml", "--after", "first"]) == 0
    assert "A second stage" in capsys.readouterr().out
    assert main(["check", "scenes/second.toml", "--after", "none"]) == 2
    assert 'none/result.vtkhdf" does not exist' in capsys.readouterr().err
