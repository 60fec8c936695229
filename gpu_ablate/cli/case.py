"""`gpu-ablate case`: several lesions of one patient, computed as far as they are not, in one report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.compute import DONE, INTERRUPTED, LIMIT_BROKEN, RUN_FAILED, Chosen
from gpu_ablate.cli.resume import resume_run
from gpu_ablate.cli.run import run_scene
from gpu_ablate.cli.text import Language
from gpu_ablate.errors import ResultError, RunError
from gpu_ablate.language import ENGLISH, require_language, speaking

if TYPE_CHECKING:
    from gpu_ablate.scene.case_file import LoadedCase, Planned


def case(
    context: typer.Context,
    case_file: Annotated[str, typer.Argument(metavar="CASE", help="Case file, or the name of a shipped case.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the case; default runs/CASE.")] = None,
    backend: Annotated[str, typer.Option(help="auto, cuda, numba or numpy.")] = "auto",
    device: Annotated[int | None, typer.Option(min=0, help="Which GPU, from 0.")] = None,
    language: Language = ENGLISH,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on the terminal but errors.")] = False,
) -> None:
    """Compute the lesions of a case that have no run yet, and write one report of them all.

    Exit codes: as of `run`, the worst of all lesions.
    """
    from gpu_ablate.report.case_report import write_case_report
    from gpu_ablate.report.one_run import read_run
    from gpu_ablate.result.store import RUNS
    from gpu_ablate.scene.case_file import PAGE, load_case

    say_line = _silent if quiet else typer.echo
    chosen = Chosen(context.obj, not no_figures, quiet, language)
    require_language(language)
    loaded = load_case(case_file)
    place = out or RUNS / loaded.name
    folders = {planned.lesion.name: planned.run or place / planned.lesion.name for planned in loaded.lesions}
    missing = _missing(loaded, folders)
    for number, planned in enumerate(missing, start=1):
        say_line(f"lesion {planned.lesion.name} ({number} of {len(missing)} to compute)")
        if _computed(planned, folders[planned.lesion.name], backend, device, chosen) == INTERRUPTED:
            say_line("the same command goes on with it")
            raise typer.Exit(INTERRUPTED)
    place.mkdir(parents=True, exist_ok=True)
    with speaking(language):
        runs = [read_run(folders[planned.lesion.name], not no_figures, say_line) for planned in loaded.lesions]
        write_case_report(loaded, runs, place / PAGE)
    say_line(f"report   {place / PAGE}")
    metrics = [run.metrics for run in runs]
    if any(found["status"] != "done" for found in metrics):
        raise typer.Exit(RUN_FAILED)
    broken = any(limit["status"] == "broken" for found in metrics for limit in found["limits"])
    raise typer.Exit(LIMIT_BROKEN if broken else DONE)


def _silent(_: object) -> None:
    """Say nothing."""


def _missing(loaded: LoadedCase, folders: dict[str, Path]) -> list[Planned]:
    """The lesions to compute or to go on with; whatever is wrong is refused before anything is computed.

    Raises
    ------
    SceneError
        A scene cannot be built, or the intent of a run is not that of its lesion.
    ResultError
        A folder holds no run, or that of another scene.
    """
    from gpu_ablate.case.build import build_case
    from gpu_ablate.result.store import CHECKPOINT, load_metrics
    from gpu_ablate.scene.case_file import require_intent
    from gpu_ablate.scene.same import is_run_of

    missing = []
    for planned in loaded.lesions:
        lesion, folder = planned.lesion, folders[planned.lesion.name]
        if planned.scene is None:
            intent = load_metrics(folder)["verdict"]["intent"]
            require_intent(loaded.shown, lesion, intent, f'run "{lesion.run}"')
            continue
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            build_case(planned.scene)
            missing.append(planned)
            continue
        if not is_run_of(planned.scene, folder):
            raise ResultError(
                f'{folder}: does not hold the run of scene "{lesion.scene}" as it is now\n'
                "  remove that folder to compute it again, or give another --out"
            )
        if (folder / CHECKPOINT).exists():
            missing.append(planned)
    return missing


def _computed(planned: Planned, folder: Path, backend: str, device: int | None, chosen: Chosen) -> int:
    """Compute a lesion, or go on with it; the exit code.

    Raises
    ------
    RunError
        Nothing could be measured.
    """
    from gpu_ablate.result.store import CHECKPOINT

    assert planned.scene is not None
    if (folder / CHECKPOINT).exists():
        code = resume_run(folder, chosen)
    else:
        code = run_scene(planned.scene, folder, backend, device, chosen)
    if code == RUN_FAILED and not (folder / "metrics.json").exists():
        raise RunError(f"{folder}: the run failed, so there is no report of the case\n  log.txt there says why")
    return code
