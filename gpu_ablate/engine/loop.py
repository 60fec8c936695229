"""The time loop: hits every switch, record and trace time exactly; ends steps on their conditions."""

from __future__ import annotations

import math
import time as wall
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gpu_ablate.case.case import Case
from gpu_ablate.engine.backend import Backend
from gpu_ablate.engine.checkpoint import Checkpoints, restore_loop
from gpu_ablate.engine.clock import ProbeClock
from gpu_ablate.engine.guard import Guard
from gpu_ablate.engine.interrupt import interrupt_noted
from gpu_ablate.engine.sources import HeatSources
from gpu_ablate.engine.stepping import JUMP, LONGEST, Drive, StabilityLimit, calm_span, plain, plan
from gpu_ablate.engine.watch import Watch
from gpu_ablate.errors import RunError
from gpu_ablate.result.checkpoint import Checkpoint
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


def run(
    case: Case,
    backend: Backend,
    name: str,
    records: Records,
    progress: Callable[[Progress], None],
    start: Checkpoint | None = None,
    write: Callable[[Checkpoint], None] | None = None,
) -> Result:
    """Compute a case, from a checkpoint if there is one; `write` is handed new ones.

    Ctrl-C ends it at the end of a super-step (status "interrupted"), with a checkpoint. If something goes wrong that
    `Guard` watches, the status is "failed", `run["failure"]` says what, and what was recorded until then stays.
    """
    loop = TimeLoop(case, backend, records, progress)
    if start is not None:
        restore_loop(loop, start)
    checkpoints = Checkpoints(write)
    status: Status = "done"
    failure = ""
    with interrupt_noted() as stopped:
        try:
            if not loop.go(stopped, checkpoints):
                status = "interrupted"
        except KeyboardInterrupt:  # raised by `progress`, between two super-steps
            status = "interrupted"
        except RunError as error:
            status, failure = "failed", str(error)
            progress(Progress(loop.time, loop.end, failure))
        if status == "interrupted":
            checkpoints.write(loop)
            loop.keep()
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
            "solve_s": loop.solve_s,
            "cell_steps": loop.steps * case.setup.grid.cells,
            **({"failure": failure} if failure else {}),
        },
    )


class TimeLoop:
    """Steps a case from one super-step to the next; what it is at the end of one is a checkpoint."""

    def __init__(self, case: Case, backend: Backend, records: Records, progress: Callable[[Progress], None]) -> None:
        self.case, self.backend, self.records, self.progress = case, backend, records, progress
        self.clocks = [ProbeClock(probe) for probe in case.setup.probes]
        self.sources = HeatSources(case)
        self.limit = StabilityLimit(case)
        self.watch = Watch(case, backend)
        self.guard = Guard(case, backend)
        self.stations: list[Station] = []
        self.rows: list[dict[str, float]] = []
        self.time = 0.0
        self.steps = 0
        self.escaped = 0.0
        self.film, self.outside = case.exchange.at(0.0)
        self.ranges = backend.ranges()
        self.began = wall.perf_counter()

    @property
    def solve_s(self) -> float:
        """Wall time that the run has taken so far [s], with what came before it was resumed."""
        return wall.perf_counter() - self.began

    @property
    def end(self) -> float:
        """When the run ends if no condition ends a step early [s]."""
        if self.case.run.duration is not None:
            return self.case.run.duration
        ends = [clock.planned_end for clock in self.clocks]
        ends += [source.end for source in self.case.sources if math.isfinite(source.end)]
        return max(ends, default=0.0)

    def go(self, stopped: Callable[[], bool], checkpoints: Checkpoints) -> bool:
        """Compute until the end (True), or until `stopped` says so after a super-step (False)."""
        self._settle()
        while self.time < self.end - CLOSE:
            if stopped():
                return False
            self._advance(self._next_time())
            self._settle()
            checkpoints.after_step(self)
            self.progress(Progress(self.time, self.end))
        return True

    def _settle(self) -> None:
        """All that is due at the end of a super-step; what was done at this time already is not done again."""
        self._finish_due_steps()
        if self._is_due(self.case.run.trace_every) or self.time >= self.end - CLOSE:
            self._trace()
        if self._is_due(self.case.run.record_every) or self.time >= self.end - CLOSE:
            self.record()
            self.guard.check_energy(self.time, self.energy())

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
        for film in self.case.exchange.films:
            times += film.times
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
        """Take one super-step, to `next_time` or an even part of the way."""
        calm = calm_span(self.ranges.pace, self.case.run.accuracy)
        longest = min(calm, LONGEST[self.case.run.accuracy])
        span = (next_time - self.time) / max(1, math.ceil((next_time - self.time) / longest - CLOSE))
        before = self.film, self.outside
        self._drive(self.time + 0.5 * span)
        jumped = bool(np.any(np.abs(self.outside - before[1]) > JUMP)) or not np.array_equal(self.film, before[0])
        limit = self._stable_step(span)
        if jumped or not math.isfinite(calm):
            step = plain(span, limit)  # which cannot overshoot; an RKL step needs to know the pace
        else:
            step = plan(span, limit, self.case.run.accuracy)
        if step.span < span:
            self._drive(self.time + 0.5 * step.span)
        self.backend.advance(step)
        self.ranges = self.backend.ranges()
        if step.scheme != "euler" and self.guard.overshot(step.span, self.ranges, self.sources.rates):
            self.backend.undo()
            self.steps += step.count
            step = plain(step.span, limit)
            self.backend.advance(step)
            self.ranges = self.backend.ranges()
        self.backend.keep()
        if step.span < next_time - self.time - CLOSE:
            next_time = self.time + step.span
        self.guard.check_temperatures(next_time, step.span, self.ranges, self.sources.rates)
        self.escaped += (self.sources.incident - self.sources.absorbed) * step.span
        self.steps += step.count
        self.time = next_time

    def _drive(self, time: float) -> None:
        """Give the backend the sources and exchange of a time."""
        emissions = {clock.probe.name: clock.emission(time) for clock in self.clocks}
        if self.sources.update(time, emissions):
            self.backend.set_source(self.sources.density)
        self.film, self.outside = self.case.exchange.at(time)
        self.backend.set_exchange(self.film, self.outside)

    def _stable_step(self, span: float) -> float:
        """Largest stable step [s] for the next `span` seconds."""
        return self.limit(self.ranges.lows, self.ranges.highs, Drive(span, self.film, self.outside, self.sources.rates))

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
