"""Every sentence for people exists in every language, with the same numbers in it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from fontTools.ttLib import TTFont

import gpu_ablate
from gpu_ablate.errors import SceneError
from gpu_ablate.language import ENGLISH, LANGUAGES, TOLD, catalogue, say, sections, speaking, spoken
from gpu_ablate.languages.font import FILE, characters
from gpu_ablate.library.load import devices, tissues, vessels
from gpu_ablate.render.words import plain
from gpu_ablate.report.text import property_words
from gpu_ablate.spec.base import quantities

PACKAGE = Path(gpu_ablate.__file__).parent
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
LOOKED_UP = ("names", "properties", "oligometastatic", TOLD)
"""Sections whose texts are looked up by what a library, a result or a data file holds, not written at a call of say."""
IN_TEMPLATE = re.compile(r'\bsay\("((?:[^"\\]|\\.)*)"')


def said() -> Iterator[tuple[str, str]]:
    """(place, text) of every call of say in the package and its templates; the text is a literal."""
    for path in sorted(PACKAGE.rglob("*.j2")):
        for found in IN_TEMPLATE.finditer(path.read_text(encoding="utf-8")):
            yield str(path.relative_to(PACKAGE)), found[1]
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", first.value


def placeholders(text: str) -> list[tuple[str, str]]:
    """Names in a text, each with its format."""
    return sorted((name, form or "") for _, name, form, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    missing = [f"{place}: {text}" for place, text in said() if text not in catalogue(language)]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("language", OTHERS)
def test_translations_hold_the_same_numbers(language: str) -> None:
    wrong = [english for english, other in catalogue(language).items() if placeholders(english) != placeholders(other)]
    assert not wrong


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_over(language: str) -> None:
    texts = {text for _, text in said()}
    assert not [
        english for name, part in sections(language).items() if name not in LOOKED_UP for english in part.keys() - texts
    ]


def test_the_language_holds_within_its_block_only() -> None:
    assert spoken() == ENGLISH
    with speaking("zh-CN"):
        assert say("needle") == "消融针"
    assert say("needle") == "needle"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SceneError, match="zh-CN"), speaking("fr"):
        pass


def test_texts_without_a_translation_stay_english() -> None:
    with speaking("zh-CN"):
        assert say("no such text {n}", n=3) == "no such text 3"


def test_the_font_holds_every_character_of_the_catalogues() -> None:
    """After a change of a catalogue: python -m gpu_ablate.languages.font SOURCE.ttc"""
    known = TTFont(FILE).getBestCmap()
    assert not {letter for letter in characters() if ord(letter) not in known}


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_translated_twice(language: str) -> None:
    every = [english for part in sections(language).values() for english in part]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("language", OTHERS)
def test_every_name_and_property_of_the_library_is_translated(language: str) -> None:
    entries = {**tissues(), **devices(), **vessels()}
    keys = {key for entry in entries.values() for key, _ in quantities(entry)}
    with speaking(language):
        assert not [name for name in entries if plain(name) == name.replace("_", " ")]
        assert not [key for key in keys if property_words(key, "").isascii()]


@pytest.mark.parametrize("language", OTHERS)
def test_every_region_of_a_shipped_scene_is_translated(language: str) -> None:
    with speaking(language):
        names = {name for path in shipped_scenes() for name in own_names(tomllib.loads(path.read_text()))}
        assert not [name for name in names if plain(name) == name and not re.fullmatch(r"[A-Z]|\d+", name)]


def shipped_scenes() -> list[Path]:
    return sorted((PACKAGE.parent / "scenes").glob("*.toml"))


def own_names(scene: dict[str, Any]) -> set[str]:
    """What a scene calls its regions, probes, sensors and vessels."""
    kinds = ("region", "probe", "sensor", "vessel", "surface_patch")
    labels = scene.get("anatomy", {}).get("labels", {}).values()
    tables = [table for kind in kinds for table in scene.get(kind, [])] + [one for one in labels if type(one) is dict]
    return {table["name"] for table in tables if "name" in table}


@pytest.mark.parametrize("language", OTHERS)
def test_patterns_are_sentences_that_the_package_writes(language: str) -> None:
    """Each piece of a pattern between its placeholders stands somewhere in the code that writes such sentences."""
    written = "\n".join(text for path in sorted(PACKAGE.rglob("*.py")) for text in literals(path))
    for pattern in sections(language)[TOLD]:
        pieces = [piece.strip() for piece in re.split(r"\{\w+\}", pattern) if len(piece) >= LONG_PIECE]
        assert not [piece for piece in pieces if piece not in written], pattern


LONG_PIECE = 12
"""Shorter pieces may be made of several values."""


def literals(path: Path) -> Iterator[str]:
    """The texts of a file, of an f-string each piece."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
