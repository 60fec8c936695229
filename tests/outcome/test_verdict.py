"""The rules of the consensus, at their edges."""

from __future__ import annotations

import pytest

from gpu_ablate.case.setup import Endpoint, Plan
from gpu_ablate.outcome.verdict import verdict

HEAT = Endpoint("cem43_240", "cem43", 240.0)
COLD = Endpoint("lethal40", "min_temperature", -40.0)
RADICAL = Plan("radical", 10e-3)
PALLIATIVE = Plan("palliative", 10e-3)


def target(percent, margin, boundary=None, name="tumour", at_box=False, across=(), role="target"):
    return {
        "name": name,
        "role": role,
        "volume_cm3": 4.0,
        "ablated_percent": percent,
        "min_margin_mm": margin,
        "boundary_margin_mm": margin if boundary is None else boundary,
        "margin_ends_at_box": at_box,
        "across_fluid": [{"region": r, "role": o, "phase": p, "percent": s} for r, o, p, s in across],
    }


@pytest.mark.parametrize(
    ("percent", "margin", "outcome"),
    [
        (100.0, 10.0, "radical"),
        (99.5, 12.0, "radical"),
        (100.0, 9.9, "covered, margin short"),
        (99.6, -0.2, "covered, margin short"),
        (99.4, 3.0, "incomplete"),
        (0.0, None, "incomplete"),
    ],
)
def test_radical_heat(percent, margin, outcome):
    found = verdict(RADICAL, HEAT, [target(percent, margin)])
    assert found["outcome"] == found["strict_outcome"] == outcome
    assert "10 mm" in found["rule"]


def test_the_worst_target_decides():
    good, thin, missed = target(100, 15), target(100, 4, name="second"), target(70, -3, name="third")
    assert verdict(RADICAL, HEAT, [good, good])["outcome"] == "radical"
    short = verdict(RADICAL, HEAT, [good, thin])
    assert short["outcome"] == "covered, margin short"
    assert "second is 4.0 mm" in short["why"]
    incomplete = verdict(RADICAL, HEAT, [missed, thin])
    assert incomplete["outcome"] == "incomplete"
    assert "70.0 % of third" in incomplete["why"]
    assert "1.20 cm³" in incomplete["why"]


def test_involved_skin_must_be_killed_but_is_asked_no_margin():
    tumour = target(100, 12)
    for percent, outcome in ((100, "radical"), (99.4, "incomplete")):
        skin = target(percent, None, name="invaded skin", role="involved_skin")
        assert verdict(RADICAL, HEAT, [tumour, skin])["outcome"] == outcome
        assert verdict(RADICAL, HEAT, [skin])["outcome"] == outcome
    skin = target(70, None, name="invaded skin", role="involved_skin")
    found = verdict(PALLIATIVE, HEAT, [tumour, skin])
    assert found["outcome"] == "undetermined"
    assert "invaded skin" in found["why"]


def test_cold_is_judged_by_the_ice_and_strictly_by_the_effective_zone():
    found = verdict(RADICAL, COLD, [target(100, 4.0, boundary=14.0)])
    assert found["outcome"] == "radical"
    assert found["strict_outcome"] == "covered, margin short"
    assert "14.0 mm" in found["why"]
    assert "4.0 mm" in found["why"]
    assert "ice" in found["rule"]


SHORT = "incomplete: tumour killed, margin {} of 10 mm"


@pytest.mark.parametrize(
    ("percent", "least", "boundary", "reads", "strict"),
    [
        (100.0, 12.0, 19.0, "radical", "radical"),
        (100.0, 4.0, 14.0, "radical", SHORT.format("4.0")),
        (
            100.0,
            3.3,
            6.7,
            SHORT.format("6.7"),
            SHORT.format("3.3"),
        ),
        (99.48, -0.5, 12.0, "incomplete: 99.4 %", "incomplete: 99.4 %"),
    ],
)
def test_a_radical_freeze_that_falls_short_reads_incomplete(percent, least, boundary, reads, strict):
    """Never "effective", which is of palliative plans; both readings are named, whatever they say."""
    found = verdict(RADICAL, COLD, [target(percent, least, boundary=boundary)])
    assert (found["reads"], found["strict_reads"]) == (reads, strict)
    assert "Read as the edge of the ice 10 mm beyond the tumour; by the stricter reading" in found["why"]
    assert strict in found["why"]
    assert "effective" not in found["reads"] + found["why"]


def test_heat_is_not_judged_by_the_rules_of_cold():
    found = verdict(RADICAL, HEAT, [target(100, 4.0)])
    assert found["reads"] == found["strict_reads"] == "covered, margin 4.0 of 10 mm"
    assert "ice" not in found["why"]


def test_a_palliative_plan_reads_so():
    assert (
        verdict(PALLIATIVE, COLD, [target(85.26, -3)])["reads"] == "palliative effective: 85.2 % of the tumour killed"
    )
    assert (
        verdict(PALLIATIVE, COLD, [target(70, -3)])["reads"] == "palliative undetermined: 70.0 % of the tumour killed"
    )


@pytest.mark.parametrize(
    ("percent", "outcome"),
    [
        (100, "effective"),
        (80.0, "effective"),
        (79.9, "undetermined"),
        (60.0, "undetermined"),
        (59.9, "not effective"),
        (0, "not effective"),
    ],
)
def test_palliative(percent, outcome):
    found = verdict(PALLIATIVE, HEAT, [target(100, 3), target(percent, -3)])
    assert found["outcome"] == found["strict_outcome"] == outcome


def test_no_target():
    painted_over = target(None, None)
    for targets in ([], [painted_over]):
        found = verdict(RADICAL, HEAT, targets)
        assert found["outcome"] == found["strict_outcome"] == "no target"
        assert found["rule"] == "No target, nothing to judge."


@pytest.mark.parametrize("goal_mm", [5, 10])
def test_the_source_of_the_rule_is_that_of_the_treatment(goal_mm):
    plan = Plan("radical", goal_mm * 1e-3)
    heat, cold = (verdict(plan, endpoint, [target(100, 12)])["rule"] for endpoint in (HEAT, COLD))
    assert "breast" in heat
    assert "staged power only" in heat
    assert "plan's own goal" in heat
    assert "cryoablation" not in heat
    assert "cryoablation" in cold
    assert "breast" not in cold
    assert ("plan's own goal" in cold) == (goal_mm != 10)
    assert "10 mm" in cold
    assert f"{goal_mm} mm" in cold
    heat, cold = (verdict(PALLIATIVE, endpoint, [target(100, 12)])["rule"] for endpoint in (HEAT, COLD))
    assert "cryoablation" in heat
    assert "borrowed" in heat
    assert "borrowed" not in cold


def test_a_margin_across_fluid_is_said_in_words():
    across = (("saline layer", "isolation", "fluid", 23.04), ("outside", "tissue", "gas", 0.04))
    for percent in (100, 50):
        why = verdict(RADICAL, HEAT, [target(percent, 5.2, across=across)])["why"]
        assert "Towards the saline layer (23.0 % of the surface of tumour) the margin runs across fluid" in why
        assert "moved away, not killed" in why
        assert "Towards the outside (less than 0.1 % of the surface of tumour) the margin runs across gas" in why
    assert "across" not in verdict(RADICAL, HEAT, [target(100, 5.2)])["why"]
    assert "across" not in verdict(PALLIATIVE, HEAT, [target(100, 5.2, across=across)])["why"]


def test_a_margin_that_meets_the_box_is_called_uncertain():
    assert "box" in verdict(RADICAL, HEAT, [target(100, 12, at_box=True)])["why"]
    assert "box" not in verdict(RADICAL, HEAT, [target(100, 12)])["why"]
