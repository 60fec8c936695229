"""The CT behind the slices: where it lies, what lies beyond it, and that it travels with the result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import gpu_ablate as ga
from gpu_ablate.case.background import resampled_backdrop
from gpu_ablate.case.grid import Grid
from gpu_ablate.errors import SceneError
from gpu_ablate.result.store import load_result
from gpu_ablate.result.vtkhdf import write_vtkhdf

SCENE = """
schema_version = 1
[domain]
spacing_mm = 1
min_mm = [-6, -5, -4]
max_mm = [6, 5, 4]
background = "muscle"
[anatomy]
image = "labels.nii.gz"
ct = "ct.nii.gz"
[anatomy.labels]
0 = "muscle"
[run]
duration_s = 1
"""


def write_images(folder: Path) -> None:
    """A ramp of 10 HU/mm along x in an oblique image that ends at x = 4 mm on one side."""
    turn = np.radians(20.0)
    axes = np.array([[np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0], [0.0, 0.0, 1.0]])
    shape = (12, 40, 40)
    k, j, i = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    index = np.stack([i, j, k], axis=-1) * np.array([0.6, 0.6, 1.0])
    origin = -axes @ (np.array([19.5 * 0.6, 19.5 * 0.6, 5.5]))
    x = (index @ axes.T + origin)[..., 0]
    for name, values in (("ct", 10.0 * x), ("labels", np.zeros(shape))):
        image = sitk.GetImageFromArray(values.astype(np.float32 if name == "ct" else np.uint8))
        image.SetSpacing((0.6, 0.6, 1.0))
        image.SetDirection(axes.ravel().tolist())
        image.SetOrigin(origin.tolist())
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))
    (folder / "scene.toml").write_text(SCENE, encoding="utf-8")


def test_a_ramp_keeps_its_slope_on_the_grid_and_travels_with_the_result(tmp_path: Path) -> None:
    write_images(tmp_path)
    case = ga.build_case(ga.load_scene(tmp_path / "scene.toml"))
    ct = case.setup.backdrop
    assert ct is not None
    assert ct.shape == case.setup.grid.shape
    xs = case.setup.grid.axes()[0]
    np.testing.assert_allclose(ct, np.broadcast_to(1e4 * xs, ct.shape), atol=0.51)
    result = ga.simulate(case, "numba")
    (tmp_path / "run").mkdir()
    write_vtkhdf(result, {}, "", tmp_path / "run" / "result.vtkhdf")
    np.testing.assert_array_equal(load_result(tmp_path / "run").setup.backdrop, ct)


def test_beyond_the_image_is_air(tmp_path: Path) -> None:
    write_images(tmp_path)
    text = SCENE.replace("max_mm = [6, 5, 4]", "max_mm = [6, 5, 14]")
    (tmp_path / "scene.toml").write_text(text, encoding="utf-8")
    ct = ga.build_case(ga.load_scene(tmp_path / "scene.toml")).setup.backdrop
    assert ct is not None
    assert (ct[-1] == -1024).all()


@pytest.mark.parametrize("flipped", [False, True])
def test_a_ct_that_contradicts_the_labels_is_warned_of(tmp_path: Path, flipped: bool) -> None:
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[:, :, 7:] = 1
    ct = np.where(labels == 1, -1000, 40).astype(np.int16)
    for name, values in (("labels", labels), ("ct", ct[:, :, ::-1] if flipped else ct)):
        image = sitk.GetImageFromArray(np.ascontiguousarray(values))
        image.SetOrigin((-5.5, -5.5, -5.5))
        sitk.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
    (tmp_path / "scene.toml").write_text(SCENE.replace('0 = "muscle"', '0 = "muscle"\n1 = "air"'), encoding="utf-8")
    notes = ga.build_case(ga.load_scene(tmp_path / "scene.toml")).setup.notes
    assert any("may be flipped" in note for note in notes) == flipped


def test_without_a_ct_there_is_none(tmp_path: Path) -> None:
    write_images(tmp_path)
    text = SCENE.replace('ct = "ct.nii.gz"\n', "")
    (tmp_path / "scene.toml").write_text(text, encoding="utf-8")
    assert ga.build_case(ga.load_scene(tmp_path / "scene.toml")).setup.backdrop is None


def test_a_ct_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_images(tmp_path)
    (tmp_path / "ct.nii.gz").unlink()
    with pytest.raises(SceneError, match="ct"):
        ga.build_case(ga.load_scene(tmp_path / "scene.toml"))


def test_a_layer_that_moves_tissue_has_no_ct(tmp_path: Path) -> None:
    """The CT would show the tissue where it was."""
    write_images(tmp_path)
    layer = """
[[region]]
name = "saline"
role = "isolation"
tissue = "saline"
shape = { kind = "ellipsoid", center_mm = [0, 0, 0], radii_mm = [3, 3, 1] }
[[isolation]]
region = "saline"
displaces = "superficial"
outward = [0, 0, 1]
"""
    (tmp_path / "scene.toml").write_text(SCENE.replace("[run]", layer + "[run]"), encoding="utf-8")
    with pytest.raises(SceneError, match="CT would lie beside"):
        resampled_backdrop(ga.load_scene(tmp_path / "scene.toml"), Grid((8, 10, 12), 1e-3, (-6e-3, -5e-3, -4e-3)))
