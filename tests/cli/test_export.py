"""`gpu-ablate export`: what is refused before anything is written, and that a folder is whole or not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_dicom import make_series

from gpu_ablate.cli.app import main
from gpu_ablate.exchange.files import Written
from gpu_ablate.geometry.image_files import read_scalars, write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.result.files import folder_aside, remove_asides
from gpu_ablate.result.store import load_result

EVERY = ("nifti", "slicer", "dicom", "stl", "csv")


def test_every_format_of_a_real_run(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = [option for one in EVERY for option in ("--to", one)]
    assert main(["export", str(finished), *wanted, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    for one in EVERY:
        folder = tmp_path / "out" / one
        assert str(folder) in said.out
        told = json.loads((folder / "export.json").read_text())
        assert told["format"] == one
        assert told["scene"] == "tiny"
        assert told["temperature_at_s"] == 30
        files = {written["name"] for written in told["files"]} | {"export.json", "README.txt"}
        assert files == {path.name for path in folder.iterdir()}
        assert str(finished) not in (folder / "export.json").read_text() + (folder / "README.txt").read_text()
    assert not list((tmp_path / "out").glob("*.part"))


def test_by_default_it_goes_into_the_run_folder(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    assert main(["export", str(run), "--to", "csv", "--to", "csv"]) == 0
    assert (run / "export" / "csv" / "targets.csv").is_file()


def test_images_go_out_on_the_voxels_of_another_image(finished: Path, tmp_path: Path) -> None:
    lattice = Lattice((9, 8, 7), np.array([-6e-3, -7e-3, -30e-3]), np.diag([2e-3, 2e-3, 3e-3]))
    write_image(tmp_path / "patient_smith.nii.gz", np.zeros(lattice.shape, np.int16), lattice)
    command = ["export", str(finished), "--to", "nifti", "--on", str(tmp_path / "patient_smith.nii.gz"), "--at-s", "10"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    image = read_scalars(tmp_path / "out" / "nifti" / "temperature_10s.nii.gz")
    assert image.values.shape == (9, 8, 7)
    np.testing.assert_allclose(image.lattice.axes, lattice.axes, atol=1e-9)
    told = (tmp_path / "out" / "nifti" / "export.json").read_text()
    assert "smith" not in told


def test_dicom_on_a_series(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_series(tmp_path / "ct", (20, 20, 12), (2, 2, 3), np.eye(3), (-20, -20, -34), patient={"PatientName": "A^B"})
    command = ["export", str(finished), "--to", "dicom", "--on", str(tmp_path / "ct")]
    assert main([*command, "--out", str(tmp_path / "nobody")]) == 0
    assert "frame of reference of its own" in capsys.readouterr().out
    assert main([*command, "--out", str(tmp_path / "kept"), "--keep-patient"]) == 0
    said = capsys.readouterr()
    assert "carries patient and study" in said.out
    assert "A^B" not in said.out + said.err
    for path in (tmp_path / "kept" / "dicom").iterdir():
        assert ("A^B" in path.read_bytes().decode("latin-1")) == (path.suffix == ".dcm")


REFUSED = {
    "a time beyond the run": (["--at-s", "99"], "records from 0 to 30 s"),
    "a patient of no series": (["--keep-patient", "--to", "dicom"], "no series to take the patient from"),
    "a patient of an image": (
        ["--keep-patient", "--to", "dicom", "--on", "away.nii.gz"],
        "no series to take the patient",
    ),
    "a patient in no DICOM": (["--keep-patient"], "only DICOM files can carry a patient"),
    "no image": (["--on", "nowhere.nii.gz"], "no such image"),
    "no series": (["--on", "empty"], "holds no DICOM image"),
    "an image elsewhere": (["--on", "away.nii.gz"], "has no voxel in the box of the run"),
    "an image beyond memory": (["--on", "large.nrrd"], "30000 x 30000 x 30000 voxels, more than"),
    "a folder in use": (["--out", "used"], "is not empty; nothing is overwritten"),
    "a format that there is not": (["--to", "docx"], "'docx' is not one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_options_are_refused_and_leave_nothing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "used" / "nifti").mkdir(parents=True)
    (tmp_path / "used" / "nifti" / "mine.txt").write_text("mine")
    away = Lattice((2, 2, 2), np.array([1.0, 1.0, 1.0]), np.eye(3) * 1e-3)
    write_image(tmp_path / "away.nii.gz", np.zeros((2, 2, 2), np.uint8), away)
    write_image(
        tmp_path / "large.nrrd", np.zeros((2, 2, 2), np.uint8), Lattice((2, 2, 2), np.zeros(3), np.eye(3) * 1e-3)
    )
    header = (tmp_path / "large.nrrd").read_bytes()
    (tmp_path / "large.nrrd").write_bytes(header.replace(b"sizes: 2 2 2", b"sizes: 30000 30000 30000"))
    before = sorted(tmp_path.rglob("*"))
    options, message = REFUSED[name]
    assert main(["export", str(finished), "--to", "nifti", "--out", "out", *options]) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("option", "to"), [("--on", "stl"), ("--on", "csv"), ("--at-s", "dicom")])
def test_an_option_that_changes_nothing_is_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, to: str
) -> None:
    assert main(["export", str(finished), "--to", to, option, "1", "--out", str(tmp_path / "out")]) == 2
    assert f"{option}: only" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "code"), [(OSError(28, "No space left on device"), 2), (ValueError("?"), 1), (KeyboardInterrupt(), 130)]
)
def test_a_failure_half_way_leaves_nothing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def half(_: Any, folder: Path) -> Iterator[Written]:
        (folder / "zones.csv").write_text("half of it")
        yield Written("zones.csv", "half")
        raise error

    monkeypatch.setattr("gpu_ablate.exchange.tables.write_tables", half)
    command = ["export", str(finished), "--to", "csv", "--out", str(tmp_path / "out")]
    assert main(command) == code
    assert not (tmp_path / "out").exists()


def test_what_a_killed_export_left_is_no_obstacle(finished: Path, tmp_path: Path) -> None:
    left = tmp_path / "out" / "csv.part"
    left.mkdir(parents=True)
    (left / "zones.csv").write_text("half of it")
    assert main(["export", str(finished), "--to", "csv", "--out", str(tmp_path / "out")]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["csv"]


def test_asides_may_be_folders(tmp_path: Path) -> None:
    (tmp_path / "export" / "csv.part").mkdir(parents=True)
    (tmp_path / "export" / "csv.part" / "zones.csv.part").write_text("half of it")
    remove_asides(tmp_path)
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_aside_goes_into_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with folder_aside(tmp_path / "here") as aside:
        (aside / "a.txt").write_text("a")
    assert (tmp_path / "here" / "a.txt").read_text() == "a"


def test_no_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path / "nowhere"), "--to", "stl"]) == 2
    assert "no such run folder" in capsys.readouterr().err


def test_the_run_itself_is_untouched(finished: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert main(["export", str(finished), "--to", "stl", "--out", str(tmp_path)]) == 0
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before
    assert load_result(finished).status == "done"
