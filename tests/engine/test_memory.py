"""Bytes per cell that the Numba backend holds between two super-steps, by the arrays that grow with the grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.problems import block, heat
from gpu_ablate.case.case import Case
from gpu_ablate.engine.cpu import Cpu
from gpu_ablate.engine.placed import PlacedSources
from gpu_ablate.engine.superstep import Scheme, SuperStep

SIZE = 64

ALL_OVER = ("u", "spare", "source", "placed.bench", "fields", "labels")
"""What has a value in every cell."""


def arrays_of(value: Any, name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """All arrays within an attribute, with a name; views as what they look into."""
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield name, value
    elif isinstance(value, PlacedSources):
        yield from arrays_of(value.fields, name)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from arrays_of(item, f"{name}.{key}")
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for key in value._fields:
            yield from arrays_of(getattr(value, key), f"{name}.{key}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays_of(item, name)


def bytes_per_cell(case: Case, scheme: Scheme, source: NDArray[np.float64] | None) -> dict[str, float]:
    """Attribute of the backend -> bytes per cell, once for each array, after a super-step of a scheme."""
    engine = Cpu(case, threads=1)
    if source is not None:
        heat(engine, source)
    engine.advance(SuperStep(scheme, 0.05, 1 if scheme == "euler" else 5))
    engine.ranges()
    found: dict[str, float] = {}
    known: set[int] = set()
    cells = case.setup.grid.cells
    for attribute, value in vars(engine).items():
        for name, array in arrays_of(value, attribute):
            if id(array) not in known:
                known.add(id(array))
                found[name] = found.get(name, 0.0) + array.nbytes / cells
    return found


@pytest.mark.parametrize(("scheme", "most"), [("euler", 8.0), ("rkl1", 12.0), ("rkl2", 16.0)])
def test_state_and_stages(scheme: Scheme, most: float) -> None:
    """float32: u and what the stages need."""
    found = bytes_per_cell(block(SIZE, damage=False)[0], scheme, None)
    assert found["u"] + found["spare"] <= most


def test_source_label_and_histories() -> None:
    """4 bytes for what all sources give and for each history, 8 for where each source lies, 1 for the label."""
    case, _, source = block(SIZE, damage=True)
    found = bytes_per_cell(case, "euler", source)
    assert found["source"] == 4.0
    assert found["placed.bench"] == 8.0
    assert found["fields"] == 4.0 * len(case.histories) == 8.0
    assert found["labels"] == 1.0


def test_double_precision_takes_twice_as_much() -> None:
    case, _, source = block(SIZE, damage=True)
    found = bytes_per_cell(replace(case, run=replace(case.run, precision="float64")), "euler", source)
    assert (found["u"], found["spare"], found["source"], found["fields"]) == (8.0, 8.0, 8.0, 16.0)


def test_all_else_grows_with_surfaces_alone() -> None:
    """Lists of interfaces and rows, and what threads work in: per cell half as much on twice as fine a grid."""
    rest = []
    for size in (SIZE // 2, SIZE):
        case, _, source = block(size, damage=True)
        found = bytes_per_cell(case, "rkl2", source)
        rest.append(sum(found[name] for name in found if name not in ALL_OVER))
    assert rest[1] < 4.0
    assert rest[1] < 0.55 * rest[0]
