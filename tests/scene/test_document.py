"""The committed pages of the scene format are those that the models give."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpu_ablate.scene.document import page, schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current() -> None:
    assert (DOCS / "scene-format.md").read_text(encoding="utf-8") == page()


def test_the_schema_is_current() -> None:
    assert (DOCS / "scene.schema.json").read_text(encoding="utf-8") == schema()


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects within a JSON value."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from nodes(child)


def test_the_schema_refuses_unknown_keys_and_all_its_references_resolve() -> None:
    document = json.loads(schema())
    for node in nodes(document):
        if "properties" in node and node.get("type") == "object":
            assert node["additionalProperties"] is False
        reference = node.get("$ref")
        if isinstance(reference, str):
            assert reference.removeprefix("#/$defs/") in document["$defs"]


def test_every_key_that_a_reader_may_write_is_explained_on_the_page() -> None:
    document = json.loads(schema())
    text = page()
    tables = [document, *(node for node in document["$defs"].values() if "properties" in node)]
    for table in tables:
        for key in table["properties"]:
            assert re.search(rf"\b{key}\b", text), key
