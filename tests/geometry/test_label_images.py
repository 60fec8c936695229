"""Images: the same anatomy is met at the same place however its axes lie; what cannot be used is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import read_labels, read_scalars, read_temperatures

MM = 1e-3
VALUES = np.random.default_rng(0).integers(0, 6, (5, 6, 7)).astype(np.uint8)
SPACING = (0.5, 0.75, 1.25)
ORIGIN = (10.0, -20.0, 30.0)


def upright() -> sitk.Image:
    """VALUES with its axes along LPS."""
    image = sitk.GetImageFromArray(VALUES)
    image.SetSpacing(SPACING)
    image.SetOrigin(ORIGIN)
    return image


def written(folder: Path, image: sitk.Image, name: str = "image.nii.gz") -> Path:
    """Path of the image written to a folder."""
    sitk.WriteImage(image, str(folder / name))
    return folder / name


@pytest.mark.parametrize("name", ["image.nii.gz", "image.nrrd", "image.mha"])
def test_each_voxel_is_met_at_its_centre(tmp_path: Path, name: str) -> None:
    image = read_labels(written(tmp_path, upright(), name))
    k, j, i = np.indices(VALUES.shape).reshape(3, -1)
    centres = (np.array(ORIGIN) + np.column_stack([i, j, k]) * SPACING) * MM
    values, inside = image.sample(centres)
    assert inside.all()
    assert np.array_equal(values, VALUES.ravel())
    assert image.labels_present() == sorted(set(VALUES.ravel().tolist()))
    lower, upper = image.lattice.bounds()
    np.testing.assert_allclose(lower, (np.array(ORIGIN) - np.array(SPACING) / 2) * MM)
    np.testing.assert_allclose(upper, (np.array(ORIGIN) + (np.array([7, 6, 5]) - 0.5) * SPACING) * MM)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True), (True, True, True)])
def test_flipped_and_permuted_axes_change_nothing(
    tmp_path: Path, order: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    turned = sitk.Flip(sitk.PermuteAxes(upright(), order), flips)
    a = read_labels(written(tmp_path, upright(), "a.nii.gz"))
    b = read_labels(written(tmp_path, turned, "b.nii.gz"))
    lower, upper = a.lattice.bounds()
    np.testing.assert_allclose(b.lattice.bounds(), a.lattice.bounds(), atol=1e-9)
    # Many of these points lie exactly on faces between voxels.
    axes = [np.linspace(low - 1 * MM, high + 1 * MM, 41) for low, high in zip(lower, upper, strict=True)]
    on_faces = [low + np.arange(n) * s * MM for low, n, s in zip(lower, (7, 6, 5), SPACING, strict=True)]
    for grid in (axes, on_faces):
        points = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, 3)
        for one, other in zip(a.sample(points), b.sample(points), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("spacing", [(0.7, 0.8, 0.3), (1.5, 0.9, 1.1)])
def test_faces_between_voxels_that_nifti_rounds_are_met_alike(
    tmp_path: Path, spacing: tuple[float, float, float]
) -> None:
    """Cells twice as large as voxels have their centres on faces between them, which 32-bit numbers move a little."""
    image, origin = upright(), np.array([-317.3, 203.7, -88.1])
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    a = read_labels(written(tmp_path, image, "a.nii.gz"))
    b = read_labels(written(tmp_path, sitk.Flip(image, (True, True, True)), "b.nii.gz"))
    index = np.stack(np.meshgrid(np.arange(6), np.arange(5), np.arange(4), indexing="ij"), axis=-1).reshape(-1, 3)
    faces = (origin + (index + 0.5) * spacing) * MM
    i, j, k = (index + 1).T
    for one in (a, b):
        assert np.array_equal(one.sample(faces)[0], VALUES[k, j, i])


def test_an_oblique_image_is_met_along_its_own_axes(tmp_path: Path) -> None:
    turn = np.radians(30)
    direction = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    image = upright()
    image.SetDirection(direction.ravel().tolist())
    read = read_labels(written(tmp_path, image, "image.nrrd"))
    k, j, i = np.indices(VALUES.shape).reshape(3, -1)
    centres = np.array(ORIGIN) + (np.column_stack([i, j, k]) * SPACING) @ direction.T
    values, inside = read.sample(centres * MM)
    assert inside.all()
    assert np.array_equal(values, VALUES.ravel())
    beyond = np.array(ORIGIN) + direction @ np.array([-0.26, 0, 0])
    within = np.array(ORIGIN) + direction @ np.array([-0.24, 0, 0])
    assert read.sample(np.array([beyond, within]) * MM)[1].tolist() == [False, True]


def test_scalars_that_are_linear_are_met_exactly(tmp_path: Path) -> None:
    k, j, i = np.indices((6, 7, 8), dtype=np.float32)
    image = sitk.GetImageFromArray(2 * i - 3 * j + 5 * k + 1)
    image.SetSpacing(SPACING)
    scalars = read_scalars(written(tmp_path, image))
    index = np.random.default_rng(2).uniform(0, [7, 6, 5], (500, 3))
    values, inside = scalars.sample(index * SPACING * MM)
    assert inside.all()
    np.testing.assert_allclose(values, index @ [2, -3, 5] + 1, atol=1e-4)
    assert not scalars.sample(np.array([[-0.3 * MM, 0, 0]]))[1].any()


def test_scaled_scalars_are_whole_though_stored_in_fewer_bytes(tmp_path: Path) -> None:
    import nibabel

    stored = nibabel.Nifti1Image(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.diag([2.0, 2.0, 2.0, 1.0]))
    stored.header.set_slope_inter(0.5, 10.0)
    nibabel.save(stored, tmp_path / "scaled.nii.gz")
    values = read_scalars(tmp_path / "scaled.nii.gz").values
    np.testing.assert_allclose(np.sort(values.ravel()), 10 + 0.5 * np.arange(24))


def _header(spacing: str) -> bytes:
    return (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        f"CompressedData = False\nElementSpacing = {spacing}\nDimSize = 2 2 2\nElementType = MET_UCHAR\n"
        "ElementDataFile = LOCAL\n"
    ).encode() + bytes(8)


def test_what_cannot_be_used_is_refused_with_its_name(tmp_path: Path) -> None:
    half = VALUES.astype(np.float32)
    half[0, 0, 0] = 1.5
    holed = VALUES.astype(np.float32)
    holed[0, 0, 0] = np.nan
    garbage = tmp_path / "garbage.nii"
    garbage.write_bytes(b"not an image")
    flat = tmp_path / "flat.mha"
    flat.write_bytes(_header("1 0 1"))
    whole = written(tmp_path, upright(), "whole.nii.gz").read_bytes()
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(whole[:-40])
    shortened = tmp_path / "shortened.nii"
    shortened.write_bytes(gzip.decompress(whole)[:400])
    unknown = tmp_path / "image.bmp"
    unknown.write_bytes(b"")
    twin = written(tmp_path, upright(), "twin.nii.gz")
    written(tmp_path, upright(), "twin.nii")
    bad = {
        r"beside it lies twin\.nii": twin,
        "(?s)NaN.*remedy": written(tmp_path, sitk.GetImageFromArray(holed), "holed.nii.gz"),
        "NaN or infinite": written(tmp_path, sitk.GetImageFromArray(np.where(VALUES > 0, np.inf, 0.0)), "holed64.nii"),
        r"±2147483647, found 25000000000": written(tmp_path, sitk.GetImageFromArray(VALUES * 5e9), "large.nii.gz"),
        "whole numbers": written(tmp_path, sitk.GetImageFromArray(half), "half.nrrd"),
        "NaN": written(tmp_path, sitk.GetImageFromArray(holed), "holed.nrrd"),
        "4 axes": written(tmp_path, sitk.JoinSeries([upright(), upright()]), "four.nrrd"),
        "3 values": written(tmp_path, sitk.Compose([upright()] * 3), "vector.nrrd"),
        "2 axes": written(tmp_path, sitk.GetImageFromArray(VALUES[0]), "plane.nrrd"),
        "cannot be read": garbage,
        "ends too early": cut,
        "too early": shortened,
        "(?i)spacing": flat,
        "unknown image format": unknown,
        "no such image": tmp_path / "missing.nii.gz",
    }
    for words, path in bad.items():
        with pytest.raises(SceneError, match=words) as caught:
            read_labels(path)
        assert str(path) in str(caught.value)
        assert "remedy" in str(caught.value)


def test_whole_numbers_stored_as_floats_are_labels(tmp_path: Path) -> None:
    image = read_labels(written(tmp_path, sitk.GetImageFromArray(VALUES.astype(np.float64)), "float.nrrd"))
    assert np.array_equal(image.values, VALUES)
    assert np.issubdtype(image.values.dtype, np.integer)


def test_temperatures_in_kelvin_are_recognised(tmp_path: Path) -> None:
    wrong = ((290.0, 310.0, "look like kelvin"), (37.0, 151.0, "found 37 to 151\n"), (-274.0, 37.0, "-273.15"))
    for low, high, words in wrong:
        values = np.linspace(low, high, 24).reshape(2, 3, 4)
        path = written(tmp_path, sitk.GetImageFromArray(values), f"t{low:g}.nii.gz")
        with pytest.raises(SceneError, match=words):
            read_temperatures(path)
    values = np.linspace(-40.0, 100.0, 24).reshape(2, 3, 4)
    read = read_temperatures(written(tmp_path, sitk.GetImageFromArray(values), "celsius.nii.gz"))
    np.testing.assert_allclose(read.values, values, rtol=1e-6)
