"""Small DICOM series, segmentations and structure sets, made for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

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

OBLIQUE = np.linalg.qr(np.array([[0.9, 0.2, -0.3], [-0.1, 0.95, 0.25], [0.35, -0.2, 0.9]]))[0]
"""Three unit vectors at right angles to each other, along no axis of the body."""
OBLIQUE[:, 2] = np.cross(OBLIQUE[:, 0], OBLIQUE[:, 1])


def write_series(
    folder: Path,
    values: NDArray[np.int16],
    spacing_mm: tuple[float, float, float] = (0.8, 0.8, 2.5),
    axes: NDArray[np.float64] = OBLIQUE,
    origin_mm: Sequence[float] = (-13.0, 21.0, -310.5),
    modality: str = "CT",
) -> list[Dataset]:
    """Write a series (nz, ny, nx) of single slices, and give its datasets in order.

    axes : columns are the directions along a row, down a column and from slice to slice
    """
    folder.mkdir(parents=True, exist_ok=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    datasets = []
    for k, plane in enumerate(values):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
        dataset.SOPInstanceUID = generate_uid()
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        for key, value in PATIENT.items():
            setattr(dataset, key, value)
        dataset.Modality = modality
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = study, series, frame
        dataset.StudyTime, dataset.StudyID = "101112", "7"
        dataset.SeriesNumber, dataset.InstanceNumber = 3, k + 1
        dataset.PositionReferenceIndicator = ""
        position = np.array(origin_mm) + axes[:, 2] * spacing_mm[2] * k
        dataset.ImagePositionPatient = [f"{value:.9g}"[:16] for value in position]
        dataset.ImageOrientationPatient = [f"{value:.12f}"[:16] for value in (*axes[:, 0], *axes[:, 1])]
        dataset.PixelSpacing = [spacing_mm[1], spacing_mm[0]]
        dataset.SliceThickness = spacing_mm[2]
        dataset.Rows, dataset.Columns = plane.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        dataset.PixelData = (plane.astype(np.int32) + 1024).astype(np.int16).tobytes()
        dataset.save_as(folder / f"slice{k:03d}.dcm", enforce_file_format=True)
        datasets.append(dataset)
    return datasets


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
