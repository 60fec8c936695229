"""What every backend can do; arrays only, no scene, file or name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.engine.superstep import SuperStep

Array = NDArray[np.float64]
Field = NDArray[np.floating]
"""In the precision of the backend."""


@dataclass(frozen=True)
class Ranges:
    """Least and greatest u of each region's cells (regions,) [K], (inf, -inf) where it has none, nan if any is not
    finite; pace: fastest change of u of any cell in the last (super-)step [K s⁻¹], 0 before the first."""

    lows: Array
    highs: Array
    pace: float


class Backend(Protocol):
    """The state of one case on one device. Fields are (nz, ny, nx); u is the enthalpy state [K]."""

    def __init__(self, case: Case) -> None:
        """Load a case and set its initial state."""

    def set_source(self, power_density: Array | None) -> None:
        """Volume heat from now on [W m⁻³]."""

    def set_exchange(self, film: Array, outside: Array) -> None:
        """Film resistance (0 holds a surface) and outside temperature - 37 [K] of each group (see Case.exchange)."""

    def ranges(self) -> Ranges:
        """What the state spans now."""

    def advance(self, step: SuperStep) -> None:
        """Take a super-step with the source and exchange of now; `keep` or (of an RKL step) `undo` it next."""

    def keep(self) -> None:
        """Accept the super-step: histories and energy take it over."""

    def undo(self) -> None:
        """Go back to the state before an RKL step."""

    def sums(self) -> dict[str, float]:
        """Energy brought so far [J]: "sources_j", "perfusion_j", "metabolic_j", the terms of the exchange
        groups, and "stored_j", the change of the enthalpy."""

    def temperature(self, cells: NDArray[np.int64] | None = None) -> Field:
        """T [°C] at flat indices, or (nz, ny, nx)."""

    def history(self, name: str, cells: NDArray[np.int64] | None = None) -> Field:
        """A history at flat indices, or (nz, ny, nx); extremes in °C."""

    def save(self) -> dict[str, NDArray[Any]]:
        """All that changes during a run: "u", "energy" and the histories, not copied, so good until `advance`."""

    def restore(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `save` of a backend of the same kind and case returned."""
