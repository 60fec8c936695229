"""`--set key.path=value`: change a scene's document before it is checked."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from gpu_ablate.scene.problems import Problem, near_or_all, unknown_key
from gpu_ablate.scene.schema import Scene


def apply_override(document: dict[str, Any], override: str) -> Problem | None:
    """Set one value in a document, in place; elements of arrays are addressed by name or by index from 0.

    Returns
    -------
    What is wrong with the path, or None when the value is set.
    """
    path, equals, text = override.partition("=")
    where = f"--set {override}"
    parts = path.strip().split(".")
    if not equals or not all(parts):
        return Problem(where, "is not key.path=value", "for example --set probe.A.steps.0.power_w=50")
    if parts[0] not in Scene.model_fields:
        return Problem(where, *unknown_key(parts[0], Scene))
    node: Any = document
    for depth, part in enumerate(parts[:-1]):
        here = ".".join(parts[:depth]) or "the scene"
        if isinstance(node, dict):
            if part not in node and isinstance(_empty(parts, depth), dict):
                node[part] = {}
            child: Any = node.get(part)
        else:
            index = _index(node, part)
            child = None if index is None else node[index]
        if not isinstance(child, (dict, list)):
            return Problem(where, f'{here} has no table "{part}"', near_or_all(part, _names(node), "there"))
        node = child
    if isinstance(node, dict):
        node[parts[-1]] = _value(text)
        return None
    index = _index(node, parts[-1])
    if index is None:
        what = f'{".".join(parts[:-1])} has no element "{parts[-1]}"'
        return Problem(where, what, near_or_all(parts[-1], _names(node), "there"))
    node[index] = _value(text)
    return None


def _empty(parts: Sequence[str], depth: int) -> dict[str, Any] | None:
    """A new table where a path may create one: not in place of an array of tables."""
    if depth == 0:
        default = Scene.model_fields[parts[0]].get_default(call_default_factory=True)
        return None if isinstance(default, tuple) else {}
    return {}


def _index(node: Any, part: str) -> int | None:
    """Position of an array's element by name, else by number."""
    if not isinstance(node, list):
        return None
    for index, element in enumerate(node):
        if isinstance(element, dict) and element.get("name") == part:
            return index
    if part.isdecimal() and int(part) < len(node):
        return int(part)
    return None


def _names(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [key for key, child in node.items() if isinstance(child, (dict, list))]
    if not isinstance(node, list):
        return []
    elements = enumerate(node)
    return [str(child.get("name", i) if isinstance(child, dict) else i) for i, child in elements]


def _value(text: str) -> Any:
    """A TOML value; what is none is taken as a text."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text.strip()
    return parsed["value"] if set(parsed) == {"value"} else text
