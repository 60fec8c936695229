"""What VTK's reader of PLY takes on trust and dies of: a file that holds less than its header says, and
faces that name points which are not there.

Source of the format: Turk 1994, "The PLY Polygon File Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError

END = b"end_header"
TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}

Property = tuple[str, str]
"""Type of a property, and "" ; of a list, that of its count and that of its items."""


@dataclass(frozen=True)
class Element:
    """What a header says of one kind of element: its name, how many there are, and the properties of each."""

    name: str
    count: int
    properties: list[Property]


def require_whole_ply(path: Path) -> None:
    """Refuse a PLY file that is cut short, or whose faces name points that it does not hold.

    Raises
    ------
    SceneError
        Also where its header cannot be understood.
    """
    head, found, body = path.read_bytes().partition(END)
    try:
        if not found or not head.startswith(b"ply"):
            raise ValueError("it has no header of a PLY file")
        form, elements = _header(head.decode("ascii").splitlines())
        points = sum(element.count for element in elements if element.name == "vertex")
        body = body.partition(b"\n")[2]
        lists = _lists_of_text(body, elements) if form == "ascii" else _lists_of_bytes(body, elements, ORDERS[form])
        for names in lists:
            if names.size and (names.min() < 0 or names.max() >= points):
                raise ValueError("a face names a point that is not there")
    except (ValueError, KeyError, IndexError) as error:
        raise SceneError(f"{path}: cannot be read as a mesh ({error})\n  remedy: copy or export it again") from error


def _header(lines: list[str]) -> tuple[str, list[Element]]:
    form, elements = "", list[Element]()
    for line in lines:
        match line.split():
            case ["format", name, *_]:
                form = name
            case ["element", name, count]:
                elements.append(Element(name, int(count), []))
            case ["property", "list", count, item, _]:
                elements[-1].properties.append((TYPES[count], TYPES[item]))
            case ["property", kind, _]:
                elements[-1].properties.append((TYPES[kind], ""))
    return form, elements


def _lists_of_text(body: bytes, elements: list[Element]) -> Iterator[NDArray[Any]]:
    """The lists of each face; walks through all elements."""
    rows = iter(line.split() for line in body.splitlines() if line.strip())
    for element in elements:
        for _ in range(element.count):
            at, row = 0, next(rows, [])
            for _, item in element.properties:
                many = int(row[at]) if item else 0
                if element.name == "face" and item.startswith(("i", "u")):
                    yield np.array([int(word) for word in row[at + 1 : at + 1 + many]])
                at += 1 + many
            if len(row) < at:
                raise ValueError("it ends too early")


def _lists_of_bytes(body: bytes, elements: list[Element], order: str) -> Iterator[NDArray[Any]]:
    """As `_lists_of_text`."""
    at = 0
    for element in elements:
        kinds = [
            (np.dtype(order + kind), np.dtype(order + item) if item else None) for kind, item in element.properties
        ]
        if not any(item for _, item in kinds):
            at += element.count * sum(kind.itemsize for kind, _ in kinds)
            continue
        if len(kinds) == 1:  # triangles alone, as a rule: all at once
            triangle = np.dtype([("many", kinds[0][0]), ("names", kinds[0][1], (3,))])
            rows = np.frombuffer(body, triangle, min(element.count, (len(body) - at) // triangle.itemsize), at)
            if len(rows) == element.count and (rows["many"] == 3).all():
                at += rows.nbytes
                yield rows["names"]
                continue
        for _ in range(element.count):
            for kind, item in kinds:
                many = int(np.frombuffer(body, kind, 1, at)[0]) if item else 0
                at += kind.itemsize
                if item:
                    names = np.frombuffer(body, item, many, at)
                    at += names.nbytes
                    if element.name == "face" and item.kind in "iu":
                        yield names
    if at > len(body):
        raise ValueError("it ends too early")
