"""Opening DICOM files: what each of them is, with errors that say so."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from gpu_ablate.errors import SceneError

SEGMENTATION = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""SOP classes of Segmentation and Label Map Segmentation Storage (DICOM PS3.4, B.5)."""

CONTOURS = "1.2.840.10008.5.1.4.1.1.481.3"
"""SOP class of RT Structure Set Storage (DICOM PS3.4, B.5)."""

PREAMBLE_BYTES, MAGIC = 128, b"DICM"
"""A DICOM file begins with so many free bytes and this word (DICOM PS3.10, 7.1)."""


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its content."""
    try:
        with path.open("rb") as file:
            file.seek(PREAMBLE_BYTES)
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def pydicom_module(what: str) -> ModuleType:
    """pydicom, which the extra `dicom` brings.

    Raises
    ------
    SceneError
        It is not installed; `what` says what needs it.
    """
    try:
        import pydicom
    except ImportError as error:
        raise SceneError(f'{what} needs pydicom\n  remedy: pip install "gpu-ablate[dicom]"') from error
    return pydicom


def read_dataset(path: Path) -> Any:
    """The elements of a DICOM file, pixels not yet read.

    Raises
    ------
    SceneError
        It is missing, no DICOM, or damaged.
    """
    pydicom = pydicom_module(f"{path}: a DICOM file")
    if not path.is_file():
        raise SceneError(f"{path}: no such DICOM file\n  remedy: check the path; it is relative to the scene file")
    try:
        dataset = pydicom.dcmread(path, defer_size=1 << 16)
        return dataset if dataset.get("SOPClassUID") else _not_dicom(path, "it says nowhere what it is")
    except (pydicom.errors.InvalidDicomError, OSError, ValueError, EOFError, AttributeError, KeyError) as error:
        return _not_dicom(path, str(error))


def _not_dicom(path: Path, why: str) -> Any:
    raise SceneError(f"{path}: cannot be read as DICOM ({why})\n  remedy: export or copy it again")


def what_it_is(dataset: Any) -> str:
    """The kind of a DICOM object in words, such as "CT Image Storage"."""
    return str(dataset.SOPClassUID.name)
