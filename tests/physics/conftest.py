"""Run a scene text through the public path: load_scene -> build_case -> simulate -> measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gpu_ablate as ga
from gpu_ablate.result.result import Result

Compute = Callable[..., tuple[Result, dict[str, Any]]]

MEDIUM = """
[tissue.medium]
conductivity_w_mk = 0.5
density_kg_m3 = 1050
heat_capacity_j_kgk = 3600
boiling = "none"
"""
"""The medium of most closed-form cases: k 0.5, ρ 1050, c 3600, no phase change."""


@pytest.fixture
def compute(tmp_path: Path) -> Compute:
    """Compute a scene given as TOML text; returns the result and its metrics."""

    def run(text: str, backend: str = "numba") -> tuple[Result, dict[str, Any]]:
        path = tmp_path / "case.toml"
        path.write_text("schema_version = 1\n" + text, encoding="utf-8")
        result = ga.simulate(ga.build_case(ga.load_scene(path)), backend)
        return result, ga.measure(result)

    return run
