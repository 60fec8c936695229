"""One 17 G probe in muscle against what the 2018 consensus says of its ice."""

from __future__ import annotations

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

SCENE = """
schema_version = 1
[domain]
spacing_mm = 1.5
min_mm = [-36, -36, -24]
max_mm = [36, 36, 60]
background = "muscle"
[[probe]]
name = "A"
device = "cryo_17g"
tip_mm = [0.2, 0.3, 0]
shaft_direction = [0, 0, 1]
steps = [{ action = "freeze", duration_s = 900 }]
[run]
record_every_s = 60
trace_every_s = 60
"""
MIDDLE_MM = (0.2, 0.3, 19.5)
"""Of the freezing part."""


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Result:
    path = tmp_path_factory.mktemp("ice") / "scene.toml"
    path.write_text(SCENE, encoding="utf-8")
    return ga.simulate(ga.build_case(ga.load_scene(path)), "numba")


def radius_mm(result: Result, time_s: float, temperature_c: float) -> float:
    """Distance from the axis at which a temperature lies, square to it at the middle of the freezing part."""
    x, y, z = (axis / MM for axis in result.setup.grid.axes())
    row = result.temperature(time_s)[np.abs(z - MIDDLE_MM[2]).argmin(), np.abs(y - MIDDLE_MM[1]).argmin()]
    outside = x > MIDDLE_MM[0] + 0.5
    return float(np.interp(temperature_c, row[outside], x[outside] - MIDDLE_MM[0]))


@pytest.mark.parametrize("minutes", [10, 12, 15])
def test_what_kills_lies_5_to_10_mm_inside_the_edge_of_the_ice(frozen: Result, minutes: int) -> None:
    inside = radius_mm(frozen, 60.0 * minutes, 0.0) - radius_mm(frozen, 60.0 * minutes, -40.0)
    assert 5.0 < inside < 10.0


def test_the_ice_is_nearly_saturated_after_15_minutes(frozen: Result) -> None:
    """It grows by the minute by less than 3 % then, after 5 minutes by more than 8 %, and ever slower."""
    radii = np.array([radius_mm(frozen, 60.0 * minute, 0.0) for minute in (5, 6, 9, 10, 14, 15)])
    growth = radii[1::2] / radii[::2] - 1.0
    assert growth[0] > 0.08
    assert growth[-1] < 0.03
    assert np.all(np.diff(growth) < 0.0)


def test_the_probe_draws_what_such_probes_do(frozen: Result) -> None:
    """14 to 26 W with the nominal film, once the ice grows slowly; never the 40 W that are held implausible."""
    drawn = frozen.traces["probe.A.drawn_w"]
    assert 14.0 < drawn[-1] < 26.0
    assert drawn.max() < 40.0
