"""Depths and distances of a needle's place, against what geometry says of a tilted slab."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.probes import legs
from gpu_ablate.case.setup import Endpoint, Plan, Probe, Region, Setup, Step, Surface, Track
from gpu_ablate.case.surroundings import Surroundings

H = 1e-3
REGIONS = (
    Region("air", "tissue", "air", "gas"),
    Region("fat", "tissue", "breast_fat", "body"),
    Region("dermis", "skin", "skin", "body"),
    Region("tumour", "target", "breast_tumour", "body"),
)


def slab(normal: tuple[float, float, float], steps: tuple[Step, ...] = ()) -> tuple[Setup, np.ndarray]:
    """A half space with 3 mm of skin whose outward normal is given, a ball of 6 mm 20 mm deep, a needle along it."""
    outward = np.array(normal) / np.linalg.norm(normal)
    grid = Grid((50, 50, 60), H, (-30 * H, -25 * H, -40 * H))
    depth = -(grid.centres() @ outward).reshape(grid.shape)
    centre = -20 * H * outward
    labels = np.where(depth < 0, 0, np.where(depth < 3 * H, 2, 1)).astype(np.uint8)
    labels[(np.linalg.norm(grid.centres() - centre, axis=1) < 6 * H).reshape(grid.shape)] = 3
    angles = np.linspace(0.0, np.pi, 60)
    ring = np.column_stack([np.sin(angles), 0 * angles, np.cos(angles)])
    turned = ring[:, :1] * np.cross(outward, [0, 1.0, 0]) + ring[:, 2:] * outward
    points = (centre + 6 * H * turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)
    x, y, z = (float(v) for v in -30 * H * outward)
    u, v, w = (float(c) for c in outward)
    probe = Probe("A", "needle", (x, y, z), (u, v, w), 0.8 * H, 6 * H, 0.75, steps)
    setup = Setup(
        "slab", "", "local", grid, REGIONS, labels, {"tumour": Surface(points, np.zeros((1, 3), np.int32))}, (probe,),
        (), (), Endpoint("cem43_240", "cem43", 240.0), Plan("radical", 0.01),
    )  # fmt: skip
    return setup, outward


@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (0.3, 0.0, 1.0), (0.5, 0.4, 0.8)])
def test_depths_and_distances_on_a_slope(normal: tuple[float, float, float]) -> None:
    """Tip 30 mm deep, heat 24 mm: 2 mm above the ball's deepest point, 21 mm below the skin's lower face. Depths are
    even to a third of a voxel on any slope; a cell of skin reaches over that face by half its diagonal at most."""
    setup, outward = slab(normal)
    around = Surroundings(setup)
    place = around.place(setup.probes[0], 0, setup.probes[0].tip)
    assert place.tip_depth == pytest.approx(30 * H, abs=0.35 * H)
    assert place.heat_depth == pytest.approx(24 * H, abs=0.35 * H)
    assert place.to_deep_edge == pytest.approx(2 * H, abs=0.2 * H)
    assert (21 - math.sqrt(3) / 2) * H < place.to_skin < 21.1 * H
    puncture = around.depth_on(setup.probes[0].tracks[0]).puncture
    assert puncture is not None
    assert abs(np.dot(puncture, outward)) < 1.0 * H


def test_deeper_than_the_tumour_is_negative() -> None:
    setup, _ = slab((0.0, 0.0, 1.0))
    assert Surroundings(setup).to_deep_edge((0.0, 0.0, -30 * H)) == pytest.approx(-4 * H, abs=0.2 * H)


def test_what_the_scene_lacks_is_not_a_number() -> None:
    setup, _ = slab((0.0, 0.0, 1.0))
    setup.labels[:] = 1
    place = Surroundings(setup).place(setup.probes[0], 0, setup.probes[0].tip)
    assert all(math.isnan(v) for v in (place.tip_depth, place.heat_depth, place.to_deep_edge, place.to_skin))


def test_the_way_of_a_needle_through_its_steps() -> None:
    """A pull goes on from where the reinsert put the tip, along the new track."""
    aside = Track((5 * H, 0.0, -25 * H), (1.0, 0.0, 0.0))
    steps = (
        Step("hold", 10.0, 40.0),
        Step("pull", 0.0, distance=4 * H),
        Step("reinsert", 20.0, track=aside),
        Step("pull", 0.0, distance=3 * H),
    )
    setup, _ = slab((0.0, 0.0, 1.0), steps)
    way = list(legs(setup.probes[0]))
    assert [leg.track for leg in way] == [0, 0, 1, 1]
    assert way[1].after == pytest.approx((0.0, 0.0, -26 * H))
    assert way[2].before == way[1].after
    assert way[2].after == aside.tip
    assert way[3].after == pytest.approx((8 * H, 0.0, -25 * H))
    assert [setup.probes[0].track_after(leg.number) for leg in way] == [leg.track for leg in way]
