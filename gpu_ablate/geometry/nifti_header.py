"""What SimpleITK passes over in silence in NIfTI files: a header that does not say where the voxels lie, a file that is
cut short, NaN and infinity.

Source of the header's layout and of the formulas: nifti1.h (NIfTI Data Format Working Group).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError

NIFTI_1_HEADER_BYTES, NIFTI_2_HEADER_BYTES = 348, 540
"""Also the first number in the file, by which the version and the byte order are known. SimpleITK reads the first."""
NIFTI_FLOATS = {16: "f4", 64: "f8"}
"""Data types of NIfTI that can hold NaN -> numpy's."""
BLOCK_BYTES = 1 << 20
NOT_FINITE = "holds NaN or infinite values\n  remedy: replace them before export"
CUT_SHORT = "the file ends too early\n  remedy: copy or download it again"
SINGLE_FILE = b"n+1\0"
"""Last four bytes of the header of NIfTI-1 in one file; without them it is Analyze 7.5, or one of two files."""
MILLIMETRES = (0, 2)
"""Codes of the unit of length that stand for mm, or that say nothing."""
APART = 0.1
"""The two ways of a header to place the voxels may differ by this much, anywhere in the image [voxels]."""
QUATERNION_WITHIN = 1e-3
"""The squares of b, c and d may exceed 1 by this much, from rounding."""


@dataclass(frozen=True)
class NiftiHeader:
    """The part of a header that is looked at.

    start : of the voxels in the file [bytes]; bits : of a voxel
    floats : type of the voxels if it is one of floats
    scale : slope and intercept of the values
    pixdim : qfac (-1 or 1), then the spacing along x, y and z [mm]
    quaternion : b, c, d and the offsets x, y, z [mm] of the first way to place the voxels, valid if `by_q`
    sform : (3, 4) of the second way, valid if `by_s`
    """

    start: int
    bits: int
    floats: np.dtype[Any] | None
    scale: tuple[float, ...]
    size: tuple[int, ...]
    pixdim: tuple[float, ...]
    by_q: bool
    by_s: bool
    quaternion: tuple[float, ...]
    sform: NDArray[np.float64]


def is_nifti(path: Path) -> bool:
    """Whether a file is NIfTI, by its name."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


def check_nifti(path: Path) -> None:
    """Refuse what would be read wrongly.

    Raises
    ------
    SceneError
        A spacing is 0; the header says in no way where the voxels lie, or in two ways that differ; voxels are missing,
        or not finite.
    """
    found, finite = 0, True
    header = None
    try:
        with _opened(path) as stream:
            header = _header(path, stream.read(NIFTI_1_HEADER_BYTES))
            stream.seek(header.start)
            found, finite = _read_through(stream, header)
    except gzip.BadGzipFile as error:
        if header is None:
            raise _not_nifti(path, "it is not packed with gzip, as its name says") from error
    except (EOFError, zlib.error):
        pass
    if header is None:
        raise SceneError(f"{path}: {CUT_SHORT}")
    spacing = header.pixdim[1:]
    if not all(math.isfinite(step) and step > 0 for step in spacing):
        remedy = "correct it (above 0)"
        raise SceneError(f"{path}: the voxel spacing {spacing} mm in its header is not usable\n  remedy: {remedy}")
    _check_place(path, header)
    if found < math.prod(header.size) * header.bits // 8:
        raise SceneError(f"{path}: {CUT_SHORT}")
    if not finite or not all(math.isfinite(number) for number in header.scale):
        raise SceneError(f"{path}: {NOT_FINITE}")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as packed:
            yield packed  # type: ignore[misc]
    else:
        with path.open("rb") as file:
            yield file


def _read_through(stream: BinaryIO, header: NiftiHeader) -> tuple[int, bool]:
    """Bytes of voxels that are there, up to all of them, and whether all values are finite."""
    expected = math.prod(header.size) * header.bits // 8
    found, finite = 0, True
    while found < expected and (block := stream.read(min(BLOCK_BYTES, expected - found))):
        found += len(block)
        if header.floats is not None:
            whole = block[: len(block) // header.floats.itemsize * header.floats.itemsize]
            finite = finite and bool(np.isfinite(np.frombuffer(whole, header.floats)).all())
    return found, finite


def _check_place(path: Path, header: NiftiHeader) -> None:
    if not header.by_q and not header.by_s:
        raise SceneError(
            f"{path}: its header does not say where the voxels lie in the body (qform_code and sform_code are 0)\n"
            "  remedy: export it with its orientation"
        )
    b, c, d, *_ = header.quaternion
    if header.by_q and not b * b + c * c + d * d <= 1 + QUATERNION_WITHIN:
        raise SceneError(
            f"{path}: the orientation in its header (quaternion {b:g}, {c:g}, {d:g}) is none\n"
            "  remedy: export it again with its orientation"
        )
    if header.by_s and not header.by_q:  # with both ways the corners tell; SimpleITK takes the size from pixdim
        edges = np.linalg.norm(header.sform[:, :3], axis=0)
        apart = np.abs(edges - header.pixdim[1:]) * np.array(header.size[:3])
        if not apart.max() <= APART * min(header.pixdim[1:]):
            sizes = [", ".join(f"{edge:.4g}" for edge in each) for each in (edges, header.pixdim[1:])]
            raise SceneError(
                f"{path}: its header gives the voxels two sizes, {sizes[0]} mm (sform) and {sizes[1]} mm (pixdim)\n"
                "  remedy: find out which is right and export it again"
            )
    if header.by_q and header.by_s:
        corners = np.array(np.meshgrid(*([0, n - 1] for n in header.size[:3]), [1])).reshape(4, -1)
        apart = float(np.abs((_qform(header) - header.sform) @ corners).max())
        if apart > APART * min(header.pixdim[1:]):
            raise SceneError(
                f"{path}: its header places the voxels in two ways that differ by up to {apart:.1f} mm (qform and "
                "sform), so one of them is flipped or moved\n"
                "  remedy: find out which is right, set the other to it or its code to 0"
            )


def _qform(header: NiftiHeader) -> NDArray[np.float64]:
    """The (3, 4) matrix from voxels to RAS [mm] that the quaternion stands for."""
    b, c, d, *offset = header.quaternion
    a = math.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
    turned = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    qfac = -1.0 if header.pixdim[0] < 0 else 1.0
    return np.column_stack([turned * (np.array(header.pixdim[1:]) * [1.0, 1.0, qfac]), offset])


def _not_nifti(path: Path, why: str) -> SceneError:
    return SceneError(f"{path}: cannot be read as NIfTI ({why})\n  remedy: copy or export it again")


def _header(path: Path, head: bytes) -> NiftiHeader:
    if len(head) < NIFTI_1_HEADER_BYTES:
        raise _not_nifti(path, f"it holds {len(head)} bytes, less than a header")
    version = [struct.unpack_from(f"{order}i", head)[0] for order in "<>"]
    if NIFTI_2_HEADER_BYTES in version:
        raise SceneError(f"{path}: is NIfTI-2, which is not read\n  remedy: export it as NIfTI-1 (most programs do)")
    if NIFTI_1_HEADER_BYTES not in version or head[-4:] != SINGLE_FILE:
        raise _not_nifti(path, "it does not begin with the header of NIfTI-1 in one file")
    order = "<" if version[0] == NIFTI_1_HEADER_BYTES else ">"

    def at(kind: str, offset: int) -> tuple[Any, ...]:
        return struct.unpack_from(order + kind, head, offset)

    dims = at("8h", 40)
    code, bits = at("2h", 70)
    start = at("f", 108)[0]
    if not 3 <= dims[0] <= 7 or not 0 <= start < 2**31 or not all(n > 0 for n in dims[1 : dims[0] + 1]):
        raise _not_nifti(path, "its header does not say how many voxels it holds, or where they begin")
    if head[123] & 7 not in MILLIMETRES:
        raise SceneError(f"{path}: its header gives lengths in another unit than mm\n  remedy: export it in mm")
    return NiftiHeader(
        start=max(int(start), NIFTI_1_HEADER_BYTES + 4),  # as SimpleITK reads it
        bits=bits,
        floats=np.dtype(order + NIFTI_FLOATS[code]) if code in NIFTI_FLOATS else None,
        scale=at("2f", 112),
        size=dims[1 : dims[0] + 1],
        pixdim=at("4f", 76),
        by_q=at("h", 252)[0] > 0,
        by_s=at("h", 254)[0] > 0,
        quaternion=at("6f", 256),
        sform=np.array(at("12f", 280), float).reshape(3, 4),
    )
