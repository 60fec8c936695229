"""What is wrong with a scene, in words: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from gpu_ablate.errors import SceneError
from gpu_ablate.spec.base import Table

LATER = "belongs to the scene format but this version does not compute it yet"

UNITS = {
    "w_m2k": "heat transfer coefficients are in W/m²K",
    "j_kgk": "heat capacities are in J/kgK",
    "kg_m3": "densities are in kg/m³",
    "j_m3": "latent heats are in J/m³",
    "w_m3": "heat densities are in W/m³",
    "w_mk": "conductivities are in W/mK",
    "mm_s": "speeds are in mm/s",
    "1_s": "perfusions are in 1/s",
    "mm": "lengths are in mm",
    "mhz": "frequencies are in MHz",
    "percent": "shares are in percent",
    "w": "powers are in W",
    "s": "times are in s",
    "c": "temperatures are in °C",
}
"""Unit at the end of a key -> what to say; longer units before their own endings."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong: where in the file, what, and what to do (may be empty)."""

    where: str
    what: str
    remedy: str = ""

    def text(self, file: str) -> str:
        """The message, its remedy on a second line."""
        head = ": ".join(part for part in (file, self.where, self.what) if part)
        return f"{head}\n  {self.remedy}" if self.remedy else head


def scene_error(file: str, problems: Iterable[Problem]) -> SceneError:
    """All problems of a file as one error."""
    return SceneError("\n".join(problem.text(file) for problem in problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` with the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f'did you mean "{near[0]}"?' if near else ""


def near_or_all(word: str, known: Iterable[str], what: str) -> str:
    """The nearest known word and all of them: `did you mean "x"?   what: a, b, c`."""
    names = list(dict.fromkeys(known))
    hint = did_you_mean(word, names)
    listed = f"{what}: {', '.join(names)}" if names else f"there are no {what}"
    return f"{hint}   {listed}" if hint else listed


def unknown_key(key: str, table: type[Table]) -> tuple[str, str]:
    """What is wrong with a key that a table doesn't have, and the remedy: nearest key, unit, all keys."""
    if key in table.later:
        return f'"{key}" {LATER}', "remove it"
    keys = list(table.model_fields)
    same_stem = _same_quantity(key, keys)
    if same_stem:
        hint = f'did you mean "{same_stem[0]}"? {same_stem[1]}'
    else:
        hint = did_you_mean(key, keys)
    listed = f"keys here: {', '.join(keys)}"
    return f'unknown key "{key}"', f"{hint}   {listed}" if hint else listed


def _same_quantity(key: str, keys: Sequence[str]) -> tuple[str, str] | None:
    """The key that names the same quantity in its proper unit, and what to say about that unit."""
    found: tuple[str, str] | None = None
    longest = 0
    for name in keys:
        unit = next((unit for unit in UNITS if name.endswith(f"_{unit}")), None)
        if unit is None:
            continue
        stem = name.removesuffix(f"_{unit}")
        if (key == stem or key.startswith(f"{stem}_")) and len(stem) > longest:
            found, longest = (name, UNITS[unit]), len(stem)
    return found


def from_validation(
    error: ValidationError, document: Mapping[str, Any], tables: Mapping[int, type[Table]]
) -> list[Problem]:
    """The problems that pydantic found in a document.

    tables : id of an input table -> the model it was read as (see `Table`)
    """
    found = error.errors()
    inner = {details["loc"][:depth] for details in found for depth in range(len(details["loc"]))}
    # an array whose elements are wrong counts as too short as well
    kept = [details for details in found if not (details["type"] == "too_short" and details["loc"] in inner)]
    return [_one(details, document, tables) for details in kept]


def _one(details: Any, document: Mapping[str, Any], tables: Mapping[int, type[Table]]) -> Problem:
    kind, given = details["type"], details["input"]
    loc = details["loc"]
    outer = loc if kind not in ("missing", "extra_forbidden") else loc[:-1]
    where, key, table = _place(document, outer)
    model = tables.get(id(table))
    if kind == "extra_forbidden":
        what, remedy = unknown_key(str(loc[-1]), model or Table)
        return Problem(_join(where, key), what, remedy)
    if kind == "missing":
        return Problem(_join(where, key), f'"{loc[-1]}" is missing', _keys_of(model))
    if kind == "union_tag_not_found":
        tag = str(details["ctx"]["discriminator"]).strip("'")
        return Problem(_join(where, key), f'"{tag}" is missing')
    what, remedy = _say(kind, details, given)
    return Problem(where, f"{_quote(key)}{what}", remedy)


def _place(document: Any, loc: Sequence[str | int]) -> tuple[str, str, Any]:
    """Where a location lies in words, the key it ends in (may be empty), and the table or value there.

    Parts of the location that are not in the document are pydantic's own tags and are passed over.
    """
    words: list[str] = []
    key = ""
    node = document
    for part in loc:
        holder = node
        if isinstance(node, Mapping) and str(part) in node:
            node = node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            continue
        if isinstance(holder, list) and isinstance(node, Mapping):
            words.append(_element(key, int(part), node))
            key = ""
        elif isinstance(holder, list):
            key = f"{key}, number {int(part) + 1}"
        elif key in ("tissue", "device") and not words:
            words.append(f'{key} "{part}"')
            key = ""
        elif key == "labels":
            words.append(f"label {part}")
            key = ""
        else:
            if key:
                words.append(key if words else f"[{key}]")
            key = str(part)
    if key and isinstance(node, (Mapping, list)) and not (isinstance(node, list) and words):
        words.append(key if words else f"[{key}]")
        key = ""
    return ", ".join(words), key, node


def _element(table: str, index: int, node: Mapping[str, Any]) -> str:
    """What to call an element of an array of tables: by its name, else counted from 1."""
    if table == "steps":
        action = node.get("action")
        return f"step {index + 1} ({action})" if isinstance(action, str) else f"step {index + 1}"
    name = node.get("name", node.get("where", node.get("region")))
    return f'{table} "{name}"' if isinstance(name, str) else f"{table} {index + 1}"


def _join(where: str, key: str) -> str:
    return ", ".join(part for part in (where, key) if part)


def _quote(key: str) -> str:
    if not key:
        return ""
    name, _, number = key.partition(", number ")
    return f'"{name}", number {number}, ' if number else f'"{name}" '


def _keys_of(model: type[Table] | None) -> str:
    return "" if model is None else f"keys here: {', '.join(model.model_fields)}"


def _say(kind: str, details: Any, given: Any) -> tuple[str, str]:
    """What pydantic found in our words, and the remedy."""
    ctx = details.get("ctx", {})
    shown = f'the text "{_cut(given)}"' if isinstance(given, str) else _short(given)
    if kind in ("value_error", "freezing_kind", "face_kind"):
        return details["msg"].removeprefix("Value error, "), ""
    if kind == "union_tag_invalid":
        tag, word = str(ctx["discriminator"]).strip("'"), ctx["tag"]
        return f'{tag} "{word}" is unknown', near_or_all(word, _alternatives(ctx["expected_tags"]), "known")
    if kind == "literal_error":
        return f"must not be {shown}", near_or_all(str(given), _alternatives(ctx["expected"]), "known")
    if kind == "tuple_type" and isinstance(given, Mapping):
        return "must be an array of tables", "write its heading in double brackets, [[...]]"
    not_float = "is too large" if isinstance(given, int) and not isinstance(given, bool) else "must be a number, not"
    plain = {
        "float_type": f"{not_float} {shown}",
        "int_type": f"must be a whole number, not {shown}",
        "string_type": f"must be a text, not {shown}",
        "finite_number": f"must be finite, not {shown}",
        "model_type": f"must be a table, not {shown}",
        "model_attributes_type": f"must be a table, not {shown}",
        "dict_type": f"must be a table, not {shown}",
        "tuple_type": f"must be an array, not {shown}",
        "string_too_short": "must not be empty",
        "string_too_long": f"must have {ctx.get('max_length')} letters at most, not {len(str(given))}",
        "too_short": "must not be empty",
        "greater_than": f"must be greater than {_short(ctx.get('gt'))}, not {shown}",
        "greater_than_equal": f"must be {_short(ctx.get('ge'))} or more, not {shown}",
        "less_than_equal": f"must be {_short(ctx.get('le'))} or less, not {shown}",
    }
    return plain.get(kind, details["msg"]), ""


def _alternatives(expected: str) -> list[str]:
    """The words in pydantic's list "'a', 'b' or 'c'"."""
    return [part.strip("' ") for part in expected.replace(" or ", ", ").split(",")]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return _cut(str(value).lower() if isinstance(value, bool) else repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
