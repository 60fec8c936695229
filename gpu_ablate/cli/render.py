"""`gpu-ablate render`: draw the figures of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def render(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Draw the figures of a run again."""
    from gpu_ablate.render.figures import write_figures
    from gpu_ablate.result.store import load_metrics, load_result

    for path in write_figures(load_result(run), load_metrics(run), run / "figures", typer.echo).values():
        typer.echo(path)
