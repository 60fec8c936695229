"""`gpu-ablate new`: a commented scene to start from, proposed for a label image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpu_ablate.errors import SceneError

MODALITIES, INTENTS = ("microwave", "cryo"), ("radical", "palliative")


def new(
    source: Annotated[Path, typer.Option("--from", help="Labels: NIfTI, NRRD, MHA, .seg.nrrd, DICOM SEG or RTSTRUCT.")],
    tumour: Annotated[
        str | None, typer.Option(help="The target: a mesh (STL, VTP, PLY, OBJ), or the value or name of a label.")
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="microwave or cryo; by default microwave for liver and breast, else cryo.")
    ] = None,
    names: Annotated[Path | None, typer.Option(help="CSV of value,name of the labels.")] = None,
    ct: Annotated[
        Path | None, typer.Option(help="A CT of the same body, to draw slices on: an image, or a DICOM series' folder.")
    ] = None,
    mr: Annotated[Path | None, typer.Option(help="Or an MR.")] = None,
    spacing_mm: Annotated[float | None, typer.Option(help="Edge of a voxel.")] = None,
    intent: Annotated[str, typer.Option(help="radical or palliative.")] = "radical",
    out: Annotated[Path | None, typer.Option(help="The scene; default is the image's name with .toml, here.")] = None,
) -> None:
    """Write a commented scene to start from: tissues by name, box, target and needles proposed by rules."""
    from gpu_ablate.planning.new import write_new

    for option, value, known in (("--modality", modality, MODALITIES), ("--intent", intent, INTENTS)):
        if value is not None and value not in known:
            raise SceneError(f'{option}: "{value}" is not known\n  take one of {", ".join(known)}')
    if spacing_mm is not None and not 0.1 <= spacing_mm <= 10.0:
        raise SceneError(f"--spacing-mm: {spacing_mm:g} is not between 0.1 and 10\n  leave it out for a proposal")
    if ct is not None and mr is not None:
        raise SceneError("--ct and --mr: slices are drawn on one of them\n  leave one out")
    path = out or Path(f"{source.name.split('.')[0]}.toml")
    body, proposal, box = write_new(source, path, tumour, modality, names, ct, mr, spacing_mm, intent, typer.echo)  # type: ignore[arg-type]
    typer.echo(f"{path}: a proposal; check and change every number")
    typer.echo(f"  {body.source}")
    checks = [
        f"{each.name if each.name == f'label {each.value}' else f'label {each.value} {each.name}'}: {each.means.note}"
        for each in body.labels
        if "CHECK" in each.means.note
    ]
    checks += [why for why in (*proposal.layout.why, *proposal.why, *box.told) if "CHECK" in why]
    for line in checks:
        typer.echo(f"  {line}")
    typer.echo(f"next: gpu-ablate check {path} --figure")
