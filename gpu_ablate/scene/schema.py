"""A scene: the TOML file as frozen models, clinic units, exactly as written plus defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from gpu_ablate.physics.damage import CEM43
from gpu_ablate.scene.body import (
    Anatomy,
    Boundary,
    Domain,
    Initial,
    Region,
    SkinSurface,
    SurfacePatch,
)
from gpu_ablate.scene.isolation import Isolation
from gpu_ablate.scene.treatment import (
    Freeze,
    Hold,
    Model,
    NamedEndpoint,
    OwnEndpoint,
    Plan,
    Probe,
    Pull,
    Run,
    Sensor,
    Source,
    Step,
)
from gpu_ablate.scene.vessel import Vessel
from gpu_ablate.spec.base import Line, Many, Name, Table
from gpu_ablate.spec.device import DeviceEntry
from gpu_ablate.spec.limit import Limit
from gpu_ablate.spec.tissue import TissueEntry


def whole_version(version: Any) -> Any:
    """Refuse a version that is not a whole number, 1.0 and true among them."""
    if type(version) is not int:
        raise ValueError("must be 1, a whole number")
    return version


RECORD_COLD_S, RECORD_HEAT_S = 60.0, 30.0
"""Between two records of the fields [s], unless the scene says otherwise."""


class Scene(Table):
    """A scene file. Lengths are in mm, times in s, powers in W, temperatures in °C."""

    schema_version: Annotated[Literal[1], BeforeValidator(whole_version)]
    """Version of this format."""
    title: Line = ""
    """One line for people."""
    plan: Plan = Plan()
    domain: Domain
    initial: Initial = Initial()
    model: Model = Model()
    boundary: Boundary = Boundary()
    anatomy: Anatomy | None = None
    region: Many[Region] = ()
    tissue: dict[Name, TissueEntry] = Field(default_factory=dict)
    skin_surface: SkinSurface = SkinSurface()
    surface_patch: Many[SurfacePatch] = ()
    probe: Many[Probe] = ()
    device: dict[Name, DeviceEntry] = Field(default_factory=dict)
    vessel: Many[Vessel] = ()
    isolation: Many[Isolation] = ()
    source: Many[Source] = ()
    sensor: Many[Sensor] = ()
    limit: Many[Limit] = ()
    run: Run = Run()

    _path: Path | None = PrivateAttr(default=None)

    def __eq__(self, other: object) -> bool:
        """Two scenes are equal when their content is: the same values and defaults, naming the same files."""
        return isinstance(other, Scene) and self.resolved() == other.resolved()

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

    def files(self) -> list[str]:
        """Every image and mesh that it names, as written, each once."""
        named = [self.anatomy.image, self.anatomy.ct, self.anatomy.mr] if self.anatomy else []
        named += [self.initial.image, self.initial.earlier_file]
        named += [region.mesh for region in self.region] + [source.image for source in self.source]
        return list(dict.fromkeys(name for name in named if name is not None))

    def resolved(self, folder: Path | None = None, copies: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The content as plain values, defaults filled in, with files relative to `folder` (absolute if None).

        copies : file as written -> what to write for it instead

        Filled in are all constants, the temperature at the start and the endpoint. Keys whose absence means
        something stay absent: run.duration_s ends the run with the last schedule, however early `until` ends it;
        a face without a key follows `default`.
        """
        content = self.model_dump(exclude_none=True)
        endpoint = self.endpoint()
        if isinstance(endpoint, OwnEndpoint):
            content["run"]["endpoint"] = endpoint.model_dump(exclude_none=True)
        else:
            content["run"]["endpoint"] = endpoint
        content["run"]["record_every_s"] = self.record_every_s()
        if self.initial.earlier_file is not None:
            content["initial"]["from_run"] = self.initial.earlier_file
        if self.initial.image is None:
            content["initial"]["temperature_c"] = self.initial.uniform_c
        tables = [content.get("anatomy", {}), content["initial"], *content["source"], *content["region"]]
        for table in tables:
            for key in ("image", "ct", "mr", "mesh", "from_run"):
                if key in table:
                    name = table[key]
                    table[key] = copies[name] if copies else _placed(self.folder / name, folder)
        return content

    def temperatures_c(self) -> list[float]:
        """Every temperature that it imposes: at the start, of blood, air, faces, patches, vessels, infusions [°C]."""
        imposed = [self.initial.uniform_c, self.model.blood_temperature_c, self.skin_surface.temperature_c]
        imposed += [patch.temperature_c for patch in self.surface_patch]
        imposed += [layer.inflow_c for layer in self.isolation if layer.infusion_ml_min is not None]
        imposed += [vessel.temperature_c for vessel in self.vessel if vessel.temperature_c is not None]
        imposed += [r.initial_temperature_c for r in self.region if r.initial_temperature_c is not None]
        faces = [self.boundary.face(name) for name in Boundary.model_fields if name != "default"]
        return imposed + [face.temperature_c for face in faces if not isinstance(face, str)]

    def heats(self) -> bool:
        """Whether anything heats: an antenna, a source that is an image or positive, a temperature that makes dose."""
        driven = any(source.power_w is None or source.power_w > 0 for source in self.source)
        radiates = any(isinstance(step, (Hold, Pull)) for probe in self.probe for step in probe.steps)
        return radiates or driven or max(self.temperatures_c()) > CEM43.gate_c

    def freezes(self) -> bool:
        """Whether a cryoprobe freezes."""
        return any(isinstance(step, Freeze) for probe in self.probe for step in probe.steps)

    def cools(self) -> bool:
        """Whether anything cools: a cryoprobe, a source that is an image or negative, a temperature below 0 °C."""
        driven = any(source.power_w is None or source.power_w < 0 for source in self.source)
        return self.freezes() or driven or min(self.temperatures_c()) < 0

    def endpoint(self) -> NamedEndpoint | OwnEndpoint:
        """The endpoint: the one chosen, else lethal40 with cold only and cem43_240 otherwise."""
        if self.run.endpoint is not None:
            return self.run.endpoint
        return "lethal40" if self.cools() and not self.heats() else "cem43_240"

    def record_every_s(self) -> float:
        """Between records of the fields [s]: as written, else every minute with cold, every 30 s with heat."""
        if self.run.record_every_s is not None:
            return self.run.record_every_s
        return RECORD_COLD_S if self.freezes() else RECORD_HEAT_S

    def duration_s(self) -> float:
        """How long to compute [s]: as written, else until the last schedule or source ends (0 if none)."""
        if self.run.duration_s is not None:
            return self.run.duration_s
        schedules = [sum(step_duration_s(step) for step in probe.every_step) for probe in self.probe]
        return max([*schedules, *(s.end_s for s in self.source if s.end_s is not None)], default=0.0)


def step_duration_s(step: Step) -> float:
    """How long a step lasts at most [s]; 0 for a pull without a speed."""
    if isinstance(step, Pull):
        return 0.0 if step.speed_mm_s is None else step.distance_mm / step.speed_mm_s
    return step.duration_s


def _placed(file: Path, folder: Path | None) -> str:
    """Path of a file as seen from a folder, or from anywhere; folders are followed through links, the file isn't."""
    path = os.path.join(os.path.realpath(file.parent), file.name)
    return path if folder is None else Path(os.path.relpath(path, os.path.realpath(folder))).as_posix()
