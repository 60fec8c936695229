"""Steps stay stable where a cell changes its phase between two evaluations of the limit."""

from __future__ import annotations

import numpy as np
import pytest

import gpu_ablate as ga
from tests.engine.conftest import Build

COLD = """
[domain]
spacing_mm = {spacing}
min_mm = [0, 0, 0]
max_mm = [{edge}, {edge}, {edge}]
background = "{tissue}"
[boundary]
default = "insulated"
x_min = {{ temperature_c = -140 }}
y_min = {{ temperature_c = -140 }}
z_min = {{ temperature_c = -140 }}
[run]
duration_s = {duration}
trace_every_s = {trace}
record_every_s = {duration}
endpoint = "ice"
"""


@pytest.mark.parametrize("tissue", ["breast_tumour", "agar", "breast_fat"])
@pytest.mark.parametrize(("spacing", "trace"), [(1.0, 1.0), (1.0, 60.0), (0.5, 1.0), (0.25, 5.0)])
def test_nothing_gets_colder_than_the_coldest_wall(build: Build, tissue: str, spacing: float, trace: float) -> None:
    """Body at 37 °C between three walls at -140 °C: all cells cross into ice within one super-step."""
    text = COLD.format(
        spacing=spacing, edge=10 * spacing, tissue=tissue, duration=60 if trace == 60 else 10, trace=trace
    )
    result = ga.simulate(build(text))
    assert result.final["min_temperature"].min() >= -140.0 - 1e-3
    assert result.final["min_temperature"].min() < -100.0
    # metabolism alone warms the uncooled corner by up to 5 kW/m³ · 60 s / 3.7 MJ/m³/K
    assert result.temperature(1e9).max() <= 37.0 + 0.09


def test_boiling_does_not_depend_on_how_often_the_limit_is_taken(build: Build) -> None:
    """15 W into a 4 mm ball until it is dry: traced every 20 s or every 0.5 s, the field is the same."""
    text = """
    [domain]
    spacing_mm = 1
    min_mm = [-10, -10, -10]
    max_mm = [10, 10, 10]
    background = "breast_gland"
    [[source]]
    name = "ball"
    shape = {{ kind = "sphere", center_mm = [0, 0, 0], radius_mm = 4 }}
    power_w = 15
    [run]
    duration_s = 60
    record_every_s = 60
    trace_every_s = {trace}
    """
    often, rarely = (ga.simulate(build(text.format(trace=trace)), "numpy").temperature(60.0) for trace in (0.5, 20.0))
    assert often.max() > 200.0
    # steps of 0.2 and 0.5 s differ by 1 K in 250 where the dry core still warms: first order in time
    assert np.abs(often - rarely).max() < 2.0


def test_a_run_that_diverges_says_so_and_keeps_what_it_has(build: Build) -> None:
    case = build("""
    [domain]
    spacing_mm = 1
    min_mm = [-5, -5, -5]
    max_mm = [5, 5, 5]
    background = "liver"
    [[source]]
    name = "absurd"
    shape = { kind = "sphere", center_mm = [0, 0, 0], radius_mm = 2 }
    power_w = 9000
    start_s = 5
    [run]
    duration_s = 10
    record_every_s = 1
    """)
    broken = case.sources[0].field
    assert broken is not None
    broken[5, 5, 5] = np.nan
    result = ga.simulate(case)
    assert result.status == "failed"
    assert "no longer finite" in str(result.run["failure"])
    assert result.records.times[-1] == 5.0
    assert ga.measure(result)["status"] == "failed"
