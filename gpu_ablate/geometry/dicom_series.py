"""A folder with a DICOM series of single-frame slices: its headers in order, where its voxels lie, its values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_files import pydicom_module
from gpu_ablate.geometry.image_files import read_dicom_slice
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.units import MM

PLACE_MM = 0.05
"""A slice may lie so far from its place on an even lattice [mm]; positions are often rounded to 0.01 mm."""

DIRECTION = 1e-3
"""Direction cosines of a slice may differ by this much from unit length, from a right angle and between slices."""

SPACING_MM = 1e-3
"""Pixel spacings may differ by this much between slices [mm]."""

NEEDED = {"Rows": 1, "Columns": 1, "PixelSpacing": 2, "ImagePositionPatient": 3, "ImageOrientationPatient": 6}
"""What gives a slice its place, and how many numbers each holds."""

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR, which lists files and holds no image."""


@dataclass(frozen=True, eq=False)
class Series:
    """The slices of one series in the order in which they lie, along row direction × column direction.

    lattice : of the voxels (nz, ny, nx), z from the first slice to the last; its axes are at right angles
    datasets : pydicom headers, one for each slice, without pixel data
    files : likewise
    modality : "CT", "MR", ...
    frame_of_reference : its UID; empty where the files have none
    """

    lattice: Lattice
    datasets: tuple[Any, ...]
    files: tuple[Path, ...]
    modality: str
    frame_of_reference: str

    def pixels(self) -> NDArray[np.float32]:
        """Values (nz, ny, nx) after the rescale of each slice (of a CT: HU).

        Raises
        ------
        SceneError
            A slice holds no pixels, or they cannot be decoded.
        """
        values = np.empty(self.lattice.shape, np.float32)
        for index, file in enumerate(self.files):
            values[index] = _slice_values(file, self.lattice.shape[1:])
        return values


def read_series(folder: str | Path) -> Series:
    """Read the headers of the one series that lies in a folder, and check that its slices make a lattice.

    Files that are no DICOM are passed over, unless their name ends with .dcm.

    Raises
    ------
    SceneError
        There is no such folder, no DICOM image or more than one series in it, the images are multi-frame, lack their
        place, lie twice at one place, differ in size or direction, are unevenly spaced, sheared, or some are missing.
    """
    folder = Path(folder)
    found = _headers(folder)
    _require_one_series(folder, found)
    for file, header in found:
        _require_slice(file, header)
    if len(found) < 2:
        raise SceneError(f"{folder}: holds one slice only\n  remedy: give the folder of the whole series")
    first_file, first = found[0]
    for file, header in found[1:]:
        _require_same(first_file, first, file, header)
    row, column, normal = _directions(first_file, first)
    positions = np.array([[float(v) for v in header.ImagePositionPatient] for _, header in found])
    order = np.argsort(positions @ normal, kind="stable")
    found = [found[i] for i in order]
    step = _even_step(folder, positions[order], normal, [file for file, _ in found])
    along_rows, along_columns = (float(v) for v in first.PixelSpacing)
    axes = np.column_stack([row * along_columns, column * along_rows, normal * step]) * MM
    lattice = Lattice((len(found), int(first.Rows), int(first.Columns)), positions[order[0]] * MM, axes)
    headers = tuple(header for _, header in found)
    frame = str(first.get("FrameOfReferenceUID", ""))
    return Series(lattice, headers, tuple(file for file, _ in found), str(first.get("Modality", "")), frame)


def _headers(folder: Path) -> list[tuple[Path, Any]]:
    """Files of a folder that are DICOM, by name, with their headers."""
    pydicom = pydicom_module(f"{folder}: a DICOM series")
    if not folder.is_dir():
        raise SceneError(f"{folder}: no such folder\n  remedy: give the folder that holds the slices of one series")
    found, strange = [], list[Path]()
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            header = pydicom.dcmread(file, stop_before_pixels=True)
        except pydicom.errors.InvalidDicomError:
            strange += [file] if file.suffix.lower() == ".dcm" else []
            continue
        except (OSError, EOFError, ValueError, KeyError, AttributeError, NotImplementedError) as error:
            raise SceneError(f"{file}: cannot be read as DICOM ({error})\n  remedy: copy it again") from error
        if str(header.get("SOPClassUID", header.file_meta.get("MediaStorageSOPClassUID", ""))) != MEDIA_DIRECTORY:
            found.append((file, header))
    if not found:
        deeper = any(path.is_dir() for path in folder.iterdir())
        remedy = "give the folder of the slices themselves" + ("; folders in it are not searched" if deeper else "")
        raise SceneError(f"{folder}: holds no DICOM image\n  remedy: {remedy}")
    if strange:
        raise SceneError(f"{strange[0]}: is no DICOM file, whatever its name says\n  remedy: copy the series again")
    return found


def _require_one_series(folder: Path, found: list[tuple[Path, Any]]) -> None:
    counts = Counter(str(header.get("SeriesInstanceUID", "")) for _, header in found)
    if len(counts) == 1:
        return
    groups = []
    for uid, count in counts.most_common():
        file, header = next(one for one in found if str(one[1].get("SeriesInstanceUID", "")) == uid)
        groups.append(f"{header.get('Modality', 'unknown')} x {count} ({file.name}, ...)")
    raise SceneError(
        f"{folder}: holds {len(counts)} series: {', '.join(groups)}\n  remedy: put one of them into a folder of its own"
    )


def _require_slice(file: Path, header: Any) -> None:
    frames = header.get("NumberOfFrames")
    if (frames is not None and int(frames) > 1) or "SharedFunctionalGroupsSequence" in header:
        raise SceneError(
            f"{file}: is a multi-frame image ({frames} frames); single slices are needed\n"
            "  remedy: export it as classic single-frame DICOM, or as NIfTI"
        )
    missing = [name for name, count in NEEDED.items() if not _holds(header, name, count)]
    if missing:
        raise SceneError(
            f"{file}: lacks {', '.join(missing)}, without which it has no place in the patient\n"
            "  remedy: give a CT or MR series; take scouts, reports and captures out of the folder"
        )
    if int(header.get("SamplesPerPixel", 1)) != 1:
        raise SceneError(f"{file}: is a colour image\n  remedy: give the original CT or MR series")
    _rescale(file, header)


def _rescale(file: Path, header: Any) -> tuple[float, float]:
    """Slope and intercept, by which stored numbers become values; 1 and 0 where they are missing or empty."""
    found = {"RescaleSlope": 1.0, "RescaleIntercept": 0.0}
    for name in found:
        if header.get(name) is None:
            continue
        if not _holds(header, name, 1):
            raise SceneError(f"{file}: its {name} is no number\n  remedy: export the series again")
        found[name] = float(header.get(name))
    if found["RescaleSlope"] == 0.0:
        raise SceneError(f"{file}: its RescaleSlope is 0, so all values are alike\n  remedy: export the series again")
    return found["RescaleSlope"], found["RescaleIntercept"]


def _holds(header: Any, name: str, count: int) -> bool:
    """Whether an attribute holds so many finite numbers."""
    try:
        values = np.atleast_1d(np.array(header.get(name), dtype=float))
    except (ValueError, TypeError):
        return False
    return values.shape == (count,) and bool(np.isfinite(values).all())


def _require_same(first_file: Path, first: Any, file: Path, header: Any) -> None:
    """Demand that two slices have the same size, pixel spacing, directions and frame of reference."""
    apart = None
    if (header.Rows, header.Columns) != (first.Rows, first.Columns):
        apart = f"{header.Rows} x {header.Columns} pixels, not {first.Rows} x {first.Columns}"
    elif not np.allclose(_floats(header.PixelSpacing), _floats(first.PixelSpacing), rtol=0, atol=SPACING_MM):
        apart = f"pixels of {_text(header.PixelSpacing)} mm, not {_text(first.PixelSpacing)} mm"
    elif not np.allclose(
        _floats(header.ImageOrientationPatient), _floats(first.ImageOrientationPatient), rtol=0, atol=DIRECTION
    ):
        directions = _text(header.ImageOrientationPatient), _text(first.ImageOrientationPatient)
        apart = "the orientation {}, not {}".format(*directions)
    elif header.get("Modality", "") != first.get("Modality", ""):
        apart = f"the modality {header.get('Modality', '')}, not {first.get('Modality', '')},"
    elif header.get("FrameOfReferenceUID", "") != first.get("FrameOfReferenceUID", ""):
        apart = "another frame of reference"
    if apart:
        raise SceneError(
            f"{file}: has {apart} as {first_file.name}\n  remedy: take scouts and reformatted images out of the folder"
        )


def _directions(file: Path, header: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Unit vectors along a row, down a column, and their cross product, exactly at right angles."""
    cosines = _floats(header.ImageOrientationPatient)
    row, column = cosines[:3], cosines[3:]
    lengths = np.array([np.linalg.norm(row), np.linalg.norm(column)])
    if np.abs(lengths - 1.0).max() > DIRECTION or abs(row @ column) > DIRECTION:
        raise SceneError(
            f"{file}: its orientation {_text(header.ImageOrientationPatient)} is not two unit vectors at right angles\n"
            "  remedy: export the series again from the scanner or the archive"
        )
    spacing = _floats(header.PixelSpacing)
    if not (spacing > 0).all():
        raise SceneError(
            f"{file}: its pixel spacing {_text(header.PixelSpacing)} mm is not above 0\n"
            "  remedy: export the series again"
        )
    row = row / lengths[0]
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    return row, np.cross(normal, row), normal


def _even_step(folder: Path, positions: NDArray[Any], normal: NDArray[Any], files: list[Path]) -> float:
    """Spacing of the slices [mm]; refuses gaps, repeats and slices that do not lie one above the other."""
    along = positions @ normal
    gaps = np.diff(along)
    twice = np.flatnonzero(gaps < PLACE_MM)
    if len(twice):
        one, other = files[twice[0]].name, files[twice[0] + 1].name
        raise SceneError(
            f"{folder}: {one} and {other} lie at the same place ({len(twice)} such pairs)\n"
            "  remedy: keep one phase, echo or copy of each slice"
        )
    usual = float(np.median(gaps))
    if np.abs(gaps - usual).max() > 2 * PLACE_MM:
        worst = int(np.argmax(np.abs(gaps - usual)))
        between = f"between {files[worst].name} and {files[worst + 1].name}"
        multiple = gaps / gaps.min()
        if np.abs(gaps - np.rint(multiple) * gaps.min()).max() <= 2 * PLACE_MM:
            lost = int(np.rint(multiple - 1).sum())
            raise SceneError(
                f"{folder}: {lost} of {len(files) + lost} slices are missing, the largest gap {between}\n"
                "  remedy: export the whole series again"
            )
        raise SceneError(
            f"{folder}: slices are {gaps.min():.3g} to {gaps.max():.3g} mm apart, the oddest gap {between}\n"
            "  remedy: give a series with even spacing, or resample it and export it as NIfTI"
        )
    step = float(along[-1] - along[0]) / (len(along) - 1)
    away = np.linalg.norm(positions - (positions[0] + np.outer(np.arange(len(along)) * step, normal)), axis=1)
    if away.max() > PLACE_MM:
        raise SceneError(
            f"{folder}: slices lie up to {away.max():.2f} mm beside the line square to the first one (a tilted gantry, "
            "or uneven spacing)\n  remedy: rectify the series on the workstation, or resample it and export it as NIfTI"
        )
    return step


def _slice_values(file: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    pydicom = pydicom_module(f"{file}: a DICOM slice")
    data = pydicom.dcmread(file)
    if "PixelData" not in data:
        raise SceneError(f"{file}: holds no pixels\n  remedy: copy it again")
    try:
        stored = data.pixel_array
    except (RuntimeError, NotImplementedError):  # packed in a way that needs a plugin; GDCM knows more of them
        values = read_dicom_slice(file)
    except (ValueError, AttributeError, KeyError) as error:
        raise SceneError(f"{file}: its pixels cannot be read ({error})\n  remedy: copy it again") from error
    else:
        slope, intercept = _rescale(file, data)
        values = stored * slope + intercept
    if values.shape != shape:
        raise SceneError(f"{file}: holds {values.shape} pixels instead of {shape}\n  remedy: copy it again")
    return np.asarray(values)


def _floats(values: Any) -> NDArray[np.float64]:
    return np.array([float(value) for value in values])


def _text(values: Any) -> str:
    return ", ".join(f"{float(value):g}" for value in values)
