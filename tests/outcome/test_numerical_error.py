"""The error of the grid: never below the true one where a value converges, null with its reason where nothing can."""

from __future__ import annotations

from typing import Any

import pytest

from gpu_ablate.outcome.numerical_error import RATIO, error_of, no_estimate, numerical_error


def measured(
    spacing_mm: float, volume_cm3: float, margin_mm: float | None, percent: float | None = 90.0
) -> dict[str, Any]:
    return {
        "grid": {"spacing_mm": [spacing_mm] * 3},
        "zones": {"cem43_240": {"volume_cm3": volume_cm3}, "below_0c": {"volume_cm3": 0.0}},
        "targets": [{"name": "tumour", "role": "target", "ablated_percent": percent, "min_margin_mm": margin_mm}],
    }


@pytest.mark.parametrize("order", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("h", [0.5, 1.0, 2.0])
def test_covers_the_error_of_a_value_that_converges(order: float, h: float) -> None:
    """f_h = f + C h^p: at least the true error, at most four times it."""
    exact, constant = 7.0, -0.3
    at_h, at_coarse = (exact + constant * spacing**order for spacing in (h, RATIO * h))
    true = abs(at_h - exact)
    assert true <= error_of(at_h, at_coarse) <= 4.0 * true


def test_zones_and_targets_get_their_errors() -> None:
    found = numerical_error(measured(1.0, 4.0, 3.0), measured(1.5, 3.8, 2.9, 91.0))
    assert found["spacing_mm"] == [1.0, 1.5]
    assert found["reason"] is None
    assert found["zones"].keys() == {"cem43_240"}
    assert found["zones"]["cem43_240"]["error_cm3"] == pytest.approx(0.5)
    (target,) = found["targets"]
    assert target["error_mm"] == pytest.approx(0.25)
    assert target["ablated_error_percent"] == pytest.approx(2.5)
    assert target["reason"] is None


@pytest.mark.parametrize(
    ("coarse", "says"),
    [
        (measured(1.5, 0.0, None, 0.0), "no margin on the coarser grid"),
        (measured(1.5, 0.0, None, None), "no cell on the coarser grid"),
        (measured(1.5, 0.0, None) | {"targets": []}, "no cell on the coarser grid"),
    ],
)
def test_what_vanishes_on_the_coarse_grid_has_no_error_but_a_reason(coarse: dict[str, Any], says: str) -> None:
    found = numerical_error(measured(1.0, 4.0, 3.0), coarse)
    (target,) = found["targets"]
    assert target["error_mm"] is None
    assert says in target["reason"]
    assert found["zones"]["cem43_240"] == {
        "volume_cm3": 4.0, "coarse_volume_cm3": 0.0, "error_cm3": None, "reason": "empty on the coarser grid",
    }  # fmt: skip


def test_a_run_without_a_second_one_says_why() -> None:
    found = no_estimate(2.0, "the second run was interrupted")
    assert found["spacing_mm"] == [2.0, 3.0]
    assert found["reason"] == "the second run was interrupted"
    assert (found["zones"], found["targets"]) == ({}, [])
