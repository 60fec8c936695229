"""What every backend can do; arrays only, no scene, file or name."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case

Array = NDArray[np.float64]


class Backend(Protocol):
    """The state of one case on one device. Fields are (nz, ny, nx); u is the enthalpy state [K]."""

    def __init__(self, case: Case) -> None:
        """Load a case and set its initial state."""

    def set_source(self, power_density: Array | None) -> None:
        """Volume heat from now on [W m⁻³]."""

    def set_exchange(self, coefficients: Array, theta: Array) -> None:
        """Film coefficient [W m⁻² K⁻¹] (inf holds a face) and outside temperature - 37 [K] of each group."""

    def ranges(self) -> tuple[Array, Array]:
        """Least and greatest u of each region's cells (regions,) [K]; (inf, -inf) where it has none, nan if any is."""

    def advance(self, dt: float, steps: int) -> None:
        """Take explicit Euler steps of dt [s]."""

    def sums(self) -> dict[str, float]:
        """Energy brought so far [J]: "sources_j", "perfusion_j", "metabolic_j", the terms of the exchange
        groups, and "stored_j", the change of the enthalpy."""

    def temperature(self, cells: NDArray[np.int64] | None = None) -> Array:
        """T [°C] at flat indices, or (nz, ny, nx)."""

    def history(self, name: str, cells: NDArray[np.int64] | None = None) -> Array:
        """A history at flat indices, or (nz, ny, nx); extremes in °C."""
