"""Segments that may overlap, and how they become labels; the names that 3D Slicer gives them in a .seg.nrrd file.

Source: 3D Slicer, "Segmentation file format" (.seg.nrrd): keys SegmentN_Name, SegmentN_LabelValue, SegmentN_Layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.images import LabelImage, Lattice

NUMBERED = re.compile(r"Segment(\d{1,6})_ID")


@dataclass(frozen=True)
class Segment:
    """A segment of a file: its name, and the voxels that are its own, those of `value` in `layer`."""

    name: str
    value: int
    layer: int


def read_segments(header: Mapping[str, str]) -> tuple[Segment, ...]:
    """The segments that the keys of a NRRD header tell of, in their order; none if it is no segmentation."""
    found: list[Segment] = []
    for number in sorted(int(key[1]) for key in map(NUMBERED.fullmatch, header) if key):
        key = f"Segment{number}_"
        name = header.get(f"{key}Name") or f"segment {number + 1}"
        found.append(Segment(name, int(header.get(f"{key}LabelValue", 1)), int(header.get(f"{key}Layer", 0))))
    return tuple(found)


def require_apart(path: Path, segments: Sequence[Segment], layers: int) -> None:
    """Demand that each segment has a value of its own in one of the layers of its file.

    Raises
    ------
    SceneError
        One has not.
    """
    taken: dict[tuple[int, int], str] = {}
    for each in segments:
        other = taken.setdefault((each.layer, each.value), each.name)
        if other != each.name or list(segments).count(each) > 1:
            raise SceneError(
                f'{path}: segments "{other}" and "{each.name}" have the same LabelValue {each.value} in layer '
                f"{each.layer}\n  remedy: save the segmentation again from 3D Slicer"
            )
        if not 0 <= each.layer < layers or each.value < (layers > 1):  # 0 lies beside all segments of a layer
            raise SceneError(
                f'{path}: segment "{each.name}" has LabelValue {each.value} in layer {each.layer}, but the file has '
                f"{layers} layers, from 0, and values above 0\n  remedy: save the segmentation again from 3D Slicer"
            )


def from_layers(
    values: NDArray[Any], lattice: Lattice, segments: Sequence[Segment], order: Sequence[int]
) -> LabelImage:
    """The segments of layers (nz, ny, nx, layers) as labels, numbered from 1 in the order of the file: in layers
    their own values repeat."""
    numbered = list(enumerate(segments, start=1))
    pieces = (
        (number, plane, values[plane, ..., segment.layer] == segment.value)
        for number, segment in numbered
        for plane in range(lattice.shape[0])
    )
    return merged(pieces, {number: segment.name for number, segment in numbered}, lattice, order)


def merged(
    pieces: Iterable[tuple[int, int, NDArray[np.bool_]]],
    names: Mapping[int, str],
    lattice: Lattice,
    order: Sequence[int],
) -> LabelImage:
    """Labels of segments that may overlap, 0 where none is.

    pieces : label, plane and membership (ny, nx) of the parts of each segment
    names : label -> name; in the image they stand in the order in which they are painted
    order : see `painted_order`
    """
    _, rows, columns = lattice.shape
    packed: dict[int, list[tuple[int, NDArray[np.uint8]]]] = {}
    sizes: dict[int, int] = {}
    for label, plane, mask in pieces:  # packed: a hundred organs of a whole body would not fit otherwise
        count = int(np.count_nonzero(mask))
        if count:
            packed.setdefault(label, []).append((plane, np.packbits(mask)))
            sizes[label] = sizes.get(label, 0) + count
    values = np.zeros(lattice.shape, np.int32)
    painted = painted_order(sizes, order)
    for label in painted:
        for plane, bits in packed[label]:
            mask = np.unpackbits(bits, count=rows * columns).reshape(rows, columns).astype(bool)
            values[plane][mask] = label
    return LabelImage(values, lattice, {label: names.get(label, f"segment {label}") for label in painted})


def painted_order(sizes: Mapping[int, int], order: Sequence[int]) -> list[int]:
    """Labels in the order in which they are painted, so that the later wins where they overlap.

    sizes : label -> voxels
    order : labels as their user orders them; those that are not in it come before them, the largest first
    """
    others = sorted((label for label in sizes if label not in order), key=lambda label: (-sizes[label], label))
    return [*others, *(label for label in order if label in sizes)]
