"""A page of its own in HTML: its template, style and pictures are inside, nothing comes over a network."""

from __future__ import annotations

from importlib.resources import files

from gpu_ablate.language import spoken
from gpu_ablate.render import style
from gpu_ablate.render.words import disclaimer_words
from gpu_ablate.report.html import data_uri

FOLDER = "templates"
SHARED = ("page.html.j2", "macros.html.j2")


def render_page(template: str, **values: object) -> str:
    """A template with its values as HTML; every text is escaped."""
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("gpu_ablate.report") / FOLDER
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in (template, *SHARED)}
    environment = Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["data_uri"] = data_uri
    return environment.get_template(template).render(
        language=spoken(),
        disclaimer=disclaimer_words(),
        style=Markup((folder / "page.css").read_text(encoding="utf-8")),
        colours=style.STATUS,
        marks={**style.STATUS_MARK, "": ""},
        **values,
    )
