"""Copies of what a scene names: it runs from them as from the originals, wherever the folder goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import gpu_ablate as ga
from gpu_ablate.case.case import Case
from gpu_ablate.errors import SceneError
from gpu_ablate.scene.inputs import copy_inputs, fingerprints
from gpu_ablate.scene.load import load_scene
from gpu_ablate.scene.write import write_scene

HEAD = """
schema_version = 1
[domain]
spacing_mm = 2
min_mm = [-10, -10, -10]
max_mm = [10, 10, 10]
background = "liver"
[run]
duration_s = 1
"""
DOSE = 'endpoint = "cem43_240"\n'
START = '[initial]\nimage = "{}"\n'
HEAT = '[[source]]\nname = "{0}"\nimage = "{0}/warm.nii"\n'


def image(path: Path, value: float) -> None:
    path.parent.mkdir(exist_ok=True)
    values = sitk.GetImageFromArray(np.full((24, 24, 24), value, np.float32))
    values.SetOrigin((-12.0, -12.0, -12.0))
    sitk.WriteImage(values, str(path))


def moved(path: Path, tmp_path: Path) -> tuple[Case, Case]:
    """The case of a scene, and that of its copy after all originals are gone and the copy has moved."""
    scene = load_scene(path)
    before = ga.build_case(scene)
    folder = tmp_path / "run"
    folder.mkdir()
    write_scene(scene, folder / "scene.toml", copy_inputs(scene, folder))
    shutil.rmtree(path.parent)
    folder.rename(tmp_path / "elsewhere")
    return before, ga.build_case(load_scene(tmp_path / "elsewhere" / "scene.toml"))


def test_files_of_one_name_in_several_folders_are_kept_apart(tmp_path: Path) -> None:
    """Two named warm.nii, and a warm.nii.gz, which must not lie beside one of them."""
    own = tmp_path / "own"
    own.mkdir()
    image(own / "a" / "warm.nii", 1e4)
    image(own / "b" / "warm.nii", 2e4)
    image(own / "c" / "warm.nii.gz", 39.0)
    (own / "scene.toml").write_text(HEAD + DOSE + START.format("c/warm.nii.gz") + HEAT.format("a") + HEAT.format("b"))
    before, after = moved(own / "scene.toml", tmp_path)
    assert np.array_equal(before.initial, after.initial)
    for one, other in zip(before.sources, after.sources, strict=True):
        assert one.field is not None
        assert other.field is not None
        assert np.array_equal(one.field, other.field)
        assert one.power == other.power
    assert list(after.setup.inputs) == ["inputs/warm.nii.gz", "inputs/2/warm.nii", "inputs/3/warm.nii"]
    assert list(after.setup.inputs.values()) == list(before.setup.inputs.values())


def test_voxels_beside_their_header_come_along(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    image(own / "start.mhd", 41.0)
    (own / "scene.toml").write_text(HEAD + START.format("start.mhd"))
    assert list(fingerprints(load_scene(own / "scene.toml"))) == ["start.mhd", "start.raw"]
    before, after = moved(own / "scene.toml", tmp_path)
    assert np.array_equal(before.initial, after.initial)
    assert after.initial.max() == pytest.approx(4.0)


@pytest.mark.parametrize(
    "line", ["ElementDataFile = LIST", "ElementDataFile = /data/start.raw", "ElementDataFile = s%03d.raw"]
)
def test_voxels_elsewhere_are_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "start.mhd").write_text(f"NDims = 3\n{line}\n")
    (tmp_path / "scene.toml").write_text(HEAD + START.format("start.mhd"))
    with pytest.raises(SceneError, match=r"start\.mhd keeps its voxels in(.|\n)*remedy"):
        fingerprints(load_scene(tmp_path / "scene.toml"))


def test_a_scene_without_files_gets_no_folder_for_them(tmp_path: Path) -> None:
    (tmp_path / "scene.toml").write_text(HEAD)
    assert copy_inputs(load_scene(tmp_path / "scene.toml"), tmp_path) == {}
    assert not (tmp_path / "inputs").exists()
