"""Where the voxels of an image file lie, from its header alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from made_dicom import OBLIQUE

from gpu_ablate.errors import SceneError
from gpu_ablate.exchange.nrrd import write_nrrd
from gpu_ablate.geometry.image_files import read_labels, read_lattice, write_image
from gpu_ablate.geometry.images import Lattice

TURNED = Lattice((4, 5, 6), np.array([1e-3, -2e-3, 3e-3]), OBLIQUE * np.array([0.8e-3, 0.9e-3, 2.5e-3]))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_it_is_that_of_the_image(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image{suffix}"
    write_image(path, np.ones(TURNED.shape, np.uint8), TURNED)
    found, whole = read_lattice(path), read_labels(path).lattice
    assert found.shape == whole.shape == TURNED.shape
    np.testing.assert_array_equal(found.origin, whole.origin)
    np.testing.assert_array_equal(found.axes, whole.axes)
    np.testing.assert_allclose(found.axes, TURNED.axes, atol=1e-9)


def test_layers_of_a_segmentation_share_one(tmp_path: Path) -> None:
    write_nrrd(tmp_path / "zones.seg.nrrd", np.ones((*TURNED.shape, 3), np.uint8), TURNED, {"Segment0_ID": "a"})
    found = read_lattice(tmp_path / "zones.seg.nrrd")
    assert found.shape == TURNED.shape
    np.testing.assert_allclose(found.axes, TURNED.axes, atol=1e-12)


def test_four_axes_and_no_image_are_refused(tmp_path: Path) -> None:
    sitk.WriteImage(
        sitk.GetImageFromArray(np.zeros((2, 3, 4, 5), np.float32), isVector=False), str(tmp_path / "four.nii")
    )
    with pytest.raises(SceneError, match="has 4 axes"):
        read_lattice(tmp_path / "four.nii")
    (tmp_path / "broken.nrrd").write_text("nothing")
    with pytest.raises(SceneError, match="cannot be read"):
        read_lattice(tmp_path / "broken.nrrd")
