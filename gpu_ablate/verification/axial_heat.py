"""Pennes' equation about an axis: finite volumes on a graded grid (r, z), implicit in time; an answer to compare with.

ρc ∂T/∂t = k ∇²T - w T + q, T the rise above the blood's temperature, walls insulated. Fluxes between the middles of
rings, second order in space; Crank and Nicolson (1947) in time, begun with four half steps of backward Euler so that
the jump of q at t = 0 does not ring (Rannacher 1984).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import splu

from gpu_ablate.physics.analytic import Medium
from gpu_ablate.physics.maxwell_geometry import AxialGrid

Array = NDArray[np.float64]

SMOOTHING = 4
"""Half steps of backward Euler at the start."""


def axial_heat(
    medium: Medium, grid: AxialGrid, density: Array, times: Sequence[float], step: float, initial: Array | None = None
) -> list[Array]:
    """Rise (nz, nr) [K] at some times [s], each a whole number of steps [s] later than the last.

    density : power density q (nz, nr) [W m⁻³], constant in time; initial : rise at the start, else none
    """
    conductance = _conduction(medium, grid) - diags_array(medium.perfusion * grid.volumes.ravel())
    stored = diags_array(medium.heat_capacity * grid.volumes.ravel())
    power = (density * grid.volumes).ravel()
    implicit = splu((stored - 0.5 * step * conductance).tocsc())  # of both methods: half a step, or the half of one
    explicit = (stored + 0.5 * step * conductance).tocsr()
    rise = np.zeros(grid.volumes.size) if initial is None else initial.ravel().astype(np.float64)
    found, done = [], 0
    for time in times:
        for number in range(done, round(time / step)):
            if number < SMOOTHING // 2:
                for _ in range(2):
                    rise = implicit.solve(stored @ rise + 0.5 * step * power)
            else:
                rise = implicit.solve(explicit @ rise + step * power)
        done = round(time / step)
        found.append(rise.reshape(grid.shape))
    return found


def _conduction(medium: Medium, grid: AxialGrid) -> coo_array:
    """Heat into each cell per kelvin of each cell (n, n) [W K⁻¹]."""
    nz, nr = grid.shape
    number = np.arange(nz * nr).reshape(nz, nr)
    areas_out = 2.0 * math.pi * grid.r[1:-1] * np.diff(grid.z)[:, None]
    areas_up = math.pi * np.diff(grid.r**2)
    across = medium.conductivity * areas_out / np.diff(grid.radii)
    along = medium.conductivity * areas_up / np.diff(grid.heights)[:, None]
    first = np.concatenate((number[:, :-1].ravel(), number[:-1].ravel()))
    second = np.concatenate((number[:, 1:].ravel(), number[1:].ravel()))
    value = np.concatenate((across.ravel(), along.ravel()))
    rows = np.concatenate((first, second, first, second))
    columns = np.concatenate((second, first, first, second))
    return coo_array((np.concatenate((value, value, -value, -value)), (rows, columns)), shape=(nz * nr, nz * nr))
