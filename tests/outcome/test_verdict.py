"""The rules of the consensus, at their edges."""

from __future__ import annotations

import pytest

from gpu_ablate.case.setup import Endpoint, Plan
from gpu_ablate.outcome.verdict import verdict

HEAT = Endpoint("cem43_240", "cem43", 240.0)
COLD = Endpoint("lethal40", "min_temperature", -40.0)
RADICAL = Plan("radical", 10e-3)
PALLIATIVE = Plan("palliative", 10e-3)


def target(percent, margin, boundary=None, name="tumour", at_box=False):
    return {
        "name": name,
        "volume_cm3": 4.0,
        "ablated_percent": percent,
        "min_margin_mm": margin,
        "boundary_margin_mm": margin if boundary is None else boundary,
        "margin_ends_at_box": at_box,
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


def test_cold_is_judged_by_the_ice_and_strictly_by_the_effective_zone():
    found = verdict(RADICAL, COLD, [target(100, 4.0, boundary=14.0)])
    assert found["outcome"] == "radical"
    assert found["strict_outcome"] == "covered, margin short"
    assert "14.0 mm" in found["why"]
    assert "4.0 mm" in found["why"]
    assert "ice" in found["rule"]


@pytest.mark.parametrize(
    ("percent", "outcome"),
    [
        (100, "effective"),
        (80.0, "effective"),
        (79.9, "partial"),
        (60.0, "partial"),
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


def test_a_margin_that_meets_the_box_is_called_uncertain():
    assert "box" in verdict(RADICAL, HEAT, [target(100, 12, at_box=True)])["why"]
    assert "box" not in verdict(RADICAL, HEAT, [target(100, 12)])["why"]
