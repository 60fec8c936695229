"""`gpu-ablate export`: a run in files of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gpu_ablate.exchange.files import Writer


class Format(StrEnum):
    """What a run is exported to."""

    nifti = "nifti"
    slicer = "slicer"
    dicom = "dicom"
    stl = "stl"
    csv = "csv"


def export(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    to: Annotated[list[Format], typer.Option("--to", help="Format; may be repeated.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the formats' folders; default RUN/export.")] = None,
    on: Annotated[
        Path | None, typer.Option(help="Image, or folder of a DICOM series, on whose voxels images go out.")
    ] = None,
    at_s: Annotated[float | None, typer.Option(help="Time of the temperature field [s]; default the end.")] = None,
    keep_patient: Annotated[
        bool, typer.Option("--keep-patient", help="DICOM files carry the patient and study of the series.")
    ] = False,
) -> None:
    """Write fields, zones, surfaces and numbers of a run as NIfTI, 3D Slicer, DICOM, STL or CSV files.

    Each format gets a folder of its own, which must be new or empty and is there once all is in it. Without
    --keep-patient no DICOM file carries anything of a patient.
    """
    from gpu_ablate.exchange.files import require_new, write_export
    from gpu_ablate.exchange.source import content_of, require_meaning
    from gpu_ablate.result.store import load_metrics, load_result

    wanted = list(dict.fromkeys(to))
    require_meaning(wanted, on, at_s, keep_patient)
    folders = {one: (run / "export" if out is None else out) / one.value for one in wanted}
    result, metrics = load_result(run), load_metrics(run)
    for folder in folders.values():
        require_new(folder)
    writers = {one: _writer(one) for one in wanted}
    content = content_of(run, result, metrics, on, at_s, keep_patient)
    for one in wanted:
        if one == Format.dicom and on is None:
            from gpu_ablate.exchange.dicom import on_own_grid

            content = on_own_grid(content)
        write_export(one.value, content, writers[one], folders[one], typer.echo)
        typer.echo(folders[one])


def _writer(to: Format) -> Writer:
    match to:
        case Format.nifti:
            from gpu_ablate.exchange.nifti import write_nifti

            return write_nifti
        case Format.slicer:
            from gpu_ablate.exchange.slicer import write_slicer

            return write_slicer
        case Format.dicom:
            from gpu_ablate.exchange.dicom import write_dicom

            return write_dicom
        case Format.stl:
            from gpu_ablate.exchange.surfaces import write_surfaces

            return write_surfaces
        case Format.csv:
            from gpu_ablate.exchange.tables import write_tables

            return write_tables
