"""What an observed zone or a later lesion suggests, and what the plan had at that place; made-up runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gpu_ablate.case.setup import Plan, Region, ThinVessel
from gpu_ablate.errors import ResultError, SceneError
from gpu_ablate.geometry.meshes import Mesh
from gpu_ablate.outcome.compared import compare, simulated_zone
from gpu_ablate.outcome.completeness import observed_field, without_slivers
from gpu_ablate.outcome.observed import merged, require_overlap, shells
from gpu_ablate.outcome.places import recall
from tests.outcome.conftest import ellipsoid_surface
from tests.outcome.made_comparison import CENTER, ball, inwards, make_treated, seen, told

MM = 1e-3


@pytest.fixture
def treated(world):
    return make_treated(world)


@pytest.mark.parametrize(("shift", "margin"), [((0, 0, 0), 9.0), ((4, 0, 0), 5.0), ((0, 3, -4), 4.0)])
def test_a_zone_that_covers_the_tumour_suggests_complete_with_its_margin(treated, shift, margin):
    found = told(treated, seen(ball(np.array(CENTER) + shift, 15.0)))["completeness"]
    assert found["class"] == "complete"
    (target,) = found["targets"]
    assert target["covered_percent"] == 100.0
    assert target["min_margin_mm"] == pytest.approx(margin, abs=0.2)
    assert target["residual_parts"] == 0
    if any(shift):
        thinnest = np.array(target["min_margin_at_mm"]) - CENTER
        assert thinnest == pytest.approx(-6 * np.array(shift) / np.linalg.norm(shift), abs=1.5)


def test_a_bite_suggests_partial_and_says_where_and_what_was_planned_there(treated):
    """The observed ball leaves a cap of the tumour: its volume has a closed form, and the plan covered it by 8 mm."""
    found = told(treated, seen(ball((-12, 0, -18), 15.0)))["completeness"]
    assert found["class"] == "partial"
    (target,) = found["targets"]
    shared = np.pi * (6 + 15 - 12) ** 2 * (12**2 + 2 * 12 * 21 - 3 * 9**2) / (12 * 12)
    assert target["covered_percent"] == pytest.approx(100 * shared / (4 / 3 * np.pi * 6**3), abs=1.0)
    assert target["min_margin_mm"] == pytest.approx(-3.0, abs=0.1)
    (part,) = target["residuals"]
    assert part["percent"] == pytest.approx(100 - target["covered_percent"], abs=1.5)
    assert part["at_mm"][0] == pytest.approx(5.5, abs=1)
    assert part["direction"][0] > 0.9
    assert part["planned_margin_mm"] == pytest.approx(8.0, abs=0.1)
    low, high = part["max_temperature_c"]
    assert 97 - 3 * 7 < low < high <= 97 - 3 * 2
    assert part["min_temperature_c"] is None
    assert (part["probe"], part["vessel"]) == ("A", None)


@pytest.mark.parametrize(("shift", "effect"), [(9.0, "effective"), (13.5, "undetermined"), (19.0, "not effective")])
def test_a_palliative_plan_is_judged_by_what_was_seen(treated, shift, effect):
    treated.plan = Plan("palliative", 0.0)
    found = told(treated, seen(ball((shift, 0, -18), 15.0)))["completeness"]
    assert (found["class"], found["effect"]) == ("complete" if shift <= 9 else "partial", effect)


def test_air_and_slivers_before_it_end_no_margin(world):
    """The zone reaches to 1 mm below the air: what is left there is less than a segmentation shows."""
    made = world((-30, -30, -50), (30, 30, 6))
    made.put("outside", lambda x, y, z: z)
    made.put_tumour((0, 0, -10), 6.0)
    made.kill(inwards((0, 0, -14), 14.0))
    made.final["perfusion"] = np.exp(-np.log(2) * 2.0 ** made.at(inwards((0, 0, -14), 15.0)))
    made.needle((0, 0, -20), (0, 0, 1))
    (target,) = told(made, seen(ball((0, 0, -15), 14.0)))["completeness"]["targets"]
    assert target["min_margin_mm"] > 3.5
    (deep,) = told(made, seen(ball((0, 0, -17), 14.0)))["completeness"]["targets"]
    assert deep["min_margin_mm"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("spacing", [1.0, 0.5])
def test_skin_far_from_the_observed_zone_is_no_sliver(world, spacing):
    """Only what lies between the zone and the air is taken in, not all tissue that is as near to the air."""
    made = world((-16, -16, -32), (16, 16, 4), spacing)
    made.put("outside", lambda x, y, z: z)
    result = made.result()
    observed = ball((0, 0, -12), 11.0)
    kept = without_slivers(observed_field(observed, result), result)
    far = (made.at(inwards((0, 0, -12), 11.0)) < -2.5) & result.setup.phase_mask("body")
    assert (kept[far] < 0).all()
    above = (np.hypot(made.x, made.y) < 3) & (made.z > -1) & (made.z < 0)
    assert (kept[np.broadcast_to(above, kept.shape)] > 0).all()


def test_lesions_are_told_apart_by_where_they_lie(treated):
    inside, edge, new = ball((8, 0, -18), 3), ball((20, 0, -18), 2), ball((0, -27.9, -42), 2)
    found = told(treated, seen(inside, edge, new), "lesion", "6m")
    assert (found["agreement"], found["completeness"]) == (None, None)
    one, two, three = found["lesions"]
    assert one["class"] == "local progression inside the zone"
    assert (one["inside_zone_percent"], one["to_zone_mm"]) == (100.0, 0.0)
    assert one["to_target_mm"] == 0.0
    assert two["class"] == "local progression at the edge"
    assert two["to_zone_mm"] == pytest.approx(3.0, abs=0.1)
    assert two["to_target_mm"] == pytest.approx(12.0, abs=0.1)
    assert two["max_temperature_c"] == pytest.approx([37.0, 97 - 3 * 18], abs=0.5)
    assert three["class"] == "new lesion"
    assert three["to_zone_mm"] == pytest.approx(np.hypot(27.9, 24) - 17, abs=0.1)
    assert three["beyond_box_percent"] == pytest.approx(0.0, abs=4)
    for lesion in found["lesions"]:
        assert lesion["volume_cm3"] > 0
        assert lesion["planned_margin_mm"] == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize(("gap", "name"), [(9.8, "local progression at the edge"), (10.2, "new lesion")])
def test_the_edge_ends_where_it_is_said_to(treated, gap, name):
    (lesion,) = told(treated, seen(ball((15 + gap + 2, 0, -18), 2)), "lesion", "6m")["lesions"]
    assert (lesion["class"], lesion["to_zone_mm"]) == (name, pytest.approx(gap, abs=0.1))


def test_a_lesion_beyond_the_box_is_new_and_has_no_temperatures(treated):
    (lesion,) = told(treated, seen(ball((60, 0, -18), 4)), "lesion", "6m")["lesions"]
    assert lesion["class"] == "new lesion"
    assert lesion["beyond_box_percent"] == 100.0
    assert lesion["max_temperature_c"] is lesion["cem43_minutes"] is None
    assert lesion["to_target_mm"] == pytest.approx(50.0, abs=0.1)


@pytest.mark.parametrize(("gap", "near"), [(3.0, True), (6.0, False), (-2.0, True)])
def test_a_vessel_beside_a_lesion_is_named(treated, gap, near):
    """A vessel of 2 mm along y: its wall is so far from a lesion of 3 mm."""
    x = 10 + 3 + gap + 2
    result = treated.result()
    vessel = ThinVessel("artery", ((x * MM, -0.03, -18 * MM), (x * MM, 0.03, -18 * MM)), 2 * MM)
    result.setup = replace(result.setup, vessels=(vessel,))
    zone = simulated_zone(result, "nonperfused", "run")
    (lesion,) = compare(recall(result), seen(ball((10, 0, -18), 3)), zone, "nonperfused", "6m", "lesion")["lesions"]
    assert lesion["vessel"] == ({"region": "artery", "mm": pytest.approx(max(gap, 0.0), abs=0.05)} if near else None)


def test_a_vessel_drawn_as_a_region_is_named_too(treated):
    treated.regions = (*treated.regions, Region("vein", "vessel", "blood", "fluid"))
    treated.put("vein", inwards((18, 0, -18), 3.0))
    treated.surfaces["vein"] = ellipsoid_surface((18, 0, -18), (3, 3, 3))
    (lesion,) = told(treated, seen(ball((10, 0, -18), 3)), "lesion", "6m")["lesions"]
    assert lesion["vessel"] == {"region": "vein", "mm": pytest.approx(2.0, abs=0.05)}


def test_shells_come_apart_and_keep_their_cavities():
    outer, inner, other = ball((0, 0, 0), 10), ball((0, 0, 0), 4), ball((30, 0, 0), 5)
    hollow = Mesh(inner.points, np.ascontiguousarray(inner.faces[:, ::-1]))
    first, second = shells(merged((other, hollow, outer)))
    assert first.volume() == pytest.approx(outer.volume() - inner.volume())
    assert second.volume() == pytest.approx(other.volume())


def test_a_cavity_stays_with_the_part_around_it_even_in_the_box_of_a_smaller_one():
    """The box of a slanted blade holds the cavity, the blade does not."""
    outer, inner = ball((20, -20, 0), 12), ball((20, -20, 0), 4)
    hollow = Mesh(inner.points, np.ascontiguousarray(inner.faces[:, ::-1]))
    blade = ellipsoid_surface((0, 0, 0), (40, 1, 6))
    turned = Mesh(blade.points @ np.array([[1, 1, 0], [-1, 1, 0], [0, 0, 2**0.5]]) / 2**0.5, blade.faces)
    first, second = shells(merged((turned, outer, hollow)))
    assert first.volume() == pytest.approx(outer.volume() - inner.volume())
    assert second.volume() == pytest.approx(turned.volume())


def test_what_misses_the_box_is_refused_with_where_each_lies(treated):
    grid = treated.grid
    with pytest.raises(SceneError, match=r"(?s)seen.*x 95\.0 to 105\.0 mm.*x -30 to 30 mm.*RAS"):
        require_overlap(seen(ball((100, 0, -18), 5)), "seen", grid, False)
    shifted = type(grid)(grid.shape, grid.spacing, (0.1, 0.1, -0.05))
    metres = type(grid)(grid.shape, grid.spacing, (0.001, 0.001, -0.05))
    with pytest.raises(SceneError, match="with x and y negated it would overlap"):
        require_overlap(seen(ball((-120, -120, -18), 5)), "seen", shifted, True)
    with pytest.raises(SceneError, match="look like metres"):
        require_overlap(seen(ball((0.005, 0.005, -0.018), 0.001)), "seen", metres, False)
    require_overlap(seen(ball((31, 0, -18), 5)), "seen", grid, False)


def test_zones_that_a_run_has_not_are_refused_with_those_that_it_has(treated):
    result = treated.result()
    with pytest.raises(ResultError, match=r'no zone "above_99c".*\n.*cem43_240.*nonperfused.*above_60c'):
        simulated_zone(result, "above_99c", "run")
    with pytest.raises(ResultError, match=r'kept no history.*"below_0c".*\n.*--zone cem43_240'):
        simulated_zone(result, "below_0c", "run")
    result.final["perfusion"] = np.ones_like(result.final["perfusion"])
    with pytest.raises(ResultError, match="is empty"):
        simulated_zone(result, "nonperfused", "run")


def test_the_observed_zone_stands_in_for_the_simulated_one_exactly(treated):
    """What was killed, seen as it is: the margins and the share covered are those of the run itself."""
    result = treated.result()
    past = recall(result)
    killed = simulated_zone(result, "cem43_240", "run")
    found = compare(past, seen(killed), killed, "cem43_240", "immediate", "zone")
    (target,) = found["completeness"]["targets"]
    assert target["min_margin_mm"] == pytest.approx(float(past.targets[0].margin.min()) / MM, abs=0.1)
    assert found["agreement"]["dice"] == 1.0
    assert found["agreement"]["largest"]["mm"] < 0.01
