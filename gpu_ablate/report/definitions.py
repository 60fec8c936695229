"""The published definitions of oligometastatic disease, read from a data file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from gpu_ablate.language import catalogue, spoken

FILE = "oligometastatic.toml"


@dataclass(frozen=True)
class Definition:
    """A definition: who gives it, number and sites of metastases, the primary, further conditions.

    key : entry of library/references.bib
    read : "abstract", "cited" (read in a paper or listing that cites it), "memory" (from memory, not re-read)
    """

    key: str
    name: str
    number: str
    primary: str
    further: str
    read: Literal["abstract", "cited", "memory"]


@cache
def definitions() -> tuple[Definition, ...]:
    """All of them, in English, in the order of the file."""
    text = (files("gpu_ablate.report") / FILE).read_text(encoding="utf-8")
    return tuple(Definition(**entry) for entry in tomllib.loads(text)["definition"])


def told(text: str) -> str:
    """A text of the file in the language spoken now."""
    return catalogue(spoken()).get(text, text)
