"""Order in time of the super-steps, their limits of stability, and that energy is counted with their weights."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.superstep import SuperStep, least_count, stages
from tests.engine.conftest import BACKENDS, Build

WARM = """
[domain]
spacing_mm = 1
min_mm = [-8, -8, -8]
max_mm = [8, 8, 8]
background = "muscle"
[boundary]
default = "body"
[[region]]
name = "lump"
tissue = "breast_gland"
shape = { kind = "sphere", center_mm = [1, 0, -1], radius_mm = 4 }
[run]
duration_s = 1
precision = "float64"
"""
"""A perfused body with a lump; everything is smooth in time between 30 and 90 °C."""


def advanced(build: Build, backend: str, scheme: str, tau: float, count: int, steps: int) -> tuple[np.ndarray, float]:
    """Temperature after some super-steps from a smooth bump, and the relative error of the energy balance."""
    case = build(WARM)
    engine = open_backend(backend, case)
    z, y, x = np.indices(case.setup.grid.shape) - 7.5
    saved = engine.save()
    engine.restore({**saved, "u": saved["u"] + 30.0 * np.exp(-((x - 1) ** 2 + y**2 + (z + 2) ** 2) / 18.0)})
    before = engine.sums()["stored_j"]
    engine.set_exchange(*case.exchange.at(0.0))
    for _ in range(steps):
        engine.advance(SuperStep(scheme, tau, count))  # type: ignore[arg-type]
        engine.keep()
    sums = engine.sums()
    stored = sums.pop("stored_j") - before
    return engine.temperature(), abs(stored - sum(sums.values())) / abs(stored)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("scheme", "count", "order"), [("euler", 1, 1.0), ("rkl1", 9, 1.0), ("rkl2", 9, 2.0)])
def test_order_in_time(build: Build, backend: str, scheme: str, count: int, order: float) -> None:
    """4 s in 8, 16 and 32 super-steps against 256 RKL2 steps: the slope of the error, within 0.1."""
    exact, _ = advanced(build, backend, "rkl2", 4.0 / 256, 3, 256)
    steps = np.array([8, 16, 32])
    errors = []
    for number in steps:
        found, imbalance = advanced(build, backend, scheme, 4.0 / number, count, int(number))
        errors.append(np.sqrt(np.mean((found - exact) ** 2)))
        assert imbalance < 1e-10
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("scheme", ["rkl1", "rkl2"])
@pytest.mark.parametrize("count", [3, 5, 9, 13, 33])
def test_stays_stable_over_its_reach(scheme: str, count: int) -> None:
    """dy/dt = λy: |growth| ≤ 1 for every λ down to the end of the reach, and as exact as the order promises."""
    method = stages(scheme, count)  # type: ignore[arg-type]
    z = np.linspace(-2.0 * method.reach, 0.0, 2001)
    before, now = np.ones_like(z), 1.0 + method.first * z
    for stage in method.later:
        following = 1.0 + stage.mu * (now - 1.0) + stage.nu * (before - 1.0) + z * (stage.gain * now + stage.gain_0)
        before, now = now, following
    assert np.abs(now).max() <= 1.0 + 1e-12
    assert sum(method.weights) == pytest.approx(1.0, abs=1e-12)
    assert (now[-1] - now[-2]) / (z[-1] - z[-2]) == pytest.approx(1.0, abs=2.0 * method.reach / 1000)
    assert least_count(scheme, method.reach) == count  # type: ignore[arg-type]
    assert least_count(scheme, method.reach * 1.001) == count + 2  # type: ignore[arg-type]
