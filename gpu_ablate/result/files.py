"""How result files are written: whole or not at all, volumes in packed slabs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ASIDE = ".part"
"""What the name of a file ends with while it is being written."""

CHUNK_BYTES = 1 << 23
"""A volume is stored as slabs of whole z-planes of at most this size (one plane at least)."""


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, put on the disk and renamed to ``path`` once the block ends well.

    A reader therefore finds the old file, the new one or none, never half of one, even after a power cut.
    """
    aside = path.with_name(path.name + ASIDE)
    try:
        yield aside
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _to_disk(aside)
    os.replace(aside, path)
    _to_disk(path.parent)


@contextmanager
def folder_aside(path: Path, replace: bool = False) -> Iterator[Path]:
    """Give a new folder beside ``path`` to fill, renamed to ``path`` once the block ends well, removed where it fails.

    ``path`` is not there yet, or an empty folder, or with ``replace`` a folder that gives way; what a killed
    process left beside it is replaced.
    """
    aside = path.with_name(path.name + ASIDE)
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        for written in aside.rglob("*"):
            _to_disk(written)
        if replace and path.is_dir():
            shutil.rmtree(path)
        os.replace(aside, path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(OSError):  # somebody else put something there
            for folder in made:
                folder.rmdir()
        raise
    _to_disk(path.parent)


def remove_asides(folder: Path) -> None:
    """Remove what processes that were killed while writing into a folder have left there, and in its subfolders."""
    for path in [*folder.rglob(f"*{ASIDE}")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, have left the caches of the system."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) aside and rename it."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def volume_storage(shape: tuple[int, ...], item_bytes: int) -> dict[str, Any]:
    """How a volume (nz, ny, nx) is stored: options of ``h5py.Group.create_dataset`` (slabs, shuffle, gzip-1).

    Parameters
    ----------
    item_bytes : size of a value
    """
    nz, ny, nx = shape
    planes = min(nz, max(1, CHUNK_BYTES // (ny * nx * item_bytes)))
    return {
        "chunks": (planes, ny, nx),
        "shuffle": item_bytes > 1,
        "compression": "gzip",
        "compression_opts": 1,
    }
