"""The files that a scene names: which they are, their fingerprints, and copies of them beside a run.

What is DICOM is never copied as such: the copy is a .nrrd image with the voxels and nothing about the patient.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from io import BufferedReader
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

import numpy as np

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_files import is_dicom
from gpu_ablate.geometry.images import Image, LabelImage
from gpu_ablate.scene.schema import Scene

COPIES = "inputs"
"""Folder of the copies, beside the scene that names them."""

VOXELS_APART = {
    ".mhd": re.compile(rb"^ElementDataFile *= *(.+?) *$", re.MULTILINE),
    ".nhdr": re.compile(rb"^data *file: *(.+?) *$", re.MULTILINE | re.IGNORECASE),
}
"""Image headers whose voxels may lie in a second file -> the line that names it (MetaIO, and NRRD of Kindlmann)."""

HEADER_BYTES = 1 << 16

DICOM_COPIES = {"image": "dicom_labels.nrrd", "ct": "dicom_ct.nrrd", "mr": "dicom_mr.nrrd"}
"""Key of [anatomy] -> name of the copy of a DICOM input."""


def input_files(scene: Scene) -> list[tuple[str, ...]]:
    """Every file that a scene names, as written, each once; an image header is followed by the file of its voxels.

    Raises
    ------
    SceneError
        The voxels of an image lie in several files, or in another folder than its header.
    """
    return [(name, *_voxels(scene, name)) for name in scene.files()]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file.

    Raises
    ------
    SceneError
        It cannot be read.
    """
    with _opened(path) as file:
        return file_digest(file, "sha256").hexdigest()


def fingerprints(scene: Scene) -> dict[str, str]:
    """SHA-256 of every input file, keyed as written; of what is DICOM, that of its copy."""
    found: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        for name in (name for group in input_files(scene) for name in group):
            path = scene.folder / name
            if comes_as_dicom(path):
                path = Path(folder) / f"{len(found)}.nrrd"
                _write_without_patient(scene, name, path)
            found[name] = sha256_of(path)
    return found


def anatomy_image(scene: Scene) -> LabelImage:
    """The label image of a scene that has one.

    Raises
    ------
    SceneError
        It cannot be read, or does not belong to the series on which it was drawn.
    """
    from gpu_ablate.geometry.imaging import read_segmentation

    assert scene.anatomy is not None
    behind = scene.anatomy.ct or scene.anatomy.mr
    drawn_on = None if behind is None else scene.folder / behind
    try:
        return read_segmentation(scene.folder / scene.anatomy.image, tuple(scene.anatomy.labels), drawn_on)
    except SceneError as error:
        raise SceneError(f"{scene.path}: [anatomy] image: {error}") from error


def comes_as_dicom(path: Path) -> bool:
    """Whether an input is a DICOM file, or a folder, which can only be a DICOM series."""
    return path.is_dir() or is_dicom(path)


def _write_without_patient(scene: Scene, name: str, path: Path) -> None:
    """The voxels of a DICOM input as an image file."""
    from gpu_ablate.geometry.image_files import write_image
    from gpu_ablate.geometry.imaging import read_intensities

    assert scene.anatomy is not None
    if name == scene.anatomy.image:
        image: Image = anatomy_image(scene)
    else:
        image = read_intensities(scene.folder / name, "CT" if name == scene.anatomy.ct else "MR")
    values = image.values
    if np.array_equal(values, np.rint(values)) and np.abs(values).max(initial=0) <= np.iinfo(np.int16).max:
        values = values.astype(np.int16)
    write_image(path, values, image.lattice)


def copy_inputs(scene: Scene, folder: Path) -> dict[str, str]:
    """Copy every input file to ``folder/inputs``; of files with the same stem the later go to ``inputs/2`` and so on.

    Returns
    -------
    File as written in the scene -> the copy, relative to ``folder``.
    """
    copies = {}
    taken = {(1, PurePath(name).stem) for name in DICOM_COPIES.values()}
    for group in input_files(scene):
        if comes_as_dicom(scene.folder / group[0]):
            copies[group[0]] = f"{COPIES}/{DICOM_COPIES[_key(scene, group[0])]}"
            (folder / COPIES).mkdir(parents=True, exist_ok=True)
            _write_without_patient(scene, group[0], folder / copies[group[0]])
            continue
        stems = {PurePath(name).name.partition(".")[0].lower() for name in group}
        number = 1
        while any((number, stem) in taken for stem in stems):
            number += 1
        taken |= {(number, stem) for stem in stems}
        place = COPIES if number == 1 else f"{COPIES}/{number}"
        (folder / place).mkdir(parents=True, exist_ok=True)
        for name in group:
            shutil.copyfile(scene.folder / name, folder / place / PurePath(name).name)
        copies[group[0]] = f"{place}/{PurePath(group[0]).name}"
    return copies


def _key(scene: Scene, name: str) -> str:
    """Key of [anatomy] under which a file stands."""
    return next(key for key in DICOM_COPIES if scene.anatomy is not None and getattr(scene.anatomy, key) == name)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise SceneError(f"{path}: cannot be read ({error.strerror})\n  put it back, or allow reading it") from error


def _voxels(scene: Scene, name: str) -> list[str]:
    """The file that holds the voxels of an image header, as the scene would write it; none if they lie in it."""
    line = VOXELS_APART.get(PurePath(name).suffix.lower())
    if line is None:
        return []
    with _opened(scene.folder / name) as file:
        found = line.search(file.read(HEADER_BYTES).replace(b"\r\n", b"\n"))
    file_name = found[1].decode(errors="replace") if found else "LOCAL"
    if file_name.upper() == "LOCAL":
        return []
    if file_name.upper().startswith("LIST") or "%" in file_name or PurePath(file_name).name != file_name:
        raise SceneError(
            f'{scene.path}: {name} keeps its voxels in "{file_name}", several files or another folder\n'
            "  remedy: save the image as one file (.mha, .nrrd or .nii.gz)"
        )
    return [(PurePath(name).parent / file_name).as_posix()]
