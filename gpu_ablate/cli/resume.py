"""`gpu-ablate resume`: go on with a run that was stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.compute import Chosen, compute, in_folder
from gpu_ablate.cli.text import Language
from gpu_ablate.language import ENGLISH, require_language
from gpu_ablate.log import RunLog

if TYPE_CHECKING:
    from gpu_ablate.case.case import Case
    from gpu_ablate.result.checkpoint import Origin
    from gpu_ablate.scene.schema import Scene


def resume(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    estimate_error: Annotated[
        bool, typer.Option("--estimate-error", help="As of `run`; not remembered from there.")
    ] = False,
    bracket: Annotated[bool, typer.Option("--bracket", help="As of `run`; not remembered from there.")] = False,
    language: Language = ENGLISH,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on the terminal but errors.")] = False,
) -> None:
    """Go on with a run that was stopped, to the same answer as if it had not been.

    Exit codes: as of `run`.
    """
    require_language(language)
    chosen = Chosen(context.obj, not no_figures, quiet, language)
    raise typer.Exit(resume_run(run, chosen, estimate_error, bracket))


def resume_run(run: Path, chosen: Chosen, estimate_error: bool = False, bracket: bool = False) -> int:
    """Go on with the run of a folder; the exit code."""
    from gpu_ablate.engine.choose import choose_backend
    from gpu_ablate.result.checkpoint import differences, read_checkpoint, require_same_version, require_unfinished
    from gpu_ablate.result.files import remove_asides
    from gpu_ablate.result.provenance import provenance
    from gpu_ablate.result.store import remove_drawn
    from gpu_ablate.scene.load import load_scene

    require_unfinished(run)

    def work(log: RunLog) -> int:
        origin, start = read_checkpoint(run)
        here = provenance(chosen.command)
        require_same_version(run, origin, here)
        choose_backend(origin.backend)
        scene = load_scene(run / "scene.toml")
        case = _case(run, scene, origin)
        remove_asides(run)
        remove_drawn(run)
        log(f"{case.setup.name}: resumed from t = {start.loop['time_s'] if start else 0.0:g} s on {origin.backend}")
        for difference in differences(origin, here):
            log(f"note     {difference}: the last digits may differ from those of a run that was not stopped")
        command = f"{origin.provenance['command']}; {here['command']}"
        origin = replace(origin, provenance=here | {"command": command})
        extra = scene if estimate_error else None, scene if bracket else None
        return compute(case, origin, run, log, chosen.draw, start, *extra, chosen.language)

    return in_folder(run, chosen.quiet, work)


def _case(folder: Path, scene: Scene, origin: Origin) -> Case:
    """The case of a run folder, under the names that its scene and input files had when it began."""
    from gpu_ablate.case.build import build_case
    from gpu_ablate.result.checkpoint import require_same_inputs
    from gpu_ablate.scene.inputs import fingerprints

    require_same_inputs(folder, origin, fingerprints(scene))
    case = build_case(scene)
    return replace(case, setup=replace(case.setup, name=origin.scene, inputs=origin.inputs))
