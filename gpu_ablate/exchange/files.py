"""The folder of an export: made whole or not at all, with a list of what is in it and how to read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpu_ablate.errors import ResultError
from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.source import IMAGES
from gpu_ablate.result.files import folder_aside
from gpu_ablate.result.provenance import package_version
from gpu_ablate.units import BODY_C, MM

SCHEMA_VERSION = 1

README, LIST = "README.txt", "export.json"


@dataclass(frozen=True)
class Written:
    """A file of an export: its name, what it holds, in what unit.

    voxels : how many a mask has
    whole : False for a mask of which a part lies beyond the image
    note : what whoever uses it must know
    """

    name: str
    what: str
    unit: str | None = None
    voxels: int | None = None
    whole: bool = True
    note: str | None = None


Writer = Callable[[Content, Path], Iterator[Written]]


def require_new(folder: Path) -> None:
    """Demand that a folder is not there yet, or empty.

    Raises
    ------
    ResultError
        It is a file, or holds something.
    """
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        what = "is not empty" if folder.is_dir() else "is there already and no folder"
        raise ResultError(f"{folder}: {what}; nothing is overwritten\n  give another --out, or remove it first")


def write_export(to: str, content: Content, write: Writer, folder: Path, say: Callable[[str], None]) -> None:
    """Write one format into a new folder, with README.txt and export.json; the folder is there once all is in it.

    say : takes a line for each file
    """
    require_new(folder)
    notes = cautions(content)
    with folder_aside(folder) as aside:
        files = []
        for written in write(content, aside):
            files.append(written)
            say(f"{to}: {written.name}")
            notes += [] if written.note is None else [f"{written.name}: {written.note}"]
            if not written.whole:
                notes.append(f"{written.name}: a part of it lies beyond the image and is not in the file")
            elif written.voxels == 0:
                notes.append(f"{written.name}: is smaller than half a voxel of the image, and so is empty")
        (aside / README).write_text(_readme(to, content, files, notes), encoding="utf-8")
        (aside / LIST).write_text(_list(to, content, files, notes), encoding="utf-8")
    for note in notes:
        say(f"note     {note}")


def cautions(content: Content) -> list[str]:
    """What whoever uses the files must know, one sentence each."""
    setup, notes = content.setup, []
    if content.result.status != "done":
        notes.append(f"the run is {content.result.status}: fields and zones are those up to where it stopped")
    moved = [layer.name for layer in setup.isolation]
    if moved:
        notes.append(
            f"the layer {', '.join(moved)} moved tissue in the model: all lies as it does with the layer in place, not "
            "where an image made before the injection shows it"
        )
    if setup.frame == "local":
        notes.append('the scene\'s frame is "local": its axes are its own, not those of a patient')
    return notes


def _readme(to: str, content: Content, files: list[Written], notes: list[str]) -> str:
    width = max(len(written.name) for written in files)
    lines = [
        f"Export of the run {content.setup.name} ({to}), gpu-ablate {package_version('gpu-ablate')}",
        "Research software: not a medical device.",
        "",
        *(
            f"{written.name:<{width}}  {written.what}" + ("" if written.unit in (None, "1") else f" [{written.unit}]")
            for written in files
        ),
        "",
        "Coordinates are LPS millimetres.",
        *(_about_images(content) if to in IMAGES else ()),
        *(f"NOTE: {note}." for note in notes),
    ]
    return "\n".join(lines) + "\n"


def _about_images(content: Content) -> list[str]:
    return [
        f"Temperature at {content.time_s:g} s. Images lie on the voxels of {content.voxels}.",
        f"Beyond the box of the model nothing was computed: temperature {BODY_C:g} degC, perfusion 1, all else 0.",
        "Gas is not solved: its voxels hold the temperature that the run gave it.",
        "A zone is body tissue; fluid and gas are never in it. A mask is made of the voxels with the largest share of",
        "the zone, as many as its volume asks for: it keeps volume and middle of the zone's surface.",
    ]


def _voxels(content: Content) -> dict[str, Any]:
    lattice = content.lattice
    spacing = np.linalg.norm(lattice.axes, axis=0)
    return {
        "of": content.voxels,
        "shape": list(lattice.shape),
        "spacing_mm": (spacing / MM).tolist(),
        "origin_mm": (lattice.origin / MM).tolist(),
        "directions": (lattice.axes / spacing).T.tolist(),
    }


def _list(to: str, content: Content, files: list[Written], notes: list[str]) -> str:
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "format": to,
        "scene": content.setup.name,
        "status": content.result.status,
        "gpu_ablate": package_version("gpu-ablate"),
        "temperature_at_s": content.time_s,
        "voxels": _voxels(content) if to in IMAGES else None,
        "files": [
            {
                "name": written.name,
                "what": written.what,
                "unit": written.unit,
                "voxels": written.voxels,
                "whole": written.whole,
            }
            for written in files
        ],
        "notes": notes,
    }
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
