"""The report as one HTML file: pictures, style and the script of the 3D view are inside, no network."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path

from gpu_ablate.language import ENGLISH, say, spoken
from gpu_ablate.languages.font import FAMILY, FILE
from gpu_ablate.render import style
from gpu_ablate.report.content import Content
from gpu_ablate.report.text import status_words

TEMPLATE = "report.html.j2"

LATIN = ("Helvetica Neue", "Arial", "DejaVu Sans")
CHINESE = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB")
"""Fonts of the reader's machine; Chinese ones for the user's own text, which the font inside the page may lack."""


def write_html(content: Content, viewer: str, path: Path) -> None:
    """Write the report of a run.

    Parameters
    ----------
    viewer : the interactive view as HTML, empty where nothing is drawn
    path : HTML file
    """
    path.write_text(render(content, viewer), encoding="utf-8")


def render(content: Content, viewer: str) -> str:
    """The report as HTML; everything from the scene is escaped."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["data_uri"] = data_uri
    environment.filters["status_words"] = status_words
    environment.globals["say"] = say
    source = (files("gpu_ablate.report") / "templates" / TEMPLATE).read_text(encoding="utf-8")
    foreign = spoken() != ENGLISH
    own = (FAMILY, *LATIN, *CHINESE) if foreign else LATIN
    return environment.from_string(source).render(
        report=content,
        marks={**style.STATUS_MARK, "": "•"},
        colours=style.STATUS,
        viewer=Markup(viewer),
        language=spoken(),
        english=Markup(' lang="en"') if foreign else "",
        font={"family": FAMILY, "uri": Markup(font_uri())} if foreign else None,
        families=Markup(", ".join([*(f'"{name}"' if " " in name else name for name in own), "sans-serif"])),
    )


def font_uri() -> str:
    """The font of the catalogues as text that a page can hold."""
    return "data:font/otf;base64," + base64.b64encode(FILE.read_bytes()).decode("ascii")


def data_uri(file: Path) -> str:
    """A PNG or WebP file as text that an image element can hold."""
    return f"data:image/{file.suffix[1:]};base64," + base64.b64encode(file.read_bytes()).decode("ascii")
