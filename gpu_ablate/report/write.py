"""Write the report of a run: one page of HTML and two pages of PDF, of one and the same content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpu_ablate.library.load import bibliography
from gpu_ablate.render.interactive import interactive_view
from gpu_ablate.report.content import collect
from gpu_ablate.report.html import write_html
from gpu_ablate.report.pdf import write_pdf
from gpu_ablate.report.viewer_html import viewer_html
from gpu_ablate.result.result import Result


def write_reports(result: Result, metrics: dict[str, Any], figures: dict[str, Path], folder: Path) -> list[Path]:
    """Write report.html and report.pdf into a run folder, in the language spoken now; the files.

    Parameters
    ----------
    metrics : its metrics.json
    figures : name -> file as `render.figures.write_figures` gives them
    """
    content = collect(result, metrics, figures, bibliography())
    page, paper = folder / "report.html", folder / "report.pdf"
    write_html(content, viewer_html(interactive_view(result, metrics)) if figures else "", page)
    write_pdf(content, paper)
    return [page, paper]
