"""Label and scalar images on disk -> arrays that can be sampled at points [m]. The only home of SimpleITK."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.shapes import project
from gpu_ablate.units import MM

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
NIFTI_1_HEADER_BYTES, NIFTI_2_HEADER_BYTES = 348, 540
"""Also the first number in the file, by which the version and the byte order are known."""
NIFTI_FLOATS = {16: "f4", 64: "f8"}
"""Data types of NIfTI that can hold NaN -> numpy's."""
BLOCK_BYTES = 1 << 20
LARGEST_LABEL = np.iinfo(np.int32).max
HOTTEST_START_C = 150.0
"""Above this a starting temperature is taken for a mistake [°C]."""
TIE_M = 1e-9
"""Points are moved by this much [m] towards +x, +y, +z before rounding, so that a point on a face between two
voxels goes to the same voxel however the image's axes are flipped or permuted."""


@dataclass(frozen=True, eq=False)
class Image:
    """Voxels and where they lie.

    values : (nz, ny, nx)
    origin : LPS xyz of the centre of the first voxel, (3,) [m]
    axes : (3, 3) [m]; column i is the step from a voxel to the next along index i (x, y, z)
    """

    values: NDArray[Any]
    origin: NDArray[np.float64]
    axes: NDArray[np.float64]

    def size(self) -> NDArray[np.int64]:
        """Number of voxels along the image's own x, y and z, (3,)."""
        return np.array(self.values.shape[::-1])

    def indices(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continuous index (n, 3), xyz, of each point [m]; whole numbers are voxel centres."""
        steps = np.linalg.inv(self.axes)
        return np.column_stack([project(points, row) - row @ self.origin for row in steps])

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners (lower, upper) [m] of the box along the LPS axes that encloses all voxels."""
        unit = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
        corners = self.origin + (unit * self.size() - 0.5) @ self.axes.T
        return corners.min(axis=0), corners.max(axis=0)


NOT_FINITE = "holds NaN or infinite values\n  remedy: replace them before export"


class LabelImage(Image):
    """Image of integer labels; sampled by the nearest voxel."""

    def sample(self, points: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Label of the voxel that holds each point (n, 3) [m], and whether it lies in the image, (n,) each.

        Outside the outer voxel faces the value is that of the nearest voxel and `inside` is False.
        """
        index = np.floor(self.indices(points + TIE_M) + 0.5).astype(np.int64)
        last = self.size() - 1
        inside = np.ones(len(points), bool)
        for axis in range(3):
            column = index[:, axis]
            inside &= (column >= 0) & (column <= last[axis])
            np.clip(column, 0, last[axis], out=column)
        return self.values[index[:, 2], index[:, 1], index[:, 0]], inside

    def labels_present(self) -> list[int]:
        """Every label that some voxel carries, ascending."""
        return [int(value) for value in np.unique(self.values)]


class ScalarImage(Image):
    """Image of a continuous quantity; sampled by trilinear interpolation between voxel centres."""

    def sample(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Value at each point (n, 3) [m], and whether the point is in the image, (n,) each.

        Between the outermost centres and beyond, the value is that of the nearest point between the centres;
        outside the outer voxel faces `inside` is False.
        """
        index = self.indices(points)
        inside = np.all((index >= -0.5) & (index <= self.size() - 0.5), axis=1)
        values = map_coordinates(
            self.values, index[:, ::-1].T, output=np.float32, order=1, mode="nearest", prefilter=False
        )
        return values, inside


def read_labels(path: str | Path) -> LabelImage:
    """Read an image of integer labels (NIfTI, NRRD, MetaImage).

    Raises
    ------
    SceneError
        The file is missing, unreadable, no 3-D image of single values, or holds a value that is no integer.
    """
    values, origin, axes = _read(path)
    if not np.issubdtype(values.dtype, np.integer):
        broken = values[values != np.rint(values)]
        if broken.size:
            raise SceneError(
                f"{path}: labels must be whole numbers, found {broken[0]:g} in {broken.size} voxels\n"
                "  remedy: export the segmentation as a label map, without interpolation"
            )
    low, high = int(values.min()), int(values.max())
    if max(-low, high) > LARGEST_LABEL:
        far = high if high > LARGEST_LABEL else low
        raise SceneError(f"{path}: labels must lie within ±{LARGEST_LABEL}, found {far}\n  remedy: renumber the labels")
    return LabelImage(values if np.issubdtype(values.dtype, np.integer) else values.astype(np.int32), origin, axes)


def read_scalars(path: str | Path) -> ScalarImage:
    """Read an image of a continuous quantity (NIfTI, NRRD, MetaImage), as float32.

    Raises
    ------
    SceneError
        The file is missing, unreadable, or not a 3-D image of single finite values.
    """
    values, origin, axes = _read(path)
    return ScalarImage(values.astype(np.float32), origin, axes)


def read_temperatures(path: str | Path) -> ScalarImage:
    """Read an image of temperatures [°C] at the start.

    Raises
    ------
    SceneError
        As `read_scalars`, or a value is no temperature that tissue can start from.
    """
    image = read_scalars(path)
    low, high = float(image.values.min()), float(image.values.max())
    if low < -273.15 or high > HOTTEST_START_C:
        hint = "; they look like kelvin" if low >= 200.0 and high <= 400.0 else ""
        raise SceneError(
            f"{path}: temperatures at the start must lie between -273.15 and {HOTTEST_START_C:g} °C, "
            f"found {low:g} to {high:g}{hint}\n  remedy: export them in °C"
        )
    return image


def _check_nifti(path: Path, voxels: int, bits: int) -> None:
    """Refuse what SimpleITK would turn into zeros in silence: a NIfTI file that is cut short, NaN and infinity.

    Source of the header's layout: nifti1.h and nifti2.h (NIfTI Data Format Working Group).
    """
    expected = voxels * bits // 8
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            start, dtype, scale = _nifti_header(stream.read(NIFTI_2_HEADER_BYTES))
            stream.seek(start)
            found, bad = 0, not all(math.isfinite(number) for number in scale)
            while found < expected and (block := stream.read(min(BLOCK_BYTES, expected - found))):
                found += len(block)
                if dtype is not None:
                    whole = block[: len(block) // dtype.itemsize * dtype.itemsize]
                    bad = bad or not np.isfinite(np.frombuffer(whole, dtype)).all()
    except (EOFError, OSError, zlib.error, struct.error):
        found, bad = 0, False
    if found < expected:
        raise SceneError(f"{path}: the file ends too early\n  remedy: copy or download it again")
    if bad:
        raise SceneError(f"{path}: {NOT_FINITE}")


def _nifti_header(head: bytes) -> tuple[int, np.dtype[Any] | None, tuple[float, ...]]:
    """Where the voxels start, their type if it is one of floats, and slope and intercept of the values."""
    order = "<" if struct.unpack_from("<i", head)[0] in (NIFTI_1_HEADER_BYTES, NIFTI_2_HEADER_BYTES) else ">"
    if struct.unpack_from(f"{order}i", head)[0] == NIFTI_2_HEADER_BYTES:
        code, start = struct.unpack_from(f"{order}h", head, 12)[0], struct.unpack_from(f"{order}q", head, 168)[0]
        scale = struct.unpack_from(f"{order}2d", head, 176)
    else:
        code, start = struct.unpack_from(f"{order}h", head, 70)[0], int(struct.unpack_from(f"{order}f", head, 108)[0])
        scale = struct.unpack_from(f"{order}2f", head, 112)
    return start, np.dtype(order + NIFTI_FLOATS[code]) if code in NIFTI_FLOATS else None, scale


def _read(path: str | Path) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
    """Values (nz, ny, nx), origin (3,) and axes (3, 3) [m] of an image file; SimpleITK reads all as LPS."""
    path = Path(path)
    if not path.is_file():
        raise SceneError(f"{path}: no such image\n  remedy: check the path; it is relative to the scene file")
    if not path.name.lower().endswith(SUFFIXES):
        raise SceneError(f"{path}: unknown image format\n  remedy: convert it to one of {' '.join(SUFFIXES)}")
    if path.name.lower().endswith(".nii.gz") and path.with_suffix("").exists():
        raise SceneError(
            f"{path}: beside it lies {path.with_suffix('').name}, which SimpleITK would read instead\n"
            "  remedy: name that one, or move one of them to another folder"
        )
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].removeprefix("sitk::ERROR: ")
        raise SceneError(
            f"{path}: cannot be read as an image (SimpleITK: {reason})\n  remedy: copy it again, or export it as NIfTI"
        ) from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise SceneError(
            f"{path}: a 3-D image with one value per voxel is needed, this one has {image.GetDimension()} "
            f"axes and {image.GetNumberOfComponentsPerPixel()} values per voxel\n"
            "  remedy: extract one volume and export it alone"
        )
    spacing = np.array(image.GetSpacing()) * MM
    origin = np.array(image.GetOrigin()) * MM
    axes = np.array(image.GetDirection()).reshape(3, 3) * spacing
    usable = np.isfinite(origin).all() and np.isfinite(axes).all() and (spacing > 0).all()
    if not usable or abs(np.linalg.det(axes / spacing)) < 1e-3:
        raise SceneError(
            f"{path}: the voxel spacing {image.GetSpacing()} mm, origin or axes are not usable\n"
            "  remedy: correct the header (spacing above 0, independent axes)"
        )
    values = sitk.GetArrayFromImage(image)
    if image.HasMetaDataKey("bitpix"):
        _check_nifti(path, values.size, int(image.GetMetaData("bitpix")))
    if not np.isfinite(values).all():
        raise SceneError(f"{path}: {NOT_FINITE}")
    return values, origin, axes
