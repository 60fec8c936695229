"""`gpu-ablate render`: draw the figures of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gpu_ablate.cli.text import Language
from gpu_ablate.language import ENGLISH, speaking


def render(run: Annotated[Path, typer.Argument(help="Run folder.")], language: Language = ENGLISH) -> None:
    """Draw the figures of a run again."""
    from gpu_ablate.render.figures import write_figures
    from gpu_ablate.result.store import load_metrics, load_result, require_free

    result, metrics = load_result(run), load_metrics(run)
    require_free(run)
    with speaking(language):
        for path in write_figures(result, metrics, run / "figures", typer.echo).values():
            typer.echo(path)
