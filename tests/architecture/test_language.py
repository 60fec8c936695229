"""Every sentence for people exists in every language, with the same numbers in it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from fontTools.ttLib import TTFont

import gpu_ablate
from gpu_ablate.errors import SceneError
from gpu_ablate.language import ENGLISH, LANGUAGES, catalogue, say, speaking, spoken
from gpu_ablate.languages.font import FILE, characters

PACKAGE = Path(gpu_ablate.__file__).parent
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
LOOKED_UP = ("names", "oligometastatic")
"""Sections whose texts are looked up by a name of the library or in a data file, not written at a call of say."""


def said() -> Iterator[tuple[str, str]]:
    """(place, text) of every call of say in the package; the text is a literal."""
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
    document = tomllib.loads((PACKAGE / "languages" / f"{language}.toml").read_text(encoding="utf-8"))
    texts = {text for _, text in said()}
    assert not [english for name, part in document.items() if name not in LOOKED_UP for english in part.keys() - texts]


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
    document = tomllib.loads((PACKAGE / "languages" / f"{language}.toml").read_text(encoding="utf-8"))
    every = [english for part in document.values() for english in part]
    assert len(every) == len(set(every))
