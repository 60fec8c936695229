"""How deep a point lies below the skin that a needle went through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.air import outside_air
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.setup import Probe, Setup
from gpu_ablate.geometry.voxelize import outward_direction

FOOTPRINT = 15e-3
"""Width (standard deviation) over which the skin's direction is averaged [m]: a linear ultrasound probe's footprint."""

STEP_CELLS = 0.1
"""Resolution of the way through the voxels [cells]."""


class SkinDepth:
    """Depth below the skin, square to it where the needle enters: what an ultrasound's depth ruler shows there.

    Where the needle leaves the box before it reaches the skin, the skin nearest to that place counts.
    """

    def __init__(self, setup: Setup, probe: Probe) -> None:
        self.grid: Grid = setup.grid
        self.gas: NDArray[np.bool_] = outside_air(setup.phase_mask("gas"))
        self.outward: NDArray[np.float64] | None = None
        if self.gas.any():
            way, _ = self._way_out(probe.tip, np.array(probe.direction))
            x, y, z = (t + way * d for t, d in zip(probe.tip, probe.direction, strict=True))
            self.outward = outward_direction(self.gas, self.grid.spacing, self.grid.origin, (x, y, z), FOOTPRINT)

    def at(self, point: Vector) -> float:
        """Depth [m] of a point (x, y, z) [m]; nan where no gas lies above it in the box."""
        if self.outward is None:
            return float("nan")
        way, in_gas = self._way_out(point, self.outward)
        return way if in_gas else float("nan")

    def _way_out(self, point: Vector, direction: NDArray[np.float64]) -> tuple[float, bool]:
        """Length [m] from a point along a unit vector to the first gas, or else to the face of the box; which."""
        longest = float(np.linalg.norm(np.subtract(self.grid.upper, self.grid.origin)))
        lengths = np.arange(0.0, longest + self.grid.spacing, STEP_CELLS * self.grid.spacing)
        way = np.array(point) + lengths[:, None] * direction
        index = np.floor((way - np.array(self.grid.origin)) / self.grid.spacing).astype(int)[:, ::-1]
        inside = np.all((index >= 0) & (index < self.grid.shape), axis=1)
        out = ~inside
        out[inside] = self.gas[tuple(index[inside].T)]
        first = int(out.argmax())
        return float(lengths[first]), bool(inside[first])
