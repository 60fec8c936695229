"""What must hold while a run goes on, whatever its scene: else it stops, and says where, when and why."""

from __future__ import annotations

import math

import numpy as np

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import U_BINS, U_MIN, U_STEP
from gpu_ablate.engine.backend import Member, Ranges
from gpu_ablate.engine.lookup import theta_at
from gpu_ablate.errors import RunError
from gpu_ablate.result.result import ENERGY_TERMS, LOST_TERMS
from gpu_ablate.units import BODY_C, MM

COLDEST_C, HOTTEST_C = -200.0, 1000.0
"""No tissue of the model is colder or hotter [°C]."""

OVERSHOOT_C = 0.5
"""How far a temperature may leave the range of everything that acts on it [K]: no more than rounding and the time
stepping can bring about (Pennes' equation without sources keeps the maximum principle)."""

TOLERATED_C = 0.005
"""An RKL step that overshoots by more is taken again with plain steps [K]."""

IMBALANCE = 1e-3
"""Greatest share of the energy that may be missing or too much."""

MEANINGFUL_C = 0.01
"""Energy is balanced once its terms could warm all tissue by this much [K]; before that rounding rules."""

UNREAL = "look for a power, film coefficient or tissue value far from any real one, else please report this scene"
BROKEN = "the time stepping went wrong, please report this scene"


class Guard:
    """Watches the temperatures after each super-step and the energy at each record.

    Attributes
    ----------
    bounds : coldest and hottest temperature [°C] that the start, outside temperatures, blood, metabolism and
        sources can have brought about so far
    """

    def __init__(self, case: Case, backend: Member) -> None:
        self.case, self.backend = case, backend
        tables, exchange = case.tables, case.exchange
        present = np.unique(case.setup.labels)
        self.solved = present[np.isfinite(tables.heat_capacity[present])]
        start = case.initial[np.isin(case.setup.labels, self.solved)]
        outside = [theta for group in np.unique(exchange.groups) for theta in exchange.films[group].theta]
        imposed = [tables.blood_theta, *outside, float(start.min()), float(start.max())]
        self.bounds = [BODY_C + min(imposed), BODY_C + max(imposed)]
        self.theta = {region: memoryview(tables.theta[region]) for region in self.solved.tolist()}
        self.ranges: Ranges | None = None
        self.extremes = (math.nan, math.nan)
        self.metabolic_rate = max(self._metabolic_rate(region) for region in self.solved)
        volumes = np.bincount(case.setup.labels.ravel(), minlength=len(tables.heat_capacity))[self.solved]
        self.heat_capacity = float(tables.heat_capacity[self.solved] @ volumes) * case.setup.grid.cell_volume

    def _metabolic_rate(self, region: int) -> float:
        """How fast metabolism can warm a tissue at most [K s⁻¹]."""
        tables = self.case.tables
        flows = U_MIN + U_STEP * np.arange(1, U_BINS + 1) > tables.thawed[region]
        steepest = float(np.diff(tables.theta[region])[flows].max(initial=0.0)) / U_STEP
        return float(tables.metabolic[region] / tables.heat_capacity[region]) * steepest

    def overshot(self, span: float, ranges: Ranges, rates: tuple[float, float]) -> bool:
        """Whether a super-step left what anything can bring about by more than `TOLERATED_C` (see
        `check_temperatures`)."""
        coldest, hottest = self._extremes(ranges)
        too_cold = rates[0] >= 0.0 and coldest < self.bounds[0] - TOLERATED_C
        warmest = self.bounds[1] + span * self.metabolic_rate + TOLERATED_C
        return too_cold or (rates[1] <= 0.0 and hottest > warmest)

    def check_temperatures(self, time: float, span: float, ranges: Ranges, rates: tuple[float, float]) -> None:
        """Check the super-step of `span` [s] that ended at a time [s].

        Parameters
        ----------
        ranges : of u at its end
        rates : least and greatest du/dt that sources brought to any cell [K s⁻¹]

        Raises
        ------
        RunError
            A temperature is not finite, beyond what the model covers, or beyond what anything can bring about.
        """
        coldest, hottest = self._extremes(ranges)
        if not hottest <= HOTTEST_C:  # nan included
            raise self._error(time, "hottest", f"beyond the {HOTTEST_C:g} °C that the model covers; {UNREAL}")
        if not coldest >= COLDEST_C:
            raise self._error(time, "coldest", f"beyond the {COLDEST_C:g} °C that the model covers; {UNREAL}")
        self._widen(span, coldest, hottest, rates)
        if hottest > self.bounds[1] + OVERSHOOT_C:
            raise self._error(time, "hottest", f"though nothing heats above {self.bounds[1]:.2f} °C; {BROKEN}")
        if coldest < self.bounds[0] - OVERSHOOT_C:
            raise self._error(time, "coldest", f"though nothing cools below {self.bounds[0]:.2f} °C; {BROKEN}")

    def check_energy(self, time: float, terms: dict[str, float]) -> None:
        """Check the energy balance [J] (see `course.Course.energy`) at a time [s].

        Raises
        ------
        RunError
            More energy is missing, or too much, than `IMBALANCE`.
        """
        total = sum(abs(terms[name]) for name in ENERGY_TERMS if name not in LOST_TERMS)
        if total > MEANINGFUL_C * self.heat_capacity and not terms["relative_imbalance"] <= IMBALANCE:
            raise RunError(
                f"t = {time:.3f} s: stored and brought heat differ by {terms['relative_imbalance'] * total:.3g} J, "
                f"{100.0 * terms['relative_imbalance']:.2g} % of {total:.3g} J ({100.0 * IMBALANCE:g} % are allowed); "
                f"{BROKEN}"
            )

    def _extremes(self, ranges: Ranges) -> tuple[float, float]:
        """Coldest and hottest temperature [°C], nan if any is not a number; worked out once for the same ranges."""
        if ranges is not self.ranges:
            both = ranges.lows.tolist(), ranges.highs.tolist()
            found = [BODY_C + theta_at(row, u[region]) for u in both for region, row in self.theta.items()]
            lost = any(math.isnan(temperature) for temperature in found)
            self.ranges, self.extremes = ranges, (math.nan, math.nan) if lost else (min(found), max(found))
        return self.extremes

    def _widen(self, span: float, coldest: float, hottest: float, rates: tuple[float, float]) -> None:
        """Where sources act, what is found is taken to be theirs; metabolism warms at its greatest rate."""
        self.bounds[1] += span * self.metabolic_rate
        if rates[0] < 0.0:
            self.bounds[0] = min(self.bounds[0], coldest)
        if rates[1] > 0.0:
            self.bounds[1] = max(self.bounds[1], hottest)

    def _error(self, time: float, which: str, why: str) -> RunError:
        """The error that names the "hottest" or "coldest" cell, or the first that is not finite, if any is."""
        setup = self.case.setup
        with np.errstate(invalid="ignore"):
            temperature = self.backend.temperature()
        solved = np.isin(setup.labels, self.solved)
        wrong = ~np.isfinite(temperature) & solved
        if wrong.any():
            why = f"no longer finite; {UNREAL}"
        elif which == "hottest":
            wrong = temperature == temperature[solved].max()
        else:
            wrong = temperature == temperature[solved].min()
        k, j, i = (int(index) for index in np.unravel_index(np.argmax(wrong & solved), wrong.shape))
        x, y, z = (axis[index] / MM for axis, index in zip(setup.grid.axes(), (i, j, k), strict=True))
        region = setup.regions[setup.labels[k, j, i]].name
        return RunError(
            f'{temperature[k, j, i]:.2f} °C at ({x:.1f}, {y:.1f}, {z:.1f}) mm in "{region}" at t = {time:.3f} s, {why}'
        )
