"""The report as one HTML file: pictures, style and the script of the 3D view are inside, no network."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path

from gpu_ablate.render import style
from gpu_ablate.report.content import Content

TEMPLATE = "report.html.j2"


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
    source = (files("gpu_ablate.report") / "templates" / TEMPLATE).read_text(encoding="utf-8")
    marks = {**style.STATUS_MARK, "": "•"}
    return environment.from_string(source).render(
        report=content, marks=marks, colours=style.STATUS, viewer=Markup(viewer)
    )


def data_uri(file: Path) -> str:
    """A PNG or WebP file as text that an image element can hold."""
    return f"data:image/{file.suffix[1:]};base64," + base64.b64encode(file.read_bytes()).decode("ascii")
