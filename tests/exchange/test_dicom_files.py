"""DICOM files: on exactly the series' voxels, read back by dcmqi, valid for dciodvfy, with no patient unless asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from made_dicom import OBLIQUE, make_series
from PIL import Image
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gpu_ablate.errors import ResultError, SceneError
from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.dicom import write_dicom
from gpu_ablate.geometry.dicom_series import Series, read_series
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.outcome.metrics import measure
from tests.exchange.conftest import KILLED_MM, content_on
from tests.outcome.conftest import World, ball

PLANTED = {
    "PatientName": "Muster^Jörg", "PatientID": "MRN-4711", "PatientBirthDate": "19510203", "PatientSex": "M",
    "PatientAddress": "Hauptstrasse 5", "OtherPatientIDs": "ZZ-99", "PatientAge": "071Y",
    "InstitutionName": "Sankt Planted", "InstitutionAddress": "Somewhere 12",
    "ReferringPhysicianName": "Doktor^Planted", "PerformingPhysicianName": "Operator^Planted",
    "OperatorsName": "Tech^Planted", "StationName": "PLANTEDCT1",
    "StudyDate": "20210405", "SeriesDate": "20210406", "AcquisitionDate": "20210407", "ContentDate": "20210408",
    "StudyTime": "112233", "AccessionNumber": "ACC777", "StudyID": "STUDY88", "StudyDescription": "planted study",
    "SeriesDescription": "planted series", "ProtocolName": "planted protocol", "DeviceSerialNumber": "SN-PLANTED",
    "SpecificCharacterSet": "ISO_IR 100", "ImageComments": "planted comment", "Manufacturer": "PLANTEDMAKER",
}  # fmt: skip
KEPT = {
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
}
PRIVATE = "private planted words"
ABDOMEN = Path(__file__).parents[1] / "data" / "abdomen_dicom" / "ct"
CENTRE = np.array(KILLED_MM[0])


def private(one: Any, _: int) -> None:
    block = one.private_block(0x0051, "PLANTED MAKER", create=True)
    block.add_new(0x01, "LO", PRIVATE)


def series_in(folder: Path, turn: np.ndarray = OBLIQUE, **more: Any) -> Series:
    """A CT of a planted patient around the killed ball."""
    counts, spacing_mm = (40, 36, 13), (0.8, 0.9, 2.5)
    first = CENTRE + 0.3 - turn * np.array(spacing_mm) @ (np.array(counts) / 2)
    make_series(folder, counts, spacing_mm, turn, first, edit=private, patient={**PLANTED, **more})
    return read_series(folder)


def on_series(run: Path, series: Series, keep: bool) -> Content:
    made = content_on(run, series.lattice)
    return replace(made, series=series, keep_patient=keep)


def written(content: Content, folder: Path) -> dict[str, Any]:
    """File name -> dataset of all that is written."""
    folder.mkdir(exist_ok=True)
    names = [one.name for one in write_dicom(content, folder)]
    assert sorted(names) == sorted(path.name for path in folder.iterdir())
    return {name: dcmread(folder / name) for name in names}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dicom")


@pytest.fixture(scope="module")
def series(folder: Path) -> Series:
    return series_in(folder / "series")


@pytest.fixture(scope="module")
def kept(run: Path, series: Series, folder: Path) -> dict[str, Any]:
    return written(on_series(run, series, True), folder / "kept")


@pytest.fixture(scope="module")
def nobodys(run: Path, series: Series, folder: Path) -> dict[str, Any]:
    return written(on_series(run, series, False), folder / "nobodys")


@pytest.fixture(scope="module")
def alone(run: Path, folder: Path) -> dict[str, Any]:
    return written(content_on(run, None), folder / "alone")


def test_there_is_a_segmentation_the_report_and_each_picture(kept: dict[str, Any]) -> None:
    modalities = {name: str(one.Modality) for name, one in kept.items()}
    assert modalities == {"zones_seg.dcm": "SEG", "report.dcm": "DOC", "figure_slices.dcm": "OT"}
    assert len({one.StudyInstanceUID for one in kept.values()}) == 1
    assert len({one.SeriesInstanceUID for one in kept.values()}) == 3


def read_back(file: Path, out: Path) -> list[sitk.Image]:
    """The segments as dcmqi sees them, in their order."""
    out.mkdir()
    tool = Path(sys.executable).parent / "segimage2itkimage"
    command = [str(tool), "--inputDICOM", str(file), "--outputDirectory", str(out), "-t", "nrrd"]
    subprocess.run(command, check=True, capture_output=True)
    return [sitk.ReadImage(str(path)) for path in sorted(out.glob("*.nrrd"), key=lambda path: int(path.stem))]


def on_lattice(image: sitk.Image, lattice: Lattice) -> np.ndarray:
    """Which of a lattice's voxels an image says are set, by their places alone."""
    values = sitk.GetArrayFromImage(image)
    axes = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    theirs = Lattice(values.shape, np.array(image.GetOrigin()) * 1e-3, axes * 1e-3)
    places = np.concatenate([points for _, points in lattice.centres()])
    index = theirs.indices(places)
    assert np.abs(index - np.rint(index)).max() < 1e-3  # of a voxel: they lie on the same lattice
    index = np.rint(index).astype(int)
    inside = ((index >= 0) & (index < theirs.size)).all(axis=1)
    found = np.zeros(len(places), bool)
    i, j, k = index[inside].T
    found[inside] = values[k, j, i] > 0
    assert found.sum() == (values > 0).sum()
    return found.reshape(lattice.shape)


@pytest.mark.parametrize("turn", ["oblique", "flipped", "against the normal"])
def test_dcmqi_reads_the_same_voxels(run: Path, tmp_path: Path, turn: str) -> None:
    turns = {"oblique": OBLIQUE, "flipped": np.diag([-1.0, -1.0, 1.0]), "against the normal": np.diag([1.0, 1.0, -1.0])}
    series = series_in(tmp_path / "series", turns[turn])
    content = on_series(run, series, True)
    written(content, tmp_path / "out")
    segments = read_back(tmp_path / "out" / "zones_seg.dcm", tmp_path / "back")
    ours = [content.zone_on(zone, content.lattice).mask for zone in content.zones]
    ours += [content.solid_on(solid, content.lattice).mask for solid in content.solids if solid.region.role == "target"]
    assert len(segments) == len(ours)
    for theirs, mask in zip(segments, ours, strict=True):
        np.testing.assert_array_equal(on_lattice(theirs, content.lattice), mask)


def test_dcmqi_reads_the_voxels_of_a_mirrored_image(run: Path, tmp_path: Path) -> None:
    """An image without a series, whose slices lie against row × column."""
    axes = OBLIQUE * np.array([0.9, 0.8, -2.0]) * 1e-3
    mirrored = Lattice((16, 38, 34), CENTRE * 1e-3 - axes @ np.array([17.2, 19.1, 8.3]), axes)
    content = content_on(run, mirrored)
    written(content, tmp_path / "out")
    segments = read_back(tmp_path / "out" / "zones_seg.dcm", tmp_path / "back")
    mask = content.zone_on(content.zones[0], mirrored).mask
    assert mask.any()
    np.testing.assert_array_equal(on_lattice(segments[0], mirrored), mask)


def test_images_that_are_not_square_are_refused(run: Path, tmp_path: Path) -> None:
    axes = np.array([[1, 0.2, 0], [0, 1, 0], [0, 0, 2]]) * 1e-3
    sheared = Lattice((4, 5, 6), CENTRE * 1e-3, axes)
    with pytest.raises(ResultError, match="not at right angles"):
        written(content_on(run, sheared), tmp_path / "out")


def test_dcmqi_reads_the_solvers_own_cells(run: Path, alone: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    content = content_on(run, None)
    segments = read_back(folder / "alone" / "zones_seg.dcm", tmp_path / "back")
    mask = content.zone_on(content.zones[0], content.lattice).mask
    np.testing.assert_array_equal(on_lattice(segments[0], content.lattice), mask)


@pytest.mark.skipif(not ABDOMEN.is_dir(), reason="the real series is not in this checkout")
def test_dcmqi_reads_zones_on_a_real_series(tmp_path: Path) -> None:
    """A ball killed in the liver of a CT packed by run lengths, on its 512 x 512 pixels."""
    series = read_series(ABDOMEN)
    middle = np.rint(np.mean(series.lattice.bounds(), axis=0) * 1e3)
    world = World(tuple(int(v) for v in middle - 16), tuple(int(v) for v in middle + 16))
    world.kill(ball(tuple(middle + 0.3), 11))
    world.records.append(0.0, {"temperature": world.at(lambda x, y, z: 37 + 0 * x * y * z)})
    result = world.result()
    made = Content(result, measure(result), tmp_path, series.lattice, "a real series", series, None, True)
    (seg,) = written(made, tmp_path / "out").values()
    assert seg.PatientID == series.datasets[0].PatientID
    (segment,) = read_back(tmp_path / "out" / "zones_seg.dcm", tmp_path / "back")
    found = on_lattice(segment, series.lattice)
    np.testing.assert_array_equal(found, made.zone_on(made.zones[0], series.lattice).mask)
    size, true = found.sum() * series.lattice.voxel_volume, 4 / 3 * np.pi * 11e-3**3
    assert size == pytest.approx(true, rel=2e-3)
    centre = series.lattice.points(np.argwhere(found)[:, ::-1]).mean(axis=0) * 1e3
    assert np.linalg.norm(centre - middle - 0.3) < 0.05


def test_every_frame_is_there_and_points_to_its_slice(kept: dict[str, Any], series: Series) -> None:
    seg = kept["zones_seg.dcm"]
    assert (seg.SegmentationType, int(seg.NumberOfFrames)) == ("BINARY", 13 * len(seg.SegmentSequence))
    assert seg.FrameOfReferenceUID == series.frame_of_reference
    assert seg.StudyInstanceUID == series.datasets[0].StudyInstanceUID
    places = {header.SOPInstanceUID: [float(v) for v in header.ImagePositionPatient] for header in series.datasets}
    (referenced,) = seg.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == series.datasets[0].SeriesInstanceUID
    assert {one.ReferencedSOPInstanceUID for one in referenced.ReferencedInstanceSequence} == set(places)
    for frame in seg.PerFrameFunctionalGroupsSequence:
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        place = [float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient]
        np.testing.assert_allclose(place, places[source], atol=1e-6)


def test_segments_are_named_and_coded(kept: dict[str, Any]) -> None:
    named = {one.SegmentLabel: one.SegmentedPropertyTypeCodeSequence[0].CodeMeaning for one in
             kept["zones_seg.dcm"].SegmentSequence}  # fmt: skip
    assert named["cem43_240"] == "Necrosis"
    assert named["tumour"] == "Neoplasm"
    assert named["above_50c"] == "tissue that was ever above 50 degC"


def test_names_in_any_script_survive(run: Path, tmp_path: Path) -> None:
    """Also one with a backslash, which in DICOM parts two values."""
    made = content_on(run, None)
    regions = tuple(replace(one, name="肿瘤\\2") if one.name == "tumour" else one for one in made.setup.regions)
    surfaces = {"肿瘤\\2": made.setup.surfaces["tumour"]}
    setup = replace(made.setup, regions=regions, surfaces=surfaces)
    named = replace(made, result=replace(made.result, setup=setup))
    seg = written(named, tmp_path / "out")["zones_seg.dcm"]
    assert seg.SegmentSequence[-1].SegmentLabel == "肿瘤/2"


def test_report_and_picture_come_out_as_they_went_in(run: Path, kept: dict[str, Any]) -> None:
    report = kept["report.dcm"]
    pdf = (run / "report.pdf").read_bytes()
    assert report.EncapsulatedDocument[: report.EncapsulatedDocumentLength] == pdf
    with Image.open(run / "figures" / "slices.png") as picture:
        np.testing.assert_array_equal(kept["figure_slices.dcm"].pixel_array, np.asarray(picture))


def elements(data: Dataset) -> Iterator[DataElement]:
    """Every element of a file, in sequences and the file's head too."""
    yield from data.file_meta if hasattr(data, "file_meta") else ()
    for element in data:
        yield element
        if isinstance(element.value, Sequence):
            for item in element.value:
                yield from elements(item)


def source_uids(series: Series) -> set[str]:
    return {
        str(element.value)
        for header in series.datasets
        for element in elements(header)
        if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008.")
    }


def planted_in(data: Dataset, series: Series) -> set[str]:
    """Which planted values, private words and UIDs of the source some element holds."""
    words = {
        str(value): keyword
        for keyword, value in PLANTED.items()
        if keyword not in ("PatientSex", "SpecificCharacterSet")
    }
    words |= {PRIVATE: "private", "PLANTED": "private"} | dict.fromkeys(source_uids(series), "uid")
    found = set()
    for element in elements(data):
        if element.keyword in ("PixelData", "EncapsulatedDocument"):
            continue
        text = str(element.value) if element.VR != "SQ" else ""
        found |= {keyword for word, keyword in words.items() if word in text}
    return found


def test_nothing_of_the_patient_goes_out_unasked(
    nobodys: dict[str, Any], alone: dict[str, Any], series: Series
) -> None:
    for name, data in [*nobodys.items(), *alone.items()]:
        assert planted_in(data, series) == set(), name
        assert (str(data.PatientName.family_name), data.PatientID) == ("ANONYMOUS", "ANONYMOUS")
        assert data.PatientIdentityRemoved == "YES"
        assert not data.PatientBirthDate
        assert not data.StudyDate
        assert "ReferencedSeriesSequence" not in data
        assert not [element for element in elements(data) if element.tag.is_private]
    assert nobodys["zones_seg.dcm"].FrameOfReferenceUID != series.frame_of_reference


def test_nothing_of_the_patient_lies_in_the_bytes(nobodys: dict[str, Any], folder: Path) -> None:
    for name in nobodys:
        raw = (folder / "nobodys" / name).read_bytes()
        for value in PLANTED.values():
            if len(value) > 5 and value not in ("ISO_IR 100",):
                assert value.encode("latin-1") not in raw
                assert value.encode() not in raw


def test_the_same_voxels_go_out_without_the_patient(kept: dict[str, Any], nobodys: dict[str, Any]) -> None:
    one, other = kept["zones_seg.dcm"], nobodys["zones_seg.dcm"]
    assert one.PixelData == other.PixelData
    for a, b in zip(one.PerFrameFunctionalGroupsSequence, other.PerFrameFunctionalGroupsSequence, strict=True):
        ours, theirs = ([float(v) for v in f.PlanePositionSequence[0].ImagePositionPatient] for f in (a, b))
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_patient_and_study_go_out_when_asked_and_no_more(kept: dict[str, Any], series: Series) -> None:
    for data in kept.values():
        for keyword in KEPT:
            assert str(data[keyword].value) == PLANTED[keyword], keyword
        spared = {"InstitutionName", "InstitutionAddress", "OperatorsName", "StationName", "DeviceSerialNumber",
                  "SeriesDescription", "ProtocolName", "ImageComments", "Manufacturer", "private",
                  "PerformingPhysicianName", "SeriesDate", "AcquisitionDate", "ContentDate"}  # fmt: skip
        assert not planted_in(data, series) & spared
        assert "PatientIdentityRemoved" not in data


def test_a_series_without_uids_cannot_be_joined(run: Path, tmp_path: Path) -> None:
    series = series_in(tmp_path / "series", StudyInstanceUID="")
    with pytest.raises(SceneError, match="lacks StudyInstanceUID"):
        written(on_series(run, series, True), tmp_path / "out")
    assert written(on_series(run, series, False), tmp_path / "nobodys")


def test_a_bare_series_can_be_joined(run: Path, tmp_path: Path) -> None:
    """Attributes that must be there and may be empty are filled in."""
    folder = tmp_path / "series"
    counts, spacing_mm = (20, 20, 9), (1.5, 1.5, 3.0)
    make_series(folder, counts, spacing_mm, np.eye(3), CENTRE - np.array(counts) * spacing_mm / 2)
    made = written(on_series(run, read_series(folder), True), tmp_path / "out")
    assert made["report.dcm"].PatientName == ""


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed (Debian: dicom3tools)")
@pytest.mark.parametrize("which", ["kept", "nobodys", "alone"])
def test_dciodvfy_finds_no_error(which: str, folder: Path, request: pytest.FixtureRequest) -> None:
    for name in request.getfixturevalue(which):
        said = subprocess.run(["dciodvfy", str(folder / which / name)], capture_output=True, text=True, check=False)
        errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
        assert not errors, (name, errors)


def test_without_highdicom_the_extra_is_named(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(SceneError, match=r"gpu-ablate\[dicom\]"):
        list(write_dicom(content_on(run, None), tmp_path))
