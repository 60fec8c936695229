"""The language that pictures and reports speak.

Text for people is written in English where it is used, `say("Thinnest margin {mm:.1f} mm", mm=margin)`; a catalogue
in `languages/` gives the same sentence in another language. What a catalogue lacks stays English.

Results hold some sentences that were written in English when they were computed; `retell` tells those in the language
spoken now.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

from gpu_ablate.errors import SceneError

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh-CN")

TOLD = "told"
"""Section of a catalogue with the patterns of sentences that results hold; the first that fits is taken."""

PIECE = re.compile(r"\{(\w+)\}( (?:mm|°C|%|W|s|ml)(?!\w))?|([^{]+)")

_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)


def require_language(language: str) -> None:
    """Refuse a language that has no catalogue.

    Raises
    ------
    SceneError
        There is no such language.
    """
    if language not in LANGUAGES:
        raise SceneError(f'--language: "{language}" is not known\n  take one of {", ".join(LANGUAGES)}')


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, `say` speaks this language.

    Raises
    ------
    SceneError
        There is no such language.
    """
    require_language(language)
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    """The language that `say` speaks now."""
    return _spoken.get()


def say(text: str, **values: object) -> str:
    """An English text in the language spoken now, with its {placeholders} filled in."""
    return catalogue(spoken()).get(text, text).format(**values)


def retell(sentence: str) -> str:
    """A sentence of a result in the language spoken now, with the numbers and names it was written with; as it stands
    where no pattern of `TOLD` fits. What a pattern's placeholders hold is told in turn."""
    for pattern, other in patterns(spoken()):
        found = pattern.fullmatch(sentence)
        if found is not None:
            return other.format(**{name: retell(value) for name, value in found.groupdict().items()})
    return catalogue(spoken()).get(sentence.replace("_", " "), sentence)


@cache
def patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """What fits an English sentence of a result, and the same sentence in another language. A placeholder before a
    unit stands for a number."""
    told = sections(language).get(TOLD, {}).items()
    return [(re.compile("".join(map(_fitting, PIECE.findall(text)))), other) for text, other in told]


def _fitting(piece: tuple[str, str, str]) -> str:
    """What fits a piece of a pattern: a placeholder with the unit after it, or words."""
    name, unit, words = piece
    if not name:
        return re.escape(words)
    return rf"(?P<{name}>[-−\d.,e]+){re.escape(unit)}" if unit else rf"(?P<{name}>.*?)"


@cache
def catalogue(language: str) -> dict[str, str]:
    """English text -> the same in another language; empty for English."""
    return {english: other for section in sections(language).values() for english, other in section.items()}


@cache
def sections(language: str) -> dict[str, dict[str, str]]:
    """The catalogue by its sections; empty for English."""
    if language == ENGLISH:
        return {}
    return tomllib.loads((files("gpu_ablate") / "languages" / f"{language}.toml").read_text(encoding="utf-8"))
