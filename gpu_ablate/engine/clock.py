"""The clock of one probe: which step it is in, where its needle is, how long the step still lasts."""

from __future__ import annotations

import math
from typing import Any

from gpu_ablate.case.grid import Vector
from gpu_ablate.case.probes import along
from gpu_ablate.case.setup import Probe, Step
from gpu_ablate.engine.sources import Emission
from gpu_ablate.result.result import Station


class ProbeClock:
    """Walks through a probe's steps; an early end shifts only this probe's later steps."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        durations = [step.duration for step in probe.steps]
        self.left = [sum(durations[index:]) for index in range(len(durations) + 1)]
        """How long the steps from each one on last at the most [s]."""
        self.index = 0
        self.began = 0.0
        self.tip_at_start = probe.tip

    @property
    def step(self) -> Step | None:
        """The step under way, or None after the last."""
        return self.probe.steps[self.index] if self.index < len(self.probe.steps) else None

    @property
    def switch(self) -> float:
        """When the step under way ends at the latest [s]; inf after the last."""
        return self.began + self.step.duration if self.step else math.inf

    @property
    def planned_end(self) -> float:
        """When the last step ends if no condition ends one early [s]."""
        return self.began + self.left[self.index]

    @property
    def inserted(self) -> bool:
        """Whether the needle is in the tissue: it is not while it is reinserted."""
        return self.step is None or self.step.track is None

    @property
    def track(self) -> int:
        """Number of the track that the needle is on, from 0; until a reinsert is over, of the one that it left."""
        return self.probe.track_after(self.index)

    @property
    def direction(self) -> Vector:
        """Unit vector from the tip to the handle on this track."""
        return self.probe.tracks[self.track].direction

    def state(self) -> dict[str, Any]:
        """Where it is in the steps, as plain values; the track follows from them."""
        return {"index": self.index, "began_s": self.began, "tip": self.tip_at_start}

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where `state` was taken."""
        x, y, z = state["tip"]
        self.index, self.began, self.tip_at_start = state["index"], state["began_s"], (x, y, z)

    def tip(self, time: float) -> Vector:
        """Tip (x, y, z) [m] at a time [s] within the step under way; while it is reinserted, where it was last."""
        if self.step is None or self.step.action != "pull":
            return self.tip_at_start
        travelled = self.step.distance
        if self.step.duration > 0.0:
            travelled = min(travelled, self.step.speed * (time - self.began))
        return along(self.tip_at_start, self.direction, travelled)

    def emission(self, time: float) -> Emission:
        """Power and place at a time [s]."""
        power, net = (self.step.power, self.step.net) if self.step else (0.0, False)
        return Emission(power, self.tip(time), self.direction, net)

    @property
    def may_stop(self) -> bool:
        """Whether a cycle has just ended after which the probe looks whether it was enough."""
        return self.step is not None and self.probe.enough is not None and self.index % self.probe.cycle == 0

    def stop(self) -> None:
        """Leave out the cycles that are left."""
        self.index = len(self.probe.steps)

    def finish(self, time: float, ended_by: str) -> Station:
        """End the step under way at a time [s] and begin the next."""
        step = self.step
        assert step is not None
        tip, direction = self.tip_at_start, self.direction
        began, number = self.began, self.index + 1
        self.tip_at_start = self.tip(time) if step.track is None else step.track.tip
        self.began = time
        self.index += 1
        return Station(
            probe=self.probe.name,
            step=number,
            action=step.action,
            start_s=began,
            end_s=time,
            power_w=step.power,
            output_percent=100.0 * step.output,
            tip_start=tip,
            tip_end=self.tip_at_start,
            direction_start=direction,
            direction_end=self.direction,
            ended_by=ended_by,
        )


def planned_stations(probe: Probe) -> list[Station]:
    """The steps of a probe if no condition ends one early."""
    clock, found = ProbeClock(probe), []
    while clock.step is not None:
        found.append(clock.finish(clock.switch, "duration"))
    return found
