"""What every backend can do; arrays only, no scene, file or name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.engine.deposit import Frame, Rings, Shape, Surroundings
from gpu_ablate.engine.superstep import SuperStep

Array = NDArray[np.float64]
Field = NDArray[np.floating]
"""In the precision of the backend."""
Listed = Any
"""A set of cells as `Member.listed` keeps it where the fields are."""


@dataclass(frozen=True)
class Ranges:
    """Least and greatest u of each region's cells (regions,) [K], (inf, -inf) where it has none, nan if any is not
    finite; pace: fastest change of u of any cell in the last (super-)step [K s⁻¹], 0 before the first."""

    lows: Array
    highs: Array
    pace: float


@dataclass(frozen=True)
class Heating:
    """What the sources bring: power that tissue takes up [W], least and greatest du/dt of any cell by it [K s⁻¹]."""

    absorbed: float
    rates: tuple[float, float]


class Member(Protocol):
    """The state of one case on one device. Fields are (nz, ny, nx); u is the enthalpy state [K]."""

    @property
    def hardware(self) -> str:
        """Name of the processor or GPU that computes it."""

    def place(self, name: str, shape: Shape) -> float:
        """Put a source of one watt where it is now; the power that tissue takes up of it [W]. The rest is lost.

        What heats is as `set_source` left it until that is called again.
        """

    def set_source(self, powers: Mapping[str, float]) -> Heating:
        """From now on each of these placed sources gives so many watts [W], the others none; antennas by σ of now."""

    def surroundings(self, frame: Frame, rings: Rings) -> Surroundings:
        """What lies around a needle now."""

    def set_exchange(self, film: Array, outside: Array) -> None:
        """Film resistance (0 holds a surface) and outside temperature - 37 [K] of each group (see Case.exchange)."""

    def ranges(self) -> Ranges:
        """What the state spans now."""

    def brought(self) -> dict[str, float]:
        """Energy brought so far [J]: "sources_j", "perfusion_j", "metabolic_j", and the terms of the exchange groups;
        it changes with the next super-step."""

    def sums(self) -> dict[str, float]:
        """What was brought, and "stored_j", the change of the enthalpy of all cells [J]."""

    def temperature(self) -> Field:
        """T (nz, ny, nx) [°C]."""

    def history(self, name: str) -> Field:
        """A history (nz, ny, nx); extremes in °C, cycles counted from their beginning."""

    def listed(self, cells: NDArray[np.int64]) -> Listed:
        """A set of cells, given by flat indices, for `at`, `span` and `met`; not empty."""

    def at(self, where: Listed) -> Field:
        """T [°C] at a few cells, in their order."""

    def span(self, where: Listed, history: str | None = None) -> tuple[float, float]:
        """Least and greatest T [°C], or value of a history, of a set of cells."""

    def met(self, where: Listed, endpoint: Endpoint) -> int:
        """How many of a set of cells are dead by an endpoint."""

    def save(self) -> dict[str, NDArray[Any]]:
        """All that changes during a run: "u", "energy" and the histories, not copied, so good until `advance`."""

    def restore(self, saved: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `save` of a backend of the same kind and case returned."""


class Stepper(Protocol):
    """Steps the states of all its members together."""

    def advance(self, step: SuperStep) -> None:
        """Take a super-step with the source and exchange of now; `keep` or (of an RKL step) `undo` it next."""

    def keep(self) -> None:
        """Accept the super-step: histories and energy take it over."""

    def undo(self) -> None:
        """Go back to the state before an RKL step."""


class Backend(Member, Stepper, Protocol):
    """One case that is stepped alone."""
