"""The report of one run as an HTML file."""

from __future__ import annotations

from pathlib import Path

from gpu_ablate.report.content import Content
from gpu_ablate.report.page import render_page


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
    from markupsafe import Markup

    told = {"report": content, "viewer": Markup(viewer)}
    return render_page("report.html.j2", "report.css", content.title, scripts=True, **told)
