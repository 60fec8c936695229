"""Every case of `gpu-ablate verify` is within its tolerance, and docs/validation.md says so."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from gpu_ablate.verification.cases import CASES, Outcome, compute
from gpu_ablate.verification.document import document, tolerance_text, value_text

QUICK_ON_NUMPY = ("A1", "A5", "A10", "A11", "A12", "A13", "A14")
"""Freezing, sources, fields, skin, waves, doses and energy; the others take long on the NumPy backend."""

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"


@cache
def outcome(case: str, backend: str) -> Outcome:
    return compute(case, backend)


def runs() -> list[object]:
    slow = pytest.mark.slow
    on_numpy = [pytest.param(case, "numpy", marks=[] if case in QUICK_ON_NUMPY else slow) for case in CASES]
    return [pytest.param(case, "numba") for case in CASES] + on_numpy


@pytest.mark.parametrize(("case", "backend"), runs())
def test_closed_form(case: str, backend: str) -> None:
    found = outcome(case, backend)
    assert not found.failure
    assert found.checks
    bad = [f"{c.quantity}: {c.found:.6g} instead of {c.expected:.6g}, {c.error:+.3g} {c.error_unit}"
           for c in found.checks if not c.passed]  # fmt: skip
    assert not bad, "\n".join(bad)


def rows(text: str) -> dict[str, list[str]]:
    """Quantity, expected value and tolerance of each row of a closed form, by section."""
    sections = re.split(r"^## ", text.partition("\n## Laboratory")[0], flags=re.MULTILINE)[1:]
    return {
        section.partition(":")[0]: [
            " | ".join(line.strip("| ").split(" | ")[:3])
            for line in section.splitlines()
            if line.startswith("| ") and not line.startswith(("| quantity", "| ---"))
        ]
        for section in sections
    }


def test_the_page_lists_the_cases_and_tolerances_of_the_code() -> None:
    written = rows(PAGE.read_text(encoding="utf-8"))
    assert list(written) == list(CASES)
    for case in CASES:
        expected = [
            f"{check.quantity} | {value_text(check.expected)} {check.unit}".rstrip() + f" | {tolerance_text(check)}"
            for check in outcome(case, "numba").checks
        ]
        assert written[case] == expected, f"{case}: write docs/validation.md again (CONTRIBUTING.md)"


def test_the_page_shows_no_failure() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "FAILED" not in text
    counted = re.search(r"\*\*(\d+) of (\d+) numbers", text)
    assert counted
    assert counted[1] == counted[2]


def test_failures_are_shown() -> None:
    """A number beyond its tolerance, and a case that broke down, stand in the page."""
    good = outcome("A12", "numba")
    wrong = [type(c)(c.quantity, c.expected, 2.0 * c.expected, c.unit, c.tolerance, c.error_unit) for c in good.checks]
    broken = Outcome("A1", "numba", (), (), 0.0, "it broke")
    text = document([Outcome("A12", "numba", (good.checks[0], *wrong[1:]), (), 0.0), broken])
    assert "**1 of 3 numbers lie within their tolerance. FAILED: A12 (numba), A1 (numba).**" in text
    assert text.count("**FAILED** |") == 2
    assert "numba FAILED: it broke" in text
