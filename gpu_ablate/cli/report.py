"""`gpu-ablate report`: write the report of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")]) -> None:
    """Draw and write the report of each run again."""
    from gpu_ablate.render.figures import write_figures
    from gpu_ablate.report.html import write_report
    from gpu_ablate.result.store import load_metrics, load_result, require_free

    for run in runs:
        result, metrics, path = load_result(run), load_metrics(run), run / "report.html"
        require_free(run)
        write_report(result, metrics, write_figures(result, metrics, run / "figures", typer.echo), path)
        typer.echo(path)
