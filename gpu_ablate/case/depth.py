"""How deep a point lies below the skin that a needle went through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.setup import Probe, Setup
from gpu_ablate.geometry.voxelize import outward_direction

STEP_CELLS = 0.1
"""Resolution of the way through the voxels [cells]."""


class SkinDepth:
    """Depth below the skin, square to it where the needle enters: what an ultrasound's depth ruler shows there."""

    def __init__(self, setup: Setup, probe: Probe) -> None:
        self.grid: Grid = setup.grid
        self.gas: NDArray[np.bool_] = setup.phase_mask("gas")
        self.outward: NDArray[np.float64] | None = None
        way = self._way_to_gas(probe.tip, np.array(probe.direction))
        if way is not None:
            x, y, z = (t + way * d for t, d in zip(probe.tip, probe.direction, strict=True))
            self.outward = outward_direction(self.gas, self.grid.spacing, self.grid.origin, (x, y, z))

    def at(self, point: Vector) -> float:
        """Depth [m] of a point (x, y, z) [m]; nan where the needle leaves the box before the skin."""
        way = None if self.outward is None else self._way_to_gas(point, self.outward)
        return float("nan") if way is None else way

    def _way_to_gas(self, point: Vector, direction: NDArray[np.float64]) -> float | None:
        """Length [m] from a point along a unit vector to the first gas; None if the box ends before."""
        step = STEP_CELLS * self.grid.spacing
        longest = float(np.linalg.norm(np.subtract(self.grid.upper, self.grid.origin)))
        lengths = np.arange(0.0, longest, step)
        way = np.array(point) + lengths[:, None] * direction
        index = np.floor((way - np.array(self.grid.origin)) / self.grid.spacing).astype(int)[:, ::-1]
        inside = np.all((index >= 0) & (index < self.grid.shape), axis=1)
        hits = inside.copy()
        hits[inside] = self.gas[tuple(index[inside].T)]
        return float(lengths[hits.argmax()]) if hits.any() else None
