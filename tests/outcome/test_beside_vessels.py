"""Margins beside vessels: by their distance, region or line alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gpu_ablate.case.setup import Region, ThinVessel
from gpu_ablate.outcome.metrics import measure
from gpu_ablate.outcome.zones import zone_surface
from gpu_ablate.report.thinnest import thinnest_words

MM = 1e-3


def draw_vessel(made, x_mm):
    """A vessel of 2 mm along z as a region with a surface."""
    made.regions = (*made.regions, Region("vessel", "vessel", "blood", "fluid"))
    made.put("vessel", lambda x, y, z: 2 - np.hypot(x - x_mm, y))
    cells = made.labels == len(made.regions) - 1
    made.surfaces["vessel"] = zone_surface(np.ones(made.grid.shape, np.float32), cells, made.grid)


def beside_a_vessel(world, drawn):
    """A ball of 6 mm in a killed ball of 12 mm, 3 mm off towards -x; a vessel of 2 mm along z, 9 mm away towards x."""
    made = world((-24, -24, -24), (24, 24, 24))
    made.put_tumour((0, 0, 0), 6.0)
    if drawn:
        draw_vessel(made, 9)
    made.kill(lambda x, y, z: 12 - np.sqrt((x + 3) ** 2 + y**2 + z**2))
    result = made.result()
    if drawn:
        return result
    line = ThinVessel("artery", ((9 * MM, 0.0, -24 * MM), (9 * MM, 0.0, 24 * MM)), 2 * MM)
    return replace(result, setup=replace(result.setup, vessels=(line,)))


@pytest.mark.parametrize("drawn", [True, False])
def test_the_surface_near_to_a_vessel_is_told_with_its_margin(world, drawn):
    result = beside_a_vessel(world, drawn)
    metrics = measure(result)
    (target,) = metrics["targets"]
    (found,) = target["beside_vessels"]
    points = _ball(6.0)
    near = np.hypot(points[:, 0] - 9, points[:, 1]) - 2 <= 5
    margin = 12 - np.linalg.norm(points + np.array([3.0, 0.0, 0.0]), axis=1)
    assert found["vessel"] == ("vessel" if drawn else "artery")
    assert found["area_cm2"] == pytest.approx(4 * np.pi * 0.36 * near.mean(), rel=0.05)
    assert found["min_margin_mm"] == pytest.approx(3.0, abs=0.15)
    goal = result.setup.plan.margin_goal / MM
    assert found["goal_percent"] == pytest.approx(100 * (margin[near] >= goal).mean(), abs=3)
    assert f'beside the vessel "{found["vessel"]}"' in thinnest_words(result.setup, metrics)


def test_a_vessel_further_away_is_not_told(world):
    made = world((-24, -24, -24), (24, 24, 24))
    made.put_tumour((0, 0, 0), 6.0)
    draw_vessel(made, 14)
    made.kill(lambda x, y, z: 12 - np.sqrt(x**2 + y**2 + z**2))
    (target,) = measure(made.result())["targets"]
    assert target["beside_vessels"] == []


def _ball(radius):
    """Points spread evenly over a sphere (Fibonacci lattice)."""
    n = 20000
    z = 1 - (2 * np.arange(n) + 1) / n
    angle = np.pi * (1 + 5**0.5) * np.arange(n)
    flat = np.sqrt(1 - z**2)
    return radius * np.column_stack([flat * np.cos(angle), flat * np.sin(angle), z])
