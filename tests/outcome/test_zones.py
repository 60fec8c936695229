"""Sizes of zones against the bodies they are."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.case.setup import Endpoint, Surface
from gpu_ablate.errors import ResultError
from gpu_ablate.geometry.meshes import volume
from gpu_ablate.outcome.levelset import excess, refine
from gpu_ablate.outcome.zones import measure_zones, zone_field, zone_surface
from gpu_ablate.result.result import Station

UP = (0.0, 0.0, 1.0)
NOTHING = {
    "volume_cm3": 0.0,
    "parts": 0,
    "largest_part_cm3": 0.0,
    "extent_mm": [0.0, 0.0, 0.0],
    "equivalent_diameter_mm": 0.0,
}


def ball(center, radius):
    return lambda x, y, z: radius - np.sqrt(sum((p - c) ** 2 for p, c in zip((x, y, z), center, strict=True)))


def surface_of(result, name="cem43_240") -> Surface:
    return zone_surface(zone_field(result, name), result.setup.phase_mask("body"), result.setup.grid)


def volume_of(surface) -> float:
    return volume(surface.points, surface.faces)


@pytest.mark.parametrize("radius", [3.0, 6.0, 10.0, 19.5, 22.0])
@pytest.mark.parametrize("center", [(0.0, 0.0, 0.0), (0.3, 0.2, -0.4), (0.5, 0.5, 0.5)])
def test_ball(world, radius, center):
    made = world((-25, -25, -25), (25, 25, 25))
    made.kill(ball(center, radius))
    zone = measure_zones(made.result())["cem43_240"]
    assert zone["volume_cm3"] == pytest.approx(4e-3 / 3 * np.pi * radius**3, rel=3e-3)
    assert zone["extent_mm"] == pytest.approx([2 * radius] * 3, abs=0.06)
    assert zone["equivalent_diameter_mm"] == pytest.approx(2 * radius, rel=1e-3)


def test_volume_converges_with_the_square_of_the_spacing(world):
    errors = []
    for spacing in (1.0, 0.5):  # both wide enough not to be refined
        made = world((-23, -23, -23), (23, 23, 23), spacing)
        made.kill(ball((0.1, 0.2, 0.3), 20.6))
        errors.append(1 - volume_of(surface_of(made.result())) / (4e-9 / 3 * np.pi * 20.6**3))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)


def test_ellipsoid_extents(world):
    made = world((-20, -20, -20), (20, 20, 20))
    a, b, c = 9.0, 7.0, 12.3
    made.kill(lambda x, y, z: 7 * (1 - np.sqrt((x / a) ** 2 + ((y - 0.4) / b) ** 2 + (z / c) ** 2)))
    zone = measure_zones(made.result())["cem43_240"]
    assert zone["extent_mm"] == pytest.approx([2 * a, 2 * b, 2 * c], abs=0.1)
    assert zone["volume_cm3"] == pytest.approx(4e-3 / 3 * np.pi * a * b * c, rel=3e-3)


def test_sizes_along_and_across_an_oblique_probe(world):
    made = world((-25, -25, -25), (25, 25, 25))
    axis = np.array([0.6, 0.0, 0.8])
    side, other = np.array([0.8, 0.0, -0.6]), np.array([0.0, 1.0, 0.0])
    made.needle((0.0, 0.0, 0.0), tuple(axis))

    def inwards(x, y, z):
        u, v, w = (sum(p * e for p, e in zip((x, y, z), unit, strict=True)) for unit in (axis, side, other))
        return 6 * (1 - np.sqrt((u / 14) ** 2 + (v / 8) ** 2 + (w / 6) ** 2))

    made.kill(inwards)
    zone = measure_zones(made.result())["cem43_240"]
    assert zone["along_probe_mm"] == pytest.approx(28, abs=0.1)
    assert zone["across_probe_mm"] == pytest.approx([16, 12], abs=0.1)
    assert zone["beyond_tip_mm"] == pytest.approx(14, abs=0.1)


def test_beyond_tip_counts_from_the_deepest_tip_and_is_negative_short_of_it(world):
    made = world((-15, -15, -25), (15, 15, 10))
    made.needle((0.0, 0.0, -12.0), (0.0, 0.0, 1.0))
    made.kill(ball((0, 0, 0), 8))
    assert measure_zones(made.result())["cem43_240"]["beyond_tip_mm"] == pytest.approx(-4, abs=0.05)
    withdrawn = Station("A", 0, "pull", 0, 1, 0, 0, (0, 0, -12e-3), (0, 0, -5e-3), UP, UP, "duration")
    made.stations = [withdrawn]
    assert measure_zones(made.result())["cem43_240"]["beyond_tip_mm"] == pytest.approx(-4, abs=0.05)
    made.stations = [Station("A", 1, "hold", 1, 2, 0, 0, (0, 0, -15e-3), (0, 0, -15e-3), UP, UP, "duration")]
    assert measure_zones(made.result())["cem43_240"]["beyond_tip_mm"] == pytest.approx(-7, abs=0.05)


def test_zone_ends_at_voxel_faces_of_gas_and_box(world):
    radius = 10.0
    for upper, outside in ((15, True), (0, False)):
        made = world((-15, -15, -15), (15, 15, upper))
        if outside:
            made.put("outside", lambda x, y, z: z)
        made.kill(ball((0, 0, 0), radius))
        zone = measure_zones(made.result())["cem43_240"]
        assert zone["extent_mm"] == pytest.approx([20, 20, 10], abs=0.06)
        assert zone["volume_cm3"] == pytest.approx(2e-3 / 3 * np.pi * radius**3, rel=3e-3)


@pytest.mark.parametrize("island", [2.0, 5.0])
def test_an_island_counts_to_the_volume_and_not_to_the_size(world, island):
    made = world((-15, -15, -20), (15, 15, 15))
    made.needle((0.0, 0.0, -6.0), (0.0, 0.0, 1.0))
    main, other = ball((0, 0, 3), 8), ball((0, 0, -14), island)
    made.kill(main)
    alone = measure_zones(made.result())["cem43_240"]
    made.kill(lambda x, y, z: np.maximum(main(x, y, z), other(x, y, z)))
    zone = measure_zones(made.result())["cem43_240"]
    assert (alone["parts"], zone["parts"]) == (1, 2)
    assert alone["largest_part_cm3"] == alone["volume_cm3"]
    for key in ("extent_mm", "along_probe_mm", "across_probe_mm", "beyond_tip_mm", "largest_part_cm3"):
        assert zone[key] == pytest.approx(alone[key], rel=1e-3), key
    assert zone["beyond_tip_mm"] == pytest.approx(-1, abs=0.06)
    both = 4e-3 / 3 * np.pi * (8**3 + island**3)
    assert zone["volume_cm3"] == pytest.approx(both, rel=3e-3)
    assert zone["equivalent_diameter_mm"] == pytest.approx(np.cbrt(6e3 * both / np.pi), rel=1e-3)


def test_parts_below_a_voxel_are_not_counted_and_a_hole_makes_none(world):
    made = world((-15, -15, -15), (15, 15, 15))
    speck = ball((12.5, 12.5, 12.5), 0.3)
    made.kill(lambda x, y, z: np.maximum(speck(x, y, z), 4 - abs(8 - np.sqrt(x**2 + y**2 + z**2))))
    zone = measure_zones(made.result())["cem43_240"]
    assert zone["parts"] == 1
    assert zone["largest_part_cm3"] == pytest.approx(4e-3 / 3 * np.pi * (12**3 - 4**3), rel=3e-3)
    assert 0 < zone["volume_cm3"] - zone["largest_part_cm3"] < 1e-3


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_parts_at_the_box_end_there(world, axis):
    made = world((-15, -15, -15), (15, 15, 15))
    low, high = np.roll((-15, 0, 0), axis), np.roll((15, 0, 0), axis)
    made.kill(lambda x, y, z: np.maximum(ball(low, 8)(x, y, z), ball(high, 10)(x, y, z)))
    zone = measure_zones(made.result())["cem43_240"]
    assert zone["parts"] == 2
    assert zone["volume_cm3"] == pytest.approx(2e-3 / 3 * np.pi * (8**3 + 10**3), rel=4e-3)
    assert zone["largest_part_cm3"] == pytest.approx(2e-3 / 3 * np.pi * 10**3, rel=3e-3)


def test_fluid_in_the_heat_is_no_zone(world):
    made = world((-15, -15, -15), (15, 15, 15))
    made.put("saline layer", lambda x, y, z: 2 - abs(z))
    radius = 10.0
    made.kill(ball((0, 0, 0), radius))
    layer = np.pi * (4 * radius**2 - 2 * 2**3 / 3)
    bevel = 4 * np.pi * radius * 0.5**2 / 2  # two rims, where the zone meets the fluid, each half a voxel off
    zone = measure_zones(made.result())["cem43_240"]
    assert zone["volume_cm3"] == pytest.approx((4 / 3 * np.pi * radius**3 - layer) * 1e-3, abs=bevel * 1e-3)


def test_isotherms_ever_and_now(world):
    made = world((-25, -25, -25), (25, 25, 25))
    hump = made.at(lambda x, y, z: np.exp(-(x**2 + y**2 + z**2) / (2 * 8.0**2)))
    made.kill(ball((0, 0, 0), 5))
    made.final["max_temperature"] = 37 + 60 * hump
    made.records.append(0.0, {"temperature": 37 + 60 * hump})
    made.records.append(9.0, {"temperature": 37 + 20 * hump})
    zones = measure_zones(made.result())
    for threshold in (42, 43, 45, 50, 54, 60):
        for suffix, height in (("", 60), ("_now", 20)):
            share = (threshold - 37) / height
            radius = 8 * np.sqrt(-2 * np.log(share)) if share < 1 else 0.0
            found = zones[f"above_{threshold}c{suffix}"]["equivalent_diameter_mm"]
            assert found == pytest.approx(2 * radius, rel=2e-3), (threshold, suffix)


def test_cold_isotherms_lie_in_one_another(world):
    made = world((-25, -25, -25), (25, 25, 25))
    made.endpoint = Endpoint("lethal40", "min_temperature", -40.0)
    cold = made.at(lambda x, y, z: 5 * np.sqrt(x**2 + y**2 + z**2) - 80)
    made.final["min_temperature"] = cold
    made.records.append(0.0, {"temperature": cold + 30})
    zones = measure_zones(made.result())
    for name, radius in (("below_0c", 16), ("below_m20c", 12), ("below_m30c", 10), ("below_m40c", 8)):
        assert zones[name]["extent_mm"] == pytest.approx([2 * radius] * 3, abs=0.06)
        assert zones[f"{name}_now"]["extent_mm"] == pytest.approx([2 * radius - 12] * 3, abs=0.06)
    assert zones["lethal40"] == zones["below_m40c"]


def test_untracked_histories_have_zones_of_zeros(world):
    made = world((-10, -10, -10), (10, 10, 10))
    made.kill(ball((0, 0, 0), 5))
    zones = measure_zones(made.result())
    none = {"along_probe_mm": None, "across_probe_mm": [None, None], "beyond_tip_mm": None}
    assert zones["above_60c"] == zones["below_0c_now"] == {**NOTHING, **none}
    made.needle((0, 0, 0), (0, 0, 1))
    empty = {"along_probe_mm": 0.0, "across_probe_mm": [0.0, 0.0], "beyond_tip_mm": None}
    assert measure_zones(made.result())["above_60c"] == {**NOTHING, **empty}


def test_a_result_without_its_endpoint_is_refused(world):
    made = world((-10, -10, -10), (10, 10, 10))
    with pytest.raises(ResultError, match='no field "cem43"'):
        measure_zones(made.result())


def test_surface_is_closed_and_turned_outwards(world):
    made = world((-12, -12, -12), (12, 12, 12))
    made.put("outside", lambda x, y, z: z - 3 + 0.3 * x)
    made.kill(lambda x, y, z: np.maximum(ball((-5, 0, 0), 5.3)(x, y, z), ball((6, 1, -2), 9)(x, y, z)))
    surface = surface_of(made.result())
    ends = np.concatenate([surface.faces[:, [i, (i + 1) % 3]] for i in range(3)])
    there = np.sort(ends[:, 0].astype(np.int64) * 2**32 + ends[:, 1])
    back = np.sort(ends[:, 1].astype(np.int64) * 2**32 + ends[:, 0])
    assert np.array_equal(there, back)
    assert volume_of(surface) > 0


def test_shift_by_whole_cells_shifts_the_surface(world):
    found = []
    for dx, dy, dz in ((0, 0, 0), (3, -2, 1)):
        made = world((-12, -12, -12), (12, 12, 12))
        made.put("outside", lambda x, y, z, dz=dz: z - dz - 4)
        made.kill(ball((0.3 + dx, 0.1 + dy, dz), 6))
        surface = surface_of(made.result())
        found.append((surface.points - np.array([dx, dy, dz]) * 1e-3, surface.faces))
    assert np.allclose(found[0][0], found[1][0], atol=1e-7)
    assert np.array_equal(found[0][1], found[1][1])


def test_refine_is_exact_for_cubics_and_makes_no_new_islands():
    x = np.arange(9.0)
    cubic = x**3 - 7 * x**2 + 3 * x + 11
    fine = refine(np.broadcast_to(cubic, (5, 5, 9)).astype(np.float32), 1)
    half = np.arange(0, 8.5, 0.5)
    exact = half**3 - 7 * half**2 + 3 * half + 11
    assert fine.shape == (9, 9, 17)
    assert np.allclose(fine[4, 4, 2:-2], exact[2:-2], atol=1e-4)
    dip = np.broadcast_to(np.array([20, 0.5, 0.5, 20]), (4, 4, 4)).astype(np.float32)
    assert (refine(dip, 2) > 0).all()


def test_nan_is_never_killed():
    values = np.array([[[np.nan, 1e9, 0.0]]], np.float32)
    assert (excess(values, Endpoint("cem43_240", "cem43", 240.0)) >= 0).tolist() == [[[False, True, False]]]
    assert not (excess(values, Endpoint("i", "min_temperature", 0.0)) >= 0)[0, 0, 0]
