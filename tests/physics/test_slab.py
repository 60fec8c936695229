"""A10: a perfused slab between core and skin, in air and under a warm bag, steady."""

from __future__ import annotations

import pytest

from gpu_ablate.physics.analytic import Medium, perfused_slab
from tests.physics.conftest import MEDIUM, Compute

DEPTHS_MM = (0.5, 2.0, 5.0, 10.0, 20.0, 30.0)

BAG = """
[[surface_patch]]
name = "warm bag"
center_mm = [1.5, 1.5, 0]
radius_mm = 10
h_w_m2k = 100
temperature_c = 40
"""


@pytest.mark.parametrize(("patch", "h", "outside"), [("", 10.0, 25.0), (BAG, 100.0, 40.0)], ids=["air", "warm bag"])
@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_a10_slab_with_skin(compute: Compute, patch: str, h: float, outside: float, backend: str) -> None:
    sensors = "".join(f'[[sensor]]\nname = "d{i}"\npoint_mm = [1.5, 1.5, {-d}]\n' for i, d in enumerate(DEPTHS_MM))
    text = (
        """
    [domain]
    spacing_mm = 1.0
    min_mm = [0, 0, -40]
    max_mm = [3, 3, 3]
    background = "medium"
    [boundary]
    default = "insulated"
    z_min = "body"
    [[region]]
    name = "outside"
    tissue = "air"
    shape = { kind = "half_space", point_mm = [0, 0, 0], normal = [0, 0, -1] }
    [run]
    duration_s = 12000
    trace_every_s = 4000
    record_every_s = 12000
    precision = "float64"
    """
        + MEDIUM
        + "perfusion_1_s = 5e-4\nmetabolic_heat_w_m3 = 700\n"
        + patch
        + sensors
    )
    result, metrics = compute(text, backend)
    medium = Medium(0.5, 1050 * 3600.0, 5e-4 * 1050 * 3617.0)
    for i, depth in enumerate(DEPTHS_MM):
        expected = float(perfused_slab(medium, 700.0, 0.04, 37.0, h, outside, depth * 1e-3))
        # 0.01 °C is 0.4 % of the fall towards the skin; the slowest mode has decayed to 3e-4 of it
        assert metrics["sensors"][f"d{i}"]["final_c"] == pytest.approx(expected, abs=0.01)
    assert result.energy["relative_imbalance"] < 1e-8
