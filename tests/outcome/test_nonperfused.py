"""The zone without blood flow: by heat, by cold, by both, by neither."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.outcome.metrics import measure
from gpu_ablate.outcome.perfusion import NONPERFUSED
from gpu_ablate.outcome.zones import measure_zones, zone_field

BALL_CM3 = 4e-3 / 3 * np.pi


def radius(x, y, z, center=(0, 0, 0)):
    return np.sqrt(sum((p - c) ** 2 for p, c in zip((x, y, z), center, strict=True)))


def heated(made, edge_mm, center=(0, 0, 0)):
    """Perfusion that heat stopped: the dose of stasis doubles with every 0.7 mm inwards, ln 2 at the edge."""
    dose = made.at(lambda x, y, z: np.log(2) * 2.0 ** np.clip((edge_mm - radius(x, y, z, center)) / 0.7, -60, 60))
    made.final["perfusion"] = np.exp(-dose)


def frozen(made, edge_mm, center=(0, 0, 0)):
    """Lowest temperatures that rise by 3 K with every mm outwards, -20 °C at the edge."""
    made.final["min_temperature"] = made.at(
        lambda x, y, z: np.minimum(37, -20 + 3 * (radius(x, y, z, center) - edge_mm))
    )


def found(made):
    return measure_zones(made.result())[NONPERFUSED]["volume_cm3"]


@pytest.mark.parametrize("edge", [6.0, 9.3, 12.0])
def test_by_heat_alone_to_a_part_of_a_voxel(world, edge):
    made = world((-18, -18, -18), (18, 18, 18))
    heated(made, edge)
    made.kill(lambda x, y, z: 4 - radius(x, y, z))
    assert found(made) == pytest.approx(BALL_CM3 * edge**3, rel=5e-3)
    made.final["min_temperature"] = made.at(lambda x, y, z: 30 + 0 * (x + y + z))
    assert found(made) == pytest.approx(BALL_CM3 * edge**3, rel=5e-3)


@pytest.mark.parametrize("with_heat", [False, True])
def test_by_cold_alone_is_the_isotherm_of_stasis(world, with_heat):
    made = world((-18, -18, -18), (18, 18, 18))
    frozen(made, 10.0)
    if with_heat:
        made.final["perfusion"] = made.at(lambda x, y, z: 1.0 + 0 * (x + y + z))
    made.kill(lambda x, y, z: 4 - radius(x, y, z))
    zones = measure_zones(made.result())
    assert zones[NONPERFUSED] == zones["below_m20c"]
    assert zones[NONPERFUSED]["volume_cm3"] == pytest.approx(BALL_CM3 * 10**3, rel=5e-3)


def test_cold_stasis_in_the_history_itself_moves_no_edge(world):
    """`perfusion_cold_stasis` leaves exactly 0 within the isotherm: a step that must not be read as an edge."""
    made = world((-18, -18, -18), (18, 18, 18))
    frozen(made, 10.0)
    made.kill(lambda x, y, z: 4 - radius(x, y, z))
    made.final["perfusion"] = np.where(made.final["min_temperature"] <= -20, 0.0, 1.0).astype(np.float32)
    assert found(made) == pytest.approx(BALL_CM3 * 10**3, rel=5e-3)


def test_heat_and_cold_together_are_their_union(world):
    made = world((-30, -18, -18), (30, 18, 18))
    heated(made, 9.0, (-14, 0, 0))
    frozen(made, 8.0, (14, 0, 0))
    made.kill(lambda x, y, z: 4 - radius(x, y, z))
    assert found(made) == pytest.approx(BALL_CM3 * (9**3 + 8**3), rel=5e-3)
    heated(made, 9.0, (0, 0, 0))
    frozen(made, 12.0, (0, 0, 0))
    assert found(made) == pytest.approx(BALL_CM3 * 12**3, rel=5e-3)


def test_a_step_within_a_voxel_is_taken_halfway(world):
    made = world((-18, -18, -18), (18, 18, 18))
    made.kill(lambda x, y, z: 4 - radius(x, y, z))
    made.final["perfusion"] = made.at(lambda x, y, z: np.where(x < 0, 0.0, 1.0) + 0 * (y + z))
    assert found(made) == pytest.approx(18 * 36 * 36 * 1e-3, rel=2e-3)


def test_without_a_history_there_is_no_such_zone_and_nothing_breaks(world, assert_contract):
    made = world((-18, -18, -18), (18, 18, 18))
    made.kill(lambda x, y, z: 4 - radius(x, y, z))
    result = made.result()
    assert zone_field(result, NONPERFUSED) is None
    metrics = measure(result)
    assert_contract(metrics)
    assert metrics["zones"][NONPERFUSED]["volume_cm3"] == 0.0
