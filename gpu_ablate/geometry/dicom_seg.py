"""DICOM segmentations (SEG) as label images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_files import read_dataset, what_it_is
from gpu_ablate.geometry.images import LabelImage, Lattice
from gpu_ablate.geometry.segments import merged
from gpu_ablate.units import MM

OFF_PLANE = 0.01
"""Frames lie on one stack of planes within this share of the distance between planes, and of a pixel within them."""

KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")
"""Values of Segmentation Type (DICOM PS3.3, C.8.20.2)."""

UNIT_WITHIN = 1e-3
"""Rows and columns are unit vectors, square to each other, within this."""


@dataclass(frozen=True)
class Frames:
    """Where the frames of a segmentation lie.

    segments : number of the segment of each frame, (n,); empty where pixels hold the numbers
    planes : index of the plane of each frame along the normal, (n,)
    """

    lattice: Lattice
    segments: NDArray[np.int64]
    planes: NDArray[np.int64]


def read_seg(path: Path, order: Sequence[int] = ()) -> tuple[LabelImage, Any]:
    """A segmentation as labels, which are its segment numbers, 0 where none is; and its DICOM elements.

    order : segment numbers, see `segments.painted_order`

    Raises
    ------
    SceneError
        It cannot be read, is no segmentation, or its frames do not form one stack.
    """
    dataset = read_dataset(path)
    found = frames_of(path, dataset)
    names = _names(path, dataset)
    pixels = frame_pixels(path, dataset, len(found.planes))
    if not len(found.segments):
        values = np.zeros(found.lattice.shape, np.int32)
        for plane, frame in zip(found.planes, pixels, strict=True):
            values[plane] = frame
        image = LabelImage(values, found.lattice, names)
        _require_listed(path, image.labels_present(), names)
        return image, dataset
    _require_listed(path, found.segments.tolist(), names)
    pieces = zip(found.segments.tolist(), found.planes.tolist(), pixels, strict=True)
    return merged(pieces, names, found.lattice, order), dataset


def _names(path: Path, dataset: Any) -> dict[int, str]:
    """Segment number -> label, "segment 7" where there is none."""
    numbers = [int(item.get("SegmentNumber") or 0) for item in dataset.get("SegmentSequence", [])]
    if not numbers or min(numbers) < 1 or len(set(numbers)) < len(numbers):
        raise SceneError(
            f"{path}: its segments must be numbered from 1, each once, found {numbers}\n  remedy: export it again"
        )
    return {
        number: str(item.get("SegmentLabel") or f"segment {number}")
        for number, item in zip(numbers, dataset.SegmentSequence, strict=True)
    }


def _require_listed(path: Path, used: Sequence[int], names: dict[int, str]) -> None:
    unknown = sorted({int(number) for number in used} - names.keys() - {0})
    if unknown or not any(used):
        what = f"segment {unknown[0]}, which it does not list" if unknown else "no segment"
        raise SceneError(f"{path}: its frames hold {what}\n  remedy: export it again")


def frame_pixels(path: Path, dataset: Any, frames: int) -> Iterator[NDArray[Any]]:
    """The frames (rows, columns), one after the other: membership, or the segments' numbers in a label map.

    A fractional segmentation belongs where it says half or more.

    Raises
    ------
    SceneError
        They cannot be decoded, or are not as many as said.
    """
    from pydicom.pixels.utils import iter_pixels

    kind = dataset.SegmentationType
    least = float(dataset.get("MaximumFractionalValue") or 0) / 2 if kind == "FRACTIONAL" else 1.0
    if kind not in KINDS or least <= 0:
        raise SceneError(
            f"{path}: its frames cannot be understood (SegmentationType {kind}, MaximumFractionalValue {2 * least:g})\n"
            f"  remedy: export it as one of {', '.join(KINDS)}"
        )
    said = int(dataset.get("NumberOfFrames", 1))
    if said != frames:
        raise SceneError(
            f"{path}: holds {said} frames of pixels, but says where {frames} lie\n  remedy: export it again"
        )
    try:
        for number, frame in enumerate(iter_pixels(dataset)):
            if number == frames:
                raise ValueError("there are more of them than its frames and their size ask for")
            yield frame if kind == "LABELMAP" else frame >= least
    except Exception as error:  # of many kinds, by the codec
        raise SceneError(
            f"{path}: its pixels cannot be read ({error})\n  remedy: export it again, best as BINARY"
        ) from error


def frames_of(path: Path, dataset: Any) -> Frames:
    """Where the frames of a segmentation lie, from its functional groups (DICOM PS3.3, C.7.6.16).

    Raises
    ------
    SceneError
        Frames lack their place, differ in orientation or pixel size, or do not lie on one stack of even planes.
    """
    try:
        shared = dataset.SharedFunctionalGroupsSequence[0]
        own = list(dataset.PerFrameFunctionalGroupsSequence)
        measures = [_group("PixelMeasuresSequence", shared, frame) for frame in own]
        rows_columns = np.array(
            [_group("PlaneOrientationSequence", shared, frame).ImageOrientationPatient for frame in own], float
        )
        positions = np.array([_group("PlanePositionSequence", shared, f).ImagePositionPatient for f in own], float)
        spacing = np.array([measure.PixelSpacing for measure in measures], float)
        between = measures[0].get("SpacingBetweenSlices")
        if not between and not np.ptp(positions, axis=0).any():  # thick slices may lie apart, a single one doesn't
            between = measures[0].get("SliceThickness")
        segments = [] if dataset.SegmentationType == "LABELMAP" else [_segment(shared, frame) for frame in own]
        shape = int(dataset.Rows), int(dataset.Columns)
        between = None if between is None else float(between)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        kind = what_it_is(dataset)
        raise SceneError(
            f"{path}: is no segmentation whose frames say where they lie ({kind}: {error})\n"
            "  remedy: give a DICOM SEG, an RTSTRUCT, or labels as NIfTI or NRRD"
        ) from error
    usable = spacing.shape == (len(own), 2) and positions.shape == (len(own), 3) and rows_columns.shape == (len(own), 6)
    numbers = (positions, rows_columns, spacing, np.array(between or 0.0))
    if not usable or not all(np.isfinite(each).all() for each in numbers) or not (spacing > 0).all():
        raise SceneError(f"{path}: pixel spacing or positions are not usable\n  remedy: export it again")
    if np.ptp(rows_columns, axis=0).max() > UNIT_WITHIN or np.ptp(spacing, axis=0).max() > OFF_PLANE * spacing.min():
        raise SceneError(f"{path}: its frames differ in orientation or pixel size\n  remedy: export one stack alone")
    lattice, planes = stack(path, positions, rows_columns[0], spacing[0], between, shape)
    if len({*zip(segments or [0] * len(planes), planes.tolist(), strict=True)}) < len(planes):
        raise SceneError(f"{path}: two of its frames lie at the same place\n  remedy: export it again")
    return Frames(lattice, np.array(segments, np.int64), planes)


def _group(name: str, shared: Any, frame: Any) -> Any:
    """A functional group of a frame, its own or the shared one."""
    return (frame.get(name) or shared[name].value)[0]


def _segment(shared: Any, frame: Any) -> int:
    return int(_group("SegmentIdentificationSequence", shared, frame).ReferencedSegmentNumber)


def stack(
    path: Path,
    positions: NDArray[np.float64],
    rows_columns: NDArray[np.float64],
    spacing: NDArray[np.float64],
    between: float | None,
    shape: tuple[int, int],
) -> tuple[Lattice, NDArray[np.int64]]:
    """The lattice of planes at some positions, and the plane of each.

    Parameters
    ----------
    positions : of the first pixel of each frame, LPS (n, 3) [mm]
    rows_columns : directions along a row and down a column, (6,) (Image Orientation (Patient))
    spacing : between rows and between columns, (2,) [mm] (Pixel Spacing)
    between : planes [mm], as the file says; None where it does not
    shape : rows, columns

    Raises
    ------
    SceneError
        The directions are no unit vectors square to each other, or the positions do not lie on even planes.
    """
    along_row, down = rows_columns[:3], rows_columns[3:]
    square = abs(along_row @ down) < UNIT_WITHIN
    if not square or any(abs(np.linalg.norm(each) - 1) > UNIT_WITHIN for each in (along_row, down)):
        raise SceneError(
            f"{path}: its orientation {rows_columns.tolist()} is none: rows and columns must be unit vectors, square "
            "to each other\n  remedy: export it again"
        )
    normal = np.cross(along_row, down)
    heights = positions @ normal
    levels = np.unique(np.round(heights, 4))
    gaps = np.diff(levels)
    gap = float(between or 0.0) if len(gaps) == 0 else float(gaps.min())
    if between and len(gaps) and abs(round(gap / float(between)) * float(between) - gap) <= OFF_PLANE * float(between):
        gap = float(between)
    if gap <= 0:
        raise SceneError(
            f"{path}: a single plane that does not say how thick it is\n  remedy: export more than one slice"
        )
    lowest = positions[int(np.argmin(heights))]
    index = (heights - heights.min()) / gap
    planes = np.rint(index).astype(np.int64)
    aside = positions - lowest
    aside -= np.outer(aside @ normal, normal)
    uneven = np.abs(index - planes).max() > OFF_PLANE * max(1, planes.max())
    if uneven or np.abs(aside).max() > OFF_PLANE * spacing.max():
        raise SceneError(
            f"{path}: its frames do not lie on even planes, {gap:g} mm apart, one over the other\n"
            "  remedy: export it on an image with even slices"
        )
    rows, columns = shape
    if len(levels) > 1:
        gap = float((heights.max() - heights.min()) / planes.max())
    axes = np.column_stack([along_row * spacing[1], down * spacing[0], normal * gap]) * MM
    return Lattice((int(planes.max()) + 1, int(rows), int(columns)), lowest * MM, axes), planes
