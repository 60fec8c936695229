"""The clock of one probe: which step it is in, where its tip is, how long the step still lasts."""

from __future__ import annotations

import math
from typing import Any

from gpu_ablate.case.grid import Vector
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

    def state(self) -> dict[str, Any]:
        """Where it is in the steps, as plain values."""
        return {"index": self.index, "began_s": self.began, "tip": self.tip_at_start}

    def restore(self, state: dict[str, Any]) -> None:
        """Go to where `state` was taken."""
        x, y, z = state["tip"]
        self.index, self.began, self.tip_at_start = state["index"], state["began_s"], (x, y, z)

    def tip(self, time: float) -> Vector:
        """Tip (x, y, z) [m] at a time [s] within the step under way."""
        if self.step is None or self.step.action != "pull":
            return self.tip_at_start
        if self.step.duration == 0.0:
            travelled = self.step.distance
        else:
            travelled = min(self.step.distance, self.step.speed * (time - self.began))
        x, y, z = (t + travelled * d for t, d in zip(self.tip_at_start, self.probe.direction, strict=True))
        return (x, y, z)

    def emission(self, time: float) -> Emission:
        """Power and tip at a time [s]."""
        return Emission(self.step.power if self.step else 0.0, self.tip(time))

    def finish(self, time: float, ended_by: str) -> Station:
        """End the step under way at a time [s] and begin the next."""
        assert self.step is not None
        tip_end = self.tip(time)
        station = Station(
            self.probe.name,
            self.index + 1,
            self.step.action,
            self.began,
            time,
            self.step.power,
            self.tip_at_start,
            tip_end,
            ended_by,
        )
        self.tip_at_start = tip_end
        self.began = time
        self.index += 1
        return station
