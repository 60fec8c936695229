"""A page of HTML that is whole in itself: template, style, font and pictures are inside, no network is used."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path

from gpu_ablate.language import ENGLISH, say, spoken
from gpu_ablate.languages.font import FAMILY, FILE
from gpu_ablate.render import style
from gpu_ablate.render.words import disclaimer_words
from gpu_ablate.report.text import status_words

FOLDER = "templates"
SHARED = ("page.html.j2", "macros.html.j2")

LATIN = ("Helvetica Neue", "Arial", "DejaVu Sans")
CHINESE = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB")
"""Fonts of the reader's machine; Chinese ones for the user's own text, which the font inside the page may lack."""


def render_page(template: str, css: str, title: str, scripts: bool = False, **values: object) -> str:
    """A template with its values as HTML; every text is escaped.

    Parameters
    ----------
    css : a style sheet beside the shared one
    title : of the page, as the browser names it
    scripts : whether scripts in the page may run
    """
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("gpu_ablate.report") / FOLDER
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in (template, *SHARED)}
    environment = Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["data_uri"] = data_uri
    environment.filters["status_words"] = status_words
    environment.globals["say"] = say
    foreign = spoken() != ENGLISH
    own = (FAMILY, *LATIN, *CHINESE) if foreign else LATIN
    policy = ["default-src 'none'", "img-src data:", "style-src 'unsafe-inline'"]
    policy += ["script-src 'unsafe-inline'"] * scripts + ["font-src data:"] * foreign
    return environment.get_template(template).render(
        title=title,
        language=spoken(),
        policy=Markup("; ".join(policy)),
        disclaimer=disclaimer_words(),
        style=Markup("".join((folder / name).read_text(encoding="utf-8") for name in ("page.css", css))),
        colours=style.STATUS,
        marks={**style.STATUS_MARK, "": "•"},
        english=Markup(' lang="en"') if foreign else "",
        font={"family": FAMILY, "uri": Markup(font_uri())} if foreign else None,
        families=Markup(", ".join([*(f'"{name}"' if " " in name else name for name in own), "sans-serif"])),
        **values,
    )


def font_uri() -> str:
    """The font of the catalogues as text that a page can hold."""
    return "data:font/otf;base64," + base64.b64encode(FILE.read_bytes()).decode("ascii")


def data_uri(file: Path) -> str:
    """A PNG or WebP file as text that an image element can hold."""
    return f"data:image/{file.suffix[1:]};base64," + base64.b64encode(file.read_bytes()).decode("ascii")
