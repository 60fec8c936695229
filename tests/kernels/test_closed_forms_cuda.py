"""All closed forms of `gpu-ablate verify` with the CUDA kernels: on the CPU, or with --gpu on a GPU."""

from __future__ import annotations

import pytest

from gpu_ablate.verification.cases import CASES, compute


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_closed_forms(case: str) -> None:
    """Each within its stated tolerance; on the CPU a quarter of an hour in all."""
    outcome = compute(case, "cuda")
    assert outcome.failure == ""
    assert [check for check in outcome.checks if not check.passed] == []
    assert outcome.checks
