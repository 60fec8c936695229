"""The language that pictures and reports speak.

Text for people is written in English where it is used, `say("Thinnest margin {mm:.1f} mm", mm=margin)`; a catalogue
in `languages/` gives the same sentence in another language. What a catalogue lacks stays English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

from gpu_ablate.errors import SceneError

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh-CN")

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


@cache
def catalogue(language: str) -> dict[str, str]:
    """English text -> the same in another language; empty for English."""
    if language == ENGLISH:
        return {}
    document = tomllib.loads((files("gpu_ablate") / "languages" / f"{language}.toml").read_text(encoding="utf-8"))
    return {english: other for section in document.values() for english, other in section.items()}
