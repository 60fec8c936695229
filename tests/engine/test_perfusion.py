"""Perfusion while tissue freezes, after it thawed, and with stasis from cold."""

from __future__ import annotations

import numpy as np
import pytest

import gpu_ablate as ga
from tests.engine.conftest import BACKENDS, Build

THAWING = """
[domain]
spacing_mm = 1
min_mm = [0, 0, 0]
max_mm = [8, 2, 2]
background = "organ"
[boundary]
default = "insulated"
[initial]
temperature_c = {start}
[model]
perfusion_cold_stasis = {stasis}
[tissue.organ]
like = "liver"
perfusion_1_s = 0.05
metabolic_heat_w_m3 = 0
latent_heat_j_m3 = 1e6
[[source]]
name = "warming"
shape = {{ kind = "box", min_mm = [-1, -1, -1], max_mm = [9, 3, 3] }}
power_w = 0.08
end_s = 60
[run]
duration_s = 120
endpoint = "ice"
"""
"""All frozen at the start, then warmed by 2.5 MW/m³ for a minute."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("start", "stasis", "flows"), [(-30, "true", False), (-30, "false", True), (-15, "true", True)]
)
def test_cold_closes_vessels_for_good(build: Build, backend: str, start: int, stasis: str, flows: bool) -> None:
    """Blood brings heat again after thaw, unless it was colder than -20 °C and cold stasis is on."""
    result = ga.simulate(build(THAWING.format(start=start, stasis=stasis)), backend)
    thawed = result.temperature(120.0)
    assert thawed.min() > 0.0
    brought = result.energy["perfusion_j"]
    if flows:
        assert abs(brought) > 1.0
        assert thawed == pytest.approx(37.0, abs=1.0)
    else:
        assert brought == 0.0
        assert thawed.max() < 30.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_frozen_tissue_takes_no_blood(build: Build, backend: str) -> None:
    """Below half frozen (-4.5 °C of -1 .. -8) no heat comes with the blood."""
    text = THAWING.replace("power_w = 0.08", "power_w = 1e-6").format(start=-10, stasis="false")
    result = ga.simulate(build(text), backend)
    assert result.energy["perfusion_j"] == 0.0
    assert np.ptp(result.temperature(120.0)) < 1e-6
