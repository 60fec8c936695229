"""A film coefficient from an ice figure: the one that made it comes back, and impossible figures are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import gpu_ablate as ga
from gpu_ablate import calibration
from gpu_ablate.calibration import IceFigure, fit_film, ice_of
from gpu_ablate.cli.app import main
from gpu_ablate.errors import SceneError
from gpu_ablate.library import load
from gpu_ablate.spec.device import CryoDevice


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> CryoDevice:
    """A 17 G probe, on coarse voxels: the figures here come from the same ones."""
    monkeypatch.setattr(calibration, "SPACING_MM", 3.0)
    found = load.device("cryo_17g")
    assert isinstance(found, CryoDevice)
    return found


@pytest.mark.parametrize("h", [1500.0, 6000.0])
def test_the_film_that_made_a_figure_is_found(device: CryoDevice, h: float) -> None:
    """Within what a hundredth of the width means for it, 15 %."""
    length, width = ice_of(device, IceFigure(45.0, 20.0, 240.0, "agar", 21.0), h, "numba")
    tried: list[float] = []
    fitted = fit_film(device, IceFigure(length, width, 240.0, "agar", 21.0), "numba", lambda h, _: tried.append(h))
    assert fitted.width_mm == pytest.approx(width, rel=0.01)
    assert fitted.length_mm == pytest.approx(length, rel=0.02)
    assert fitted.h_w_m2k == pytest.approx(h, rel=0.15)
    assert len(tried) == len(set(tried)) <= 12


def test_ice_beyond_the_conduction_limit_is_refused(device: CryoDevice) -> None:
    with pytest.raises(SceneError, match=r"ice 60 mm wide after 60 s in agar of 21 °C: at the conduction limit it is"):
        fit_film(device, IceFigure(70.0, 60.0, 60.0, "agar", 21.0), "numba", lambda *_: None)


def test_warm_gel_and_lower_edges_ask_for_less(device: CryoDevice) -> None:
    cold = ice_of(device, IceFigure(45.0, 20.0, 240.0, "agar", 21.0), 6000.0, "numba")
    warm = ice_of(device, IceFigure(45.0, 20.0, 240.0, "agar", start_c=37.0), 6000.0, "numba")
    killed = ice_of(device, IceFigure(45.0, 20.0, 240.0, "agar", 21.0, isotherm_c=-40.0), 6000.0, "numba")
    assert cold[1] > warm[1] > killed[1] > 0.0


def test_the_command_prints_a_device_for_a_scene(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ninety seconds of freezing."""
    monkeypatch.setattr(calibration, "SPACING_MM", 3.0)
    code = main(["library", "fit", "cryo_17g", "--ice-mm", "38", "12", "--at-s", "90", "--medium", "gel"])
    out, err = capsys.readouterr()
    assert code == 0, err
    assert "W/m²K" in err
    ((name, entry),) = tomllib.loads(out)["device"].items()
    assert (name, entry["like"]) == ("cryo_17g_fitted", "cryo_17g")
    assert "38 x 12 mm after 90 s in agar from 21 °C" in entry["film_h_w_m2k"]["source"]
    scene = (
        'schema_version = 1\n[domain]\nspacing_mm = 3\nmargin_mm = 12\nbackground = "muscle"\n'
        + out
        + (
            '\n[[probe]]\nname = "A"\ndevice = "cryo_17g_fitted"\ntip_mm = [0, 0, 0]\nshaft_direction = [0, 0, 1]\n'
            'steps = [{ action = "freeze", duration_s = 1 }]\n'
        )
    )
    (tmp_path / "scene.toml").write_text(scene, encoding="utf-8")
    probe = ga.build_case(ga.load_scene(tmp_path / "scene.toml")).cryoprobes["A"]
    assert probe.h == pytest.approx(entry["film_h_w_m2k"]["value"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["microwave_2450_16g"], "is an antenna"),
        (["cryo_17"], "no device of the library"),
        (["cryo_17g", "--medium", "jelly"], '"jelly" is not in the library'),
        (["cryo_17g", "--medium", "bone_cement"], "does not freeze"),
        (["cryo_17g", "--isotherm-c", "-10"], "must be 0, -20, -30 or -40"),
        (["cryo_17g", "--ice-mm", "20", "40"], "the width not above the length"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    size = [] if "--ice-mm" in change else ["--ice-mm", "50", "30"]
    assert main(["library", "fit", *change, *size, "--at-s", "600"]) == 2
    assert words in capsys.readouterr().err
