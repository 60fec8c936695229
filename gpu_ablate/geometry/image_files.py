"""Label and scalar images in files (NIfTI, NRRD, MetaImage). The only home of SimpleITK."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.images import LabelImage, Lattice, ScalarImage
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
NOT_FINITE = "holds NaN or infinite values\n  remedy: replace them before export"


def read_labels(path: str | Path) -> LabelImage:
    """Read an image of integer labels (NIfTI, NRRD, MetaImage).

    Raises
    ------
    SceneError
        The file is missing, unreadable, no 3-D image of single values, or holds a value that is no integer.
    """
    values, lattice = _read(path)
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
    return LabelImage(values if np.issubdtype(values.dtype, np.integer) else values.astype(np.int32), lattice)


def read_scalars(path: str | Path) -> ScalarImage:
    """Read an image of a continuous quantity (NIfTI, NRRD, MetaImage), as float32.

    Raises
    ------
    SceneError
        The file is missing, unreadable, or not a 3-D image of single finite values.
    """
    values, lattice = _read(path)
    return ScalarImage(values.astype(np.float32), lattice)


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


def _read(path: str | Path) -> tuple[NDArray[Any], Lattice]:
    """Values (nz, ny, nx) of an image file and where they lie; SimpleITK reads all as LPS."""
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
    lattice = _lattice_of(path, image)
    values = sitk.GetArrayFromImage(image)
    if image.HasMetaDataKey("bitpix"):
        _check_nifti(path, values.size, int(image.GetMetaData("bitpix")))
    if not np.isfinite(values).all():
        raise SceneError(f"{path}: {NOT_FINITE}")
    return values, lattice


def _lattice_of(path: Path, image: sitk.Image) -> Lattice:
    spacing = np.array(image.GetSpacing()) * MM
    origin = np.array(image.GetOrigin()) * MM
    axes = np.array(image.GetDirection()).reshape(3, 3) * spacing
    usable = np.isfinite(origin).all() and np.isfinite(axes).all() and (spacing > 0).all()
    if not usable or abs(np.linalg.det(axes / spacing)) < 1e-3:
        raise SceneError(
            f"{path}: the voxel spacing {image.GetSpacing()} mm, origin or axes are not usable\n"
            "  remedy: correct the header (spacing above 0, independent axes)"
        )
    nx, ny, nz = image.GetSize()
    return Lattice((nz, ny, nx), origin, axes)


def write_image(path: Path, values: NDArray[Any], lattice: Lattice) -> None:
    """Write values (nz, ny, nx) on a lattice, compressed, in the format that the suffix names (NIfTI, NRRD, MHA)."""
    spacing = np.linalg.norm(lattice.axes, axis=0)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((spacing / MM).tolist())
    image.SetOrigin((lattice.origin / MM).tolist())
    image.SetDirection((lattice.axes / spacing).ravel().tolist())
    sitk.WriteImage(image, str(path), True)
