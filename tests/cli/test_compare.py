"""`compare`: files, refusals, nothing half written; on the tiny run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.geometry.image_files import write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.outcome.zones import zone_field
from gpu_ablate.result.store import load_result
from tests.cli.conftest import TINY, computed

MM = 1e-3


@pytest.fixture(scope="module")
def seen(finished, tmp_path_factory) -> Path:
    """A folder with the simulated zone as a label image, two labels in one, none, and the zone turned into RAS."""
    folder = tmp_path_factory.mktemp("seen")
    result = load_result(finished)
    grid = result.setup.grid
    zone = ((zone_field(result, "nonperfused") >= 0) & result.setup.phase_mask("body")).astype(np.uint8)
    lattice = Lattice(grid.shape, np.array(grid.origin) + grid.spacing / 2, grid.spacing * np.eye(3))
    write_image(folder / "zone.nii.gz", zone, lattice)
    write_image(folder / "none.nii.gz", 0 * zone, lattice)
    two = zone.copy()
    two[0, 0, 0] = 2
    write_image(folder / "two.nrrd", two, lattice)
    far = Lattice(grid.shape, lattice.origin + 0.2, lattice.axes)
    write_image(folder / "far.mha", zone, far)
    return folder


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_a_comparison_is_written_said_and_written_again(run, seen, capsys):
    for _ in range(2):
        assert main(["compare", str(run), str(seen / "zone.nii.gz")]) == 0
    folder = run / "compare" / "zone-immediate"
    assert sorted(path.name for path in folder.iterdir()) == ["compare.json", "outlines.png"]
    told = json.loads((folder / "compare.json").read_text())
    assert (told["observed"], told["label"], told["at"], told["seen"]) == ("zone.nii.gz", 1, "immediate", "zone")
    assert told["agreement"]["dice"] > 0.85
    assert told["completeness"]["targets"][0]["name"] == "tumour"
    printed = capsys.readouterr().out
    assert "Suggests" in printed
    assert "Nothing was registered" in printed
    assert str(folder / "outlines.png") in printed


def test_months_later_a_lesion_is_meant_unless_told_otherwise(run, seen, tmp_path):
    out = tmp_path / "elsewhere"
    assert main(["compare", str(run), str(seen / "zone.nii.gz"), "--at", "3m", "--out", str(out)]) == 0
    told = json.loads((out / "compare.json").read_text())
    assert (told["seen"], told["agreement"]) == ("lesion", None)
    assert told["lesions"][0]["class"] == "local progression inside the zone"
    words = ["compare", str(run), str(seen / "two.nrrd"), "--at", "3m", "--seen", "zone", "--label", "1"]
    assert main([*words, "--zone", "above_50c", "--language", "zh-CN", "--out", str(out)]) == 0
    told = json.loads((out / "compare.json").read_text())
    assert (told["seen"], told["zone"], told["lesions"]) == ("zone", "above_50c", [])


def test_a_mesh_is_compared_as_well(run, seen, tmp_path):
    from vtkmodules.vtkFiltersSources import vtkSphereSource
    from vtkmodules.vtkIOGeometry import vtkSTLWriter

    ball = vtkSphereSource()
    ball.SetCenter(0, 0, -18)
    ball.SetRadius(8)
    ball.SetThetaResolution(40)
    ball.SetPhiResolution(40)
    writer = vtkSTLWriter()
    writer.SetFileName(str(tmp_path / "seen.stl"))
    writer.SetInputConnection(ball.GetOutputPort())
    writer.Write()
    assert main(["compare", str(run), str(tmp_path / "seen.stl")]) == 0
    told = json.loads((run / "compare" / "seen-immediate" / "compare.json").read_text())
    assert told["label"] is None
    assert told["agreement"]["observed_cm3"] == pytest.approx(4 / 3 * np.pi * 0.8**3, rel=0.02)
    assert main(["compare", str(run), str(tmp_path / "seen.stl"), "--label", "1"]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["two.nrrd"], "holds several labels: 1, 2"),
        (["two.nrrd", "--label", "3"], "no voxel carries label 3"),
        (["two.nrrd", "--label", "zone"], 'no label "zone"'),
        (["two.nrrd", "--label", "0"], 'no label "0"'),
        (["none.nii.gz"], "no voxel carries a label"),
        (["zone.nii.gz", "--series", "nowhere"], "takes the folder of the DICOM series"),
        (["nowhere.nii.gz"], "no such image"),
        (["far.mha"], "does not reach into the computed box"),
        (["zone.nii.gz", "--zone", "below_m40c"], "is empty"),
        (["zone.nii.gz", "--zone", "all"], 'no zone "all"'),
        (["zone.nii.gz", "--language", "fr"], "not known"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(run, seen, capsys, words, said):
    assert main(["compare", str(run), str(seen / words[0]), *words[1:]]) == 2
    assert said in capsys.readouterr().err
    assert not (run / "compare").exists()


def test_a_lesion_needs_a_run_with_a_target(seen, capsys, tmp_path):
    run = computed(tmp_path / "tiny.toml", TINY.replace('role = "target"', 'role = "tissue"'))
    assert main(["compare", str(run), str(seen / "zone.nii.gz"), "--at", "6m"]) == 2
    assert "has no target" in capsys.readouterr().err
    assert main(["compare", str(run), str(seen / "zone.nii.gz"), "--at", "6m", "--seen", "zone"]) == 0
    assert "nothing is suggested" in capsys.readouterr().out
    told = json.loads((run / "compare" / "zone-6m" / "compare.json").read_text())
    assert told["completeness"] is None


def test_nothing_half_written_stays_when_drawing_breaks_down(run, seen, monkeypatch, instead):
    assert main(["compare", str(run), str(seen / "zone.nii.gz")]) == 0
    before = (run / "compare" / "zone-immediate" / "compare.json").read_bytes()
    instead("gpu_ablate.render.outlines.draw_outlines", ValueError("no ink"))
    assert main(["compare", str(run), str(seen / "zone.nii.gz")]) == 1
    assert [path.name for path in (run / "compare").iterdir()] == ["zone-immediate"]
    assert (run / "compare" / "zone-immediate" / "compare.json").read_bytes() == before


def test_a_folder_with_other_things_is_not_written_to(run, seen, capsys, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert main(["compare", str(run), str(seen / "zone.nii.gz"), "--out", str(tmp_path / "mine")]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"
    assert main(["compare", str(run), str(seen / "zone.nii.gz"), "--out", str(tmp_path / "mine" / "notes.txt")]) == 2
