"""What `run` and `resume` share: compute a case in its folder, measure, write, draw, and say how it ended."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gpu_ablate.errors import AblateError
from gpu_ablate.language import ENGLISH, speaking
from gpu_ablate.log import RunLog

if TYPE_CHECKING:
    from gpu_ablate.case.case import Case
    from gpu_ablate.result.checkpoint import Checkpoint, Origin
    from gpu_ablate.result.result import Result
    from gpu_ablate.scene.schema import Scene
    from gpu_ablate.simulation import Progress

DONE, RUN_FAILED, LIMIT_BROKEN, INTERRUPTED = 0, 1, 3, 130


@dataclass(frozen=True)
class Chosen:
    """How a command computes and what it leaves.

    command : what was typed
    draw : whether figures are drawn
    """

    command: list[str]
    draw: bool
    quiet: bool
    language: str


def in_folder(folder: Path, quiet: bool, work: Callable[[RunLog], int]) -> int:
    """Do the work of a run in its folder, alone and logged; the exit code."""
    from gpu_ablate.result.lock import LOG, locked

    with locked(folder):
        log = RunLog(folder / LOG, quiet)
        try:
            return work(log)
        except AblateError as error:
            log.note(str(error))
            raise
        except Exception as error:
            log.note(traceback.format_exc())
            typer.echo(f"unexpected {type(error).__name__}: {error}; more in {folder / LOG}", err=True)
            return RUN_FAILED
        finally:
            log.close()


def compute(
    case: Case,
    origin: Origin,
    folder: Path,
    log: RunLog,
    draw: bool,
    start: Checkpoint | None = None,
    estimate_error_of: Scene | None = None,
    bracket_of: Scene | None = None,
    language: str = ENGLISH,
) -> int:
    """Solve, measure, write, draw (in this order, so that no picture costs a number); the exit code.

    start : where an earlier process came to
    estimate_error_of : the scene of the case, to compute it on a coarser grid too; None leaves that out
    bracket_of : the scene of the case, to compute its variants too; None leaves that out
    language : of the pictures and the report; metrics.json is English
    """
    from gpu_ablate.cli import progress
    from gpu_ablate.cli.bracket import bracketed
    from gpu_ablate.cli.estimate_error import estimated, first_of_two
    from gpu_ablate.cli.interrupts import first_interrupt_only
    from gpu_ablate.cli.show import summary
    from gpu_ablate.engine.interrupt import interrupt_noted
    from gpu_ablate.outcome.metrics import measure
    from gpu_ablate.result.checkpoint import write_checkpoint
    from gpu_ablate.result.records import FolderRecords
    from gpu_ablate.result.store import load_result, rewrite_metrics, write_result
    from gpu_ablate.simulation import simulate

    records = FolderRecords(folder, start.loop["records"] if start else 0)
    with interrupt_noted() as again:
        which = first_of_two(case) if estimate_error_of else ""
        with first_interrupt_only() as begun, progress.shown(log, which) as show:

            def seen(now: Progress) -> None:
                begun()
                show(now)

            result = simulate(case, origin.backend, records, seen, start, partial(write_checkpoint, folder, origin))
        result.provenance = origin.provenance
        log(f"{result.status} after {float(result.run['solve_s']):.1f} s; measuring")
        try:
            metrics = measure(result)
        except Exception:
            write_result(result, {}, folder)
            raise
        write_result(result, metrics, folder)
        cut = again()
        if estimate_error_of and result.status == "done" and not cut:
            metrics["numerical_error"], cut = estimated(estimate_error_of, case, metrics, origin.backend, log)
            rewrite_metrics(metrics, folder)
        if bracket_of and result.status == "done" and not cut:
            metrics["bracket"], cut = bracketed(bracket_of, case, metrics, origin.backend, log)
            rewrite_metrics(metrics, folder)
    log(summary(metrics))
    with speaking(language):
        stopped = _draw(load_result(folder), metrics, folder, log, draw and not cut)
    if result.status == "failed":
        typer.echo(f"failed: {result.run['failure']}", err=True)
        return RUN_FAILED
    if result.status == "interrupted":
        option = (" --estimate-error" if estimate_error_of else "") + (" --bracket" if bracket_of else "")
        log(f"`gpu-ablate resume {folder}{option}` goes on")
    if stopped or cut or again() or result.status == "interrupted":
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
        from gpu_ablate.report.write import write_reports

        page, _ = write_reports(result, metrics, figures, folder)
    except Exception as error:
        log.note(traceback.format_exc())
        log(f"report failed ({error}); the numbers are written, `gpu-ablate report` tries again")
    else:
        log(f"report   {page}")
    return stopped
