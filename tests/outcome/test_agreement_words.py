"""What a comparison says to people: suggestions, never more than the numbers hold, with what they mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gpu_ablate.case.setup import Endpoint, Plan
from gpu_ablate.language import speaking
from gpu_ablate.report.agreement import notes, suggestion_words, told_lines
from gpu_ablate.report.agreement_picture import outlines_of, picture_words
from tests.outcome.made_comparison import CENTER, ball, make_treated, seen, told

MM = 1e-3
COLD = Endpoint("lethal40", "min_temperature", -40.0)


@pytest.fixture(scope="module")
def shifted():
    """The set-up, and a comparison with a zone that leaves a cap of the tumour on its right side."""
    from tests.outcome.conftest import World

    made = make_treated(World)
    observed = seen(ball((-12, 0, -18), 15.0))
    return made.result().setup, observed, told(made, observed)


def test_partial_says_how_much_and_where_what_is_left_lies(shifted):
    setup, _, found = shifted
    text = "\n".join(told_lines(found, replace(setup, frame="patient")))
    percent = found["completeness"]["covered_percent"]
    assert suggestion_words(found).startswith("Suggests partial ablation")
    assert f": {np.floor(10 * percent) / 10:.1f} %" in suggestion_words(found)
    assert "towards the patient's left" in text
    assert "planned margin there 8.0 mm" in text
    assert "hottest" in text
    assert 'nearest probe "A"' in text
    assert "no diagnosis" in text
    assert "centroid shifted by 12.0 mm towards the patient's right" in text


@pytest.mark.parametrize("percent", [99.999, 99.51, 100.0])
def test_what_falls_short_never_reads_100(shifted, percent):
    setup, _, found = shifted
    found = found | {"completeness": found["completeness"] | {"class": "complete", "covered_percent": percent}}
    words = suggestion_words(found)
    assert words.startswith("Suggests complete")
    assert ("100.0 %" in words) == (percent == 100.0)
    assert any("99.5 %" in line for line in notes(found, setup)) == (percent < 100.0)


@pytest.mark.parametrize("effect", ["effective", "undetermined", "not effective"])
def test_a_palliative_effect_is_named(shifted, effect):
    found = shifted[2]
    words = suggestion_words(found | {"completeness": found["completeness"] | {"effect": effect}})
    assert words.endswith(f", palliative: {effect}")


def test_lesions_are_counted_in_the_title_and_told_one_by_one(world):
    made = make_treated(world)
    made.plan = Plan("radical", 10 * MM)
    observed = seen(ball((8, 0, -18), 3), ball((20, 0, -18), 2), ball((0, -27, -42), 2))
    found = told(made, observed, "lesion", "12m")
    setup = made.result().setup
    assert suggestion_words(found) == "Suggests: local progression (2), new lesion (1)"
    lines = told_lines(found, setup)
    assert any(line.startswith("  1. local progression inside") for line in lines)
    assert any(line.startswith("  3. new lesion") for line in lines)
    assert any("else residual tumour" in line for line in lines)
    drawn = outlines_of(found, setup, observed, ball(CENTER, 15.0))
    assert drawn.away is None
    assert len(drawn.numbered) == 3
    assert drawn.at / MM == pytest.approx([8, 0, -18], abs=0.1)


def test_the_picture_goes_through_what_was_not_covered(shifted):
    setup, observed, found = shifted
    drawn = outlines_of(found, setup, observed, ball(CENTER, 15.0))
    assert drawn.at / MM == pytest.approx(found["completeness"]["targets"][0]["residuals"][0]["at_mm"])
    assert np.abs(drawn.away).max() / MM == pytest.approx(12.0, abs=0.1)
    covered = found["completeness"] | {"targets": []}
    drawn = outlines_of(found | {"completeness": covered}, setup, observed, ball(CENTER, 15.0))
    assert drawn.at / MM == pytest.approx(found["agreement"]["largest"]["at_mm"])
    title, below = picture_words(found, setup)
    assert title == suggestion_words(found)
    assert "Dice" in below


def test_what_makes_numbers_mean_less_is_said(shifted):
    setup, _, found = shifted
    cold = replace(setup, endpoint=COLD)
    assert any("ice" in line for line in notes(found, cold))
    assert not any("ice" in line for line in notes(found, setup))
    assert any("shrinks" in line for line in notes(found | {"at": "6m"}, setup))
    assert any("did not end" in line for line in notes(found | {"status": "interrupted"}, setup))
    assert any("3 separate parts" in line for line in notes(found | {"parts": 3}, setup))
    beyond = found["agreement"] | {"beyond_box_percent": 12.3, "beyond_box_cm3": 1.7, "simulated_ends_at_box": True}
    text = "\n".join(told_lines(found | {"agreement": beyond}, setup))
    assert "12.3 % of the observed zone (1.70 cm³) lie beyond the computed box" in text
    assert "cut off by the computed box" in text


def test_it_is_told_in_chinese_as_well(shifted):
    setup, _, found = shifted
    with speaking("zh-CN"):
        text = "\n".join(told_lines(found, setup))
    assert "不完全消融" in text
    assert "Suggests" not in text
