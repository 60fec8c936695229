"""How deep a point lies below the skin that a needle went through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.setup import Track
from gpu_ablate.geometry.voxelize import outward_direction

FOOTPRINT = 15e-3
"""Width (standard deviation) over which the skin's direction is averaged [m]: a linear ultrasound probe's footprint."""

COARSE_CELLS = 0.1
"""The way through the voxels is sought in these steps [cells] ..."""

FINE = 11
"""... and then between the last two at so many places."""

RINGS = ((0.0, 1), (1.0, 6), (2.0, 12))
"""Depths are means over ways side by side: how far from the point [cells], and how many. They even out the terraces
that voxels make of a sloping skin."""


class SkinDepth:
    """Depth below the skin, square to it where a track enters: what an ultrasound's depth ruler shows there.

    Where the shaft leaves the box before it reaches the skin, the skin nearest to that place counts.

    Attributes
    ----------
    puncture : where the shaft leaves the body (x, y, z) [m]; None where it leaves the box first
    outward : unit vector square to the skin there; None without air outside of the body
    """

    def __init__(self, grid: Grid, air: NDArray[np.bool_], track: Track) -> None:
        """air : (nz, ny, nx), the gas outside of the body."""
        self.grid, self.air = grid, air
        self.puncture: Vector | None = None
        self.outward: NDArray[np.float64] | None = None
        if air.any():
            ways, in_air = self._ways_out(np.array([track.tip]), np.array(track.direction))
            x, y, z = (float(v) for v in np.array(track.tip) + ways[0] * np.array(track.direction))
            self.puncture = (x, y, z) if in_air[0] else None
            self.outward = outward_direction(air, grid.spacing, grid.origin, (x, y, z), FOOTPRINT)

    def at(self, point: Vector) -> float:
        """Depth [m] of a point (x, y, z) [m]; nan where no air lies above it in the box."""
        if self.outward is None:
            return float("nan")
        ways, in_air = self._ways_out(point + self._side_by_side(self.outward), self.outward)
        return float(ways[in_air].mean()) if in_air[0] else float("nan")

    def _side_by_side(self, outward: NDArray[np.float64]) -> NDArray[np.float64]:
        """Offsets (n, 3) [m] square to a unit vector, the first of them none."""
        first = np.cross(outward, np.eye(3)[int(np.argmin(np.abs(outward)))])
        first /= np.linalg.norm(first)
        second = np.cross(outward, first)
        offsets = []
        for radius, count in RINGS:
            for angle in 2.0 * np.pi * np.arange(count) / count:
                offsets.append(radius * self.grid.spacing * (np.cos(angle) * first + np.sin(angle) * second))
        return np.array(offsets)

    def _ways_out(
        self, points: NDArray[np.float64], direction: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Lengths (n,) [m] from points (n, 3) along a unit vector to the first air, or else to the face of the box;
        which of them reach air."""
        step = COARSE_CELLS * self.grid.spacing
        longest = float(np.linalg.norm(np.subtract(self.grid.upper, self.grid.origin)))
        coarse, _ = self._first_out(points, direction, np.arange(0.0, longest + self.grid.spacing, step))
        before = np.maximum(coarse - step, 0.0)
        fine, in_air = self._first_out(points + before[:, None] * direction, direction, np.linspace(0.0, step, FINE))
        return before + fine, in_air

    def _first_out(
        self, points: NDArray[np.float64], direction: NDArray[np.float64], lengths: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The first of some lengths [m] from points (n, 3) along a unit vector that is not in the body; whether that
        is in air, not beyond the box."""
        ways = points[:, None] + lengths[:, None] * direction
        index = np.floor((ways - np.array(self.grid.origin)) / self.grid.spacing).astype(int)[..., ::-1]
        inside = np.all((index >= 0) & (index < self.grid.shape), axis=-1)
        out = ~inside
        out[inside] = self.air[tuple(index[inside].T)]
        first = out.argmax(axis=1)
        return lengths[first], inside[np.arange(len(points)), first]
