"""`gpu-ablate verify`: the closed-form cases on this machine, and laboratory experiments beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpu_ablate.cli.text import table
from gpu_ablate.errors import SceneError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu_ablate.verification.cases import ClosedForm, Outcome
    from gpu_ablate.verification.laboratory import Experiment

DONE, FAILED, INTERRUPTED = 0, 1, 130


def verify(
    case: Annotated[
        list[str] | None,
        typer.Argument(help="Closed forms (all if none is named), experiments M1 M6 M7 M9 C1 C2 C7 C10, or all."),
    ] = None,
    backend: Annotated[
        list[str] | None, typer.Option(help="auto (default), cuda, numba or numpy; may be repeated.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the comparison there as well.")] = None,
) -> None:
    """Compare closed-form solutions with what this machine computes.

    Laboratory experiments (minutes, on the first backend only) are compared without a tolerance.

    Exit codes: 0 all within tolerance, 1 something is not, 2 bad input, 130 interrupted.
    """
    from gpu_ablate.engine.choose import choose_backend
    from gpu_ablate.scene.problems import near_or_all
    from gpu_ablate.verification.cases import CASES, compute
    from gpu_ablate.verification.document import document
    from gpu_ablate.verification.laboratory import LABORATORY

    known: dict[str, ClosedForm | Experiment] = {**CASES, **LABORATORY}
    names = [name.upper() for name in case or CASES]
    if "ALL" in names:
        names = list(known)
    for name in names:
        if name not in known:
            raise SceneError(f'verify: there is no case "{name}"\n  {near_or_all(name, known, "cases")}')
    if markdown is not None and not markdown.parent.is_dir():
        raise SceneError(f"{markdown}: its folder does not exist\n  make it, or choose another")
    backends = list(dict.fromkeys(choose_backend(name)[0] for name in backend or ["auto"]))
    outcomes: list[Outcome] = []
    interrupted = False
    try:
        for chosen in backends:
            for name in names:
                if name in LABORATORY and chosen != backends[0]:
                    continue
                typer.echo(f"{name:<4} {known[name].title:<32} {chosen:<6} ", nl=False)
                outcomes.append(compute(name, chosen))
                typer.echo(_line(outcomes[-1]))
    except KeyboardInterrupt:
        typer.echo("interrupted")
        interrupted = True
    typer.echo("\n" + comparison(outcomes) + experiments(outcomes) + verdict(outcomes))
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    if markdown is not None:
        markdown.write_text(document(outcomes), encoding="utf-8")
    raise typer.Exit(DONE if all(outcome.passed for outcome in outcomes) else FAILED)


def _line(outcome: Outcome) -> str:
    """How a case went."""
    if outcome.failure:
        return f"FAILED: {outcome.failure}"
    if outcome.comparisons:
        return f"{len(outcome.comparisons)} numbers compared, {outcome.seconds:.0f} s"
    passed = sum(check.passed for check in outcome.checks)
    return f"{passed} of {len(outcome.checks)} within tolerance, {outcome.seconds:.1f} s"


def comparison(outcomes: Sequence[Outcome]) -> str:
    """Every check in a line."""
    from gpu_ablate.verification.document import error_text, tolerance_text, value_text

    rows = [
        [
            outcome.case,
            outcome.backend,
            check.quantity,
            value_text(check.expected),
            value_text(check.found),
            check.unit,
            error_text(check),
            tolerance_text(check),
            "ok" if check.passed else "FAILED",
        ]
        for outcome in outcomes
        for check in outcome.checks
    ]
    header = ("case", "backend", "quantity", "expected", "found", "unit", "error", "tolerance", "")
    return table("closed forms", header, rows)


def experiments(outcomes: Sequence[Outcome]) -> str:
    """Every comparison with a laboratory in a line."""
    from gpu_ablate.verification.document import comparison_cells

    rows = [[o.case, *comparison_cells(compared)] for o in outcomes for compared in o.comparisons]
    header = ("case", "quantity", "published", "found", "difference", "hotter edge", "")
    return table("laboratory: compared, not tested", header, rows)


def verdict(outcomes: Sequence[Outcome]) -> str:
    """The last line: how many checks, and which cases failed."""
    checks = [check for outcome in outcomes for check in outcome.checks]
    failed = [f"{outcome.case} ({outcome.backend})" for outcome in outcomes if not outcome.passed]
    counted = f"{sum(check.passed for check in checks)} of {len(checks)} numbers within tolerance, " if checks else ""
    seconds = sum(outcome.seconds for outcome in outcomes)
    return f"{counted}{seconds:.0f} s" + (f"; FAILED: {', '.join(failed)}" if failed else "")
