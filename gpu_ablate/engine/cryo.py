"""Cryoprobes while a run goes on: the cryogen's temperature and film by each probe's clock, and the heat it draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import LEAST_FILM, Case, Cryogen
from gpu_ablate.case.cryoprobes import DRAWN
from gpu_ablate.engine.backend import Member
from gpu_ablate.engine.clock import ProbeClock
from gpu_ablate.physics.cryoprobe import cryogen_temperature, wall_temperature
from gpu_ablate.physics.cryoprobe import film as film_coefficient
from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]

LARGEST_CHANGE = 3.0
"""The cryogen changes by no more than this within a super-step [K] ..."""

SATURATED = 0.5
"""... until it is so near to its last temperature [K]."""


@dataclass(frozen=True)
class Flow:
    """What flows through a probe: film coefficient [W m⁻² K⁻¹], temperature - 37 [K]; h = 0 insulates."""

    h: float
    theta: float


INSULATED = Flow(0.0, 0.0)
"""Nothing flows."""


class Cryoprobes:
    """Switches the exchange groups of a case's cryoprobes.

    A step begins at the temperature at which the last one left the cryogen if that flowed, else at the mean temperature
    of the tissue at the probe.

    Attributes
    ----------
    starts : by probe, the number of the step under way from 0 and the temperature - 37 [K] at which it began
    flows : by probe, what flowed last
    traced : time of the last row of the trace [s], and what each probe had drawn by then [J]
    """

    def __init__(self, case: Case, backend: Member) -> None:
        self.case, self.backend = case, backend
        self.groups = {name: case.exchange.names.index(name) for name in case.cryoprobes}
        self.cells = {name: backend.listed(probe.cells) for name, probe in case.cryoprobes.items()}
        self.starts: dict[str, tuple[int, float]] = {}
        self.flows: dict[str, Flow] = {}
        self.traced = 0.0, dict.fromkeys(case.cryoprobes, 0.0)
        self.given: tuple[Array, Array, Array, Array] | None = None

    def switched(self, film: Array, outside: Array, clocks: Sequence[ProbeClock], time: float) -> tuple[Array, Array]:
        """Film resistances and outside temperatures - 37 [K] of all groups (see `Exchange.at`) at a time [s]; the same
        arrays while nothing changes."""
        if not self.groups:
            return film, outside
        flows = {clock.probe.name: self._flow(clock, time) for clock in clocks if clock.probe.name in self.groups}
        if self.given is None or self.given[0] is not film or self.given[1] is not outside or flows != self.flows:
            changed, temperatures = film.copy(), outside.copy()
            for name, flow in flows.items():
                group = self.groups[name]
                changed[group] = self.case.exchange.film_scale[group] / max(flow.h, LEAST_FILM)
                temperatures[group] = flow.theta
            self.given = film, outside, changed, temperatures
        self.flows = flows
        return self.given[2:]

    def _flow(self, clock: ProbeClock, time: float) -> Flow:
        """What flows through a probe at a time [s]; begins a step that is new."""
        name = clock.probe.name
        if name not in self.starts or self.starts[name][0] != clock.index:
            last = self.flows.get(name, INSULATED)
            tissue = self.backend.at(self.cells[name])
            self.starts[name] = clock.index, last.theta if last.h > 0.0 else float(tissue.mean()) - BODY_C
        start = self.starts[name][1]
        gas, output = self._gas(clock)
        if gas is None:
            return INSULATED
        theta = float(cryogen_temperature(start, gas.theta, gas.tau, time - clock.began))
        return Flow(film_coefficient(self.case.cryoprobes[name].h, output), theta)

    def _gas(self, clock: ProbeClock) -> tuple[Cryogen | None, float]:
        """What a step lets through, None when nothing flows, and at which output."""
        probe, step = self.case.cryoprobes[clock.probe.name], clock.step
        if step is None or step.output == 0.0:
            return None, 0.0
        return (probe.freeze if step.action == "freeze" else probe.thaw), step.output

    def calm(self, clocks: Sequence[ProbeClock]) -> float:
        """How long no cryogen changes by more than LARGEST_CHANGE [s]; inf where all are saturated or off."""
        spans = [math.inf]
        for clock in clocks:
            if clock.probe.name not in self.groups:
                continue
            gas, _ = self._gas(clock)
            flow = self.flows.get(clock.probe.name)
            if gas is not None and flow is not None:
                away = abs(flow.theta - gas.theta)
                spans.append(LARGEST_CHANGE * gas.tau / away if away > SATURATED else math.inf)
        return min(spans)

    def trace(self, time: float, clocks: Sequence[ProbeClock]) -> dict[str, float]:
        """Columns of traces.csv; the heat drawn and the wall's temperature are means since the last row."""
        if not self.groups:
            return {}
        brought = self.backend.brought()
        since, before = self.traced
        drawn = {name: -brought[DRAWN.format(name)] for name in self.groups}
        self.traced = time, drawn
        row = {}
        for clock in clocks:
            name = clock.probe.name
            if name not in self.groups:
                continue
            probe, flow = self.case.cryoprobes[name], self.flows.get(name, INSULATED)
            power = (drawn[name] - before[name]) / (time - since) if time > since else 0.0
            wall = float(self.backend.at(self.cells[name]).mean())
            if flow.h > 0.0:
                wall = wall_temperature(flow.theta + BODY_C, power, flow.h, probe.area)
            _, output = self._gas(clock)
            row[f"probe.{name}.output_percent"] = 100.0 * output
            row[f"probe.{name}.cryogen_c"] = flow.theta + BODY_C if flow.h > 0.0 else math.nan
            row[f"probe.{name}.wall_c"] = wall
            row[f"probe.{name}.drawn_w"] = power
        return row

    def state(self) -> dict[str, Any]:
        """What it remembers, as plain values."""
        flows = {name: (flow.h, flow.theta) for name, flow in self.flows.items()}
        return {"starts": self.starts, "flows": flows, "traced": self.traced}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as when `state` was taken."""
        self.starts = {name: (index, theta) for name, (index, theta) in state["starts"].items()}
        self.flows = {name: Flow(h, theta) for name, (h, theta) in state["flows"].items()}
        time, drawn = state["traced"]
        self.traced = time, dict(drawn)
