"""Segmentations from DICOM and 3D Slicer lie on the voxels on which they were drawn."""

from __future__ import annotations

from pathlib import Path

import made_dicom as made
import nrrd
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_series import read_series
from gpu_ablate.geometry.image_files import read_labels
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.geometry.imaging import read_intensities, read_segmentation
from gpu_ablate.units import MM

ABDOMEN = Path(__file__).parents[1] / "data" / "abdomen_dicom"
TORSO = Path(__file__).parents[1] / "data" / "torso_ct_3mm"

SHAPE = (14, 30, 36)
SPACING_MM = (0.8, 0.8, 2.5)


def balls() -> dict[str, NDArray[np.bool_]]:
    """A large ball and a small one within it, a block at the upper end."""
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    squared = (2.5 * (z - 6)) ** 2 + (0.8 * (y - 14)) ** 2 + (0.8 * (x - 16)) ** 2
    block = (z == 11) & (y > 3) & (y < 9) & (x > 20) & (x < 30)
    return {"organ": squared < 100, "tumour": squared < 30, "block": np.broadcast_to(block, SHAPE)}


@pytest.fixture
def series(tmp_path: Path) -> list[pydicom.Dataset]:
    """An oblique, anisotropic CT in tmp_path/ct."""
    rng = np.random.default_rng(3)
    return made.write_series(tmp_path / "ct", rng.integers(-900, 1200, SHAPE).astype(np.int16), SPACING_MM)


def test_a_real_seg_has_the_voxels_of_its_labels() -> None:
    seg = read_segmentation(ABDOMEN / "seg.dcm", (), ABDOMEN / "ct")
    labels = read_labels(ABDOMEN / "labels_totalsegmentator.nii.gz")
    np.testing.assert_allclose(seg.lattice.origin, labels.lattice.origin, atol=1e-7)
    np.testing.assert_allclose(seg.lattice.axes, labels.lattice.axes, atol=1e-9)
    assert seg.names[1] == "Liver"
    for number, value in ((1, 5), (2, 1), (3, 6), (4, 52), (5, 63), (6, 64), (8, 79)):
        assert np.array_equal(seg.values == number, labels.values == value), seg.names[number]


def test_where_segments_overlap_the_smaller_lies_on_top_or_the_one_listed_later() -> None:
    by_size = read_segmentation(ABDOMEN / "seg.dcm")
    assert list(by_size.names)[:2] == [10, 1]
    body_last = read_segmentation(ABDOMEN / "seg.dcm", (1, 2, 10))
    assert (by_size.values == 1).sum() == 366708
    assert not (body_last.values == 1).any()
    assert (body_last.values == 10).sum() == (by_size.values > 0).sum() - _outside_body(
        by_size.values, body_last.values
    )


def _outside_body(by_size: NDArray[np.int32], body_last: NDArray[np.int32]) -> int:
    """Voxels of organs that stick out of the body's outline."""
    return int(((by_size > 0) & (body_last != 10)).sum())


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_an_oblique_seg_lies_on_the_voxels_of_its_series(
    tmp_path: Path, series: list[pydicom.Dataset], kind: str
) -> None:
    made.write_seg(tmp_path / "seg.dcm", series, balls(), kind)
    seg = read_segmentation(tmp_path / "seg.dcm", (), tmp_path / "ct")
    lattice = read_series(tmp_path / "ct").lattice
    shift = lattice.indices(seg.lattice.origin[None])[0]
    np.testing.assert_allclose(shift[:2], 0, atol=1e-5)
    first = round(float(shift[2]))
    np.testing.assert_allclose(seg.lattice.axes, lattice.axes, atol=1e-9)
    for number, (name, mask) in enumerate(balls().items(), start=1):
        own = (seg.values == number) | ((seg.values == 2) & (number == 1))
        assert seg.names[number] == name
        assert np.array_equal(np.pad(own, [(first, SHAPE[0] - first - len(own)), (0, 0), (0, 0)]), mask)


def test_contours_give_their_area_and_holes_on_the_slices_of_their_series(
    tmp_path: Path, series: list[pydicom.Dataset]
) -> None:
    lattice = read_series(tmp_path / "ct").lattice
    ring = [circle(lattice, k, radius) for k in (4, 5, 6, 7) for radius in (8.0, 4.0)]
    made.write_contours(tmp_path / "rs.dcm", series, {"ring": ring, "core": [circle(lattice, 5, 4.0)]})
    found = read_segmentation(tmp_path / "rs.dcm", (), tmp_path / "ct")
    assert found.names == {1: "ring", 2: "core"}
    assert np.flatnonzero((found.values == 1).any(axis=(1, 2))).tolist() == [4, 5, 6, 7]
    area = (found.values == 1).sum(axis=(1, 2))[4:8] * 0.8 * 0.8
    np.testing.assert_allclose(area, np.pi * (64 - 16), rtol=0.02)
    assert np.array_equal(found.values == 2, _within(lattice, 5, 4.0))
    assert np.array_equal(found.values == 1, sum(_within(lattice, k, 8) ^ _within(lattice, k, 4) for k in range(4, 8)))


def circle(lattice: Lattice, plane: int, radius_mm: float) -> NDArray[np.float64]:
    """Corners of a circle of 720 corners around the middle of a slice [mm]."""
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    flat = radius_mm / 0.8 * np.column_stack([np.cos(angle), np.sin(angle)]) + (17.3, 14.6)
    return lattice.points(np.column_stack([flat, np.full(len(flat), plane)])) / MM


def _within(lattice: Lattice, plane: int, radius_mm: float) -> NDArray[np.bool_]:
    y, x = np.ogrid[: SHAPE[1], : SHAPE[2]]
    inside = np.zeros(SHAPE, bool)
    inside[plane] = (x - 17.3) ** 2 + (y - 14.6) ** 2 < (radius_mm / 0.8) ** 2
    return inside


@pytest.mark.parametrize("planes", [(3, 5, 7), (2, 5, 8), (3, 4, 6, 7)])
def test_contours_on_every_second_slice_are_not_taken_for_slabs(
    tmp_path: Path, series: list[pydicom.Dataset], planes: tuple[int, ...]
) -> None:
    lattice = read_series(tmp_path / "ct").lattice
    made.write_contours(tmp_path / "rs.dcm", series, {"organ": [circle(lattice, k, 8.0) for k in planes]})
    with pytest.raises(SceneError, match=r'region "organ" is drawn on \d slices with \d empty ones'):
        read_segmentation(tmp_path / "rs.dcm", (), tmp_path / "ct")


def test_two_lesions_of_one_region_may_lie_apart(tmp_path: Path, series: list[pydicom.Dataset]) -> None:
    lattice = read_series(tmp_path / "ct").lattice
    made.write_contours(tmp_path / "rs.dcm", series, {"both": [circle(lattice, k, 6.0) for k in (2, 3, 8, 9)]})
    found = read_segmentation(tmp_path / "rs.dcm", (), tmp_path / "ct")
    assert np.flatnonzero((found.values == 1).any(axis=(1, 2))).tolist() == [2, 3, 8, 9]


@pytest.mark.parametrize("layers", [1, 2])
def test_segments_of_3d_slicer_have_their_names(tmp_path: Path, layers: int) -> None:
    masks = balls()
    header: dict[str, object] = {
        "type": "uint8", "space": "left-posterior-superior", "space origin": [1.0, -2.0, 3.0], "encoding": "gzip",
        "kinds": ["domain"] * 3, "space directions": np.diag([0.8, 0.8, 2.5]),
    }  # fmt: skip
    told = [("organ", 0, 1), ("tumour", layers - 1, layers % 2 + 1), ("block", 0, 3)]
    for i, (name, layer, value) in enumerate(told):
        header |= {f"Segment{i}_ID": f"S{i}", f"Segment{i}_Name": name}
        header |= {f"Segment{i}_Layer": str(layer), f"Segment{i}_LabelValue": str(value)}
    values = np.zeros((layers, *SHAPE), np.uint8)
    for name, layer, value in told:
        values[layer][masks[name]] = value
    stored = values.transpose(0, 3, 2, 1) if layers > 1 else values[0].transpose(2, 1, 0)
    if layers > 1:
        header["kinds"] = ["list", "domain", "domain", "domain"]
        header["space directions"] = np.vstack([np.full(3, np.nan), np.diag([0.8, 0.8, 2.5])])
    nrrd.write(str(tmp_path / "a.seg.nrrd"), stored, header)
    found = read_segmentation(tmp_path / "a.seg.nrrd")
    numbers = {name: number for number, name in found.names.items()}
    assert set(numbers) == set(masks)
    assert np.array_equal(found.values == numbers["tumour"], masks["tumour"])
    assert np.array_equal(found.values == numbers["organ"], masks["organ"] & ~masks["tumour"])
    np.testing.assert_allclose(found.lattice.origin, np.array([1, -2, 3]) * MM)


def test_a_series_is_read_with_its_numbers_and_its_place(tmp_path: Path, series: list[pydicom.Dataset]) -> None:
    image = read_intensities(tmp_path / "ct", "CT")
    expected = np.random.default_rng(3).integers(-900, 1200, SHAPE)
    assert np.array_equal(image.values, expected)
    corner = np.array([[35.0, 29.0, 13.0]])
    position = np.array(series[13].ImagePositionPatient, float)
    last = position + 35 * 0.8 * made.OBLIQUE[:, 0] + 29 * 0.8 * made.OBLIQUE[:, 1]
    np.testing.assert_allclose(image.lattice.points(corner)[0] / MM, last, atol=1e-4)


def test_a_real_nrrd_is_read() -> None:
    labels, ct = read_labels(TORSO / "labels.nrrd"), read_intensities(TORSO / "ct.nii.gz", "CT")
    assert labels.lattice.shape == ct.lattice.shape == (112, 101, 122)
    np.testing.assert_allclose(labels.lattice.axes, ct.lattice.axes, atol=1e-9)
    assert float(np.median(ct.values[labels.values == 5])) > 40.0  # the liver


def test_what_does_not_belong_together_is_refused(tmp_path: Path, series: list[pydicom.Dataset]) -> None:
    lattice = read_series(tmp_path / "ct").lattice
    other = made.write_series(tmp_path / "other", np.zeros(SHAPE, np.int16), SPACING_MM)
    made.write_seg(tmp_path / "seg.dcm", other, balls())
    made.write_contours(tmp_path / "rs.dcm", other, {"ring": [circle(lattice, 5, 8.0)]})
    for file in ("seg.dcm", "rs.dcm"):
        with pytest.raises(SceneError, match="another frame of reference"):
            read_segmentation(tmp_path / file, (), tmp_path / "ct")
    made.changed(tmp_path / "seg.dcm", FrameOfReferenceUID=series[0].FrameOfReferenceUID)
    with pytest.raises(SceneError, match="drawn on another series"):
        read_segmentation(tmp_path / "seg.dcm", (), tmp_path / "ct")
    with pytest.raises(SceneError, match="modality CT, not MR"):
        read_intensities(tmp_path / "ct", "MR")


def test_what_is_something_else_is_refused_with_what_it_is(tmp_path: Path, series: list[pydicom.Dataset]) -> None:
    lattice = read_series(tmp_path / "ct").lattice
    slice_file = next((tmp_path / "ct").iterdir())
    made.write_contours(tmp_path / "rs.dcm", series, {"ring": [circle(lattice, 5, 8.0)]})
    made.write_contours(tmp_path / "points.dcm", series, {"mark": [circle(lattice, 5, 8.0)]}, kind="POINT")
    made.write_contours(
        tmp_path / "between.dcm", series, {"ring": [circle(lattice, 5, 8.0) + 1.2 * made.OBLIQUE[:, 2]]}
    )
    made.write_seg(tmp_path / "short.dcm", series, balls())
    made.changed(tmp_path / "short.dcm", PerFrameFunctionalGroupsSequence=None)
    made.write_seg(tmp_path / "frames.dcm", series, balls())
    seg = pydicom.dcmread(tmp_path / "frames.dcm")
    del seg.PerFrameFunctionalGroupsSequence[-1]
    seg.save_as(tmp_path / "frames.dcm")
    made.write_seg(tmp_path / "uneven.dcm", series, balls())
    seg = pydicom.dcmread(tmp_path / "uneven.dcm")
    moved = seg.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence[0]
    moved.ImagePositionPatient = (
        (np.array(moved.ImagePositionPatient, float) + 0.7 * made.OBLIQUE[:, 2]).round(6).tolist()
    )
    seg.save_as(tmp_path / "uneven.dcm")
    (tmp_path / "garbage.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"no elements follow")
    on = tmp_path / "ct"
    for file, where, words in (
        (slice_file, on, "is a CT Image Storage, not a segmentation"),
        (on, on, "is a folder"),
        (tmp_path / "rs.dcm", None, "no voxels of their own"),
        (tmp_path / "points.dcm", on, "no region has a closed contour"),
        (tmp_path / "between.dcm", on, "lies on no slice"),
        (tmp_path / "short.dcm", on, "say where they lie"),
        (tmp_path / "frames.dcm", on, "frames of pixels, but says where"),
        (tmp_path / "uneven.dcm", on, "even planes"),
        (tmp_path / "garbage.dcm", on, "DICOM"),
    ):
        with pytest.raises(SceneError, match=words) as caught:
            read_segmentation(file, (), where)
        assert str(file) in str(caught.value)
        assert "remedy" in str(caught.value)
    with pytest.raises(SceneError, match="single DICOM file"):
        read_intensities(slice_file, "CT")


def test_thin_slices_that_lie_apart_are_planes_of_their_distance(tmp_path: Path, series: list[pydicom.Dataset]) -> None:
    """SliceThickness says how thick a slice is, not how far apart they lie."""
    made.write_seg(tmp_path / "seg.dcm", series, balls())
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    measures = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SpacingBetweenSlices
    measures.SliceThickness = 0.5
    seg.save_as(tmp_path / "seg.dcm")
    found = read_segmentation(tmp_path / "seg.dcm")
    assert found.lattice.shape[0] <= SHAPE[0]
    assert np.linalg.norm(found.lattice.axes[:, 2]) / MM == pytest.approx(2.5, abs=1e-4)
