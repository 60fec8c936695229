"""A run as DICOM: a segmentation of zones and targets, the report, and the pictures, all in one study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.dicom_documents import capture, document
from gpu_ablate.exchange.dicom_headers import new_uid, source_headers
from gpu_ablate.exchange.dicom_seg import segmentation
from gpu_ablate.exchange.files import Written
from gpu_ablate.exchange.source import SOLVER


def on_own_grid(content: Content) -> Content:
    """The same run on the solver's cells, for where no image or series was given: these make valid DICOM planes."""
    return replace(content, lattice=content.setup.grid.lattice(), voxels=SOLVER)


def write_dicom(content: Content, folder: Path) -> Iterator[Written]:
    """Write the files into a folder, and tell of each.

    Raises
    ------
    SceneError
        highdicom is not installed, or the series lacks what a file that belongs to it must carry.
    """
    headers = source_headers(content)
    whose, note = "without a patient", None
    if content.keep_patient:
        whose, note = (
            "of the series' patient",
            "carries patient and study of the series; so do the other DICOM files here",
        )
    elif content.series is not None:
        note = (
            "has no patient and a frame of reference of its own, as the other DICOM files here: no viewer will lay it "
            "over the series; --keep-patient makes files that belong to it"
        )
    made = segmentation(content, headers)
    if made is not None:
        made.dataset.save_as(folder / "zones_seg.dcm", enforce_file_format=True)
        what = f"DICOM SEG, {whose}: {', '.join(made.labels)}"
        yield Written("zones_seg.dcm", what, whole=made.whole, note=note)
    report = content.folder / "report.pdf"
    if report.is_file():
        document(report.read_bytes(), headers[0], content).save_as(folder / "report.dcm", enforce_file_format=True)
        said = "the report and the pictures hold the titles and names of the scene as they were written"
        yield Written("report.dcm", f"report.pdf, {whose} (encapsulated PDF)", note=said)
    pictures = new_uid()
    for number, picture in enumerate(sorted((content.folder / "figures").glob("*.png")), start=1):
        name = f"figure_{picture.stem}.dcm"
        capture(picture, number, pictures, headers[0], content).save_as(folder / name, enforce_file_format=True)
        yield Written(name, f"{picture.name}, {whose} (secondary capture)")
