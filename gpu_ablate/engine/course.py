"""The course of one case through a run: its clocks, what acts on it, what is recorded, and whether all is well."""

from __future__ import annotations

import math
import time as wall
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.cryoprobes import DRAWN
from gpu_ablate.case.setup import Until
from gpu_ablate.case.surroundings import Place
from gpu_ablate.engine.backend import Member
from gpu_ablate.engine.clock import ProbeClock
from gpu_ablate.engine.cryo import Cryoprobes
from gpu_ablate.engine.guard import Guard
from gpu_ablate.engine.shafts import Shafts
from gpu_ablate.engine.sources import HeatSources
from gpu_ablate.engine.stepping import JUMP, LONGEST, Drive, StabilityLimit, calm_span
from gpu_ablate.engine.superstep import SuperStep
from gpu_ablate.engine.watch import Watch
from gpu_ablate.errors import RunError
from gpu_ablate.result.result import ENERGY_TERMS, LOST_TERMS, Records, Result, Station, Status
from gpu_ablate.units import MM

Array = NDArray[np.float64]

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


class Course:
    """One case and its backend between two super-steps; what it is then is a checkpoint."""

    def __init__(self, case: Case, backend: Member, records: Records, progress: Callable[[Progress], None]) -> None:
        self.case, self.backend, self.records, self.progress = case, backend, records, progress
        self.clocks = [ProbeClock(probe) for probe in case.setup.probes]
        self.sources = HeatSources(case, backend)
        self.shafts = Shafts(case)
        self.cryoprobes = Cryoprobes(case, backend)
        self.limit = StabilityLimit(case)
        self.watch = Watch(case, backend)
        self.guard = Guard(case, backend)
        ends = [time for source in case.sources for time in (source.start, source.end)]
        self.switches = sorted({*ends, *(time for film in case.exchange.films for time in film.times)})
        """When sources and films change [s]."""
        self.stations: list[Station] = []
        self.rows: list[dict[str, float]] = []
        self.time = 0.0
        self.steps = 0
        self.lost = dict.fromkeys(LOST_TERMS, 0.0)
        self.film, self.outside = case.exchange.at(0.0)
        self.ranges = backend.ranges()
        self.began = wall.perf_counter()
        self.status: Status = "done"
        self.failure = ""

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

    @property
    def goes_on(self) -> bool:
        """Whether there is something left to compute."""
        return self.status == "done" and self.time < self.end - CLOSE

    def settle(self) -> None:
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
        terms["probes_j"] += sum(sums[DRAWN.format(name)] for name in self.case.cryoprobes)
        brought = [terms[name] for name in ENERGY_TERMS if name not in (*LOST_TERMS, "stored_j")]
        total = sum(abs(value) for value in [*brought, terms["stored_j"]])
        imbalance = abs(terms["stored_j"] - sum(brought)) / total if total > 0.0 else 0.0
        return {**terms, **self.lost, "relative_imbalance": imbalance}

    def result(self, backend: str) -> Result:
        """What came of it, computed on a backend of this name."""
        case = self.case
        return Result(
            setup=case.setup,
            records=self.records,
            status=self.status,
            final={
                h.name: self.backend.history(h.name).astype(np.float32) for h in case.histories if h.kind != "passage"
            },
            traces={key: np.array([row[key] for row in self.rows]) for key in self.rows[0]},
            energy=self.energy(),
            stations=self.stations,
            run={
                "backend": backend,
                "device": self.backend.hardware,
                "precision": "float64" if backend == "numpy" else case.run.precision,
                "simulated_s": self.time,
                "solve_s": self.solve_s,
                "cell_steps": self.steps * case.setup.grid.cells,
                **({"failure": self.failure} if self.failure else {}),
            },
        )

    def fail(self, error: RunError) -> None:
        """It went wrong; what was recorded until now stays."""
        self.status, self.failure = "failed", str(error)
        self.progress(Progress(self.time, self.end, self.failure))

    def next_time(self) -> float:
        """End of the next super-step: the nearest switch, record, trace, condition check or source move."""
        now = self.time
        following = bisect_right(self.switches, now + CLOSE)
        times = [self.end, *(clock.switch for clock in self.clocks), *self.switches[following : following + 1]]
        for every in (self.case.run.trace_every, self.case.run.record_every):
            times.append(_next_multiple(every, now))
        speeds = [math.hypot(*s.velocity) for s in self.case.sources if s.start <= now < s.end]
        for clock in self.clocks:
            if clock.step and clock.step.until:
                times.append(_next_multiple(clock.step.until.every, now - clock.began) + clock.began)
            if clock.step and (clock.step.power > 0.0 or clock.step.speed > 0.0):
                speeds.append(clock.step.speed)
        fastest = max(speeds, default=0.0)
        if fastest > 0.0:
            times.append(now + MOVE_CELLS * self.case.setup.grid.spacing / fastest)
        return min(t for t in times if t > now + CLOSE)

    def longest(self) -> float:
        """How long the next super-step may be by its accuracy [s]."""
        accuracy = self.case.run.accuracy
        return min(calm_span(self.ranges.pace, accuracy), LONGEST[accuracy], self.cryoprobes.calm(self.clocks))

    def drive(self, time: float) -> None:
        """Give the backend the sources and exchange of a time."""
        emissions = {clock.probe.name: clock.emission(time) for clock in self.clocks}
        self.sources.update(time, emissions)
        film, self.outside = self.case.exchange.at(time)
        film = self.shafts.switched(film, self.clocks, time)
        self.film, self.outside = self.cryoprobes.switched(film, self.outside, self.clocks, time)
        self.backend.set_exchange(self.film, self.outside)

    def wild(self, before: tuple[Array, Array]) -> bool:
        """Whether films or outside temperatures have jumped from what they were, or the pace is not known."""
        film, outside = before
        changed = self.film is not film  # Exchange.at gives the very same arrays where no film ever changes
        jumped = changed and (np.any(np.abs(self.outside - outside) > JUMP) or not np.array_equal(self.film, film))
        return bool(jumped) or self.ranges.pace == 0.0

    def stable_step(self, span: float) -> float:
        """Largest stable step [s] for the next `span` seconds."""
        drive = Drive(span, self.film, self.outside, self.sources.heating.rates)
        return self.limit(self.ranges.lows, self.ranges.highs, drive)

    def overshot(self, step: SuperStep) -> bool:
        """Whether a super-step left the range of all that acts."""
        return self.guard.overshot(step.span, self.ranges, self.sources.heating.rates)

    def accept(self, time: float, step: SuperStep) -> None:
        """Be at the end of a super-step [s].

        Raises
        ------
        RunError
            What it led to cannot be.
        """
        self.guard.check_temperatures(time, step.span, self.ranges, self.sources.heating.rates)
        for term, power in self.sources.lost.items():
            self.lost[term] += power * step.span
        self.steps += step.count
        self.time = time

    def _is_due(self, every: float) -> bool:
        return _is_multiple(self.time, every)

    def _finish_due_steps(self) -> None:
        """End the steps whose time is up or whose condition is met; steps of no duration end at once. The fields are
        recorded at the end of each step that took time."""
        ended = False
        for clock in self.clocks:
            while clock.step is not None:
                reason = self._condition_met(clock)
                if reason is None and self.time >= clock.switch - CLOSE:
                    reason = "duration"
                if reason is None:
                    break
                station = clock.finish(self.time, reason)
                if clock.may_stop and clock.probe.enough and (met := self._met(clock.probe.enough)) is not None:
                    clock.stop()
                    station = replace(station, ended_by=f"{station.ended_by}; no further cycle: {met}")
                ended |= station.end_s > station.start_s
                self._announce(station, self.watch.surroundings.place(clock.probe, clock.track, station.tip_end))
        if ended:
            self.record()

    def _condition_met(self, clock: ProbeClock) -> str | None:
        """The condition of the step under way in words, with the value found, if it holds."""
        until = clock.step.until if clock.step else None
        if until is None or self.time <= clock.began or not _is_multiple(self.time - clock.began, until.every):
            return None
        return self._met(until)

    def _met(self, until: Until) -> str | None:
        """A condition in words, with the value found, if it holds now."""
        found = self.watch.reached(until)
        if until.quantity == "ice margin":
            if found > 0.0:
                return None
            return f"ice {until.value / MM:g} mm and more around {until.where}"
        if (found > until.value) if until.quantity == "below" else (found < until.value):
            return None
        unit = "%" if until.quantity == "covered" else "°C"
        return f"{until.where} {until.quantity} {until.value:g} {unit}: {found:.2f} {unit}"

    def _announce(self, station: Station, place: Place) -> None:
        self.stations.append(station)
        done = station.action
        if station.action == "pull":
            done += f" {math.dist(station.tip_start, station.tip_end) / MM:g} mm"
        if station.output_percent:
            done += f" at {station.output_percent:g} %" if station.action == "freeze" else " by gas"
        if station.power_w:
            done += f" at {station.power_w:g} W"
        if station.end_s > station.start_s:
            done += f" for {station.end_s - station.start_s:g} s"
        why = "" if station.ended_by == "duration" else f" (ended by {station.ended_by})"
        stays = station.step > 1 and station.action in ("freeze", "thaw", "rest")
        where = "" if stays else "".join(f", {part}" for part in place_words(place))
        self.progress(Progress(self.time, self.end, f"{station.probe}: {done} done{where}{why}"))

    def _trace(self) -> None:
        if self.rows and abs(self.rows[-1]["time_s"] - self.time) < CLOSE:
            return
        row = self.watch.trace(self.time, self.clocks, self.sources)
        self.rows.append({**row, **self.cryoprobes.trace(self.time, self.clocks)})


def _is_multiple(time: float, every: float) -> bool:
    return abs(time - round(time / every) * every) < CLOSE


def _next_multiple(every: float, time: float) -> float:
    return (math.floor((time + CLOSE) / every) + 1) * every


def place_words(place: Place) -> list[str]:
    """Where a needle stands, in words, as far as the scene tells."""
    words = (
        ("tip {:.1f} mm deep", place.tip_depth),
        ("heat {:.1f} mm deep", place.heat_depth),
        ("deep edge of the tumour {:.1f} mm below the heat", place.to_deep_edge),
        ("skin {:.1f} mm from the heat", place.to_skin),
    )
    return [text.format(value / MM) for text, value in words if math.isfinite(value)]
