"""DICOM series made by hand: any place and direction, any patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from scipy.spatial.transform import Rotation

SLOPE, INTERCEPT = 2.0, -1024.0

OBLIQUE = Rotation.from_euler("xy", [23.0, -17.0], degrees=True).as_matrix()
"""Columns: along a row, down a column, from slice to slice."""


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
