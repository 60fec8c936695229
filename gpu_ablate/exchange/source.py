"""Which voxels a run goes out on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpu_ablate.errors import ResultError
from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.voxels import touches
from gpu_ablate.geometry.dicom_series import read_series
from gpu_ablate.geometry.image_files import read_lattice
from gpu_ablate.result.result import Result
from gpu_ablate.scene.load import load_scene
from gpu_ablate.units import MM

SOLVER = "the solver's own grid"

MOST_VOXELS = 2e9
"""Of an image that a run goes out on; a field of it takes 8 GB."""


IMAGES, FIELDS = ("nifti", "slicer", "dicom"), ("nifti", "slicer")
"""Formats that hold images, and fields among them."""


def require_meaning(formats: Sequence[str], on: Path | None, at_s: float | None, keep_patient: bool) -> None:
    """Demand that each option changes something in one of the formats.

    Raises
    ------
    ResultError
        One does not.
    """
    idle = [
        ("--on", on is not None, IMAGES, "only images lie on voxels"),
        ("--at-s", at_s is not None, FIELDS, "only fields have a time"),
        ("--keep-patient", keep_patient, ("dicom",), "only DICOM files can carry a patient"),
    ]
    for option, given, ones, why in idle:
        if given and not set(formats) & set(ones):
            raise ResultError(f"{option}: {why}\n  add --to {ones[0]}, or leave it out")
    if keep_patient and (on is None or not on.is_dir()):
        raise ResultError("--keep-patient: there is no series to take the patient from\n  give its folder with --on")


def content_of(
    folder: Path, result: Result, metrics: dict[str, Any], on: Path | None, at_s: float | None, keep_patient: bool
) -> Content:
    """A run, and the voxels that it goes out on: of `on`, else of the image that its scene was made from, else the
    solver's.

    on : an image, or the folder of a DICOM series

    Raises
    ------
    ResultError
        The time lies outside the run, or no voxel in its box.
    SceneError
        The image or series cannot be used.
    """
    lattice, voxels, series = result.setup.grid.lattice(), SOLVER, None
    if on is not None and on.is_dir():
        series = read_series(on)
        lattice, voxels = series.lattice, "the DICOM series given with --on"
    elif on is not None:
        lattice, voxels = read_lattice(on), "the image given with --on"
    else:
        anatomy = load_scene(folder / "scene.toml").anatomy
        if anatomy is not None:
            lattice, voxels = read_lattice(folder / anatomy.image), "the image that the scene was made from"
    if lattice.size.prod() > MOST_VOXELS:
        raise ResultError(
            f"{on or folder}: {voxels} has {' x '.join(str(n) for n in lattice.shape[::-1])} voxels, more than "
            f"{MOST_VOXELS:.0e}\n  give an image that fits into memory"
        )
    times = result.records.times
    if not times:
        raise ResultError(f"{folder}: the run was stopped before its first record\n  run its scene again")
    if at_s is not None and not times[0] <= at_s <= times[-1]:
        raise ResultError(
            f"--at-s {at_s:g}: the run has records from {times[0]:g} to {times[-1]:g} s\n  give a time there"
        )
    if not touches(result.setup.grid, lattice):
        lower, upper = (lattice.bounds()[i] / MM for i in (0, 1))
        spans = ", ".join(f"{axis} {a:.0f} to {b:.0f} mm" for axis, a, b in zip("xyz", lower, upper, strict=True))
        raise ResultError(
            f"{on or folder}: {voxels} ({spans}) has no voxel in the box of the run ({result.setup.grid.describe()})\n"
            "  give the image or series that the scene was planned on"
        )
    return Content(result, metrics, folder, lattice, voxels, series, at_s, keep_patient)
