"""`gpu-ablate run`: compute a scene and write its run folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.compute import Chosen, compute, in_folder
from gpu_ablate.cli.text import Language
from gpu_ablate.language import ENGLISH, require_language
from gpu_ablate.log import RunLog

if TYPE_CHECKING:
    from gpu_ablate.case.case import Case
    from gpu_ablate.engine.estimate import Estimate
    from gpu_ablate.scene.schema import Scene


def run(
    context: typer.Context,
    scene: Annotated[str, typer.Argument(help="Scene file, or the name of a shipped scene.")],
    out: Annotated[Path | None, typer.Option(help="Run folder; default runs/SCENE, then -2, -3.")] = None,
    backend: Annotated[str, typer.Option(help="auto, cuda, numba or numpy.")] = "auto",
    device: Annotated[int | None, typer.Option(min=0, help="Which GPU, from 0.")] = None,
    spacing_mm: Annotated[float | None, typer.Option(help="Edge of a voxel instead of the scene's.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a value: probe.A.steps.0.power_w=50"),
    ] = None,
    after: Annotated[
        Path | None, typer.Option(help="A run to begin from, as a second stage (sets initial.from_run).")
    ] = None,
    estimate_error: Annotated[
        bool, typer.Option("--estimate-error", help="Compute at 1.5 times the spacing too: numbers get a ±.")
    ] = False,
    bracket: Annotated[
        bool,
        typer.Option(
            "--bracket", help="Compute again with the least known numbers of devices and tissue at their ends."
        ),
    ] = False,
    language: Language = ENGLISH,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on the terminal but errors.")] = False,
) -> None:
    """Compute a scene and write its run folder.

    Exit codes: 0 done, 1 the run failed, 2 bad input, 3 done but a safety limit was broken, 130 interrupted.
    """
    from gpu_ablate.scene.load import load_scene

    require_language(language)
    loaded = load_scene(scene, change or (), spacing_mm, after)
    chosen = Chosen(context.obj, not no_figures, quiet, language)
    raise typer.Exit(run_scene(loaded, out, backend, device, chosen, estimate_error, bracket))


def run_scene(
    scene: Scene,
    out: Path | None,
    backend: str,
    device: int | None,
    chosen: Chosen,
    estimate_error: bool = False,
    bracket: bool = False,
) -> int:
    """Compute a scene and write its run folder; the exit code.

    out : run folder; the next free one of the scene's name if None
    backend, device : as on the command line
    """
    from gpu_ablate.case.build import build_case
    from gpu_ablate.engine.choose import choose_backend
    from gpu_ablate.engine.estimate import estimate
    from gpu_ablate.result.checkpoint import Origin, write_checkpoint
    from gpu_ablate.result.provenance import provenance
    from gpu_ablate.result.store import folder_for
    from gpu_ablate.scene.inputs import copy_inputs, sha256_of
    from gpu_ablate.scene.write import write_scene

    engine, reason = choose_backend(backend, device)
    case = build_case(scene)
    planned = estimate(case, scene.duration_s())
    folder = folder_for(scene.name, out)
    setup = case.setup

    def work(log: RunLog) -> int:
        write_scene(scene, folder / "scene.toml", copy_inputs(scene, folder))
        digest = sha256_of(folder / "scene.toml")
        origin = Origin(setup.name, digest, setup.inputs, engine, provenance(chosen.command))
        write_checkpoint(folder, origin)
        log(plan_summary(case, f"{engine} ({reason})", scene.duration_s(), planned))
        return compute(
            case,
            origin,
            folder,
            log,
            chosen.draw,
            estimate_error_of=scene if estimate_error else None,
            bracket_of=scene if bracket else None,
            language=chosen.language,
        )

    return in_folder(folder, chosen.quiet, work)


def plan_summary(case: Case, backend: str, duration_s: float, planned: Estimate) -> str:
    """What is about to be computed, a line each."""
    from gpu_ablate.units import MM

    setup = case.setup
    nz, ny, nx = setup.grid.shape
    lines = [
        f"{setup.name}: {setup.title}",
        f"grid     {nx} x {ny} x {nz} = {setup.grid.cells:,} voxels of {setup.grid.spacing / MM:g} mm",
        f"backend  {backend}",
        f"plan     {duration_s:g} s at most, {planned}",
        *(f"note     {note}" for note in setup.notes),
    ]
    if case.run.record_every > duration_s:
        lines.append("note     [run] record_every_s is longer than the run: only its start and end are recorded")
    return "\n".join(lines)
