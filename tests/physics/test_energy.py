"""What goes in is what is stored, through boiling, freezing, perfusion, skin and a moving source."""

from __future__ import annotations

import pytest

from tests.physics.conftest import Compute

TOLERANCE = {"numpy": 1e-8, "numba": 1e-3}


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_energy_closes_with_everything_at_once(compute: Compute, backend: str) -> None:
    """Boiling tumour, freezing face, perfusion that stops, skin, patch, a point that moves, a pulled antenna."""
    text = """
    [domain]
    spacing_mm = 1.5
    min_mm = [-15, -15, -15]
    max_mm = [15, 15, 6]
    background = "breast_gland"
    [boundary]
    x_min = { temperature_c = -30 }
    z_max = "insulated"
    [[region]]
    name = "outside"
    tissue = "air"
    shape = { kind = "half_space", point_mm = [0, 0, 0], normal = [0, 0, -1] }
    [[region]]
    name = "tumour"
    role = "target"
    tissue = "breast_tumour"
    shape = { kind = "sphere", center_mm = [0, 0, -8], radius_mm = 5 }
    [[surface_patch]]
    name = "cold pack"
    center_mm = [0, 0, 0]
    radius_mm = 8
    h_w_m2k = 150
    temperature_c = 5
    start_s = 7
    end_s = 23
    [[probe]]
    name = "A"
    device = "microwave_2450_16g"
    tip_mm = [-6, 0, -12]
    shaft_direction = [1, 0.2, 0.7]
    steps = [
      { action = "hold", power_w = 50, duration_s = 10 },
      { action = "pull", distance_mm = 5, speed_mm_s = 0.5, power_w = 30 },
      { action = "rest", duration_s = 15 },
    ]
    [[source]]
    name = "moving"
    shape = { kind = "point", point_mm = [-5, -5, -10] }
    power_w = 2
    velocity_mm_s = [0.3, 0, 0]
    [run]
    endpoint = "cem43_240"
    trace_every_s = 5
    """
    result, metrics = compute(text, backend)
    assert result.final["max_temperature"].max() > 100.0, "nothing boiled"
    assert result.temperature(1e9).min() < -1.0, "nothing froze"
    energy = metrics["energy"]
    for term in ("sources_j", "escaped_j", "skin_j", "boundary_j", "perfusion_j", "metabolic_j"):
        assert abs(energy[term]) > 1.0, term
    assert energy["relative_imbalance"] < TOLERANCE[backend]
