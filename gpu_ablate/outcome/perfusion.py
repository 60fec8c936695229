"""Where blood flow stopped: what contrast imaging shows as not enhancing."""

from __future__ import annotations

import math

import numpy as np

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.outcome.levelset import Field, excess
from gpu_ablate.physics.damage import COLD_STASIS_C
from gpu_ablate.result.result import Result

NONPERFUSED = "nonperfused"
"""Name of the zone in metrics.json."""

STOPPED_SHARE = 0.5
"""Blood flow counts as stopped where at most this share of the resting perfusion still flows; chosen here. Around the
heat of `breast_pullback` a share of 0.1 lies 0.6 mm inside of it on average, one of 0.9 lies 1.3 mm outside."""

HEAT = Endpoint(NONPERFUSED, "stasis", -math.log(STOPPED_SHARE))
"""On the dose of stasis Ω = -ln(share), which is smooth where the share itself falls from 1 to 0 within a voxel."""

COLD = Endpoint(NONPERFUSED, "min_temperature", COLD_STASIS_C)

FURTHEST = 7.0
"""Largest |φ| of heat: log2(Ω / ln 2) of the smallest share that float32 holds. Also the smallest, so that an edge that
lies within one voxel (`perfusion_heat = "step"`) is taken halfway."""


def nonperfused_field(result: Result) -> Field | None:
    """φ (nz, ny, nx) of the tissue whose blood flow stopped, ≥ 0 inside; None where the run kept neither history.

    By heat where at most STOPPED_SHARE of the perfusion flows at the end, by cold where it was ever colder than
    COLD_STASIS_C; both together where a run has both. Tissue without perfusion of its own counts by what its
    vessels would have come to.
    """
    share, coldest = result.final.get("perfusion"), result.final.get("min_temperature")
    if share is None and coldest is None:
        return None
    cold = None if coldest is None else excess(coldest, COLD)
    if share is None:
        return cold
    dose = -np.log(np.maximum(share, np.finfo(np.float32).tiny))
    heat = np.clip(excess(dose, HEAT), -FURTHEST, FURTHEST)
    if cold is None or not (cold >= 0).any():
        return heat
    return np.where((cold >= 0) | (heat < 0) & (cold > heat), cold, heat) if (heat >= 0).any() else cold
