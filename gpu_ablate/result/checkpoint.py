"""checkpoint.h5 of a run folder: what a run that has not ended needs to go on. docs/formats.md lists its content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import ResultError
from gpu_ablate.result.encode import encode
from gpu_ablate.result.files import written_aside
from gpu_ablate.result.store import CHECKPOINT, require_run
from gpu_ablate.scene.inputs import sha256_of

SCHEMA_VERSION = 1
"""Of checkpoint.h5."""

AGAIN = "run its scene.toml again into another folder"

BITWISE = ("gpu-ablate", "python", "numpy", "numba", "platform", "cpu")
"""Entries of the provenance that the last bit of an answer may depend on."""


@dataclass(frozen=True)
class Origin:
    """What a run computes, and with what; it must be the same when the run goes on.

    scene : name of the scene
    scene_sha256 : of scene.toml in the run folder
    inputs : input file, as the user's scene names it -> SHA-256
    backend : "numba" or "numpy"
    provenance : of the process that began the run
    """

    scene: str
    scene_sha256: str
    inputs: dict[str, str]
    backend: str
    provenance: dict[str, str]


@dataclass(frozen=True)
class Checkpoint:
    """State of a run at the end of a super-step.

    loop : of the time loop, plain values (see engine.checkpoint)
    fields : of the backend, name -> array
    """

    loop: dict[str, Any]
    fields: dict[str, NDArray[Any]]


def write_checkpoint(folder: Path, origin: Origin, checkpoint: Checkpoint | None = None) -> None:
    """Write checkpoint.h5 whole or not at all; without a state, a run that has not taken a step."""
    with written_aside(folder / CHECKPOINT) as aside, h5py.File(aside, "w") as file:
        file.attrs["schema_version"] = SCHEMA_VERSION
        file["origin"] = encode(asdict(origin))
        if checkpoint is not None:
            file["loop"] = encode(checkpoint.loop)
            for name, values in checkpoint.fields.items():
                file[f"fields/{name}"] = values


def read_checkpoint(folder: Path) -> tuple[Origin, Checkpoint | None]:
    """How far a run came; None where it was stopped before its first checkpoint.

    Raises
    ------
    ResultError
        The run has ended, was never begun, cannot be read, or its scene.toml was changed since.
    """
    path = folder / CHECKPOINT
    require_unfinished(folder)
    try:
        with h5py.File(path, "r") as file:
            version = int(file.attrs["schema_version"])
            if version != SCHEMA_VERSION:
                raise ResultError(f"{path}: schema {version}, this program knows {SCHEMA_VERSION}\n  {AGAIN}")
            found = Origin(**json.loads(file["origin"][()]))
            checkpoint = None
            if "loop" in file:
                fields = {name: np.asarray(values) for name, values in file["fields"].items()}
                checkpoint = Checkpoint(json.loads(file["loop"][()]), fields)
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ResultError(f"{path}: cannot be read ({error})\n  {AGAIN}") from error
    if sha256_of(folder / "scene.toml") != found.scene_sha256:
        raise ResultError(
            f"{folder / 'scene.toml'}: was changed since the run began\n"
            "  undo the change, or run it into another folder"
        )
    return found, checkpoint


def require_same_version(folder: Path, origin: Origin, here: Mapping[str, str]) -> None:
    """Demand the version of the package with which a run began: another one may compute differently.

    Raises
    ------
    ResultError
        It is another one.
    """
    began, now = origin.provenance["gpu-ablate"], here["gpu-ablate"]
    if began != now:
        raise ResultError(
            f"{folder}: begun with gpu-ablate {began}, this is {now}, which may compute differently\n"
            f"  install gpu-ablate {began}, or {AGAIN}"
        )


def require_same_inputs(folder: Path, origin: Origin, copies: Mapping[str, str]) -> None:
    """Demand that the copies of the input files are what the run began with.

    copies : SHA-256 of the copies, in the order of `Origin.inputs`

    Raises
    ------
    ResultError
        One has changed.
    """
    for copy, was, now in zip(copies, origin.inputs.values(), copies.values(), strict=True):
        if was != now:
            raise ResultError(f"{folder / copy}: was changed since the run began (SHA-256)\n  put it back, or {AGAIN}")


def differences(origin: Origin, here: Mapping[str, str]) -> list[str]:
    """What may change the last bits of the answer: "numpy 2.1 instead of 2.0" and so on."""
    began = origin.provenance
    return [f"{name} {here[name]} instead of {began[name]}" for name in BITWISE if here[name] != began[name]]


def require_unfinished(folder: Path) -> None:
    """Demand a run that can go on.

    Raises
    ------
    ResultError
        The run has ended, or none was begun there.
    """
    require_run(folder)
    if (folder / CHECKPOINT).exists():
        return
    if (folder / "result.vtkhdf").exists():
        what = "the run has ended, nothing is left to resume"
        raise ResultError(f"{folder}: {what}\n  `gpu-ablate show {folder}` prints what it found")
    what = f"holds no {CHECKPOINT}, so no run can go on there"
    raise ResultError(f"{folder}: {what}\n  give the folder of a run that was stopped")
