"""`gpu-ablate report`: write the report of a run again, or set several runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpu_ablate.cli.text import Language
from gpu_ablate.language import ENGLISH, speaking


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    out: Annotated[
        Path | None, typer.Option(help="HTML file of a comparison; default comparison.html in the working folder.")
    ] = None,
    language: Language = ENGLISH,
) -> None:
    """Draw and write the report of one run again; of two to six, one page that compares them side by side."""
    from gpu_ablate.errors import ResultError

    with speaking(language):
        if len(runs) > 1:
            _compare(runs, out or Path("comparison.html"))
        elif out is not None:
            raise ResultError(f"{out}: --out is the page of a comparison\n  give two run folders or more, or no --out")
        else:
            _again(runs[0])


def _again(run: Path) -> None:
    from gpu_ablate.render.figures import write_figures
    from gpu_ablate.report.write import write_reports
    from gpu_ablate.result.store import load_metrics, load_result, require_free

    result, metrics = load_result(run), load_metrics(run)
    require_free(run)
    figures = write_figures(result, metrics, run / "figures", typer.echo)
    for path in write_reports(result, metrics, figures, run):
        typer.echo(path)


def _compare(runs: list[Path], path: Path) -> None:
    from gpu_ablate.errors import ResultError
    from gpu_ablate.report.comparison import MOST, write_comparison
    from gpu_ablate.report.one_run import read_run

    if len(runs) > MOST:
        raise ResultError(f"{len(runs)} runs: at most {MOST} fit side by side\n  give fewer")
    places = [run.resolve() for run in runs]
    twice = next((run for run, place in zip(runs, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise ResultError(f"{twice}: is given twice\n  name each run once")
    write_comparison([read_run(run, True, typer.echo) for run in runs], path)
    typer.echo(path)
