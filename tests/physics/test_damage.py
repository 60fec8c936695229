"""A13: doses at constant temperature and along a linear ramp, against integrals of the laws themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from gpu_ablate.physics.damage import ARRHENIUS
from tests.physics.conftest import MEDIUM, Compute

RAMP = """
[domain]
spacing_mm = 2.0
min_mm = [0, 0, 0]
max_mm = [10, 10, 10]
background = "medium"
[boundary]
default = "insulated"
[[region]]
name = "block"
role = "target"
tissue = "medium"
shape = { kind = "box", min_mm = [-1, -1, -1], max_mm = [11, 11, 11] }
"""


def scene(law: str, rest: str) -> str:
    return (
        RAMP
        + MEDIUM
        + f'[model]\narrhenius = "{law}"\nperfusion_heat = "none"\n'
        + """
    [[limit]]
    where = "block"
    quantity = "cem43_minutes"
    fail_above = 1e9
    [[limit]]
    where = "block"
    quantity = "arrhenius"
    fail_above = 1e9
    """
        + rest
    )


@pytest.mark.parametrize(("law", "omega"), [("liver", 12.746), ("henriques_moritz", 5.848), ("weaver_stoll", None)])
@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_a13_linear_ramp(compute: Compute, law: str, omega: float | None, backend: str) -> None:
    """37 to 57 °C in 600 s: CEM43 11818.2 min; Ω by the published numbers, accumulated above 43 °C."""
    power = 1050 * 3600 * 1e-6 * 20 / 600  # ρc·1 cm³·dT/dt [W]
    text = scene(
        law,
        f"""
    [[source]]
    name = "ramp"
    shape = {{ kind = "box", min_mm = [-1, -1, -1], max_mm = [11, 11, 11] }}
    power_w = {power}
    [[sensor]]
    name = "inside"
    point_mm = [5, 5, 5]
    [run]
    duration_s = 600
    precision = "float64"
    """,
    )
    _, metrics = compute(text, backend)
    assert metrics["sensors"]["inside"]["final_c"] == pytest.approx(57.0, abs=1e-6)
    found = {limit["quantity"]: limit["value"] for limit in metrics["limits"]}
    assert found["cem43_minutes"] == pytest.approx(11818.2, rel=1e-3)
    if omega is None:
        rate = ARRHENIUS[law].log2_rate
        omega = quad(lambda t: float(2.0 ** rate(np.array(37 + t / 30))), 180, 600, points=[390])[0]
    assert found["arrhenius"] == pytest.approx(omega, rel=2e-3)


@pytest.mark.parametrize(("temperature", "seconds"), [(45, 3600.0), (47, 900.0), (50, 112.5), (54, 7.03)])
def test_a13_time_to_240_minutes(compute: Compute, temperature: float, seconds: float) -> None:
    """The published times to CEM43 = 240 min at constant temperature."""
    text = scene(
        "weaver_stoll",
        f"""
    [initial]
    temperature_c = {temperature}
    [run]
    duration_s = {seconds}
    trace_every_s = {seconds}
    record_every_s = {seconds}
    precision = "float64"
    """,
    )
    _, metrics = compute(text)
    found = {limit["quantity"]: limit["value"] for limit in metrics["limits"]}
    assert found["cem43_minutes"] == pytest.approx(240.0, rel=2e-3)


def test_dose_stops_at_its_cap(compute: Compute) -> None:
    """CEM43 overflows float32 at 171 °C; the rate is held above 70 °C and the dose stops at 1e9 min."""
    text = scene("henriques_moritz", "[initial]\ntemperature_c = 150\n[run]\nduration_s = 3600\n")
    result, metrics = compute(text)
    assert np.isfinite(result.final["cem43"]).all()
    found = {limit["quantity"]: limit["value"] for limit in metrics["limits"]}
    assert found["cem43_minutes"] == pytest.approx(1e9, rel=1e-6)
    assert found["arrhenius"] == pytest.approx(1e6, rel=1e-6)
