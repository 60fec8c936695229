"""Files that are damaged, or do not say where their voxels lie, are refused with their name and a remedy."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import made_dicom as made
import numpy as np
import pydicom
import pytest
import pyvista as pv
import SimpleITK as sitk
from pydicom.dataset import Dataset

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_series import read_series
from gpu_ablate.geometry.image_files import read_labels, read_lattice, write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.geometry.imaging import read_segmentation
from gpu_ablate.geometry.meshes import read_mesh
from gpu_ablate.units import MM

VALUES = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(6, 5, 4)
LATTICE = Lattice(VALUES.shape, np.array([-3.0, 4, 5]) * MM, np.diag([2.0, 2, 3]) * MM)


def refused(path: Path, words: str, drawn_on: Path | None = None) -> None:
    with pytest.raises(SceneError, match=words) as caught:
        read_segmentation(path, (), drawn_on)
    assert str(path) in str(caught.value)
    assert "remedy" in str(caught.value)


NIFTI: dict[str, tuple[int, str, tuple[float | bytes, ...], str]] = {
    "no number of axes": (40, "h", (0,), "how many voxels"),
    "no voxel along x": (42, "h", (0,), "how many voxels"),
    "voxels that begin nowhere": (108, "f", (float("nan"),), "where they begin"),
    "voxels that begin far away": (108, "f", (1e30,), "where they begin"),
    "Analyze": (344, "4s", (b"\0\0\0\0",), "NIfTI-1 in one file"),
    "one of two files": (344, "4s", (b"ni1\0",), "NIfTI-1 in one file"),
    "no quaternion": (252, "2h3f", (1, 0, 2, 2, 2), "orientation in its header"),
    "a quaternion of NaN": (252, "2h3f", (1, 0, float("nan"), 0, 0), "orientation in its header"),
    "metres": (123, "b", (1,), "another unit than mm"),
    "two sizes": (252, "2h6f12f", (0, 1, *[0] * 6, -4, 0, 0, 3, 0, -4, 0, 4, 0, 0, 6, 5), "two sizes"),
}


@pytest.mark.parametrize("name", NIFTI)
def test_a_nifti_header_that_misleads(tmp_path: Path, name: str) -> None:
    write_image(tmp_path / "a.nii", VALUES, LATTICE)
    content = bytearray((tmp_path / "a.nii").read_bytes())
    offset, kind, numbers, words = NIFTI[name]
    struct.pack_into(f"<{kind}", content, offset, *numbers)
    (tmp_path / "a.nii").write_bytes(content)
    refused(tmp_path / "a.nii", words)
    with pytest.raises(SceneError, match=words):
        read_lattice(tmp_path / "a.nii")


@pytest.mark.parametrize(
    "content",
    [b"", b"words\n" * 200, gzip.compress(b"words\n" * 200, mtime=0)],
    ids=["nothing", "words", "packed words"],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_what_is_no_nifti_whatever_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, "cannot be read as NIfTI|ends too early")


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        (b"space: left-posterior-superior", b"# nothing", r"where the voxels lie in the body \(space\)"),
        (b"space: left-posterior-superior", b"space: scanner-xyz", "scanner-xyz"),
        (b"space directions: (2,0,0) (0,2,0) (0,0,3)", b"spacings: 2 2 3", "space directions"),
        (b"space origin: ", b"# origin: ", "space origin"),
    ],
)
def test_a_nrrd_that_does_not_say_where_it_lies(tmp_path: Path, line: bytes, instead: bytes, words: str) -> None:
    path = tmp_path / "a.nrrd"
    write_image(path, VALUES, LATTICE)
    assert np.array_equal(read_labels(path).values, VALUES)
    content = path.read_bytes()
    assert line in content
    path.write_bytes(content.replace(line, instead))
    refused(path, words)
    with pytest.raises(SceneError, match=words):
        read_lattice(path)


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        (b"ElementSpacing = 2 2 3\n", b"", "spacing"),
        (b"Offset = -3 4 5\n", b"", "origin"),
        (b"ElementSpacing = 2 2 3", b"ElementSpacing = 2 -2 3", "not above 0"),
        (b"TransformMatrix = 1 0 0 0 1 0 0 0 1", b"TransformMatrix = 2 0 0 0 2 0 0 0 2", "unit length"),
        (b"DimSize = 4 5 6", b"DimSize = 4 5 0", "no voxel"),
    ],
)
def test_a_metaimage_that_does_not_say_where_it_lies(tmp_path: Path, line: bytes, instead: bytes, words: str) -> None:
    path = tmp_path / "a.mha"
    write_image(path, VALUES, LATTICE)
    assert np.array_equal(read_labels(path).values, VALUES)
    content = path.read_bytes()
    assert line in content
    path.write_bytes(content.replace(line, instead))
    refused(path, words)


def test_complex_numbers_are_no_labels(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(VALUES.astype(np.complex64))
    sitk.WriteImage(image, str(tmp_path / "a.nrrd"))
    refused(tmp_path / "a.nrrd", "complex")


SEGMENTS = {
    "no whole number": ({"Segment1_LabelValue": "2.0"}, "no whole number"),
    "one value for two": ({"Segment1_LabelValue": "1"}, '"liver" and "tumour" have the same LabelValue 1'),
    "a layer that is not there": ({"Segment1_Layer": "1"}, '"tumour" has LabelValue 2 in layer 1'),
    "a negative layer": ({"Segment1_Layer": "-1"}, "in layer -1"),
}


@pytest.mark.parametrize("name", SEGMENTS)
def test_segments_with_keys_that_contradict(tmp_path: Path, name: str) -> None:
    change, words = SEGMENTS[name]
    _segments(tmp_path / "a.seg.nrrd", change)
    refused(tmp_path / "a.seg.nrrd", words)


def test_segments_after_a_gap_in_their_numbers_are_read(tmp_path: Path) -> None:
    _segments(tmp_path / "a.seg.nrrd", {}, number=7)
    assert read_labels(tmp_path / "a.seg.nrrd").names == {1: "liver", 2: "tumour"}


def _segments(path: Path, change: dict[str, str], number: int = 1) -> None:
    """A file of two segments, the second under a number."""
    image = sitk.GetImageFromArray(np.minimum(VALUES, 2))
    keys = {"Segment0_ID": "a", "Segment0_Name": "liver", "Segment0_LabelValue": "1", "Segment0_Layer": "0"}
    own = {"ID": "b", "Name": "tumour", "LabelValue": "2", "Layer": "0"}
    for key, value in (keys | {f"Segment{number}_{key}": value for key, value in own.items()} | change).items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path))


@pytest.mark.parametrize("binary", [True, False])
def test_a_ply_that_is_cut_short_does_not_kill_the_reader(tmp_path: Path, binary: bool) -> None:
    pv.Sphere(radius=6).triangulate().clean().save(tmp_path / "a.ply", binary=binary)
    whole = (tmp_path / "a.ply").read_bytes()
    read_mesh(tmp_path / "a.ply")
    for share in (0.0, 0.02, 0.3, 0.7, 0.99):
        (tmp_path / "cut.ply").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(SceneError, match="cannot be read as a mesh"):
            read_mesh(tmp_path / "cut.ply")


def test_a_triangle_without_its_point_is_refused(tmp_path: Path) -> None:
    names = "".join(f"property float {axis}\n" for axis in "xyz")
    (tmp_path / "a.ply").write_text(
        f"ply\nformat ascii 1.0\nelement vertex 3\n{names}element face 1\nproperty list uchar int vertex_indices\n"
        "end_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 999999\n"
    )
    with pytest.raises(SceneError, match="a face names a point"):
        read_mesh(tmp_path / "a.ply")


def test_a_flat_mesh_encloses_nothing(tmp_path: Path) -> None:
    ball = pv.Sphere(radius=6).triangulate().clean()
    pv.PolyData(ball.points * [1, 1, 0], ball.faces).save(tmp_path / "flat.vtp")
    with pytest.raises(SceneError, match="encloses no volume"):
        read_mesh(tmp_path / "flat.vtp")


@pytest.fixture
def series(tmp_path: Path) -> list[Dataset]:
    return made.write_series(tmp_path / "ct", np.zeros((6, 16, 16), np.int16))


def _same_plane(seg: Dataset) -> None:
    first, second = seg.PerFrameFunctionalGroupsSequence[:2]
    second.PlanePositionSequence = first.PlanePositionSequence


def _measures(**values: object) -> Callable[[Dataset], None]:
    def edit(seg: Dataset) -> None:
        for key, value in values.items():
            setattr(seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0], key, value)

    return edit


SEG: dict[str, tuple[Callable[[Dataset], object], str]] = {
    "no list of segments": (lambda seg: delattr(seg, "SegmentSequence"), "numbered from 1"),
    "number 0": (lambda seg: setattr(seg.SegmentSequence[0], "SegmentNumber", 0), "numbered from 1"),
    "a number twice": (lambda seg: setattr(seg.SegmentSequence[0], "SegmentNumber", 2), "each once"),
    "a number not listed": (lambda seg: setattr(seg.SegmentSequence[0], "SegmentNumber", 9), "segment 1, which it"),
    "no rows": (lambda seg: delattr(seg, "Rows"), "Rows"),
    "other rows": (lambda seg: setattr(seg, "Rows", 8), "pixels cannot be read"),
    "no scale": (lambda seg: setattr(seg, "SegmentationType", "FRACTIONAL"), "MaximumFractionalValue 0"),
    "another kind": (lambda seg: setattr(seg, "SegmentationType", "OTHER"), "SegmentationType OTHER"),
    "one number of spacing": (_measures(PixelSpacing=[2]), "not usable"),
    "no distance of planes": (_measures(SpacingBetweenSlices="nan"), "not usable"),
    "two frames at one place": (_same_plane, "at the same place"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", SEG)
def test_a_seg_that_contradicts_itself(tmp_path: Path, series: list[Dataset], name: str) -> None:
    block = np.zeros((6, 16, 16), bool)
    block[1:5, 4:9, 4:9] = True
    made.write_seg(tmp_path / "seg.dcm", series, {"liver": block, "tumour": ~block})
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    edit, words = SEG[name]
    edit(seg)
    seg.save_as(tmp_path / "seg.dcm")
    refused(tmp_path / "seg.dcm", words)


def test_a_segment_without_a_name_gets_one(tmp_path: Path, series: list[Dataset]) -> None:
    made.write_seg(tmp_path / "seg.dcm", series, {"liver": np.ones((6, 16, 16), bool)})
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    del seg.SegmentSequence[0].SegmentLabel
    seg.save_as(tmp_path / "seg.dcm")
    assert read_segmentation(tmp_path / "seg.dcm").names == {1: "segment 1"}


def _contour(rs: Dataset) -> Dataset:
    found: Dataset = rs.ROIContourSequence[0].ContourSequence[0]
    return found


CONTOURS: dict[str, tuple[Callable[[Dataset], object], str]] = {
    "no points": (lambda rs: delattr(_contour(rs), "ContourData"), "not usable"),
    "no kind": (lambda rs: delattr(_contour(rs), "ContourGeometricType"), "not usable"),
    "no number": (lambda rs: delattr(rs.ROIContourSequence[0], "ReferencedROINumber"), "numbered from 1"),
    "number 0": (lambda rs: setattr(rs.ROIContourSequence[0], "ReferencedROINumber", 0), "numbered from 1"),
    "not listed": (lambda rs: delattr(rs, "StructureSetROISequence"), "listed with a name"),
    "a contour twice": (
        lambda rs: rs.ROIContourSequence[0].ContourSequence.append(_contour(rs)),
        "same contour twice",
    ),
}


@pytest.mark.parametrize("name", CONTOURS)
def test_contours_that_contradict_themselves(tmp_path: Path, series: list[Dataset], name: str) -> None:
    square = np.array([[3, 3, 2], [9, 3, 2], [9, 9, 2], [3, 9, 2]])
    places = read_series(tmp_path / "ct").lattice.points(square) / MM
    made.write_contours(tmp_path / "rs.dcm", series, {"liver": [places]})
    read_segmentation(tmp_path / "rs.dcm", (), tmp_path / "ct")
    rs = pydicom.dcmread(tmp_path / "rs.dcm")
    edit, words = CONTOURS[name]
    edit(rs)
    rs.save_as(tmp_path / "rs.dcm")
    refused(tmp_path / "rs.dcm", words, tmp_path / "ct")
