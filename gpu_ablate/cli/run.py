"""`gpu-ablate run`: compute a scene and write its run folder."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpu_ablate.errors import AblateError
from gpu_ablate.log import RunLog

if TYPE_CHECKING:
    from gpu_ablate.case.case import Case
    from gpu_ablate.engine.estimate import Estimate
    from gpu_ablate.result.result import Result

DONE, RUN_FAILED, LIMIT_BROKEN, INTERRUPTED = 0, 1, 3, 130


def run(
    context: typer.Context,
    scene: Annotated[str, typer.Argument(help="Scene file, or the name of a shipped scene.")],
    out: Annotated[Path | None, typer.Option(help="Run folder; default runs/SCENE, then -2, -3.")] = None,
    backend: Annotated[str, typer.Option(help="auto, numba or numpy.")] = "auto",
    spacing_mm: Annotated[float | None, typer.Option(help="Edge of a voxel instead of the scene's.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a value: probe.A.steps.0.power_w=50"),
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on the terminal but errors.")] = False,
) -> None:
    """Compute a scene and write its run folder.

    Exit codes: 0 done, 1 the run failed, 2 bad input, 3 done but a safety limit was broken, 130 interrupted.
    """
    from gpu_ablate.case.build import build_case
    from gpu_ablate.engine.choose import choose_backend
    from gpu_ablate.engine.estimate import estimate
    from gpu_ablate.result.store import folder_for
    from gpu_ablate.scene.load import load_scene
    from gpu_ablate.scene.write import write_scene

    loaded = load_scene(scene, change or (), spacing_mm)
    chosen, reason = choose_backend(backend)
    case = build_case(loaded)
    planned = estimate(case, loaded.duration_s())
    folder = folder_for(loaded.name, out)
    write_scene(loaded, folder / "scene.toml")
    log = RunLog(folder / "log.txt", quiet)
    try:
        log(plan_summary(case, f"{chosen} ({reason})", loaded.duration_s(), planned))
        code = _compute(case, chosen, folder, log, context.obj, not no_figures)
    except AblateError as error:
        log.note(str(error))
        raise
    except Exception as error:
        log.note(traceback.format_exc())
        typer.echo(f"unexpected {type(error).__name__}: {error}; more in {folder / 'log.txt'}", err=True)
        code = RUN_FAILED
    finally:
        log.close()
    raise typer.Exit(code)


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


def _compute(case: Case, backend: str, folder: Path, log: RunLog, typed: list[str], draw: bool) -> int:
    """Solve, measure, write, draw (in this order, so that no picture costs a number); the exit code."""
    from gpu_ablate.cli import progress
    from gpu_ablate.cli.interrupts import first_interrupt_only
    from gpu_ablate.cli.show import summary
    from gpu_ablate.engine.interrupt import interrupt_noted
    from gpu_ablate.outcome.metrics import measure
    from gpu_ablate.result.provenance import provenance
    from gpu_ablate.result.records import FolderRecords
    from gpu_ablate.result.store import load_result, write_result
    from gpu_ablate.simulation import simulate

    with interrupt_noted() as again:
        with first_interrupt_only(), progress.shown(log) as show:
            result = simulate(case, backend, FolderRecords(folder), show)
        result.provenance = provenance(typed)
        log(f"{result.status} after {float(result.run['solve_s']):.1f} s; measuring")
        try:
            metrics = measure(result)
        except Exception:
            write_result(result, {}, folder)
            raise
        write_result(result, metrics, folder)
    log(summary(metrics))
    stopped = _draw(load_result(folder), metrics, folder, log, draw and not again())
    if result.status == "failed":
        typer.echo(f"failed: {result.run['failure']}", err=True)
        return RUN_FAILED
    if stopped or again() or result.status == "interrupted":
        return INTERRUPTED
    broken = any(limit["status"] == "broken" for limit in metrics["limits"])
    return LIMIT_BROKEN if broken else DONE


def _draw(result: Result, metrics: dict[str, Any], folder: Path, log: RunLog, draw: bool) -> bool:
    """Figures and report; what fails is logged and left out. Returns whether Ctrl-C cut the figures short."""
    figures: dict[str, Path] = {}
    stopped = False
    try:
        if draw:
            from gpu_ablate.render.figures import write_figures

            log("drawing figures (Ctrl-C skips them)")
            figures = write_figures(result, metrics, folder / "figures", log)
    except KeyboardInterrupt:
        stopped = True
        log("figures skipped; `gpu-ablate render` draws them later")
    except Exception as error:
        log.note(traceback.format_exc())
        log(f"figures failed ({error}); the numbers are written, `gpu-ablate render` tries again")
    try:
        from gpu_ablate.report.html import write_report

        write_report(result, metrics, figures, folder / "report.html")
    except Exception as error:
        log.note(traceback.format_exc())
        log(f"report failed ({error}); the numbers are written, `gpu-ablate report` tries again")
    else:
        log(f"report   {folder / 'report.html'}")
    return stopped
