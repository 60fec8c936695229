"""The comparison as Markdown: docs/validation.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gpu_ablate import __version__
from gpu_ablate.verification.cases import CASES, Outcome
from gpu_ablate.verification.check import Check
from gpu_ablate.verification.comparison import Comparison
from gpu_ablate.verification.laboratory import LABORATORY

HEAD = """# Validation against closed forms and experiments

Written by `gpu-ablate verify{cases}{backends} --markdown docs/validation.md` on {date} with gpu-ablate {version}. \
Anyone can repeat it: `gpu-ablate verify` computes every case on your own machine (`gpu_ablate/verification` holds \
scenes and formulas) and ends with exit code 1 if an error is greater than its tolerance.

Each case goes the way of any scene: load, build, simulate. Closed forms are evaluated at the centres of cells, so \
that nothing is interpolated; fronts are read from the amount of ice. Grids are about as coarse as the tolerances \
allow. The numba backend computes in float32 where it doesn't say float64, numpy always in float64.

**{verdict}**
"""


LABORATORY_HEAD = """## Laboratory

Experiments on tissue and gel, computed as plain scenes with the devices and tissues of the library. They are \
comparisons, not tests: there is no tolerance, a miss fails nothing, and no tissue value was changed to come nearer. \
They are no part of the plain `gpu-ablate verify`: name them (`gpu-ablate verify {names}`; some minutes on a \
desktop), or `all`.

What no case of heat (M) knows: the geometry of the antenna used (ours are generic), how much of the generator's \
power arrives at it, and where exactly a pale zone ends. What the model leaves out and the tissue does not: \
coagulated tissue contracts by tens of per cent, so that a zone is measured smaller than the tissue that it was; \
steam leaves the hot core, heats what lies around it and keeps the core wet for longer, while here water boils off \
where it is and heats nothing else.

Of freezing (C), the abstracts give no spreads. What is in brackets as accepted are bounds of our own: a number is \
then met or missed. The largest unknown is the film coefficient between cryogen and wall of a probe. Symmetric \
layouts are computed as an eighth or a half of the block.

Numbers in the paragraphs below the tables were found when they were written; the tables are written anew each time.
"""


def value_text(value: float) -> str:
    """A number with five digits."""
    return f"{value:.5g}"


def short_text(value: float) -> str:
    """A number with three digits, or all before the point."""
    return f"{value:.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


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
    experiments = [outcome for outcome in outcomes if outcome.case in LABORATORY]
    parts = [
        HEAD.format(
            cases=" all" if experiments else "",
            backends="".join(f" --backend {name}" for name in backends),
            date=datetime.now(UTC).date().isoformat(),
            version=__version__,
            verdict=verdict + (f" FAILED: {', '.join(bad)}." if bad else ""),
        )
    ]
    names = list(dict.fromkeys(outcome.case for outcome in outcomes))
    for name in names:
        if name not in LABORATORY:
            parts.append(_section(name, {o.backend: o for o in outcomes if o.case == name}, backends))
    if experiments:
        parts += [LABORATORY_HEAD.format(names=" ".join(LABORATORY)), *map(_experiment, experiments)]
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


def _experiment(outcome: Outcome) -> str:
    """One laboratory case: where it comes from, what is computed, its table, and what the misses come from."""
    case = LABORATORY[outcome.case]
    lines = [f"### {outcome.case}: {case.title}", "", f"Published: {case.source}", "", f"Computed: {case.setting}"]
    lines[-1] += f" Cells and accuracy ({outcome.backend}): {'; '.join(outcome.grids)}."
    lines += ["", *([f"**FAILED: {outcome.failure}**", ""] if outcome.failure else [])]
    columns = ["quantity", "published", "found", "difference", "found, hotter edge", ""]
    rows = [columns, ["---"] * len(columns), *(list(comparison_cells(each)) for each in outcome.comparisons)]
    if all(each.found_hotter is None for each in outcome.comparisons):
        rows = [[*row[:4], *row[5:]] for row in rows]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", case.discussion, ""])


def comparison_cells(comparison: Comparison) -> tuple[str, ...]:
    """Quantity, published (and what is accepted), found, difference, found with the hotter edge, verdict."""
    spread = "" if comparison.spread is None else f" ± {comparison.spread:g}"
    hotter, bounds = comparison.found_hotter, comparison.accepted
    accepted = ""
    if bounds is not None:
        accepted = f" (accepted {bounds[0]:.3g} to {bounds[1]:.3g} {comparison.unit}".rstrip() + ")"
    published = "in words"
    if comparison.published is not None:
        published = f"{short_text(comparison.published)}{spread} {comparison.unit}".rstrip()
    difference = comparison.difference
    return (
        comparison.quantity,
        published + accepted,
        short_text(comparison.found),
        "" if difference is None else f"{difference:+.1f} %",
        "" if hotter is None else f"{hotter:.3g}",
        comparison.verdict,
    )


def _row(checks: dict[str, Check], backends: Sequence[str]) -> str:
    """One quantity on every backend that computed it."""
    first = next(iter(checks.values()))
    cells = [first.quantity, f"{value_text(first.expected)} {first.unit}".rstrip(), tolerance_text(first)]
    for backend in backends:
        check = checks.get(backend)
        cells += ["", ""] if check is None else [value_text(check.found), error_text(check)]
    cells.append("ok" if all(check.passed for check in checks.values()) else "**FAILED**")
    return f"| {' | '.join(cells)} |"
