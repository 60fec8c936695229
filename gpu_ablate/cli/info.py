"""`gpu-ablate info`: what is installed and what this machine can do."""

from __future__ import annotations

import os

import typer


def info() -> None:
    """Print versions, backends and what can be drawn."""
    from gpu_ablate.engine.choose import BACKENDS, choose_backend
    from gpu_ablate.errors import BackendError
    from gpu_ablate.render.gl import missing_gl
    from gpu_ablate.result.provenance import PACKAGES, provenance

    found = provenance()
    for name in (*PACKAGES, "python", "platform", "cpu"):
        typer.echo(f"{name:<12}{found[name]}")
    typer.echo(f"{'threads':<12}{len(os.sched_getaffinity(0))}")
    for name in BACKENDS:
        try:
            choose_backend(name)
            usable = "usable"
        except BackendError as error:
            usable = f"not usable: {str(error).splitlines()[0]}"
        typer.echo(f"{name:<12}{usable}")
    chosen, reason = choose_backend("auto")
    typer.echo(f"{'auto':<12}{chosen} ({reason})")
    typer.echo(f"{'3D pictures':<12}{missing_gl() or 'can be drawn'}")
