"""The errors of super-steps on a case of freezing, against Euler steps at the limit of stability."""

from __future__ import annotations

import pytest

from bench.problems import freezing
from bench.steps import coldest_limit, compute, difference, euler_at_the_limit, right_hand_sides

QUASI_STEADY_S = 600.0
"""The ice has grown for ten minutes and hardly moves any more."""

WHOLE_S = 960.0
"""Freeze, thaw, and freeze again."""


@pytest.mark.slow
def test_standard_freezes_as_euler_does() -> None:
    """Within 0.1 K everywhere and 0.1 % of three volumes, with a fourth of the right-hand sides of a whole treatment.

    Euler steps are as long as the coldest ice allows, all through.
    """
    found = compute(freezing(44, WHOLE_S, "standard"))
    case = freezing(44, QUASI_STEADY_S, "standard")
    step = coldest_limit(case)
    with euler_at_the_limit(step):
        euler = compute(case)
    errors = difference(found, euler, QUASI_STEADY_S, (0.0, -20.0, -40.0))
    assert errors.greatest < 0.1
    assert max(abs(error) for error in errors.volumes.values()) < 1e-3
    assert right_hand_sides(euler) >= QUASI_STEADY_S / step
    assert WHOLE_S / step / right_hand_sides(found) >= 4.0
