"""`run --bracket`: the same plan with the numbers that are known least at the ends of their range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.result.store import load_metrics

PLAN = """
schema_version = 1
[domain]
spacing_mm = 2.0
min_mm = [-16, -16, -16]
max_mm = [16, 16, 16]
background = "breast_gland"
[[region]]
name = "tumour"
role = "target"
tissue = "breast_tumour"
shape = {{ kind = "sphere", center_mm = [0, 0, 0], radius_mm = 7 }}
[device.mine]
like = "microwave_2450_16g"
cable_efficiency = {cable}
[[probe]]
name = "A"
device = "mine"
tip_mm = [0, 0, -7]
shaft_direction = [0, 0, 1]
steps = [{{ action = "hold", {power} = 40, duration_s = 20 }}]
"""
RANGE = '{ value = 0.75, low = 0.6, high = 0.9, source = "made up" }'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, cable: str, power: str = "power_w", *options: str) -> dict[str, Any]:
    (folder / "plan.toml").write_text(PLAN.format(cable=cable, power=power))
    assert main(["run", "plan.toml", "--out", "out", "--no-figures", "--bracket", *options]) == 0
    return load_metrics(folder / "out")


def test_more_power_through_the_cable_and_less_blood_kill_more(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = run(folder, RANGE)
    runs = metrics["bracket"]["runs"]
    settings = [(row["cable_efficiency"]["A"], row["perfusion_preset"]) for row in runs]
    assert settings[0] == (0.75, "itis"), "the run itself comes first"
    assert sorted(settings) == sorted((cable, p) for cable in (0.6, 0.75, 0.9) for p in ("itis", "thermography"))
    killed = {key: row["zones"]["cem43_240"]["volume_cm3"] for key, row in zip(settings, runs, strict=True)}
    assert killed[0.75, "itis"] == metrics["zones"]["cem43_240"]["volume_cm3"]
    for preset in ("itis", "thermography"):
        assert 0.0 < killed[0.6, preset] < killed[0.75, preset] < killed[0.9, preset]
    for cable in (0.6, 0.75, 0.9):
        assert killed[cable, "itis"] < killed[cable, "thermography"], "gland is perfused twelve times less"
    span = metrics["bracket"]["spans"]["volume_cm3"]
    assert span == {"used": killed[0.75, "itis"], "low": min(killed.values()), "high": max(killed.values())}
    said = capsys.readouterr().out
    assert "bracket (the run itself first)" in said
    assert f"zone {span['used']:.1f} [{span['low']:.1f} .. {span['high']:.1f}] cm³" in said
    assert "Bracket" in Path("out/report.html").read_text()
    assert main(["show", "out"]) == 0
    assert "thermography" in capsys.readouterr().out


def test_a_net_power_leaves_perfusion_alone_to_vary(folder: Path) -> None:
    """What leaves the antenna is given, whatever the cable passes."""
    rows = run(folder, RANGE, "net_power_w")["bracket"]["runs"]
    assert [(row["cable_efficiency"]["A"], row["perfusion_preset"]) for row in rows] == [
        (0.75, "itis"),
        (0.75, "thermography"),
    ]


def test_nothing_to_vary_is_said(folder: Path) -> None:
    found = run(folder, "0.75", "power_w", "--set", "domain.background=liver", "--set", "region.tumour.tissue=liver")
    assert found["bracket"]["runs"] == []
    assert "nothing to bracket" in found["bracket"]["reason"]


COLD = """
schema_version = 1
[domain]
spacing_mm = 2.0
min_mm = [-16, -16, -8]
max_mm = [16, 16, 28]
background = "muscle"
[[region]]
name = "tumour"
role = "target"
tissue = "soft_tissue_tumour"
shape = { kind = "sphere", center_mm = [0, 0, 10], radius_mm = 5 }
[[probe]]
name = "A"
device = "cryo_17g"
tip_mm = [0, 0, 0]
shaft_direction = [0, 0, 1]
steps = [{ action = "freeze", duration_s = 120 }]
"""


def test_a_stronger_film_freezes_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The three presets, nominal being the run itself."""
    (folder / "plan.toml").write_text(COLD)
    assert main(["run", "plan.toml", "--out", "out", "--no-figures", "--bracket"]) == 0
    runs = load_metrics(folder / "out")["bracket"]["runs"]
    assert [row["devices"] for row in runs] == ["used", "low", "high"]
    ice = {row["film_h_w_m2k"]["A"]: row["zones"]["below_m40c"]["volume_cm3"] for row in runs}
    assert list(ice) == [6000.0, 1500.0, 30000.0]
    assert ice[1500.0] < 0.7 * ice[6000.0] < 0.7 * ice[30000.0]
    assert "film 1500 W/(m² K)" in capsys.readouterr().out


def test_the_report_of_a_freeze_speaks_of_ice(folder: Path) -> None:
    (folder / "plan.toml").write_text(COLD)
    assert main(["run", "plan.toml", "--out", "out", "--no-figures", "--set", "probe.A.steps.0.duration_s=500"]) == 0
    page, metrics = Path("out/report.html").read_text(encoding="utf-8"), load_metrics(folder / "out")
    assert "Ice beyond the tumour" in page
    assert "kJ drawn by the probes" in page
    assert "ice, moved inwards by 5 mm" in page
    assert "Hottest place" not in page
    assert metrics["cryoprobes"][0]["name"] == "A"
