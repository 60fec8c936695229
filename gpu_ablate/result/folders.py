"""Folders that are written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from gpu_ablate.errors import ResultError
from gpu_ablate.result.files import ASIDE


def require_replaceable(folder: Path, files: Collection[str]) -> None:
    """Demand that a folder can be written: it is new, or holds nothing but such files.

    Raises
    ------
    ResultError
        It is a file, or holds something else.
    """
    if not (folder.exists() or folder.is_symlink()):
        return
    others = [] if not folder.is_dir() else sorted(path.name for path in folder.iterdir() if path.name not in files)
    if folder.is_symlink() or not folder.is_dir():
        raise ResultError(f"{folder}: is no folder; nothing is overwritten\n  give another --out")
    if others:
        raise ResultError(f"{folder}: holds {others[0]}; nothing is overwritten\n  give another --out, or an empty one")


@contextmanager
def folder_written_aside(folder: Path) -> Iterator[Path]:
    """Give a new folder beside ``folder`` to write to, which takes its place once the block ends well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.with_name(folder.name + ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    if folder.exists():
        shutil.rmtree(folder)
    aside.rename(folder)
