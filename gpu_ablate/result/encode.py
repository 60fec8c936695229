"""The set-up and the stations as JSON text and back; the arrays of a set-up travel apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.result.result import Station

ARRAYS = ("labels", "surfaces", "backdrop")
"""Fields of a `Setup` that are not written as text."""


def encode(value: Any) -> str:
    """JSON text of dataclasses, dicts, lists, tuples, numbers and text."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def encode_setup(setup: Setup) -> str:
    """JSON text of all fields of a set-up but `ARRAYS`."""
    return encode({name: value for name, value in _shallow(setup).items() if name not in ARRAYS})


def decode_setup(
    text: str, labels: NDArray[np.uint8], surfaces: dict[str, Surface], backdrop: NDArray[np.int16] | None
) -> Setup:
    """The set-up that `encode_setup` wrote, with its arrays; fields that an older version did not know by default.

    Raises
    ------
    KeyError, ValueError
        A field lacks or does not fit its type.
    """
    found: Mapping[str, Any] = json.loads(text)
    types = get_type_hints(Setup)
    values = {
        field.name: TypeAdapter(types[field.name]).validate_python(found[field.name])
        for field in fields(Setup)
        if field.name not in ARRAYS and (field.name in found or not _has_default(field))
    }
    return Setup(**values, labels=labels, surfaces=surfaces, backdrop=backdrop)


def decode_stations(text: str) -> list[Station]:
    """The stations that `encode` wrote.

    Raises
    ------
    ValueError
        The text does not describe stations.
    """
    return TypeAdapter(list[Station]).validate_json(text)


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _shallow(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _shallow(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")
