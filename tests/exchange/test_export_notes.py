"""What whoever uses the files must know stands in README.txt and export.json, and on the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpu_ablate.case.setup import IsolationLayer
from gpu_ablate.errors import ResultError
from gpu_ablate.exchange.content import Content, file_names
from gpu_ablate.exchange.files import Written, cautions, write_export
from gpu_ablate.exchange.nifti import write_nifti
from gpu_ablate.geometry.images import Lattice
from tests.exchange.conftest import content_on

LAYER = IsolationLayer(
    "saline layer", "saline", "superficial", (0.0, 0.0, 1.0), 1e-6, 1e-3, 1e-3, (None, None), (), (None, None)
)


def changed(content: Content, **more: object) -> Content:
    return replace(content, result=replace(content.result, setup=replace(content.setup, **more)))


def test_moved_tissue_and_a_frame_of_its_own_are_said(content: Content) -> None:
    assert not cautions(changed(content, frame="patient"))
    assert "its axes are its own" in " ".join(cautions(content))
    (said,) = cautions(changed(content, frame="patient", isolation=(LAYER,)))
    assert "saline layer moved tissue" in said


def test_a_run_that_did_not_end_is_said(content: Content) -> None:
    stopped = replace(content, result=replace(content.result, status="failed"))
    assert "the run is failed" in cautions(stopped)[0]


def test_a_zone_that_reaches_beyond_the_image_is_said(run: Path, tmp_path: Path) -> None:
    half = Lattice((20, 20, 8), np.array([-10e-3, -10e-3, -10e-3]), np.diag([1e-3, 1e-3, 1.1e-3]))
    lines: list[str] = []
    write_export("nifti", content_on(run, half), write_nifti, tmp_path / "out", lines.append)
    told = json.loads((tmp_path / "out" / "export.json").read_text())
    cut = {file["name"] for file in told["files"] if not file["whole"]}
    assert "zone_cem43_240.nii.gz" in cut
    assert any("zone_cem43_240.nii.gz: a part of it lies beyond the image" in note for note in told["notes"])
    assert all(note in " ".join(lines) for note in told["notes"])
    assert "NOTE: zone_cem43_240.nii.gz" in (tmp_path / "out" / "README.txt").read_text()


def test_a_zone_below_half_a_voxel_is_said(run: Path, tmp_path: Path) -> None:
    huge = Lattice((3, 3, 3), np.full(3, -60e-3), np.eye(3) * 60e-3)
    lines: list[str] = []
    write_export("nifti", content_on(run, huge), write_nifti, tmp_path / "out", lines.append)
    assert any("smaller than half a voxel" in line for line in lines)


def test_a_folder_made_meanwhile_is_not_overwritten(content: Content, tmp_path: Path) -> None:
    def slow(_: Content, folder: Path) -> Iterator[Written]:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine.txt").write_text("mine")
        (folder / "a.txt").write_text("a")
        yield Written("a.txt", "a")

    with pytest.raises(OSError, match="not empty"):
        write_export("csv", content, slow, tmp_path / "out", str)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(ResultError, match="is not empty"):
        write_export("csv", content, slow, tmp_path / "out", str)


def test_names_become_files_and_stay_apart() -> None:
    found = file_names(["iliac vein", "iliac/vein", "Iliac vein", "肿瘤", "..", "a.b"])
    assert found["iliac vein"] == "iliac_vein"
    assert found["肿瘤"] == "肿瘤"
    assert len({name.lower() for name in found.values()}) == len(found)
    assert not [name for name in found.values() if set(name) & set("/. ") or not name]
