"""The comparison as Markdown: docs/validation.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gpu_ablate import __version__
from gpu_ablate.verification.cases import CASES, Outcome
from gpu_ablate.verification.check import Check

HEAD = """# Validation against closed forms

Written by `gpu-ablate verify{backends} --markdown docs/validation.md` on {date} with gpu-ablate {version}. Anyone can \
repeat it: `gpu-ablate verify` computes every case on your own machine (`gpu_ablate/verification` holds scenes and \
formulas) and ends with exit code 1 if an error is greater than its tolerance.

Each case goes the way of any scene: load, build, simulate. Closed forms are evaluated at the centres of cells, so \
that nothing is interpolated; fronts are read from the amount of ice. Grids are about as coarse as the tolerances \
allow. The numba backend computes in float32 where it doesn't say float64, numpy always in float64.

**{verdict}**
"""


def value_text(value: float) -> str:
    """A number with five digits."""
    return f"{value:.5g}"


def error_text(check: Check) -> str:
    """Error with its sign and unit, two digits."""
    return f"{check.error:+.2g} {check.error_unit}".rstrip()


def tolerance_text(check: Check) -> str:
    """Tolerance with its unit."""
    return f"{check.tolerance:.3g} {check.error_unit}".rstrip()


def document(outcomes: Sequence[Outcome]) -> str:
    """The text of docs/validation.md.

    outcomes : of one or more backends; the same quantities of several stand in one row
    """
    backends = list(dict.fromkeys(outcome.backend for outcome in outcomes))
    checks = [check for outcome in outcomes for check in outcome.checks]
    bad = [f"{outcome.case} ({outcome.backend})" for outcome in outcomes if not outcome.passed]
    verdict = f"{sum(check.passed for check in checks)} of {len(checks)} numbers lie within their tolerance."
    parts = [
        HEAD.format(
            backends="".join(f" --backend {name}" for name in backends),
            date=datetime.now(UTC).date().isoformat(),
            version=__version__,
            verdict=verdict + (f" FAILED: {', '.join(bad)}." if bad else ""),
        )
    ]
    for name in dict.fromkeys(outcome.case for outcome in outcomes):
        parts.append(_section(name, {o.backend: o for o in outcomes if o.case == name}, backends))
    return "\n".join(parts)


def _section(name: str, outcomes: dict[str, Outcome], backends: Sequence[str]) -> str:
    """One case: what it is, its grids, its table."""
    case = CASES[name]
    grids = list(dict.fromkeys(grid for outcome in outcomes.values() for grid in outcome.grids))
    lines = [f"## {name}: {case.title}", "", f"Formula: {case.source}."]
    if grids:
        lines[-1] += f" Cells and accuracy: {'; '.join(grids)}."
    lines += ["", *(f"**{o.backend} FAILED: {o.failure}**\n" for o in outcomes.values() if o.failure)]
    columns = [f"found, {backend} | error" for backend in backends]
    lines.append(f"| quantity | expected | tolerance | {' | '.join(columns)} | |")
    lines.append("| --- " * (4 + 2 * len(backends)) + "|")
    found: dict[str, dict[str, Check]] = {}
    for backend, outcome in outcomes.items():
        for check in outcome.checks:
            found.setdefault(check.quantity, {})[backend] = check
    lines += [_row(checks, backends) for checks in found.values()]
    return "\n".join([*lines, ""])


def _row(checks: dict[str, Check], backends: Sequence[str]) -> str:
    """One quantity on every backend that computed it."""
    first = next(iter(checks.values()))
    cells = [first.quantity, f"{value_text(first.expected)} {first.unit}".rstrip(), tolerance_text(first)]
    for backend in backends:
        check = checks.get(backend)
        cells += ["", ""] if check is None else [value_text(check.found), error_text(check)]
    cells.append("ok" if all(check.passed for check in checks.values()) else "**FAILED**")
    return f"| {' | '.join(cells)} |"
