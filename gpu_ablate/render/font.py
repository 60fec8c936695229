"""The font of pictures: one that travels with the package, and for the user's own text one of the machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from gpu_ablate.language import ENGLISH, spoken
from gpu_ablate.languages.font import FAMILY, FILE
from gpu_ablate.render import style

LATIN = "DejaVu Sans"
"""Travels with matplotlib."""

OF_THE_MACHINE = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "Arial Unicode MS",
)  # fmt: skip
"""Fonts with Chinese characters that a machine may have, in the order in which they are taken."""


@cache
def families(language: str) -> tuple[str, ...]:
    """Fonts in the order in which a character is looked for."""
    from matplotlib.font_manager import fontManager

    fontManager.addfont(FILE)
    fontManager.ttflist.append(replace(fontManager.ttflist[-1], weight=700))  # its one weight stands for bold too
    here = {entry.name for entry in fontManager.ttflist}
    own = (LATIN,) if language == ENGLISH else (FAMILY, LATIN)
    return (*own, *(name for name in OF_THE_MACHINE if name in here))


def settings() -> dict[str, object]:
    """matplotlib settings of every picture, in the language spoken now."""
    return {**style.LOOK, "font.family": list(families(spoken()))}


def file() -> Path:
    """A font file for what is not drawn by matplotlib, in the language spoken now."""
    from matplotlib.font_manager import FontProperties, findfont

    return Path(FILE if spoken() != ENGLISH else findfont(FontProperties(family=LATIN, weight="bold")))


def missing(texts: Iterable[str]) -> str:
    """The characters of some texts that no font here has."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    letters = {letter for text in texts for letter in text if letter.isprintable()}
    for family in families(spoken()):
        known = get_font(findfont(FontProperties(family=family)))
        letters = {letter for letter in letters if known.get_char_index(ord(letter)) == 0}
    return "".join(sorted(letters))


def folders() -> list[str]:
    """Folders with the fonts that travel with the package and with matplotlib."""
    from matplotlib import get_data_path

    return [str(FILE.parent), str(Path(get_data_path()) / "fonts" / "ttf")]
