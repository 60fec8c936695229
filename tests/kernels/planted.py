"""Copies of the kernels with one fault in them."""

from __future__ import annotations

import shutil
from pathlib import Path

from gpu_ablate.paths import data_dir


def plant(folder: Path, name: str, right: str, wrong: str) -> tuple[Path, int]:
    """Copy all kernels into `folder` and replace a text in the file `name`; that file, and the line of the fault."""
    shutil.copytree(data_dir("cuda_kernels"), folder, dirs_exist_ok=True)
    file = folder / name
    text = file.read_text("utf-8")
    assert right in text, f'{name} has no "{right}" any more'
    file.write_text(text.replace(right, wrong, 1), "utf-8")
    return file, text[: text.index(right)].count("\n") + 1
