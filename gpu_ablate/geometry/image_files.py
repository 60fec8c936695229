"""Label and scalar images in files (NIfTI, NRRD, MetaImage). The only home of SimpleITK."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.images import LabelImage, Lattice, ScalarImage
from gpu_ablate.geometry.nifti_header import NOT_FINITE, check_nifti, is_nifti
from gpu_ablate.geometry.segments import Segment, from_layers, read_segments, require_apart
from gpu_ablate.geometry.text_headers import check_text_header
from gpu_ablate.units import MM

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
LARGEST_LABEL = np.iinfo(np.int32).max
UNIT_WITHIN = 1e-3
"""Directions are unit vectors within this."""
HOTTEST_START_C = 150.0
"""Above this a starting temperature is taken for a mistake [°C]."""


def read_labels(path: str | Path, order: Sequence[int] = ()) -> LabelImage:
    """Read an image of integer labels (NIfTI, NRRD, MetaImage), or the segments of a .seg.nrrd file with their names.

    order : labels, see `segments.painted_order`; of use only where segments overlap

    Raises
    ------
    SceneError
        The file is missing, unreadable, no 3-D image of single values, or holds a value that is no integer.
    """
    values, lattice, segments = _read(path)
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
    whole = values if np.issubdtype(values.dtype, np.integer) else values.astype(np.int32)
    if whole.ndim == 4:
        return from_layers(whole, lattice, segments, order)
    return LabelImage(whole, lattice, {segment.value: segment.name for segment in segments})


def read_scalars(path: str | Path) -> ScalarImage:
    """Read an image of a continuous quantity (NIfTI, NRRD, MetaImage), as float32.

    Raises
    ------
    SceneError
        The file is missing, unreadable, or not a 3-D image of single finite values.
    """
    values, lattice, segments = _read(path)
    if segments:
        raise SceneError(f"{path}: holds segments, not the values of an image\n  remedy: give the image itself")
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


def read_lattice(path: str | Path) -> Lattice:
    """Where the voxels of an image file lie (NIfTI, NRRD, MetaImage), from its header alone.

    Raises
    ------
    SceneError
        The file is missing or unreadable, or has other than three axes.
    """
    path = Path(path)
    _require_image(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        _check_header(path)
        raise _unreadable(path, error) from error
    _check_header(path)
    if reader.GetDimension() != 3:
        raise SceneError(
            f"{path}: has {reader.GetDimension()} axes, three are needed\n  remedy: export one volume alone"
        )
    return _lattice_of(path, reader)


def _read(path: str | Path) -> tuple[NDArray[Any], Lattice, tuple[Segment, ...]]:
    """Values (nz, ny, nx) of an image file, where they lie, and what a file of segments says of them; SimpleITK reads
    all as LPS. Segments in several layers have values (nz, ny, nx, layers)."""
    path = Path(path)
    _require_image(path)
    sitk.ProcessObject_SetGlobalWarningDisplay(False)  # what matters of them is refused
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        _check_header(path)
        raise _unreadable(path, error) from error
    told = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    try:
        segments = read_segments(told)
    except ValueError as error:
        raise SceneError(
            f"{path}: a LabelValue or Layer of its segments is no whole number ({error})\n"
            "  remedy: save the segmentation again from 3D Slicer"
        ) from error
    if image.GetDimension() != 3 or (image.GetNumberOfComponentsPerPixel() != 1 and not segments):
        raise SceneError(
            f"{path}: a 3-D image with one value per voxel is needed, this one has {image.GetDimension()} "
            f"axes and {image.GetNumberOfComponentsPerPixel()} values per voxel\n"
            "  remedy: extract one volume and export it alone"
        )
    _check_header(path)
    require_apart(path, segments, image.GetNumberOfComponentsPerPixel())
    lattice = _lattice_of(path, image)
    values = sitk.GetArrayFromImage(image)
    if np.iscomplexobj(values) or not values.size:
        what = "complex numbers" if values.size else "no voxel"
        raise SceneError(f"{path}: holds {what}\n  remedy: export one volume of real numbers")
    if not np.isfinite(values).all():
        raise SceneError(f"{path}: {NOT_FINITE}")
    return values, lattice, segments


def _check_header(path: Path) -> None:
    if is_nifti(path):
        check_nifti(path)
    else:
        check_text_header(path)


def _require_image(path: Path) -> None:
    """Refuse what is no image file, or not the one that SimpleITK would read."""
    if not path.is_file():
        raise SceneError(f"{path}: no such image\n  remedy: check the path; it is relative to the scene file")
    if not path.name.lower().endswith(SUFFIXES):
        raise SceneError(f"{path}: unknown image format\n  remedy: convert it to one of {' '.join(SUFFIXES)}")
    if path.name.lower().endswith(".nii.gz") and path.with_suffix("").exists():
        raise SceneError(
            f"{path}: beside it lies {path.with_suffix('').name}, which SimpleITK would read instead\n"
            "  remedy: name that one, or move one of them to another folder"
        )


def _unreadable(path: Path, error: RuntimeError) -> SceneError:
    told = [line.removeprefix("sitk::ERROR: ") for line in str(error).strip().splitlines()]
    reason = next(line for line in reversed(told) if not line.startswith("Reason: ") or line == told[0])
    return SceneError(
        f"{path}: cannot be read as an image (SimpleITK: {reason})\n  remedy: copy it again, or export it as NIfTI"
    )


def _lattice_of(path: Path, image: sitk.Image | sitk.ImageFileReader) -> Lattice:
    spacing = np.array(image.GetSpacing()) * MM
    origin = np.array(image.GetOrigin()) * MM
    directions = np.array(image.GetDirection()).reshape(3, 3)
    axes = directions * spacing
    usable = (
        np.abs(np.linalg.norm(directions, axis=0) - 1).max() < UNIT_WITHIN
        and np.isfinite(origin).all()
        and np.isfinite(axes).all()
        and (spacing > 0).all()
    )
    if not usable or abs(np.linalg.det(axes / spacing)) < 1e-3:
        raise SceneError(
            f"{path}: the voxel spacing {image.GetSpacing()} mm, origin or axes are not usable\n"
            "  remedy: correct the header (spacing above 0, independent axes of unit length)"
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


def read_dicom_slice(path: Path) -> NDArray[Any]:
    """Values (ny, nx) of a single-frame DICOM image after its rescale, in any packing that GDCM knows.

    Raises
    ------
    SceneError
        It cannot be decoded.
    """
    try:
        values = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError as error:
        raise SceneError(
            f"{path}: its pixels cannot be decoded\n  remedy: export the series without compression (Explicit VR)"
        ) from error
    return np.asarray(values[0] if values.ndim == 3 else values)
