"""What imaging gives, whatever format it comes in: segmentations, and the images that they were drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_contours import read_contours
from gpu_ablate.geometry.dicom_files import CONTOURS, SEGMENTATION, is_dicom, read_dataset, what_it_is
from gpu_ablate.geometry.dicom_seg import read_seg
from gpu_ablate.geometry.dicom_series import Series, read_series
from gpu_ablate.geometry.image_files import read_labels, read_scalars
from gpu_ablate.geometry.images import LabelImage, ScalarImage


def read_segmentation(path: Path, order: Sequence[int] = (), drawn_on: Path | None = None) -> LabelImage:
    """Labels from an image file (NIfTI, NRRD, MetaImage, .seg.nrrd), a DICOM SEG or an RTSTRUCT.

    Parameters
    ----------
    order : labels; where segments overlap, the later of these wins, and those that are not named lie below them, the
        largest lowest
    drawn_on : folder of the DICOM series that it belongs to; an RTSTRUCT needs it

    Raises
    ------
    SceneError
        It cannot be read, or belongs to another series.
    """
    if path.is_dir():
        raise SceneError(
            f"{path}: is a folder; a segmentation is one file\n  remedy: give the SEG, RTSTRUCT or image file itself"
        )
    if not is_dicom(path):
        return read_labels(path, order)
    kind = read_dataset(path)
    series = read_series(drawn_on) if drawn_on is not None and drawn_on.is_dir() else None
    if kind.SOPClassUID == CONTOURS:
        if series is None:
            raise SceneError(
                f"{path}: contours (RTSTRUCT) have no voxels of their own\n"
                "  remedy: give the folder of the series that they were drawn on: [anatomy] ct or mr of a scene, "
                "--ct or --mr of new, --series of compare"
            )
        require_same_series(path, kind, series)
        return read_contours(path, series, order)[0]
    if kind.SOPClassUID not in SEGMENTATION:
        raise SceneError(
            f"{path}: is a {what_it_is(kind)}, not a segmentation\n  remedy: give a DICOM SEG, an RTSTRUCT, or labels "
            "as NIfTI or NRRD; the folder of a series goes to [anatomy] ct or mr"
        )
    if series is not None:
        require_same_series(path, kind, series)
    return read_seg(path, order)[0]


def read_intensities(path: Path, modality: str) -> ScalarImage:
    """A CT [HU] or MR: an image file, or the folder of a DICOM series.

    modality : "CT" or "MR"; a series must be of it

    Raises
    ------
    SceneError
        It cannot be read, or the series is of another modality.
    """
    if not path.is_dir():
        if is_dicom(path):
            raise SceneError(
                f"{path}: is a single DICOM file ({what_it_is(read_dataset(path))})\n"
                "  remedy: give the folder that holds the slices of the series"
            )
        return read_scalars(path)
    series = read_series(path)
    if series.modality != modality:
        raise SceneError(
            f"{path}: is a series of modality {series.modality or 'unknown'}, not {modality}\n"
            f"  remedy: give the {modality} series, or the other key of [anatomy] (ct, mr)"
        )
    return ScalarImage(series.pixels(), series.lattice)


def require_same_series(path: Path, dataset: Any, series: Series) -> None:
    """Demand that a SEG or RTSTRUCT belongs to a series: the same frame of reference and, where it names series, one of
    them.

    Raises
    ------
    SceneError
        It belongs to another one.
    """
    frames = {str(item.FrameOfReferenceUID) for item in dataset.get("ReferencedFrameOfReferenceSequence", [])}
    frames |= {str(dataset.FrameOfReferenceUID)} if dataset.get("FrameOfReferenceUID") else set()
    own = {str(header.get("SeriesInstanceUID", "")) for header in series.datasets}
    named = _named_series(dataset)
    if frames and series.frame_of_reference and series.frame_of_reference not in frames:
        what = "has another frame of reference than"
    elif named and not named & own:
        what = "was drawn on another series than"
    else:
        return
    folder = series.files[0].parent
    raise SceneError(
        f"{path}: {what} the series in {folder}, so it may lie elsewhere\n"
        "  remedy: give the series that it was drawn on, or register it and export it on this one"
    )


def _named_series(dataset: Any) -> set[str]:
    """UIDs of the series that a SEG or RTSTRUCT names."""
    named = {str(item.SeriesInstanceUID) for item in dataset.get("ReferencedSeriesSequence", [])}
    for frame in dataset.get("ReferencedFrameOfReferenceSequence", []):
        for study in frame.get("RTReferencedStudySequence", []):
            named |= {str(item.SeriesInstanceUID) for item in study.get("RTReferencedSeriesSequence", [])}
    return named
