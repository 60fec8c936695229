"""Films over time: every group has its own, whichever times were asked for before."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu_ablate.case.case import Exchange, Film

FILMS = (
    Film((0.0,), (10.0,), (-12.0,)),
    Film((5.0, 10.0, 10.0, 20.0), (100.0, 100.0, 0.0, 300.0), (0.0, -100.0, 3.0, 3.0)),
    Film((2.0,), (math.inf,), (40.0,)),
    Film((0.0, 8.0), (50.0, 50.0), (0.0, -80.0)),
)
SCALE = np.array([1e-3, 1e-3, 2e-3, 500.0])


@pytest.mark.parametrize("times", [(0.0, 7.5, 10.0, 15.0, 99.0), (99.0, 10.0, 4.0, 0.0), (4.0, 4.0)])
def test_resistance_and_temperature_of_every_group(times: tuple[float, ...]) -> None:
    """A held surface has no film, a film coefficient of 0 lets nothing through; what was found once stays as it is."""
    none = np.zeros(0)
    names = ("skin", "patch", "held", "needle")
    exchange = Exchange(
        none.astype(np.int64), none, none, none.astype(np.int32), names, SCALE, FILMS, ("skin_j",) * len(FILMS)
    )
    for time, (film, outside) in [(time, exchange.at(time)) for time in times]:
        for group, (h, theta) in enumerate(each.at(time) for each in FILMS):
            assert outside[group] == theta
            assert film[group] == SCALE[group] / h if h > 0.0 else film[group] > 1e8
        assert film[2] == 0.0
