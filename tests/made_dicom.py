"""Small DICOM series, segmentations and structure sets, made for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    generate_uid,
)
from scipy.spatial.transform import Rotation

PATIENT = {
    "PatientName": "ROE^JANE",
    "PatientID": "MRN-4711",
    "PatientBirthDate": "19500102",
    "PatientSex": "F",
    "InstitutionName": "ST PLANTED",
    "ReferringPhysicianName": "WHO^DOCTOR",
    "StudyDate": "20240506",
    "AccessionNumber": "ACC-815",
}
"""What no output may hold."""

SLOPE, INTERCEPT = 2.0, -1024.0
"""Of the rescale of `make_series`."""

OBLIQUE = Rotation.from_euler("xy", [23.0, -17.0], degrees=True).as_matrix()
"""Columns: along a row, down a column, from slice to slice; along no axis of the body."""


def make_series(
    folder: Path,
    counts: tuple[int, int, int] = (7, 6, 5),
    spacing_mm: tuple[float, float, float] = (0.8, 0.9, 2.5),
    directions: NDArray[np.float64] = OBLIQUE,
    first_mm: Sequence[float] = (-3.25, 12.5, 40.75),
    stored: Callable[[NDArray[np.float64]], NDArray[Any]] | None = None,
    edit: Callable[[Dataset, int], object] | None = None,
    patient: dict[str, Any] | None = None,
) -> list[Path]:
    """Write slices, their file names in no order, and return the files from the first slice to the last.

    counts, spacing_mm : columns, rows, slices
    stored : pixel values at centres (n, 3) [mm]; by default their running number
    edit : changes the dataset of a slice, number from 0, before it is written
    patient : keyword -> value, in every slice
    """
    folder.mkdir(parents=True, exist_ok=True)
    nx, ny, nz = counts
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    steps = directions * np.array(spacing_mm)
    files = []
    for k in range(nz):
        j, i = np.mgrid[:ny, :nx]
        index = np.stack([i.ravel(), j.ravel(), np.full(nx * ny, k)], axis=1)
        places = np.array(first_mm) + index @ steps.T
        values = index @ [1, nx, nx * ny] if stored is None else stored(places)
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID = CTImageStorage
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID = generate_uid()
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = study, series, frame
        one.Modality, one.InstanceNumber, one.PositionReferenceIndicator = "CT", nz - k, ""
        one.Rows, one.Columns, one.SamplesPerPixel, one.PhotometricInterpretation = ny, nx, 1, "MONOCHROME2"
        one.PixelSpacing = [f"{spacing_mm[1]:.10g}", f"{spacing_mm[0]:.10g}"]
        one.SliceThickness = "3"
        one.ImageOrientationPatient = [f"{v:.12f}" for v in directions[:, :2].T.ravel()]
        one.ImagePositionPatient = [f"{v:.9f}" for v in places[0]]
        one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 0
        one.RescaleSlope, one.RescaleIntercept = str(SLOPE), str(INTERCEPT)
        one.PixelData = np.asarray(values).reshape(ny, nx).astype("<u2").tobytes()
        for keyword, value in (patient or {}).items():
            setattr(one, keyword, value)
        if edit is not None:
            edit(one, k)
        file = folder / f"{(k * 7) % 11:02d}_{k}.dcm"
        one.save_as(file, enforce_file_format=True)
        files.append(file)
    return files


def write_series(
    folder: Path,
    values: NDArray[np.int16],
    spacing_mm: tuple[float, float, float] = (0.8, 0.8, 2.5),
    axes: NDArray[np.float64] = OBLIQUE,
    origin_mm: Sequence[float] = (-13.0, 21.0, -310.5),
    modality: str = "CT",
) -> list[Dataset]:
    """Write a series of some values (nz, ny, nx) with a planted patient, and give its datasets in order."""

    def own(dataset: Dataset, k: int) -> None:
        if modality == "MR":
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
        dataset.Modality, dataset.SliceThickness = modality, spacing_mm[2]
        dataset.StudyTime, dataset.StudyID, dataset.SeriesNumber = "101112", "7", 3
        dataset.PixelRepresentation, dataset.RescaleSlope = 1, 1
        dataset.PixelData = (values[k].astype(np.int32) - int(INTERCEPT)).astype(np.int16).tobytes()

    files = make_series(folder, values.shape[::-1], spacing_mm, axes, origin_mm, edit=own, patient=PATIENT)
    return [pydicom.dcmread(file) for file in files]


def write_seg(
    path: Path, datasets: list[Dataset], segments: Mapping[str, NDArray[np.bool_]], kind: str = "BINARY"
) -> Dataset:
    """Write a segmentation on a series, its empty frames left out; segments are numbered from 1 in their order.

    kind : "BINARY" or "FRACTIONAL" (membership 200 of 200, and 60 where there is none beside it)
    """
    first = datasets[0]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = SegmentationStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.Modality, dataset.SegmentationType = "SEG", kind
    dataset.PatientName, dataset.PatientID = first.PatientName, first.PatientID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = first.StudyInstanceUID, generate_uid()
    dataset.FrameOfReferenceUID = first.FrameOfReferenceUID
    dataset.ReferencedSeriesSequence = Items([_item(SeriesInstanceUID=first.SeriesInstanceUID)])
    dataset.SegmentSequence = Items(
        _item(SegmentNumber=number, SegmentLabel=name) for number, name in enumerate(segments, start=1)
    )
    shared = Dataset()
    shared.PlaneOrientationSequence = Items([_item(ImageOrientationPatient=first.ImageOrientationPatient)])
    measures = _item(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness)
    measures.SpacingBetweenSlices = first.SliceThickness
    shared.PixelMeasuresSequence = Items([measures])
    dataset.SharedFunctionalGroupsSequence = Items([shared])
    frames, planes = [], []
    for number, mask in enumerate(segments.values(), start=1):
        for plane, own in zip(datasets, mask, strict=True):
            if own.any():
                frame = Dataset()
                frame.PlanePositionSequence = Items([_item(ImagePositionPatient=plane.ImagePositionPatient)])
                frame.SegmentIdentificationSequence = Items([_item(ReferencedSegmentNumber=number)])
                frames.append(frame)
                planes.append(own)
    dataset.PerFrameFunctionalGroupsSequence = Items(frames)
    dataset.NumberOfFrames = len(frames)
    dataset.Rows, dataset.Columns = planes[0].shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    stack = np.array(planes)
    if kind == "BINARY":
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.HighBit = 0
        pixels = np.packbits(stack.ravel(), bitorder="little").tobytes()
    else:
        dataset.BitsAllocated = dataset.BitsStored = 8
        dataset.HighBit, dataset.MaximumFractionalValue, dataset.SegmentationFractionalType = 7, 200, "OCCUPANCY"
        pixels = np.where(stack, 200, 60).astype(np.uint8).tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    dataset.save_as(path, enforce_file_format=True)
    return dataset


def write_contours(
    path: Path,
    datasets: list[Dataset],
    regions: Mapping[str, Sequence[NDArray[np.float64]]],
    kind: str = "CLOSED_PLANAR",
) -> Dataset:
    """Write a structure set; regions are numbered from 1 in their order, each with closed contours (n, 3) [mm]."""
    first = datasets[0]
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = RTStructureSetStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = "RTSTRUCT"
    series = _item(SeriesInstanceUID=first.SeriesInstanceUID)
    study = _item(RTReferencedSeriesSequence=Items([series]))
    frame = _item(FrameOfReferenceUID=first.FrameOfReferenceUID, RTReferencedStudySequence=Items([study]))
    dataset.ReferencedFrameOfReferenceSequence = Items([frame])
    dataset.StructureSetROISequence = Items(_item(ROINumber=n, ROIName=name) for n, name in enumerate(regions, 1))
    dataset.ROIContourSequence = Items(
        _item(
            ReferencedROINumber=number,
            ContourSequence=Items(
                _item(
                    ContourGeometricType=kind,
                    NumberOfContourPoints=len(points),
                    ContourData=[f"{value:.10g}" for value in points.ravel()],
                )
                for points in contours
            ),
        )
        for number, contours in enumerate(regions.values(), start=1)
    )
    dataset.save_as(path, enforce_file_format=True)
    return dataset


def changed(path: Path, **elements: object) -> None:
    """Change elements of a DICOM file; those that are None are removed."""
    dataset = pydicom.dcmread(path)
    for key, value in elements.items():
        if value is None:
            delattr(dataset, key)
        else:
            setattr(dataset, key, value)
    dataset.save_as(path, enforce_file_format=True)


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for key, value in elements.items():
        setattr(item, key, value)
    return item
