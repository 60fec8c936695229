"""Write a scene with every default filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from gpu_ablate.scene.schema import Scene


def write_scene(scene: Scene, path: Path, copies: Mapping[str, str] | None = None) -> None:
    """Write a scene as TOML with its defaults; reading it gives an equal scene. Files are relative to its folder.

    copies : file as written in the scene -> the copy, relative to the new file, that is written for it instead
    """
    text = tomli_w.dumps(_toml(scene.resolved(path.parent, copies)))
    path.write_text(NUMBERS.sub(_on_one_line, text), encoding="utf-8")


NUMBERS = re.compile(r"\[\n(?:    [-+.\de]+,\n)+\]")
"""An array of numbers as tomli_w breaks it; texts in its output have no line breaks."""


def _on_one_line(numbers: re.Match[str]) -> str:
    return f"[{', '.join(numbers[0][1:-1].replace(',', ' ').split())}]"


def _toml(value: Any) -> Any:
    """The same with texts as keys and without empty tables and arrays."""
    if isinstance(value, dict):
        return {str(key): _toml(entry) for key, entry in value.items() if entry != () and entry != {}}
    if isinstance(value, (list, tuple)):
        return [_toml(entry) for entry in value]
    return value
