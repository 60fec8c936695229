"""Coverage: how much of each region lies in a zone, below voxel size."""

from __future__ import annotations

import numpy as np

from gpu_ablate.case.setup import Setup
from gpu_ablate.outcome.levelset import Field, Mask, beyond_body
from gpu_ablate.scene.body import TO_KILL
from gpu_ablate.units import CM3


def killed_share(phi: Field, body: Mask) -> Field:
    """Share (nz, ny, nx) of each body cell that lies in the zone φ ≥ 0; 0 outside the body.

    share = clip(1/2 + φ̄ / |∇φ|, 0, 1) with φ̄ = φ + ∇²φ / 24, the mean of φ over the cell, in cell units.
    Exact for a plane along the grid. Any other plane cuts a cube in a share with the same mean and variance
    across the plane (Σ nᵢ² / 12), so that sums over many cells are free of bias.
    """
    extended = beyond_body(phi, body)
    mean, square = extended.copy(), np.zeros_like(extended)
    for axis in range(3):
        line = np.moveaxis(extended, axis, 0)
        below = np.moveaxis(np.concatenate([line[:1], line[:-1]]), 0, axis)
        above = np.moveaxis(np.concatenate([line[1:], line[-1:]]), 0, axis)
        mean += (below - 2 * extended + above) / 24
        square += ((above - below) / 2) ** 2
    slope = np.sqrt(square)
    flat = np.where(mean >= 0, np.float32(0.5), np.float32(-0.5))
    ratio = np.divide(mean, slope, out=flat, where=slope > 0)
    return np.where(body, np.clip(ratio + np.float32(0.5), 0, 1), 0).astype(np.float32, copy=False)


def covered_percent(setup: Setup, share: Field, name: str) -> float | None:
    """Share of a region's cells in the zone [%]; None for a region without cells (painted over)."""
    cells = setup.mask(name)
    return float(100.0 * share[cells].mean(dtype=np.float64)) if cells.any() else None


def collateral(setup: Setup, share: Field) -> dict[str, dict[str, float]]:
    """Volume killed of each body tissue outside the targets and involved skin: tissue -> {"killed_cm3"}."""
    counts = np.bincount(setup.labels.ravel(), share.ravel().astype(np.float64), minlength=len(setup.regions))
    killed: dict[str, dict[str, float]] = {}
    for region, count in zip(setup.regions, counts, strict=True):
        if region.phase == "body" and region.role not in TO_KILL:
            entry = killed.setdefault(region.tissue, {"killed_cm3": 0.0})
            entry["killed_cm3"] += float(count) * setup.grid.cell_volume / CM3
    return killed
