"""`new` writes a scene that `check` takes and `run` computes, or nothing at all; `check --figure` draws it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
from PIL import Image

from gpu_ablate.cli.app import main
from gpu_ablate.geometry.image_files import write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.units import MM

NAMES = "value,name\n0,air\n1,fat\n2,skin\n3,fibroglandular\n"
BODY = ["--from", "labels.nii.gz", "--names", "names.csv"]


@pytest.fixture
def breast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A block of breast of 64 x 64 x 40 mm in air, its labels, their names and the mesh of a tumour."""
    monkeypatch.chdir(tmp_path)
    axis = np.arange(-39.0, 40.0, 2.0)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    inside = (np.abs(x) < 32) & (np.abs(y) < 32) & (np.abs(z) < 20)
    deep = (np.abs(x) < 29) & (np.abs(y) < 29) & (np.abs(z) < 17)
    gland = (np.abs(x) < 20) & (np.abs(y) < 20) & (np.abs(z) < 12)
    labels = np.select([gland, deep, inside], [3, 1, 2], 0).astype(np.uint8)
    write_image(Path("labels.nii.gz"), labels, Lattice(labels.shape, np.full(3, -39.0 * MM), 2.0 * MM * np.eye(3)))
    Path("names.csv").write_text(NAMES)
    ball("tumour.stl", (0, 0, 3), 6)
    return tmp_path


def ball(file: str, middle: tuple[float, float, float], radius: float) -> None:
    pv.Sphere(radius=radius, center=middle, theta_resolution=16, phi_resolution=16).triangulate().clean().save(file)


def test_a_breast_gets_an_oblique_pull_back_that_runs(breast: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", *BODY, "--tumour", "tumour.stl", "--out", "b.toml", "--spacing-mm", "2.5"]) == 0
    text = Path("b.toml").read_text(encoding="utf-8")
    assert text.startswith("# PROPOSAL")
    assert [text.count(f"power_w = {watts}") for watts in (30, 20)] == [1, 1]
    assert main(["check", "b.toml"]) == 0
    out = capsys.readouterr().out
    assert "from the entry to the tip" in out
    assert 'target "tumour" lies' not in out  # 11 mm below the skin
    assert main(["run", "b.toml", "--out", "run", "--no-figures", "--quiet"]) in (0, 3)


def test_a_file_is_never_overwritten(breast: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("b.toml").write_text("mine")
    assert main(["new", *BODY, "--tumour", "tumour.stl", "--out", "b.toml"]) == 2
    assert "there is such a file" in capsys.readouterr().err
    assert Path("b.toml").read_text() == "mine"


BAD: dict[str, tuple[list[str], str]] = {
    "no tumour": ([], "no label is named as a tumour"),
    "no such label": (["--tumour", "nodule"], 'no label "nodule"'),
    "the air": (["--tumour", "0"], "is air"),
    "several labels": (["--tumour", "Fat", "--names", "alike.csv"], "may be several labels: 1 fat, 3 fat"),
    "a label named twice": (["--names", "twice.csv"], 'calls 1 both "fat" and "liver"'),
    "a label without end": (["--names", "endless.csv"], "no line with a value and a name"),
    "mesh in metres": (["--tumour", "metres.stl"], "look like metres"),
    "a CT as labels": (["--from", "ct.nrrd", "--tumour", "tumour.stl"], "hardly a segmentation"),
    "one slice": (["--from", "slice.nrrd", "--tumour", "tumour.stl"], "a single slice"),
    "a negative label": (["--from", "negative.nrrd", "--tumour", "tumour.stl"], "values from -5 to"),
    "a link": (["--tumour", "tumour.stl", "--out", "link.toml"], "there is such a file"),
    "no such mesh": (["--tumour", "none.stl"], "no such mesh"),
    "mesh elsewhere": (["--tumour", "elsewhere.stl"], "does not meet the image"),
    "mesh in air": (["--tumour", "outside.stl"], "outside the body"),
    "modality": (["--tumour", "tumour.stl", "--modality", "laser"], "take one of microwave, cryo"),
    "intent": (["--tumour", "tumour.stl", "--intent", "curative"], "take one of radical, palliative"),
    "names": (["--tumour", "tumour.stl", "--names", "none.csv"], "no such file"),
    "ct": (["--tumour", "tumour.stl", "--ct", "none.nii.gz"], "no such image"),
    "spacing": (["--tumour", "tumour.stl", "--spacing-mm", "0"], "not between"),
    "folder": (["--tumour", "tumour.stl", "--out", "none/b.toml"], "there is no folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_leaves_nothing(breast: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    ball("elsewhere.stl", (500, 0, 0), 6)
    ball("outside.stl", (0, 0, 32), 6)
    ball("metres.stl", (0, 0, 0.003), 0.006)
    Path("alike.csv").write_text(NAMES.replace("fibroglandular", "fat"))
    Path("twice.csv").write_text(NAMES + "1,liver\n")
    Path("endless.csv").write_text("9" * 5000 + ",liver\n")
    Path("link.toml").symlink_to("nowhere.toml")
    lattice = Lattice((10, 10, 10), np.full(3, -9 * MM), 2 * MM * np.eye(3))
    write_image(Path("ct.nrrd"), np.arange(1000, dtype=np.int16).reshape(10, 10, 10), lattice)
    write_image(Path("negative.nrrd"), np.full((10, 10, 10), -5, np.int16), lattice)
    write_image(Path("slice.nrrd"), np.ones((1, 10, 10), np.int16), Lattice((1, 10, 10), lattice.origin, lattice.axes))
    before = sorted(breast.iterdir())
    options, said = BAD[case]
    assert main(["new", *BODY, *options]) == 2
    assert said in capsys.readouterr().err
    assert sorted(breast.iterdir()) == before


def test_the_plan_is_drawn_with_nothing_computed(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", scene, "--figure"]) == 0
    assert "tiny.png" in capsys.readouterr().out
    with Image.open("tiny.png") as picture:
        assert picture.width > 1000
        assert len(picture.convert("RGB").getcolors(maxcolors=1 << 24) or []) > 100
    assert not Path("runs").exists()
    assert main(["check", scene, "--figure"]) == 2
    assert main(["check", scene, "other.png"]) == 2
    assert sorted(Path().glob("*.p*")) == [Path("tiny.png")]


def test_without_opengl_the_slices_are_drawn(
    scene: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], replace_gl: Callable[[], None]
) -> None:
    replace_gl()
    assert main(["check", scene, "--figure", "flat.png", "--language", "zh-CN"]) == 0
    assert "slices alone" in capsys.readouterr().out
    assert Path("flat.png").stat().st_size > 10_000


@pytest.fixture
def replace_gl(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make this machine one without OpenGL."""
    return lambda: monkeypatch.setattr("gpu_ablate.render.gl.missing_gl", lambda: "no OpenGL here")
