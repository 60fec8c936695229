"""From the names of labels to tissues and roles, by a table of names (`library/names.toml`)."""

from __future__ import annotations

import csv
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from gpu_ablate.errors import SceneError
from gpu_ablate.library import load as library
from gpu_ablate.scene.body import Role

FALLBACK = "muscle"
"""Tissue of a label whose name says nothing."""

VALUE = re.compile(r"\s*-?\d{1,10}\s*")
"""A label in a file of names."""

BESIDE = "labels.csv"
"""File with the names of labels that may lie beside an image."""


@dataclass(frozen=True)
class Meaning:
    """What a label's name stands for.

    tissue : of the library; of a target it depends on what lies around it, and is FALLBACK here
    rest : whether it fills the body between the organs, so that what is not labelled is air
    note : what is to be checked; empty if nothing
    """

    tissue: str
    role: Role
    rest: bool = False
    note: str = ""


def meaning(name: str) -> Meaning:
    """What the name of a label stands for: the longest entry of the table whose words it holds."""
    words = _words(name)
    fits = [
        (len(entry), found)
        for entry, found in table().items()
        if any(f" {form} " in words for form in (entry, f"{entry}s"))
    ]
    if fits:
        return max(fits, key=lambda each: each[0])[1]
    return Meaning(FALLBACK, "tissue", note=f"CHECK: nothing is known of this name, {FALLBACK} stands for it")


@cache
def table() -> dict[str, Meaning]:
    """Words of a name, separated by blanks -> what they stand for."""
    document = tomllib.loads((library.FOLDER / "names.toml").read_text(encoding="utf-8"))
    return {
        name: Meaning(
            group.get("tissue", FALLBACK),
            cast(Role, group.get("role", "tissue")),
            group.get("rest", False),
            group.get("note", ""),
        )
        for group in document["group"]
        for name in group["names"]
    }


def _words(name: str) -> str:
    """A name as words with a blank before and after each."""
    return f" {' '.join(re.findall('[a-z]+[0-9]*', name.lower()))} "


def read_names(path: Path) -> dict[int, str]:
    """Label -> name from a CSV with the columns value and name, with or without a header.

    Raises
    ------
    SceneError
        It cannot be read, or holds no line of a whole number and a name.
    """
    if not path.is_file():
        raise SceneError(f"{path}: no such file\n  remedy: give a CSV with the columns value,name")
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SceneError(f"{path}: is not CSV text in UTF-8 ({error})\n  remedy: save it as value,name") from error
    lines = [(int(row[0]), row[1].strip()) for row in rows if len(row) > 1 and VALUE.fullmatch(row[0])]
    found = dict(lines)
    for value, name in lines:
        if found[value] != name:
            raise SceneError(
                f'{path}: calls {value} both "{name}" and "{found[value]}"\n  remedy: name each value once'
            )
    if not found:
        raise SceneError(f"{path}: has no line with a value and a name\n  remedy: write value,name in each line")
    return found
