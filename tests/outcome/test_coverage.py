"""Shares of regions in a zone against the volumes that geometry gives."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.outcome.coverage import collateral, covered_percent, killed_share
from gpu_ablate.outcome.zones import measure_zones, zone_field


def ball(center, radius):
    return lambda x, y, z: radius - np.sqrt(sum((p - c) ** 2 for p, c in zip((x, y, z), center, strict=True)))


def share_of(result):
    return killed_share(zone_field(result, "cem43_240"), result.setup.phase_mask("body"))


@pytest.mark.parametrize("depth", [-3.7, 0.0, 0.25, 2.5, 6.0])
@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 0, 0), (0.6, 0.0, 0.8), (0.48, 0.6, 0.64)])
def test_ball_cut_by_a_plane(world, depth, normal):
    radius = 8.0
    made = world((-12, -12, -12), (12, 12, 12))
    made.put_tumour((0, 0, 0), radius)
    made.kill(lambda x, y, z: normal[0] * x + normal[1] * y + normal[2] * z - depth)
    cap = (radius - depth) ** 2 * (2 * radius + depth) / (4 * radius**3)
    result = made.result()
    assert covered_percent(result.setup, share_of(result), "tumour") == pytest.approx(100 * cap, abs=0.5)


@pytest.mark.parametrize("radius", [3.0, 7.0, 12.0])
def test_shares_sum_to_the_volume(world, radius):
    made = world((-15, -15, -15), (15, 15, 15))
    made.kill(ball((0.1, 0.3, -0.2), radius))
    assert share_of(made.result()).sum() == pytest.approx(4 / 3 * np.pi * radius**3, rel=2e-3)


def test_covered_and_missed_are_whole(world):
    made = world((-15, -15, -15), (15, 15, 15))
    made.put_tumour((0, 0, 0), 5.0)
    for inwards, percent in ((ball((0, 0, 0), 8), 100), (ball((0, 0, 11), 3), 0)):
        made.kill(inwards)
        result = made.result()
        assert covered_percent(result.setup, share_of(result), "tumour") == percent


def test_region_painted_over_has_no_share(world):
    made = world((-5, -5, -5), (5, 5, 5))
    made.kill(ball((0, 0, 0), 3))
    result = made.result()
    assert covered_percent(result.setup, share_of(result), "tumour") is None


def test_collateral_and_target_make_up_the_zone(world):
    made = world((-18, -18, -24), (18, 18, 6))
    made.put("skin", lambda x, y, z: z + 2)
    made.put("outside", lambda x, y, z: z)
    made.put("saline layer", lambda x, y, z: np.minimum(-2 - z, z + 5))
    made.put_tumour((0, 0, -12), 6.0)
    made.kill(ball((0, 0, -10), 11.0))
    result = made.result()
    share = share_of(result)
    killed = collateral(result.setup, share)
    assert set(killed) == {"breast_fat", "skin"}
    tumour = share[result.setup.mask("tumour")].sum() * 1e-3
    total = tumour + sum(entry["killed_cm3"] for entry in killed.values())
    assert total == pytest.approx(measure_zones(result)["cem43_240"]["volume_cm3"], rel=5e-3)
    # the skin between z = -2 and 0 cuts the ball in a layer of π ∫ (R² - (z + 10)²) dz
    layer = np.pi * (2 * 11.0**2 - (10.0**3 - 8.0**3) / 3) * 1e-3
    assert killed["skin"]["killed_cm3"] == pytest.approx(layer, rel=0.01)
