"""How deep a point lies below the skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from gpu_ablate.case.grid import Vector
from gpu_ablate.case.setup import Setup


class DepthMap:
    """Distance from any point of the box to the nearest gas; to half a cell."""

    def __init__(self, setup: Setup) -> None:
        self.grid = setup.grid
        gas = setup.phase_mask("gas")
        self.distance: NDArray[np.float32] | None = None
        if gas.any():
            # from a cell centre to the nearest gas cell's centre; its face is half a cell nearer
            cells = distance_transform_edt(~gas)
            self.distance = np.where(gas, 0.0, (cells - 0.5) * self.grid.spacing).astype(np.float32)

    def at(self, point: Vector) -> float:
        """Depth [m] of a point (x, y, z) [m]; nan where the box holds no gas."""
        if self.distance is None:
            return float("nan")
        place = [(p - o) / self.grid.spacing - 0.5 for p, o in zip(point, self.grid.origin, strict=True)]
        return float(map_coordinates(self.distance, np.array(place[::-1])[:, None], order=1, mode="nearest")[0])
