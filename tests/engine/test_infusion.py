"""Liquid that flows through an isolation layer, against the balance of a stirred vessel."""

from __future__ import annotations

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.units import CM3, ML_MIN
from tests.engine.conftest import BACKENDS, Build

VESSEL = """
[domain]
spacing_mm = 2
min_mm = [0, 0, 0]
max_mm = [20, 20, 25]
background = "breast_fat"
[boundary]
default = "insulated"
[initial]
temperature_c = 45
[[region]]
name = "layer"
role = "isolation"
tissue = "liquid"
shape = {{ kind = "box", min_mm = [-1, -1, -1], max_mm = [21, 21, 27] }}
[tissue.liquid]
like = "saline"
density_kg_m3 = 1000
heat_capacity_j_kgk = 4100
[[isolation]]
region = "layer"
displaces = "none"
infusion_ml_min = {flow}
inflow_c = 20
{more}
[run]
duration_s = 120
trace_every_s = 10
endpoint = "cem43_240"
precision = "float64"
accuracy = "fine"
[[sensor]]
name = "inside"
point_mm = [9, 9, 9]
"""
"""20 x 20 x 26 mm, 10.4 mL of an insulated liquid, all layer."""
STORED = 1000 * 4100
VOLUME = 10.4 * CM3


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("flow", [5.0, 10.0, 30.0])
def test_a_stirred_vessel_forgets_its_start_exponentially(build: Build, backend: str, flow: float) -> None:
    """T(t) = T_in + (T0 - T_in) exp(-t Q/V), and the heat that it lost was carried out."""
    result = ga.simulate(build(VESSEL.format(flow=flow, more="")), backend)
    times = result.traces["time_s"]
    expected = 20 + 25 * np.exp(-times * flow * ML_MIN / VOLUME)
    assert result.traces["sensor.inside_c"] == pytest.approx(expected, abs=0.01)
    carried = STORED * VOLUME * (result.traces["sensor.inside_c"][-1] - 45)
    assert result.energy["infusion_j"] == pytest.approx(carried, rel=1e-9)
    assert result.energy["relative_imbalance"] < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_ten_ml_a_minute_at_20_degrees_take_17_watts_from_45_degrees(build: Build, backend: str) -> None:
    """ρ c Q (T_in - T), before the layer has cooled; and only from its start to its end."""
    text = VESSEL.format(flow=10.0, more="start_s = 10\nend_s = 10.2").replace("duration_s = 120", "duration_s = 30")
    result = ga.simulate(build(text), backend)
    inside = result.traces["sensor.inside_c"]
    (told,) = [note for note in result.setup.notes if note.startswith("Infusion")]
    assert "17.1 W" in told
    assert inside[:2] == pytest.approx([45, 45], abs=1e-9)
    assert inside[2] == inside[3] < 45
    assert result.energy["infusion_j"] / 0.2 == pytest.approx(-17.1, abs=0.1)


def test_a_layer_among_tissue_takes_all_that_flows_in(build: Build) -> None:
    """Whatever its shape in voxels, the whole flow passes it: all at T, it loses ρ c Q (T - T_in) at first."""
    text = VESSEL.format(flow=30.0, more="end_s = 0.2").replace("duration_s = 120", "duration_s = 0.2")
    text = text.replace(
        '{ kind = "box", min_mm = [-1, -1, -1], max_mm = [21, 21, 27] }',
        '{ kind = "ellipsoid", center_mm = [9, 11, 12], radii_mm = [7, 5.5, 3.7] }',
    )
    result = ga.simulate(build(text), "numpy")
    assert result.energy["infusion_j"] / 0.2 == pytest.approx(-STORED * 30 * ML_MIN * 25, rel=0.03)
