"""A folder with a DICOM series: sorted, placed and decoded as ITK does; broken ones are refused and say why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from made_dicom import INTERCEPT, OBLIQUE, SLOPE, make_series
from pydicom import dcmread
from pydicom.uid import RLELossless, generate_uid

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_series import read_series

ABDOMEN = Path(__file__).parents[1] / "data" / "abdomen_dicom" / "ct"


def test_slices_are_sorted_and_placed(tmp_path: Path) -> None:
    files = make_series(tmp_path, stored=lambda points: 1000 + np.rint(10 * points @ [1.0, 2.0, 3.0]))
    series = read_series(tmp_path)
    assert series.files == tuple(files)
    assert (series.modality, series.lattice.shape) == ("CT", (5, 6, 7))
    assert [header.InstanceNumber for header in series.datasets] == [5, 4, 3, 2, 1]
    values = series.pixels()
    for part, points in series.lattice.centres():
        expected = SLOPE * (1000 + np.rint(10e3 * points @ [1.0, 2.0, 3.0])) + INTERCEPT
        np.testing.assert_array_equal(values.reshape(-1)[part], expected)


@pytest.mark.parametrize("turned", [OBLIQUE, np.eye(3), np.eye(3)[:, [1, 2, 0]], np.diag([-1.0, 1.0, -1.0])])
def test_places_are_those_of_itk(tmp_path: Path, turned: np.ndarray) -> None:
    make_series(tmp_path, directions=turned)
    series = read_series(tmp_path)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in series.files])
    image = reader.Execute()
    np.testing.assert_array_equal(series.pixels(), sitk.GetArrayFromImage(image))
    nx, ny, nz = image.GetSize()
    for index in ((0, 0, 0), (nx - 1, 0, 0), (0, ny - 1, 0), (nx - 1, ny - 1, nz - 1)):
        ours = series.lattice.points(np.array([index]))[0] * 1e3
        np.testing.assert_allclose(ours, image.TransformIndexToPhysicalPoint(index), atol=1e-6)


def test_slices_against_the_normal_are_turned_round(tmp_path: Path) -> None:
    """Slices stacked against row × column come out in the other order, on a lattice that isn't mirrored."""
    mirrored = np.diag([1.0, 1.0, -1.0])
    files = make_series(tmp_path, directions=mirrored)
    series = read_series(tmp_path)
    assert series.files == tuple(reversed(files))
    assert np.linalg.det(series.lattice.axes) > 0


def rle(one: Any, _: int) -> None:
    one.compress(RLELossless)


def test_run_length_packing_needs_no_plugin(tmp_path: Path) -> None:
    make_series(tmp_path / "plain")
    make_series(tmp_path / "packed", edit=rle)
    packed = read_series(tmp_path / "packed")
    assert packed.datasets[0].file_meta.TransferSyntaxUID == RLELossless
    np.testing.assert_array_equal(packed.pixels(), read_series(tmp_path / "plain").pixels())


def test_packing_that_pydicom_lacks_is_left_to_gdcm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_series(tmp_path, edit=rle)
    expected = read_series(tmp_path).pixels()

    def lacking(*_: object, **__: object) -> None:
        raise RuntimeError("no plugin")

    monkeypatch.setattr("pydicom.dataset.Dataset.convert_pixel_data", lacking)
    np.testing.assert_array_equal(read_series(tmp_path).pixels(), expected)


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    make_series(tmp_path)
    (tmp_path / "README.txt").write_text("not DICOM")
    (tmp_path / "deeper").mkdir()
    assert len(read_series(tmp_path).files) == 5


def test_small_roundings_of_positions_are_borne(tmp_path: Path) -> None:
    def rounded(one: Any, _: int) -> None:
        one.ImagePositionPatient = [f"{v:.2f}" for v in one.ImagePositionPatient]

    make_series(tmp_path, edit=rounded)
    series = read_series(tmp_path)
    places = np.array([[float(v) for v in header.ImagePositionPatient] for header in series.datasets])
    ours = series.lattice.points(np.array([[0, 0, k] for k in range(5)])) * 1e3
    assert np.abs(ours - places).max() < 0.02


def drop(*numbers: int) -> Callable[[list[Path]], None]:
    def broken(files: list[Path]) -> None:
        for number in numbers:
            files[number].unlink()

    return broken


def change(number: int, **values: Any) -> Callable[[list[Path]], None]:
    def broken(files: list[Path]) -> None:
        data = dcmread(files[number])
        for keyword, value in values.items():
            if value is None:
                del data[keyword]
            else:
                setattr(data, keyword, value)
        data.save_as(files[number])

    return broken


def everywhere(**values: Any) -> Callable[[list[Path]], None]:
    def broken(files: list[Path]) -> None:
        for number in range(len(files)):
            change(number, **values)(files)

    return broken


def tilt(files: list[Path]) -> None:
    for k, file in enumerate(files):
        data = dcmread(file)
        x, y, z = (float(v) for v in data.ImagePositionPatient)
        change(k, ImagePositionPatient=[x + 0.3 * k, y, z])(files)


def emptied(files: list[Path]) -> None:
    for file in files:
        file.write_text("nothing")


BROKEN = {
    "a slice missing": (drop(2), "1 of 5 slices are missing"),
    "two missing": (drop(1, 2), "2 of 5 slices are missing, the largest gap between"),
    "one left": (drop(0, 1, 2, 3), "one slice only"),
    "no DICOM": (emptied, "holds no DICOM image"),
    "two series": (change(1, SeriesInstanceUID=generate_uid()), "holds 2 series: CT x 4"),
    "multi-frame": (everywhere(NumberOfFrames=3), "multi-frame"),
    "uneven": (change(4, ImagePositionPatient=[0, 0, 0]), "apart, the oddest gap|beside the line"),
    "no position": (change(1, ImagePositionPatient=None), "lacks ImagePositionPatient"),
    "a position of two numbers": (change(1, ImagePositionPatient=[1, 2]), "lacks ImagePositionPatient"),
    "another size": (change(2, Rows=3), "has 3 x 7 pixels, not"),
    "another spacing": (change(2, PixelSpacing=[1, 1]), "pixels of 1, 1 mm"),
    "a scout": (change(3, ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), "the orientation 0, 1, 0"),
    "no unit vectors": (everywhere(ImageOrientationPatient=[1, 0, 0, 0.5, 0.5, 0]), "right angles"),
    "zero spacing": (everywhere(PixelSpacing=[0, 1]), "not above 0"),
    "colour": (everywhere(SamplesPerPixel=3), "colour"),
    "another frame": (change(1, FrameOfReferenceUID=generate_uid()), "frame of reference"),
    "tilted gantry": (tilt, "tilted gantry"),
    "another modality": (change(1, Modality="MR"), "the modality MR, not CT"),
    "no DICOM among them": (lambda files: files[4].write_text("nothing"), "is no DICOM file, whatever its name"),
    "no slope": (everywhere(RescaleSlope=0), "RescaleSlope is 0"),
    "a slope of NaN": (everywhere(RescaleSlope="nan"), "RescaleSlope is no number"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_series_are_refused(tmp_path: Path, name: str) -> None:
    break_it, message = BROKEN[name]
    break_it(make_series(tmp_path))
    with pytest.raises(SceneError, match=message):
        read_series(tmp_path)


def test_uneven_spacing_along_the_normal_is_refused(tmp_path: Path) -> None:
    def pushed(one: Any, k: int) -> None:
        if k >= 3:
            one.ImagePositionPatient = [
                float(v) + 0.8 * n for v, n in zip(one.ImagePositionPatient, normal, strict=True)
            ]

    normal = OBLIQUE[:, 2]
    make_series(tmp_path, edit=pushed)
    with pytest.raises(SceneError, match=r"2\.5 to 3\.3 mm apart"):
        read_series(tmp_path)


def test_two_phases_in_one_series_are_refused(tmp_path: Path) -> None:
    def twice(one: Any, k: int) -> None:
        one.ImagePositionPatient = [0, 0, k // 2]

    make_series(tmp_path, directions=np.eye(3), counts=(3, 3, 6), edit=twice)
    with pytest.raises(SceneError, match="same place"):
        read_series(tmp_path)


def test_a_slice_that_ends_early_is_refused(tmp_path: Path) -> None:
    files = make_series(tmp_path)
    whole = files[2].read_bytes()
    files[2].write_bytes(whole[:-40])
    with pytest.raises(SceneError, match="cannot be read"):
        read_series(tmp_path).pixels()


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    files = make_series(tmp_path)
    raw = files[3].read_bytes()
    at = raw.index(b"\\", raw.index(b"\x20\x00\x32\x00")) + 1
    files[3].write_bytes(raw[:at] + b"xyz" + raw[at + 3 :])
    with pytest.raises(SceneError, match=r"ImagePositionPatient|cannot be read"):
        read_series(tmp_path)


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no such folder"):
        read_series(tmp_path / "nowhere")


@pytest.mark.skipif(not ABDOMEN.is_dir(), reason="the real series is not in this checkout")
def test_a_real_series(tmp_path: Path) -> None:
    series = read_series(ABDOMEN)
    assert series.lattice.shape == (20, 512, 512)
    np.testing.assert_allclose(np.linalg.norm(series.lattice.axes, axis=0) * 1e3, [0.9765625, 0.9765625, 2.0])
    values = series.pixels()
    assert values.min() == -1024
    assert 0 < np.median(values[values > -200]) < 150  # soft tissue
