"""The second, coarser run of `--estimate-error`: nothing of it is kept but what its metrics tell of the first."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from gpu_ablate.errors import AblateError
from gpu_ablate.log import RunLog

if TYPE_CHECKING:
    from gpu_ablate.case.case import Case
    from gpu_ablate.scene.schema import Scene


SECOND_FAILED = "the second run failed, see log.txt"


def first_of_two(case: Case) -> str:
    """What a run is called that another one follows."""
    from gpu_ablate.units import MM

    return f"run 1 of 2 ({case.setup.grid.spacing / MM:g} mm): "


def estimated(scene: Scene, case: Case, metrics: dict[str, Any], backend: str, log: RunLog) -> tuple[Any, bool]:
    """Compute a case at 1.5 times its spacing; the `numerical_error` of its metrics, and whether Ctrl-C cut it short.

    metrics : of the run
    """
    from gpu_ablate.engine.interrupt import interrupt_noted
    from gpu_ablate.outcome.numerical_error import no_estimate, numerical_error
    from gpu_ablate.units import MM

    spacing_mm = case.setup.grid.spacing / MM
    with interrupt_noted() as stopped:
        try:
            coarse = _coarse_metrics(scene, case, backend, log)
        except AblateError as error:
            log.note(str(error))
            return no_estimate(spacing_mm, _in_a_line(error, scene)), stopped()
        except Exception:
            log.note(traceback.format_exc())
            return no_estimate(spacing_mm, SECOND_FAILED), stopped()
        if stopped() or coarse["status"] == "interrupted":
            return no_estimate(spacing_mm, "the second run was interrupted"), True
        if coarse["status"] == "failed":
            return no_estimate(spacing_mm, SECOND_FAILED), False
        return numerical_error(metrics, coarse), False


def _coarse_metrics(scene: Scene, case: Case, backend: str, log: RunLog) -> dict[str, Any]:
    from gpu_ablate.case.build import build_case
    from gpu_ablate.case.coarser import coarser
    from gpu_ablate.cli import progress
    from gpu_ablate.outcome.metrics import measure
    from gpu_ablate.outcome.numerical_error import RATIO
    from gpu_ablate.simulation import simulate
    from gpu_ablate.units import MM

    grid = case.setup.grid
    coarse = build_case(coarser(scene, grid, RATIO))
    spacing_mm = coarse.setup.grid.spacing / MM
    box = "the same box" if coarse.setup.grid.upper == grid.upper else f"box {coarse.setup.grid.describe()}"
    which = f"run 2 of 2 ({spacing_mm:g} mm): "
    log(f"{which}to estimate the error of the grid; {coarse.setup.grid.cells:,} voxels, {box}")
    with progress.shown(log, which) as show:
        result = simulate(coarse, backend, progress=show)
    if result.status == "failed":
        log.note(f"{which}{result.run['failure']}")
    return measure(result)


def _in_a_line(error: AblateError, scene: Scene) -> str:
    """What went wrong on the coarse grid, without the file's name and the remedy for another grid."""
    said = str(error).splitlines()[0].removeprefix(f"{scene.path}: ")
    return f"the coarser grid cannot be computed: {said}"
