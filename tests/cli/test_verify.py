"""`gpu-ablate verify`: table, exit codes, page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.verification import cases
from gpu_ablate.verification.cases import Outcome
from gpu_ablate.verification.comparison import Comparison


def test_a_case_is_computed_and_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "a13", "A12", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines() if line.startswith("  A")]
    assert {row[0] for row in rows} == {"A12", "A13"}
    assert {row[1] for row in rows} == {"numpy"}
    assert {row[-1] for row in rows} == {"ok"}
    assert f"{len(rows)} of {len(rows)} numbers within tolerance" in out


def test_both_backends_on_one_page(tmp_path: Path) -> None:
    page = tmp_path / "validation.md"
    assert main(["verify", "A14", "--backend", "numba", "--backend", "numpy", "--markdown", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "found, numba | error | found, numpy | error" in text
    (double,) = (line for line in text.splitlines() if "float64 |" in line)
    (single,) = (line for line in text.splitlines() if "float32 |" in line)
    assert "|  |  |" not in double
    assert "|  |  |" in single, "numpy has no float32"
    assert str(tmp_path) not in text


def wrong(name: str, backend: str) -> Outcome:
    """A12 with its first number off."""
    outcome = computed(name, backend)
    first, *rest = outcome.checks
    return replace(outcome, checks=(replace(first, found=1.5 * first.expected), *rest))


computed = cases.compute


def test_a_number_beyond_its_tolerance_is_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cases, "compute", wrong)
    assert main(["verify", "A12"]) == 1
    out = capsys.readouterr().out
    assert "+50 %" in out
    assert "2 of 3 numbers within tolerance" in out
    assert out.rstrip().endswith("FAILED: A12 (numba)")


def test_a_miss_against_a_laboratory_is_shown_and_is_code_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    miss = Comparison("short axis", 10.0, 1.0, 20.0, "mm")
    monkeypatch.setattr(cases, "compute", lambda name, backend: Outcome(name, backend, (), (), 0.0, "", (miss,)))
    assert main(["verify", "m1", "--backend", "numba", "--backend", "numpy"]) == 0
    out = capsys.readouterr().out
    assert "+100.0 %" in out
    assert out.count("outside") == 1, "the second backend leaves it out"


def test_a_case_that_breaks_down_is_code_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cases, "compute", lambda name, backend: Outcome(name, backend, (), (), 0.0, "it broke"))
    assert main(["verify", "A1"]) == 1
    assert "FAILED: it broke" in capsys.readouterr().out


def test_ctrl_c_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop_at_a13(name: str, backend: str) -> Outcome:
        if name == "A13":
            raise KeyboardInterrupt
        return computed(name, backend)

    monkeypatch.setattr(cases, "compute", stop_at_a13)
    assert main(["verify", "A12", "A13"]) == 130
    out = capsys.readouterr().out
    assert "interrupted" in out
    assert "3 of 3 numbers within tolerance" in out


def test_an_unknown_case_is_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "A99"]) == 2
    assert 'no case "A99"' in capsys.readouterr().err


def test_a_page_in_no_folder_is_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "A12", "--markdown", str(tmp_path / "none" / "page.md")]) == 2
    assert "folder does not exist" in capsys.readouterr().err
