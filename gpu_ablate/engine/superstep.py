"""Super-steps: plain Euler steps, or the stages of Runge-Kutta-Legendre methods of first and second order.

RKL methods (Meyer, Balsara & Aslam 2014, J Comput Phys 257:594) stay stable over about s²/2 (RKL1) or s²/4 (RKL2)
explicit steps with s evaluations of the right-hand side M:

    Y_1 = Y_0 + τ first M(Y_0)
    Y_j = Y_0 + μ (Y_{j-1} - Y_0) + ν (Y_{j-2} - Y_0) + τ gain M(Y_{j-1}) + τ gain_0 M(Y_0),   j = 2 .. s

written with differences, so that in float32 no constant drifts. For RKL1 ν = 1 - μ and gain_0 = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

Scheme = Literal["euler", "rkl1", "rkl2"]


@dataclass(frozen=True)
class SuperStep:
    """Advance by span [s]: `count` Euler steps, or one RKL step of `count` stages."""

    scheme: Scheme
    span: float
    count: int


@dataclass(frozen=True)
class Stage:
    """Coefficients of Y_j, j ≥ 2."""

    mu: float
    nu: float
    gain: float
    gain_0: float


@dataclass(frozen=True)
class Stages:
    """An RKL method of so many stages.

    first : of Y_1
    later : of Y_2 .. Y_s
    weights : Y_s = Y_0 + τ Σ_i weights[i] M(Y_i), i = 0 .. s-1; energy is counted with them
    reach : how many explicit steps it stays stable over
    """

    first: float
    later: tuple[Stage, ...]
    weights: tuple[float, ...]
    reach: float


@cache
def stages(scheme: Scheme, count: int) -> Stages:
    """Coefficients of RKL1 or RKL2 with `count` ≥ 2 (RKL1) or 3 (RKL2) stages."""
    if scheme == "rkl1":
        w = 2.0 / (count**2 + count)
        first, reach = w, 1.0 / w
        later = tuple(Stage((2 * j - 1) / j, (1 - j) / j, (2 * j - 1) / j * w, 0.0) for j in range(2, count + 1))
    else:
        b = [1 / 3, 1 / 3, 1 / 3] + [(j**2 + j - 2) / (2 * j * (j + 1)) for j in range(3, count + 1)]
        w = 4.0 / (count**2 + count - 2)
        first, reach = b[1] * w, 1.0 / w
        chain = []
        for j in range(2, count + 1):
            mu = (2 * j - 1) / j * b[j] / b[j - 1]
            chain.append(Stage(mu, -(j - 1) / j * b[j] / b[j - 2], mu * w, -(1.0 - b[j - 1]) * mu * w))
        later = tuple(chain)
    return Stages(first, later, _weights(first, later, count), reach)


def _weights(first: float, later: tuple[Stage, ...], count: int) -> tuple[float, ...]:
    before, now = np.zeros(count), np.zeros(count)
    now[0] = first
    for j, stage in enumerate(later, start=1):
        following = stage.mu * now + stage.nu * before
        following[j] += stage.gain
        following[0] += stage.gain_0
        before, now = now, following
    return tuple(now.tolist())


def least_count(scheme: Scheme, explicit_steps: float) -> int:
    """Least odd number of stages that reaches over so many explicit steps."""
    count = 3
    while stages(scheme, count).reach < explicit_steps:
        count += 2
    return count
