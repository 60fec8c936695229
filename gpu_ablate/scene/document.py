"""Write docs/scene-format.md and docs/scene.schema.json: `python -m gpu_ablate.scene.document`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from gpu_ablate.library import load as library
from gpu_ablate.scene.body import (
    Anatomy,
    AnatomyLabel,
    Boundary,
    Domain,
    Initial,
    Moist,
    Region,
    SkinSurface,
    SurfacePatch,
)
from gpu_ablate.scene.isolation import Isolation
from gpu_ablate.scene.schema import Scene
from gpu_ablate.scene.treatment import (
    Freeze,
    Hold,
    Model,
    Plan,
    Probe,
    Pull,
    Reinsert,
    Rest,
    Run,
    Sensor,
    Source,
    Thaw,
    Until,
)
from gpu_ablate.scene.vessel import Vessel
from gpu_ablate.spec.base import Quantity, Table
from gpu_ablate.spec.device import DeviceEntry, RingEntry
from gpu_ablate.spec.limit import Limit
from gpu_ablate.spec.shape import SourceShape
from gpu_ablate.spec.tissue import TissueEntry

TABLES: tuple[tuple[str, type[Table]], ...] = (
    ("[plan]", Plan),
    ("[domain]", Domain),
    ("[initial]", Initial),
    ("[model]", Model),
    ("[boundary]", Boundary),
    ("[anatomy]", Anatomy),
    ("[anatomy.labels], one entry", AnatomyLabel),
    ("[[region]]", Region),
    ("[tissue.NAME]", TissueEntry),
    ("[skin_surface]", SkinSurface),
    ("[[surface_patch]]", SurfacePatch),
    ("moist of a patch", Moist),
    ("[[probe]]", Probe),
    ("steps of a probe: hold", Hold),
    ("steps of a probe: pull", Pull),
    ("steps of a probe: rest", Rest),
    ("steps of a probe: reinsert", Reinsert),
    ("steps of a cryoprobe: freeze", Freeze),
    ("steps of a cryoprobe: thaw", Thaw),
    ("until of a step", Until),
    ("[device.NAME]", DeviceEntry),
    ("rings of a device", RingEntry),
    ("[[vessel]]", Vessel),
    ("[[isolation]]", Isolation),
    ("[[source]]", Source),
    ("[[sensor]]", Sensor),
    ("[[limit]]", Limit),
    ("[run]", Run),
)

OPENING = """# The scene format

Written by `python -m gpu_ablate.scene.document`; don't edit. The same rules as a JSON schema for editors:
[scene.schema.json](scene.schema.json).

A scene is a TOML file. The unit stands in each key: mm, s, W, °C. Paths are relative to the file. An unknown
key, a text where a number belongs, NaN and infinity are refused, with all problems listed at once. Names of
regions, sensors, sources, patches, probes and vessels are unique and differ from the roles. A number of a tissue or
device is bare (its source is then "scene") or a table `{ value, source, low, high }`.

What could have no effect is refused too: a tissue or device that nothing uses, a source that starts after the end, a
limit on a fluid. Coordinates lie within ±10000 mm, temperatures between -273.15 and 400 °C, times within 1e6 s, and
each number of a tissue or device within what any material has.

From the command line, `--set key.path=value` changes a value before the file is checked:
`--set run.duration_s=60`, `--set probe.A.steps.0.power_w=50` (elements of arrays by name or number, from 0).
"""


def page() -> str:
    """The text of docs/scene-format.md."""
    parts = [OPENING, "## Top level\n", *_top_level()]
    for title, model in TABLES:
        parts += [f"## {title}\n", f"{_one_line(model.__doc__)}\n", *_keys(model)]
    parts += [
        "## Shapes\n",
        '`shape = { kind = "sphere", center_mm = [0, 0, 0], radius_mm = 5 }`, and so on:\n',
    ]
    parts += [*_shapes(), "## In the library\n"]
    parts.append(f"Tissues: {', '.join(f'`{name}`' for name in library.tissues())}.\n")
    parts.append(f"Devices: {', '.join(f'`{name}`' for name in library.devices())}.\n")
    parts += ["## Not computed yet\n", "These belong to the format, but this version refuses them:\n"]
    parts += _later()
    return "\n".join(parts).rstrip() + "\n"


def schema() -> str:
    """The text of docs/scene.schema.json (JSON Schema 2020-12)."""
    body = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scene.model_json_schema()}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write both files into a folder."""
    (folder / "scene-format.md").write_text(page(), encoding="utf-8")
    (folder / "scene.schema.json").write_text(schema(), encoding="utf-8")


def _top_level() -> Iterator[str]:
    yield "| key | value | default |\n| --- | --- | --- |"
    titles = {title.strip("[]").split(".")[0]: title for title, _ in TABLES if title.endswith("]")}
    for key, field in Scene.model_fields.items():
        if key not in titles:
            yield f"| `{key}` | {_one_line(field.description)} | {_default(field)} |"
    listed = "tables, each described below: " + ", ".join(f"`{title}`" for title in titles.values())
    yield f"\nThen {listed}. Only `schema_version` and `[domain]` are always needed.\n"


def _keys(model: type[Table]) -> Iterator[str]:
    properties = model.model_json_schema()["properties"]
    definitions = model.model_json_schema().get("$defs", {})
    yield "| key | value | default | meaning |\n| --- | --- | --- | --- |"
    for key, field in model.model_fields.items():
        kind = _kind(properties[key], definitions)
        yield f"| `{key}` | {kind} | {_default(field)} | {_one_line(field.description)} |"
    yield ""


def _shapes() -> Iterator[str]:
    yield "| kind | keys | |\n| --- | --- | --- |"
    for shape in get_args(SourceShape):
        kind = get_args(shape.model_fields["kind"].annotation)[0]
        keys = ", ".join(f"`{key}`" for key in shape.model_fields if key != "kind")
        yield f"| `{kind}` | {keys} | {_one_line(shape.__doc__)} |"
    yield ""


def _later() -> Iterator[str]:
    for key in sorted(Scene.later):
        yield f"- `[[{key}]]`"
    for title, model in TABLES:
        if model.later:
            yield f"- {title}: {', '.join(f'`{key}`' for key in sorted(model.later))}"


def _kind(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a key takes, in words, from its JSON schema."""
    if "$ref" in schema:
        return _of_definition(str(schema["$ref"]).rsplit("/", 1)[1], definitions)
    if "const" in schema:
        return f'"{schema["const"]}"' if isinstance(schema["const"], str) else str(schema["const"])
    if "enum" in schema:
        return ", ".join(f'"{word}"' for word in schema["enum"])
    branches = schema.get("anyOf", schema.get("oneOf"))
    if branches:
        kinds = [_kind(branch, definitions) for branch in branches if branch.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    whole = f"whole {_range(schema)}"
    return {
        "number": _range(schema),
        "integer": whole,
        "string": "text",
        "array": _array(schema),
        "object": "table",
    }.get(schema.get("type", ""), "any")


def _of_definition(name: str, definitions: dict[str, Any]) -> str:
    if name == Quantity.__name__:
        return "with source"
    if "enum" in definitions[name]:
        return _kind(definitions[name], definitions)
    kind = definitions[name]["properties"].get("kind")
    if kind is not None:
        return f'"{kind["const"]}"'
    keys = definitions[name]["properties"]
    return f"{{ {', '.join(keys)} }}" if len(keys) <= 3 else "table"


def _range(schema: dict[str, Any]) -> str:
    bounds = {"exclusiveMinimum": ">", "minimum": "≥", "maximum": "≤"}
    limits = [f"{sign} {schema[key]:g}" for key, sign in bounds.items() if key in schema]
    return f"number {', '.join(limits)}".rstrip()


def _array(schema: dict[str, Any]) -> str:
    return "[x, y, z]" if schema.get("maxItems") == 3 else "array"


def _default(field: Any) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple):
        return f"[{', '.join(f'{number:g}' for number in value)}]"
    if isinstance(value, str):
        return f'"{value}"'
    return "" if value is None else f"{value:g}"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[2] / "docs")
