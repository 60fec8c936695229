"""Whose DICOM files an export makes: those of a source series, or of nobody."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from types import ModuleType
from typing import Any

import numpy as np

from gpu_ablate.errors import ResultError, SceneError
from gpu_ablate.exchange.content import Content
from gpu_ablate.geometry.dicom_files import pydicom_module
from gpu_ablate.result.provenance import package_version
from gpu_ablate.units import MM

MAKER = "gpu-ablate"
NOBODY, NOBODYS_ID = "ANONYMOUS^", "ANONYMOUS"
"""Family name, without given name; and identifier."""

CHARACTERS = "ISO_IR 192"
"""UTF-8."""

METHOD = "made without any attribute of a source image"

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"

EMPTY_IF_MISSING = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName",
)  # fmt: skip
"""Attributes of type 2 of patient and study: they must be there and may be empty."""

NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "FrameOfReferenceUID")
"""Without these nothing can refer to a series."""

SQUARE = 1e-3
"""Directions of voxels may be off a right angle by this cosine; DICOM planes have none other."""

SERIES_NUMBERS = {"SEG": 9001, "DOC": 9002, "OT": 9003}
"""Far from those of scanners."""


def highdicom_module() -> ModuleType:
    """highdicom, which the extra `dicom` brings.

    Raises
    ------
    SceneError
        It is not installed.
    """
    pydicom_module("--to dicom")
    try:
        import highdicom
    except ImportError as error:
        raise SceneError('--to dicom needs highdicom\n  remedy: pip install "gpu-ablate[dicom]"') from error
    return highdicom


def source_headers(content: Content) -> list[Any]:
    """A header for each plane of the voxels: those of the source series to keep its patient, else of nobody.

    Raises
    ------
    SceneError, ResultError
        pydicom or highdicom is missing, the series lacks a UID, or the voxels are not square.
    """
    highdicom_module()
    if content.keep_patient:
        assert content.series is not None, "refused by content_of"
        return [_completed(header) for header in content.series.datasets]
    return _of_nobody(content)


def marked(dataset: Any, content: Content) -> Any:
    """The same file, said to be without a patient where it is."""
    dataset.pop("ContributingEquipmentSequence", None)
    if not content.keep_patient:
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = METHOD
    return dataset


def equipment() -> dict[str, Any]:
    """What made a file and how its text is written, as highdicom's arguments."""
    version = package_version(MAKER)
    return {
        "manufacturer": MAKER,
        "manufacturer_model_name": MAKER,
        "software_versions": version,
        "device_serial_number": "none",
        "specific_character_set": CHARACTERS,
    }


@contextmanager
def unwarned() -> Iterator[None]:
    """No warnings of pydicom and highdicom about a patient's data: they would print it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def new_uid() -> str:
    """A UID from a random UUID (DICOM PS3.5 B.2)."""
    return str(pydicom_module("--to dicom").uid.generate_uid(prefix=None))


def _completed(header: Any) -> Any:
    lacking = [name for name in NEEDED if not str(header.get(name, ""))]
    if lacking:
        raise SceneError(
            f"--on: the series lacks {', '.join(lacking)}, so no file can belong to it\n"
            "  remedy: leave out --keep-patient, or export the series from the archive again"
        )
    complete = deepcopy(header)
    for name in EMPTY_IF_MISSING:
        if name not in complete:
            setattr(complete, name, "")
    return complete


def _of_nobody(content: Content) -> list[Any]:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.valuerep import format_number_as_ds

    lattice = content.lattice
    spacing = np.linalg.norm(lattice.axes, axis=0)
    directions = lattice.axes / spacing
    if np.abs(directions.T @ directions - np.eye(3)).max() > SQUARE:
        raise ResultError(
            "--on: the image's axes are not at right angles, DICOM has no such planes\n  give another image"
        )

    def numbers(values: Sequence[float]) -> list[str]:
        return [format_number_as_ds(float(value)) for value in values]

    study, series, frame = new_uid(), new_uid(), new_uid()
    headers = []
    for plane in range(lattice.shape[0]):
        one = Dataset()
        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = EXPLICIT
        one.SOPClassUID, one.SOPInstanceUID = CT_IMAGE, new_uid()
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = study, series, frame
        one.PatientName, one.PatientID = NOBODY, NOBODYS_ID
        for name in EMPTY_IF_MISSING:
            if name not in one:
                setattr(one, name, "")
        one.Modality, one.PositionReferenceIndicator = "CT", ""
        one.Rows, one.Columns = lattice.shape[1], lattice.shape[2]
        one.PixelSpacing = numbers([spacing[1] / MM, spacing[0] / MM])
        one.SliceThickness = format_number_as_ds(float(spacing[2] / MM))
        one.ImageOrientationPatient = numbers([*directions[:, 0], *directions[:, 1]])
        one.ImagePositionPatient = numbers(lattice.points(np.array([[0, 0, plane]]))[0] / MM)
        headers.append(one)
    return headers
