"""Contours drawn on a series (RTSTRUCT) as label images on its voxels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_files import CONTOURS, read_dataset, what_it_is
from gpu_ablate.geometry.dicom_series import Series
from gpu_ablate.geometry.images import LabelImage, Lattice
from gpu_ablate.geometry.segments import merged
from gpu_ablate.units import MM

OFF_PLANE = 0.1
"""A contour lies on a slice within this share of the distance between slices."""

SOLID, EMPTY = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"), ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR")
"""Kinds of contours that enclose something, and that enclose nothing (DICOM PS3.3, C.8.8.6)."""


def read_contours(path: Path, series: Series, order: Sequence[int] = ()) -> tuple[LabelImage, Any]:
    """The regions of a structure set as labels on the voxels of the series that they were drawn on, which are their
    ROI numbers, 0 where none is; and its DICOM elements.

    A voxel belongs to a region if its centre lies in an odd number of its contours on that slice, so a contour
    within another is a hole; slices without a contour are not filled in.

    order : ROI numbers, see `segments.painted_order`

    Raises
    ------
    SceneError
        It cannot be read, is no structure set, or a contour does not lie on a slice of the series.
    """
    dataset = read_dataset(path)
    if dataset.SOPClassUID != CONTOURS:
        raise SceneError(f"{path}: is a {what_it_is(dataset)}, not an RTSTRUCT\n  remedy: give another file")
    names = {
        int(item.get("ROINumber") or 0): str(item.get("ROIName") or f"region {item.get('ROINumber')}")
        for item in dataset.get("StructureSetROISequence", [])
    }
    numbers = [int(item.get("ReferencedROINumber") or 0) for item in dataset.get("ROIContourSequence", [])]
    if min(numbers, default=1) < 1 or len(set(numbers)) < len(numbers) or not names.keys() >= set(numbers):
        raise SceneError(
            f"{path}: its regions must be numbered from 1, each once, and listed with a name; found {numbers}\n"
            "  remedy: export it again, it may have been cut short"
        )
    pieces = _slices(path, dataset.get("ROIContourSequence", []), names, series.lattice)
    image = merged(pieces, names, series.lattice, order)
    if not image.names:
        raise SceneError(f"{path}: no region has a closed contour with a voxel in it\n  remedy: give another file")
    return image, dataset


def _slices(
    path: Path, items: Any, names: Mapping[int, str], lattice: Lattice
) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    """Number of a region, slice, and what of the slice lies in it."""
    for item in items:
        number = int(item.ReferencedROINumber)
        slices: dict[int, NDArray[np.bool_]] = {}
        seen: set[tuple[int, bytes]] = set()
        for plane, outline in _outlines(path, names[number], item, lattice):
            if (plane, outline.tobytes()) in seen:  # it would take itself away
                raise SceneError(
                    f'{path}: region "{names[number]}" has the same contour twice on one slice\n'
                    "  remedy: export it again"
                )
            seen.add((plane, outline.tobytes()))
            filled = _filled(outline, lattice.shape[1:])
            slices[plane] = slices[plane] ^ filled if plane in slices else filled
        _require_every_slice(path, names.get(number, str(number)), sorted(slices))
        for plane, mask in slices.items():
            yield number, plane, mask


def _require_every_slice(path: Path, name: str, drawn: list[int]) -> None:
    """Demand that a region is not drawn on every second, third ... slice only, with nothing between.

    Raises
    ------
    SceneError
        All its pieces are one slice thick, or a single slice between two of them lacks.
    """
    pieces = np.split(np.array(drawn), np.flatnonzero(np.diff(drawn) > 1) + 1)
    gaps = [int(later[0] - former[-1]) - 1 for former, later in pairwise(pieces)]
    if gaps and (max(len(piece) for piece in pieces) == 1 or min(gaps) == 1):
        raise SceneError(
            f'{path}: region "{name}" is drawn on {len(drawn)} slices with {sum(gaps)} empty ones between them\n'
            "  remedy: fill in between slices in the program that drew it, or export it as a SEG"
        )


def _outlines(path: Path, name: str, item: Any, lattice: Lattice) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Slice and corners (n, 2) [voxels, column and row] of each closed contour of a region.

    Raises
    ------
    SceneError
        A contour is of an unknown kind, not finite, or does not lie on one slice of the series.
    """
    for contour in item.get("ContourSequence", []):
        kind = str(contour.get("ContourGeometricType", ""))
        if kind in EMPTY:
            continue
        data = np.array([] if contour.get("ContourData") is None else contour.ContourData, float)
        if kind not in SOLID or data.size % 3 or data.size < 9 or not np.isfinite(data).all():
            raise SceneError(
                f'{path}: region "{name}" has a contour that is not usable ({kind}, {data.size // 3} points)\n'
                "  remedy: export its contours again as closed planar ones"
            )
        index = lattice.indices(data.reshape(-1, 3) * MM)
        plane = round(float(index[:, 2].mean()))
        if np.abs(index[:, 2] - plane).max() > OFF_PLANE or not 0 <= plane < lattice.shape[0]:
            x, y, z = data[:3]
            raise SceneError(
                f'{path}: region "{name}" has a contour at ({x:.1f}, {y:.1f}, {z:.1f}) mm that lies on no slice of the '
                "series\n  remedy: give the series that it was drawn on"
            )
        yield plane, index[:, :2]


def _filled(outline: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels (rows, columns) whose centre lies within a closed outline (n, 2), columns and rows."""
    from matplotlib.path import Path as Outline

    inside = np.zeros(shape, bool)
    low = np.maximum(np.floor(outline.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 1, shape[::-1])
    if (high <= low).any():
        return inside
    columns, rows = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    within = Outline(outline, closed=False).contains_points(np.column_stack([columns.ravel(), rows.ravel()]))
    inside[low[1] : high[1], low[0] : high[0]] = within.reshape(columns.shape)
    return inside
