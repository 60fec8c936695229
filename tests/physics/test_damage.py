"""Doses end where they no longer mean anything; their values along a ramp are case A13 of `gpu-ablate verify`."""

from __future__ import annotations

import numpy as np
import pytest

from tests.physics.conftest import MEDIUM, Compute


def test_dose_stops_at_its_cap(compute: Compute) -> None:
    """CEM43 overflows float32 at 171 °C; the rate is held above 70 °C and the dose stops at 1e9 min."""
    text = f"""
    [domain]
    spacing_mm = 2.0
    min_mm = [0, 0, 0]
    max_mm = [10, 10, 10]
    background = "medium"
    [boundary]
    default = "insulated"
    [model]
    arrhenius = "henriques_moritz"
    perfusion_heat = "none"
    {MEDIUM}
    [initial]
    temperature_c = 150
    [run]
    duration_s = 3600
    """
    result, _ = compute(text)
    assert np.isfinite(result.final["cem43"]).all()
    assert result.final["cem43"] == pytest.approx(1e9, rel=1e-6)
    assert result.final["arrhenius"] == pytest.approx(1e6, rel=1e-6)
