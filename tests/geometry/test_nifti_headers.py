"""What a NIfTI header hides from its reader is refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import read_labels, write_image
from gpu_ablate.units import MM


def written(path: Path, affine: np.ndarray | None) -> Path:
    values = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    nibabel.Nifti1Image(values, affine).to_filename(path)
    return path


def patched(path: Path, kind: str, offset: int, *numbers: float) -> Path:
    """The file with numbers of its header overwritten."""
    content = bytearray(path.read_bytes())
    struct.pack_into(kind, content, offset, *numbers)
    path.write_bytes(content)
    return path


def test_a_spacing_of_zero_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.nii", np.diag([2.0, 2, 3, 1]))
    assert read_labels(whole).lattice.shape == (6, 5, 4)
    broken = patched(whole, "<f", 84, 0.0)
    with pytest.raises(SceneError, match=r"voxel spacing .* not usable"):
        read_labels(broken)


@pytest.mark.parametrize("affine", [np.diag([2.0, 2, 3, 1]), np.diag([-2.0, 2, 3, 1]), np.diag([2.0, 2, -3, 1])])
def test_two_places_that_differ_are_refused_and_two_that_agree_are_not(tmp_path: Path, affine: np.ndarray) -> None:
    turned = affine.copy()
    turned[:3, :3] = _rotation(0.3) @ affine[:3, :3]
    turned[:3, 3] = (5.0, -7.0, 11.0)
    image = nibabel.Nifti1Image(np.ones((4, 5, 6), np.int16), turned)
    image.set_qform(turned, 1)
    image.set_sform(turned, 1)
    image.to_filename(tmp_path / "same.nii.gz")
    lattice = read_labels(tmp_path / "same.nii.gz").lattice
    np.testing.assert_allclose(lattice.origin / MM, (-5.0, 7.0, 11.0), atol=1e-4)  # LPS
    flipped = turned @ np.diag([-1.0, -1, 1, 1])
    image.set_sform(flipped, 1)
    image.to_filename(tmp_path / "other.nii.gz")
    with pytest.raises(SceneError, match="two ways that differ by up to"):
        read_labels(tmp_path / "other.nii.gz")


def _rotation(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def test_an_image_that_does_not_say_where_it_lies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="does not say where the voxels lie"):
        read_labels(written(tmp_path / "nowhere.nii", None))


def test_nifti_2_is_told_from_what_is_broken(tmp_path: Path) -> None:
    nibabel.Nifti2Image(np.ones((4, 5, 6), np.int16), np.eye(4)).to_filename(tmp_path / "two.nii.gz")
    with pytest.raises(SceneError, match="is NIfTI-2"):
        read_labels(tmp_path / "two.nii.gz")


def test_a_header_that_is_none_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.nii", np.diag([2.0, 2, 3, 1])).read_bytes()
    for name, content in (
        ("empty.nii", b""),
        ("half.nii", whole[:200]),
        ("cut.nii", whole[:-30]),
        ("cut_too.nii.gz", gzip.compress(whole)[:-40]),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SceneError, match=r"cannot be read|ends too early"):
            read_labels(tmp_path / name)


def test_what_is_written_lies_where_it_was(tmp_path: Path) -> None:
    image = read_labels(written(tmp_path / "a.nii", np.diag([2.0, 1.5, 3, 1])))
    for name, within in (("b.nrrd", 1e-12), ("b.nii.gz", 1e-6), ("b.mha", 1e-12)):
        write_image(tmp_path / name, image.values, image.lattice)
        back = read_labels(tmp_path / name)
        assert np.array_equal(back.values, image.values)
        np.testing.assert_allclose(back.lattice.origin / MM, image.lattice.origin / MM, atol=within)
        np.testing.assert_allclose(back.lattice.axes / MM, image.lattice.axes / MM, atol=within)
