"""`gpu-ablate report`: write the report of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpu_ablate.cli.text import Language
from gpu_ablate.language import ENGLISH


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")], language: Language = ENGLISH
) -> None:
    """Draw and write the report of each run again."""
    from gpu_ablate.language import speaking
    from gpu_ablate.render.figures import write_figures
    from gpu_ablate.report.write import write_reports
    from gpu_ablate.result.store import load_metrics, load_result, require_free

    for run in runs:
        result, metrics = load_result(run), load_metrics(run)
        require_free(run)
        with speaking(language):
            figures = write_figures(result, metrics, run / "figures", typer.echo)
            for path in write_reports(result, metrics, figures, run):
                typer.echo(path)
