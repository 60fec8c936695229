"""A scene: the TOML file as frozen models, clinic units, exactly as written plus defaults."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr

from gpu_ablate.scene.body import (
    Anatomy,
    Boundary,
    Domain,
    Initial,
    Isolation,
    Region,
    SkinSurface,
    SurfacePatch,
)
from gpu_ablate.scene.treatment import Model, Plan, Probe, Pull, Run, Sensor, Source, Step
from gpu_ablate.spec.base import Many, Table
from gpu_ablate.spec.device import DeviceEntry
from gpu_ablate.spec.limit import Limit
from gpu_ablate.spec.tissue import TissueEntry


class Scene(Table):
    """A scene file. Lengths are in mm, times in s, powers in W, temperatures in °C."""

    later: ClassVar[frozenset[str]] = frozenset({"vessel"})

    schema_version: Literal[1]
    """Version of this format."""
    title: str = ""
    """One line for people."""
    plan: Plan = Plan()
    domain: Domain
    initial: Initial = Initial()
    model: Model = Model()
    boundary: Boundary = Boundary()
    anatomy: Anatomy | None = None
    region: Many[Region] = ()
    tissue: dict[str, TissueEntry] = Field(default_factory=dict)
    skin_surface: SkinSurface = SkinSurface()
    surface_patch: Many[SurfacePatch] = ()
    probe: Many[Probe] = ()
    device: dict[str, DeviceEntry] = Field(default_factory=dict)
    isolation: Many[Isolation] = ()
    source: Many[Source] = ()
    sensor: Many[Sensor] = ()
    limit: Many[Limit] = ()
    run: Run = Run()

    _path: Path | None = PrivateAttr(default=None)

    def __eq__(self, other: object) -> bool:
        """Two scenes are equal when their content is, wherever their files lie."""
        return isinstance(other, Scene) and self.model_dump() == other.model_dump()

    @property
    def path(self) -> Path | None:
        """The file that it was read from."""
        return self._path

    @property
    def folder(self) -> Path:
        """Where relative paths start: the folder of the file, else the current folder."""
        return Path() if self._path is None else self._path.parent

    @property
    def name(self) -> str:
        """The file's name without suffix."""
        return "scene" if self._path is None else self._path.stem

    def read_from(self, path: Path) -> Scene:
        """The same scene, read from `path`."""
        scene = self.model_copy()
        scene._path = path
        return scene

    def heats(self) -> bool:
        """Whether anything in it heats: a probe or a source that is not negative."""
        return bool(self.probe) or any(s.power_w is None or s.power_w > 0 for s in self.source)

    def cools(self) -> bool:
        """Whether anything in it cools: a negative source."""
        return any(s.power_w is not None and s.power_w < 0 for s in self.source)

    def endpoint(self) -> str:
        """Name of the endpoint: the one chosen, else lethal40 with cold only and cem43_240 otherwise."""
        if self.run.endpoint is not None:
            return self.run.endpoint
        return "lethal40" if self.cools() and not self.heats() else "cem43_240"

    def duration_s(self) -> float:
        """How long to compute [s]: as written, else until the last schedule or source ends (0 if none)."""
        if self.run.duration_s is not None:
            return self.run.duration_s
        schedules = [sum(step_duration_s(step) for step in probe.steps) for probe in self.probe]
        return max([*schedules, *(s.end_s for s in self.source if s.end_s is not None)], default=0.0)


def step_duration_s(step: Step) -> float:
    """How long a step lasts at most [s]; 0 for a pull without a speed."""
    if isinstance(step, Pull):
        return 0.0 if step.speed_mm_s is None else step.distance_mm / step.speed_mm_s
    return step.duration_s
