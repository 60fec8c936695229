"""The further runs of `--bracket`: nothing of them is kept but what their metrics tell of the first."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from gpu_ablate.errors import AblateError
from gpu_ablate.log import RunLog

if TYPE_CHECKING:
    from gpu_ablate.case.bracket import Variant
    from gpu_ablate.case.case import Case
    from gpu_ablate.scene.schema import Scene


def bracketed(scene: Scene, case: Case, metrics: dict[str, Any], backend: str, log: RunLog) -> tuple[Any, bool]:
    """Compute the variants of a case; the `bracket` of its metrics, and whether Ctrl-C cut them short.

    metrics : of the run
    """
    from gpu_ablate.case.bracket import numbers_of, variants
    from gpu_ablate.engine.interrupt import interrupt_noted
    from gpu_ablate.outcome.bracket import bracket, no_bracket

    used = numbers_of(case), scene.model.perfusion_preset
    found = []
    with interrupt_noted() as stopped:
        try:
            others = variants(scene, case)
            for number, variant in enumerate(others, start=1):
                found.append((variant, _metrics_of(variant, f"variant {number} of {len(others)}", backend, log)))
                if stopped() or found[-1][1]["status"] == "interrupted":
                    return no_bracket("the variants were interrupted"), True
        except AblateError as error:
            log.note(str(error))
            return no_bracket(str(error).splitlines()[0].removeprefix(f"{scene.path}: ")), stopped()
        except Exception:
            log.note(traceback.format_exc())
            return no_bracket("a variant failed, see log.txt"), stopped()
    return bracket(metrics, used, found), False


def _metrics_of(variant: Variant, name: str, backend: str, log: RunLog) -> dict[str, Any]:
    from gpu_ablate.cli import progress
    from gpu_ablate.outcome.metrics import measure
    from gpu_ablate.simulation import simulate

    cables = sorted({f"{100 * value:g} %" for value in variant.numbers.cable_efficiency.values()})
    films = sorted({f"{value:g} W/m²K" for value in variant.numbers.film_h.values()})
    said = [f"cable efficiency {' and '.join(cables)}"] * bool(cables) + [f"film {' and '.join(films)}"] * bool(films)
    log(f"{name}: {', '.join([*said, f'perfusion {variant.perfusion_preset}'])}")
    with progress.shown(log, f"{name}: ") as show:
        result = simulate(variant.case, backend, progress=show)
    return measure(result)
