"""Margins against the distances that geometry gives."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.case.setup import Plan, Surface
from gpu_ablate.outcome.margins import front, margin_map, measure_margins
from gpu_ablate.outcome.metrics import measure_targets
from gpu_ablate.outcome.nearest import feet_on
from gpu_ablate.outcome.outer import outer_surface
from gpu_ablate.outcome.zones import zone_field

MM = 1e-3
NEAR = 0.1
"""Tolerance of a margin [mm] at 1 mm voxels."""


def ball(center, radius):
    return lambda x, y, z: radius - np.sqrt(sum((p - c) ** 2 for p, c in zip((x, y, z), center, strict=True)))


def measured(made):
    result = made.result()
    setup = result.setup
    edge = front(zone_field(result, "cem43_240"), setup.phase_mask("body"), setup.grid)
    return measure_margins(setup, "tumour", edge)


def at_surface_cm2(made):
    result = made.result()
    ((target,), _) = measure_targets(result, outer_surface(result.setup))
    return target["at_surface_cm2"]


def margin_at(made, point_mm):
    points, _, margin, _ = margin_map(made.result(), "tumour")
    nearest = np.argmin(np.linalg.norm(points / MM - point_mm, axis=1))
    return margin[nearest] / MM


@pytest.mark.parametrize("radius", [11.0, 14.3, 20.0])
@pytest.mark.parametrize("center", [(0, 0, 0), (0.4, -0.3, 0.2)])
def test_concentric_balls(world, radius, center):
    made = world((-24, -24, -24), (24, 24, 24))
    made.put_tumour(center, 8.0)
    made.kill(ball(center, radius))
    _, faces, margin, across = margin_map(made.result(), "tumour")
    assert faces.max() == len(margin) - 1
    assert margin / MM == pytest.approx(np.full(len(margin), radius - 8.0), abs=NEAR)
    found = measured(made)
    assert found["margin_5mm_percent"] == (100 if radius > 13 else 0)
    assert found["margin_10mm_percent"] == (100 if radius > 18 else 0)
    assert not found["margin_ends_at_box"]
    assert not across.any()
    assert (found["across_fluid_percent"], found["across_fluid"]) == (0, [])


@pytest.mark.parametrize("offset", [2.0, 5.0, 8.0])
def test_offset_balls(world, offset):
    killed, tumour = 15.0, 8.0
    made = world((-24, -24, -24), (24, 24, 24))
    made.put_tumour((0, 0, offset), tumour)
    made.kill(ball((0, 0, 0), killed))
    found = measured(made)
    assert found["min_margin_mm"] == pytest.approx(killed - tumour - offset, abs=NEAR)
    assert found["min_margin_at_mm"] == pytest.approx([0, 0, offset + tumour], abs=0.5)
    for goal in (5, 10):
        cosine = (tumour**2 + offset**2 - (killed - goal) ** 2) / (2 * tumour * offset)
        share = 50 * (1 + np.clip(-cosine, -1, 1))
        assert found[f"margin_{goal}mm_percent"] == pytest.approx(share, abs=1.5)


def test_least_margin_in_an_ellipsoid(world):
    made = world((-24, -24, -24), (24, 24, 24))
    made.put_tumour((0, 0, 0), 8.0)
    made.kill(lambda x, y, z: 12 * (1 - np.sqrt((x / 20) ** 2 + (y / 12) ** 2 + (z / 16) ** 2)))
    assert measured(made)["min_margin_mm"] == pytest.approx(4.0, abs=NEAR)


def test_margin_in_which_5_percent_is_thinner(world):
    made = world((-24, -24, -24), (24, 24, 24))
    made.put_tumour((0, 0, 4), 8.0)
    made.kill(ball((0, 0, 0), 15.0))
    cosine = 1 - 2 * 0.05
    expected = 15 - np.sqrt(8.0**2 + 4.0**2 + 2 * 8.0 * 4.0 * cosine)
    assert measured(made)["margin_p5_mm"] == pytest.approx(expected, abs=NEAR)


def test_uncovered_tumour_is_negative_by_its_depth(world):
    made = world((-24, -24, -24), (24, 24, 24))
    made.put_tumour((6, 0, 0), 8.0)
    made.kill(ball((0, 0, 0), 10.0))
    assert measured(made)["min_margin_mm"] == pytest.approx(-4.0, abs=NEAR)
    assert margin_at(made, (-2, 0, 0)) == pytest.approx(8.0, abs=NEAR)


@pytest.mark.parametrize("fluid_heat", [-20.0, 3.0, 20.0])
def test_fluid_ends_no_margin_and_the_tissue_beyond_it_does(world, fluid_heat):
    """Below 4 mm of saline all is dead, above it the skin lives: there the margin ends."""
    made = world((-24, -24, -40), (24, 24, 6))
    made.put("skin", lambda x, y, z: z + 2)
    made.put("outside", lambda x, y, z: z)
    made.put("saline layer", lambda x, y, z: np.minimum(-2 - z, z + 6) + 0 * x)
    made.put_tumour((0, 0, -14.5), 8.0)

    def inwards(x, y, z):
        return np.where(z < -6, ball((0, 0, -14), 20)(x, y, z), np.where(z < -2, fluid_heat, -6.0))

    made.kill(inwards)
    found = measured(made)
    assert found["min_margin_mm"] == pytest.approx(4.5, abs=NEAR)
    assert found["min_margin_at_mm"] == pytest.approx([0, 0, -6.5], abs=0.5)
    assert margin_at(made, (0, 0, -22.5)) == pytest.approx(11.5, abs=NEAR)


@pytest.mark.parametrize(("near", "far", "killed"), [(9, 12, 16.0), (11, 13, 16.0), (10, 11, 14.0)])
@pytest.mark.parametrize(("axis", "side"), [(2, 1), (0, -1)])
def test_share_of_a_ball_whose_margin_runs_across_a_slab(world, near, far, killed, axis, side):
    """Living tissue begins `far` from the middle beyond the slab, and all around at the radius `killed`: the slab
    is nearer above the height far - (killed - radius), a cap whose area grows with its height."""
    radius = 8.0
    made = world((-24, -24, -24), (24, 24, 24))

    def depth(x, y, z):
        return side * (x, y, z)[axis]

    made.put("saline layer", lambda x, y, z: np.minimum(depth(x, y, z) - near, far - depth(x, y, z)) + 0 * (x + y + z))
    made.put_tumour((0, 0, 0), radius, around=180)
    made.kill(lambda x, y, z: np.where(depth(x, y, z) < near, ball((0, 0, 0), killed)(x, y, z), -9.0))
    height = far - (killed - radius)
    share = 50 * (1 - height / radius)
    found = measured(made)
    assert found["across_fluid_percent"] == pytest.approx(share, abs=0.6)
    (across,) = found["across_fluid"]
    assert (across["region"], across["role"], across["phase"]) == ("saline layer", "isolation", "fluid")
    assert across["percent"] == found["across_fluid_percent"]
    points, _, margin, flags = margin_map(made.result(), "tumour")
    above = depth(*points.T) / MM
    assert flags[above > height + 0.3].all()
    assert not flags[above < height - 0.3].any()
    assert margin[flags] / MM == pytest.approx(far - above[flags], abs=NEAR)


def test_margins_along_the_face_of_a_gas_do_not_cross_it(world):
    made = world((-26, -26, -30), (26, 26, 6))
    made.put_tumour((0, 0, -5), 8.0)
    made.put("outside", lambda x, y, z: z)
    whole = made.surfaces["tumour"]
    cut = np.minimum(whole.points, np.array([np.inf, np.inf, 0], np.float32))
    made.surfaces["tumour"] = Surface(cut, whole.faces)
    made.kill(ball((0, 0, -5), 20.0))
    assert measured(made)["across_fluid_percent"] == 0


def test_margins_along_the_staircase_of_an_oblique_fluid_do_not_cross_it(world):
    made = world((-24, -24, -24), (24, 24, 24))
    made.put("saline layer", lambda x, y, z: 0.6 * x + 0.8 * z - 9 + 0 * y)
    made.put_tumour((0, 0, 0), 8.0)
    made.kill(ball((0, 0, 0), 15.0))
    assert measured(made)["across_fluid_percent"] == 0


def test_a_margin_without_viable_tissue_crosses_nothing(world):
    made = world((-12, -12, -12), (12, 12, 12))
    made.put("saline layer", lambda x, y, z: z - 9)
    made.put_tumour((0, 0, 0), 5.0)
    for depth in (3.0, -3.0):
        made.kill(lambda x, y, z, depth=depth: depth)
        assert measured(made)["across_fluid_percent"] == 0


def test_living_tumour_beside_fluid_lies_as_deep_as_the_killed_tissue_is_far(world):
    made = world((-24, -24, -40), (24, 24, 6))
    made.put("saline layer", lambda x, y, z: z + 6)
    made.put_tumour((0, 0, -14), 8.0)
    made.kill(lambda x, y, z: -11.7 - z)
    assert margin_at(made, (0, 0, -6)) == pytest.approx(-5.7, abs=NEAR)


def test_gas_ends_no_margin(world):
    made = world((-26, -26, -30), (26, 26, 6))
    made.put_tumour((0, 0, -5), 8.0)
    made.put("outside", lambda x, y, z: z)
    whole = made.surfaces["tumour"]
    cut = np.minimum(whole.points, np.array([np.inf, np.inf, 0], np.float32))
    made.surfaces["tumour"] = Surface(cut, whole.faces)
    made.kill(ball((0, 0, -5), 20.0))
    found = measured(made)
    assert found["min_margin_mm"] == pytest.approx(12.0, abs=NEAR)
    rim_at_face, rim_at_last_centre = np.sqrt(20.0**2 - 5.0**2), np.sqrt(20.0**2 - 4.5**2)
    assert rim_at_face - NEAR < margin_at(made, (0, 0, 0)) < rim_at_last_centre + NEAR


@pytest.mark.parametrize(("depth", "goal"), [(9.0, 10.0), (9.0, 1.0), (9.0, 3.0), (14.0, 10.0), (30.0, 10.0)])
def test_the_tumour_at_the_surface_is_a_cap_of_its_ball(world, depth, goal):
    """Of a ball of radius R whose middle lies d below the skin, the part nearer than the goal g is a cap of the height
    R - d + g; its area is 2πR times that height."""
    radius = 8.0
    made = world((-26, -26, -42), (26, 26, 6))
    made.put_tumour((0, 0, -depth), radius, around=120)
    made.put("outside", lambda x, y, z: z)
    made.plan = Plan("radical", goal * MM)
    made.kill(ball((0, 0, -depth), 12.0))
    height = np.clip(radius - depth + goal, 0, 2 * radius)
    assert at_surface_cm2(made) == pytest.approx(2 * np.pi * radius * height / 100, abs=0.06)


def test_an_enclosed_gas_is_no_air_outside(world):
    made = world((-20, -20, -20), (20, 20, 20))
    made.put_tumour((0, 0, 0), 8.0)
    made.put("outside", ball((0, 0, 12), 3.0))
    made.kill(ball((0, 0, 0), 15.0))
    assert at_surface_cm2(made) == 0


def test_nothing_killed(world):
    made = world((-12, -12, -12), (12, 12, 12))
    made.put_tumour((0, 0, 0), 5.0)
    made.kill(lambda x, y, z: -3.0)
    found = measured(made)
    assert found["min_margin_mm"] is None
    assert found["margin_5mm_percent"] == 0
    assert np.isnan(margin_map(made.result(), "tumour")[2]).all()


def test_nothing_viable_gives_the_distance_to_the_box(world):
    made = world((-12, -12, -12), (12, 12, 12))
    made.put_tumour((0, 0, 3), 5.0)
    made.kill(lambda x, y, z: 3.0)
    found = measured(made)
    assert found["min_margin_mm"] == pytest.approx(4.0, abs=1e-3)
    assert found["margin_ends_at_box"]


def test_zone_that_meets_the_box_is_told(world):
    made = world((-20, -20, -20), (20, 20, 6))
    made.put_tumour((0, 0, 0), 4.0)
    made.kill(ball((0, 0, 0), 9.0))
    found = measured(made)
    assert found["min_margin_mm"] == pytest.approx(5.0, abs=NEAR)
    assert found["margin_ends_at_box"]


def test_shift_invariance(world):
    base = None
    for shift in ((0, 0, 0), (2, -1, 3), (0.25, 0.5, -0.4)):
        made = world((-24, -24, -24), (24, 24, 24))
        made.put_tumour(tuple(np.add((1, 2, 0), shift)), 7.0)
        made.kill(ball(shift, 14.0))
        margin = margin_map(made.result(), "tumour")[2] / MM
        base = margin if base is None else base
        whole = all(float(s).is_integer() for s in shift)
        assert margin == pytest.approx(base, abs=1e-3 if whole else NEAR)


def test_distance_to_triangles_is_the_least_over_their_points():
    random = np.random.default_rng(1)
    corners = random.normal(size=(3, 3))
    u = np.linspace(0, 1, 201)
    b, c = (grid[np.add.outer(u, u) <= 1 + 1e-9] for grid in np.meshgrid(u, u, indexing="ij"))
    on = corners[0] + np.outer(b, corners[1] - corners[0]) + np.outer(c, corners[2] - corners[0])
    points = random.normal(scale=2, size=(200, 3))
    brute = np.linalg.norm(points[:, None] - on, axis=2).min(axis=1)
    triangle = Surface(corners.astype(np.float32), np.array([[0, 1, 2]], np.int32))
    feet = feet_on(triangle, points)
    exact = np.linalg.norm(points - feet, axis=1)
    assert feet_on(triangle, feet) == pytest.approx(feet, abs=1e-6)
    assert (exact <= brute + 1e-6).all()
    assert exact == pytest.approx(brute, abs=0.02)
