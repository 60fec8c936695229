"""The report as one HTML file: pictures, style and the script of the 3D view are inside, no network."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path
from typing import Any

from gpu_ablate.library.load import bibliography
from gpu_ablate.render import style
from gpu_ablate.render.interactive import interactive_view
from gpu_ablate.report.content import Content, collect
from gpu_ablate.report.viewer_html import viewer_html
from gpu_ablate.result.result import Result

TEMPLATE = "report.html.j2"


def write_report(result: Result, metrics: dict[str, Any], figures: dict[str, Path], path: Path) -> None:
    """Write the report of a run.

    Parameters
    ----------
    metrics : its metrics.json
    figures : name -> PNG file as `render.figures.write_figures` gives them
    path : HTML file
    """
    viewer = viewer_html(interactive_view(result, metrics)) if figures else ""
    path.write_text(render(collect(result, metrics, figures, bibliography()), viewer), encoding="utf-8")


def render(content: Content, viewer: str) -> str:
    """The report as HTML; everything from the scene is escaped.

    viewer : the interactive view as HTML, empty where nothing is drawn
    """
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
    """A PNG file as text that an image element can hold."""
    return "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode("ascii")
