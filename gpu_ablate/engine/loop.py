"""The time loop: hits every switch, record and trace time exactly; ends steps on their conditions."""

from __future__ import annotations

import math
import time as wall
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gpu_ablate.case.case import Case
from gpu_ablate.engine.backend import Backend
from gpu_ablate.engine.clock import ProbeClock
from gpu_ablate.engine.interrupt import interrupt_noted
from gpu_ablate.engine.sources import HeatSources
from gpu_ablate.engine.stepping import Drive, StabilityLimit
from gpu_ablate.engine.watch import Watch
from gpu_ablate.errors import RunError
from gpu_ablate.result.result import ENERGY_TERMS, Records, Result, Station, Status
from gpu_ablate.units import MM

CHECK_EVERY = 0.5
"""Conditions (`until`) are looked at this often at least [s]."""

MOVE_CELLS = 0.25
"""A moving source is placed anew at least every this many cells."""

CLOSE = 1e-9
"""Times that are nearer than this are the same [s]."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: simulated time and when it will end at the latest [s]; a message at each station."""

    time_s: float
    duration_s: float
    message: str | None = None


def run(case: Case, backend: Backend, name: str, records: Records, progress: Callable[[Progress], None]) -> Result:
    """Compute a case.

    Ctrl-C ends it at the end of a super-step (status "interrupted"). If the field is no longer finite the status is
    "failed", `run["failure"]` says when, and what was recorded until then stays.
    """
    loop = _Loop(case, backend, records, progress)
    began = wall.perf_counter()
    status: Status = "done"
    failure = ""
    with interrupt_noted() as stopped:
        try:
            if not loop.go(stopped):
                status = "interrupted"
        except KeyboardInterrupt:  # raised by `progress`, between two super-steps
            status = "interrupted"
        except RunError as error:
            status, failure = "failed", str(error)
            progress(Progress(loop.time, loop.end, failure))
        if status == "interrupted":
            loop.keep()
    solve_s = wall.perf_counter() - began
    traces = {key: np.array([row[key] for row in loop.rows]) for key in loop.rows[0]}
    return Result(
        setup=case.setup,
        records=records,
        status=status,
        final={h.name: backend.history(h.name).astype(np.float32) for h in case.histories},
        traces=traces,
        energy=loop.energy(),
        stations=loop.stations,
        run={
            "backend": name,
            "precision": "float64" if name == "numpy" else case.run.precision,
            "simulated_s": loop.time,
            "solve_s": solve_s,
            "cell_steps": loop.steps * case.setup.grid.cells,
            **({"failure": failure} if failure else {}),
        },
    )


class _Loop:
    def __init__(self, case: Case, backend: Backend, records: Records, progress: Callable[[Progress], None]) -> None:
        self.case, self.backend, self.records, self.progress = case, backend, records, progress
        self.clocks = [ProbeClock(probe) for probe in case.setup.probes]
        self.sources = HeatSources(case)
        self.limit = StabilityLimit(case)
        self.watch = Watch(case, backend)
        self.stations: list[Station] = []
        self.rows: list[dict[str, float]] = []
        self.time = 0.0
        self.steps = 0
        self.escaped = 0.0
        self.coefficients, self.outside = case.exchange.coefficients, case.exchange.theta
        self.lows, self.highs = backend.ranges()

    @property
    def end(self) -> float:
        """When the run ends if no condition ends a step early [s]."""
        if self.case.run.duration is not None:
            return self.case.run.duration
        ends = [clock.planned_end for clock in self.clocks]
        ends += [source.end for source in self.case.sources if math.isfinite(source.end)]
        return max(ends, default=0.0)

    def go(self, stopped: Callable[[], bool]) -> bool:
        """Compute until the end (True), or until `stopped` says so after a super-step (False)."""
        self._switch_exchange()
        self._finish_due_steps()
        self._trace()
        self.record()
        while self.time < self.end - CLOSE:
            if stopped():
                return False
            self._advance(self._next_time())
            self._finish_due_steps()
            if self._is_due(self.case.run.trace_every) or self.time >= self.end - CLOSE:
                self._trace()
            if self._is_due(self.case.run.record_every) or self.time >= self.end - CLOSE:
                self.record()
            self.progress(Progress(self.time, self.end))
        return True

    def keep(self) -> None:
        """Trace and record the state of now."""
        self._trace()
        self.record()

    def record(self) -> None:
        """Keep the fields of now (once per time)."""
        if self.records.times and abs(self.records.times[-1] - self.time) < CLOSE:
            return
        endpoint = self.case.setup.endpoint.field
        fields = {"temperature": self.backend.temperature().astype(np.float32)}
        fields[endpoint] = self.backend.history(endpoint).astype(np.float32)
        self.records.append(self.time, fields)

    def energy(self) -> dict[str, float]:
        """The terms of metrics.json [J]."""
        sums = self.backend.sums()
        terms = {name: sums.get(name, 0.0) for name in ENERGY_TERMS}
        brought = [terms[name] for name in ENERGY_TERMS if name not in ("escaped_j", "stored_j")]
        total = sum(abs(value) for value in [*brought, terms["stored_j"]])
        imbalance = abs(terms["stored_j"] - sum(brought)) / total if total > 0.0 else 0.0
        return {**terms, "escaped_j": self.escaped, "relative_imbalance": imbalance}

    def _is_due(self, every: float) -> bool:
        return abs(self.time - round(self.time / every) * every) < CLOSE

    def _next_time(self) -> float:
        """End of the next super-step: the nearest switch, record, trace, condition check or source move."""
        now = self.time
        times = [self.end, *(clock.switch for clock in self.clocks)]
        for every in (self.case.run.trace_every, self.case.run.record_every):
            times.append((math.floor((now + CLOSE) / every) + 1) * every)
        for source in self.case.sources:
            times += [source.start, source.end]
        for start, stop in self.case.exchange.active:
            times += [start, stop]
        speeds = [math.hypot(*s.velocity) for s in self.case.sources if s.start <= now < s.end]
        for clock in self.clocks:
            if clock.step and clock.step.until:
                times.append(now + CHECK_EVERY)
            if clock.step and clock.step.power > 0.0:
                speeds.append(clock.step.speed)
        fastest = max(speeds, default=0.0)
        if fastest > 0.0:
            times.append(now + MOVE_CELLS * self.case.setup.grid.spacing / fastest)
        return min(t for t in times if t > now + CLOSE)

    def _advance(self, next_time: float) -> None:
        middle = 0.5 * (self.time + next_time)
        emissions = {clock.probe.name: clock.emission(middle) for clock in self.clocks}
        if self.sources.update(middle, emissions):
            self.backend.set_source(self.sources.density)
        self._switch_exchange()
        span = next_time - self.time
        steps = max(1, math.ceil(span / self._stable_step(span) - CLOSE))
        self.backend.advance(span / steps, steps)
        self.lows, self.highs = self.backend.ranges()
        self._require_finite(next_time)
        self.escaped += (self.sources.incident - self.sources.absorbed) * span
        self.steps += steps
        self.time = next_time

    def _stable_step(self, span: float) -> float:
        """Largest stable step [s] for the next `span` seconds."""
        return self.limit(self.lows, self.highs, Drive(span, self.coefficients, self.outside, self.sources.rates))

    def _require_finite(self, time: float) -> None:
        lows, highs = self.lows, self.highs
        if np.isnan(lows).any() or np.isnan(highs).any() or np.isinf(highs[self.limit.solved]).any():
            raise RunError(
                f"t = {time:.3f} s: the temperature is no longer finite; look for a power, film coefficient or tissue "
                "value far from any real one, else please report this scene"
            )

    def _switch_exchange(self) -> None:
        """Film coefficient and outside temperature of each group now; a patch that is off is plain skin."""
        exchange = self.case.exchange
        chosen = []
        for group, (start, stop) in enumerate(exchange.active):
            on = start <= self.time + CLOSE and self.time < stop - CLOSE
            chosen.append(group if on or exchange.fallback[group] < 0 else exchange.fallback[group])
        self.coefficients, self.outside = exchange.coefficients[chosen], exchange.theta[chosen]
        self.backend.set_exchange(self.coefficients, self.outside)

    def _finish_due_steps(self) -> None:
        """End the steps whose time is up or whose condition is met; steps of no duration end at once."""
        for clock in self.clocks:
            while clock.step is not None:
                reason = self._condition_met(clock)
                if reason is None and self.time >= clock.switch - CLOSE:
                    reason = "duration"
                if reason is None:
                    break
                self._announce(clock.finish(self.time, reason))

    def _condition_met(self, clock: ProbeClock) -> str | None:
        """The condition of the step under way in words, with the value found, if it holds."""
        until = clock.step.until if clock.step else None
        if until is None or self.time <= clock.began:
            return None
        found = self.watch.reached(until)
        if (found > until.value) if until.quantity == "below" else (found < until.value):
            return None
        unit = "%" if until.quantity == "covered" else "°C"
        return f"{until.where} {until.quantity} {until.value:g} {unit}: {found:.2f} {unit}"

    def _announce(self, station: Station) -> None:
        self.stations.append(station)
        depth = self.watch.depths[station.probe].at(station.tip_end) / MM
        where = f", tip {depth:.1f} mm deep" if math.isfinite(depth) else ""
        done = station.action
        if station.action == "pull":
            done += f" {math.dist(station.tip_start, station.tip_end) / MM:g} mm"
        if station.power_w:
            done += f" at {station.power_w:g} W"
        if station.end_s > station.start_s:
            done += f" for {station.end_s - station.start_s:g} s"
        why = "" if station.ended_by == "duration" else f" (ended by {station.ended_by})"
        self.progress(Progress(self.time, self.end, f"{station.probe}: {done} done{where}{why}"))

    def _trace(self) -> None:
        if self.rows and abs(self.rows[-1]["time_s"] - self.time) < CLOSE:
            return
        self.rows.append(self.watch.trace(self.time, self.clocks, self.sources))
