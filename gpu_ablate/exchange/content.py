"""What of a run goes out, whatever the format: its fields, zones and anatomy, and the voxels they go out on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.case.setup import Region, Setup, Surface
from gpu_ablate.colours import ISOTHERM, ROLE, TISSUE_TINTS, ZONE
from gpu_ablate.errors import ResultError
from gpu_ablate.exchange.masks import Voxelised, solid_on
from gpu_ablate.exchange.voxels import copied, field_on, labels_on, same_cells
from gpu_ablate.geometry.dicom_series import Series
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.geometry.meshes import Mesh
from gpu_ablate.outcome.inset import INSETS, inset_fields
from gpu_ablate.outcome.levelset import Field as Phi
from gpu_ablate.outcome.perfusion import NONPERFUSED
from gpu_ablate.outcome.zones import Samples, zone_field, zone_parts, zone_samples
from gpu_ablate.result.result import Result
from gpu_ablate.units import BODY_C

INSET = "ice_inset_"

MESH_DETAIL_CELLS = 0.5
"""Samples of a voxel that a mesh runs through are this much of the solver's spacing apart, or finer."""


@dataclass(frozen=True)
class Kind:
    """How a field goes out: what it is, its unit, how it is resampled (see `voxels.field_on`), its value beyond the
    box."""

    what: str
    unit: str
    resampled: str
    beyond: float


TEMPERATURE = Kind("temperature", "degC", "linear", BODY_C)
HISTORIES = {
    "max_temperature": Kind("highest temperature of the run", "degC", "linear", BODY_C),
    "min_temperature": Kind("lowest temperature of the run", "degC", "linear", BODY_C),
    "cem43": Kind("thermal dose, equivalent minutes at 43 degC", "min", "dose", 0.0),
    "arrhenius": Kind("damage integral of Arrhenius", "1", "dose", 0.0),
    "perfusion": Kind("share of the resting perfusion that still flows", "1", "linear", 1.0),
    "time_below_0c": Kind("time below 0 degC", "s", "linear", 0.0),
    "time_below_m20c": Kind("time below -20 degC", "s", "linear", 0.0),
    "time_below_m40c": Kind("time below -40 degC", "s", "linear", 0.0),
    "cycles_m20c": Kind("times colder than -20 degC, rewarmed in between", "1", "count", 0.0),
    "cycles_m40c": Kind("times colder than -40 degC, rewarmed in between", "1", "count", 0.0),
    "cycles_m20c_thawed": Kind("times colder than -20 degC, thawed in between", "1", "count", 0.0),
    "cycles_m40c_thawed": Kind("times colder than -40 degC, thawed in between", "1", "count", 0.0),
    "cooling_rate": Kind("fastest passage from -5 to -20 degC", "K/min", "linear", 0.0),
    "thaw_rate": Kind("fastest passage from -20 to -5 degC", "K/min", "linear", 0.0),
}
"""Histories that a run may keep (`Result.final`), as they go out."""


@dataclass(frozen=True, eq=False)
class Zone:
    """A zone of metrics.json that holds something: what it is, its continuous field and its closed surface [m]."""

    name: str
    what: str
    samples: Samples
    surface: Surface
    colour: str

    def at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Number at points (n, 3) [m], ≥ 0 in the zone."""
        index = (points - np.array(self.samples.first)) / self.samples.spacing
        return map_coordinates(
            self.samples.values, index.T[::-1], output=np.float64, order=1, mode="nearest", prefilter=False
        )


@dataclass(frozen=True, eq=False)
class Solid:
    """A region of the anatomy with a surface [m]."""

    region: Region
    surface: Surface

    @property
    def colour(self) -> str:
        return ROLE.get(self.region.role, TISSUE_TINTS[0])


@dataclass(frozen=True, eq=False)
class Content:
    """A run and how it is exported.

    folder : of the run
    lattice : voxels that images go out on; what they are, in words
    series : the DICOM series that has these voxels, if there is one
    at_s : time of the temperature field [s]; None for the end
    keep_patient : whether DICOM files carry the patient and study of the series
    """

    result: Result
    metrics: dict[str, Any]
    folder: Path
    lattice: Lattice
    voxels: str
    series: Series | None = None
    at_s: float | None = None
    keep_patient: bool = False

    @property
    def setup(self) -> Setup:
        return self.result.setup

    @property
    def time_s(self) -> float:
        """Time of the temperature field [s]."""
        return float(self.result.records.times[-1]) if self.at_s is None else self.at_s

    @cached_property
    def zones(self) -> tuple[Zone, ...]:
        """The zones of metrics.json that hold something, but those of the last moment ("_now"), endpoint first."""
        body, grid = self.setup.phase_mask("body"), self.setup.grid
        found = []
        for number, (name, size) in enumerate(self.metrics["zones"].items()):
            if name.endswith("_now") or not size["volume_cm3"]:
                continue
            phi = self._phi(name)
            samples = zone_samples(phi, body, grid)
            if samples is None:
                raise ResultError(
                    f"{self.folder}: metrics.json has a zone {name} that result.vtkhdf lacks\n  run the scene again"
                )
            colour = ZONE if number == 0 else ISOTHERM.get(name, TISSUE_TINTS[1])
            found.append(
                Zone(name, zone_words(name, number == 0), samples, _joined(zone_parts(phi, body, grid)), colour)
            )
        return tuple(found)

    @cached_property
    def solids(self) -> tuple[Solid, ...]:
        """The regions that have a surface, in the order of their labels, each name once."""
        named = {region.name: region for region in reversed(self.setup.regions)}
        return tuple(
            Solid(named[name], surface)
            for name, surface in self.setup.surfaces.items()
            if name in named and len(surface.faces)
        )

    def fields(self, lattice: Lattice) -> Iterator[tuple[str, Kind, NDArray[np.float32]]]:
        """Name, kind and values (nz, ny, nx) of each field on the voxels of an image: temperature, then histories."""
        gas, grid = self.setup.phase_mask("gas"), self.setup.grid
        moment = "end" if self.at_s is None else f"{self.at_s:g}s".replace(".", "p")
        now = self.result.temperature(self.time_s)
        fields = {f"temperature_{moment}": (TEMPERATURE, now)}
        fields |= {name: (HISTORIES[name], values) for name, values in self.result.final.items() if name in HISTORIES}
        for name, (kind, values) in fields.items():
            yield name, kind, field_on(values, kind.resampled, kind.beyond, grid, gas, lattice)

    def regions(self, lattice: Lattice) -> NDArray[np.uint16]:
        """Number of the region, from 1, at each voxel; 0 beyond the box."""
        return labels_on(self.setup.labels, self.setup.grid, lattice)

    def zone_on(self, zone: Zone, lattice: Lattice) -> Voxelised:
        """A zone as voxels; the same cells of the solver for every image that is made of them."""
        points, faces = zone.surface.points, zone.surface.faces
        return self._on(lambda there: solid_on(zone.at, points, faces, zone.samples.spacing, there), lattice)

    def solid_on(self, solid: Solid, lattice: Lattice) -> Voxelised:
        """A region within its surface as voxels, likewise."""
        mesh = Mesh(solid.surface.points.astype(np.float64), solid.surface.faces)
        step = MESH_DETAIL_CELLS * self.setup.grid.spacing

        def at(points: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.where(mesh.contains(points), 0.5, -0.5)

        return self._on(lambda there: solid_on(at, mesh.points, mesh.faces, step, there), lattice)

    def _on(self, make: Callable[[Lattice], Voxelised], lattice: Lattice) -> Voxelised:
        """What is made for an image; for one of the solver's cells what is made for these, in its order."""
        grid = self.setup.grid
        if not same_cells(grid, lattice):
            return make(lattice)
        made = make(grid.lattice())
        mask = copied(made.mask, grid, lattice, False)
        return Voxelised(mask, bool(mask.sum() == made.mask.sum()))

    def _phi(self, name: str) -> Phi:
        if not name.startswith(INSET):
            phi = zone_field(self.result, name)
        else:
            ice = zone_field(self.result, "below_0c")
            body, grid = self.setup.phase_mask("body"), self.setup.grid
            names = [f"{INSET}{inset:g}mm" for inset in INSETS]
            phi = None if ice is None else inset_fields(ice, body, grid)[names.index(name)]
        if phi is None:
            raise ResultError(f"{self.folder}: the result holds no history for the zone {name}\n  run the scene again")
        return phi


def zone_words(name: str, endpoint: bool) -> str:
    """What a zone is, by its name in metrics.json."""
    if endpoint:
        return f"killed tissue by the endpoint {name}"
    if name.startswith(INSET):
        return f"{name.removeprefix(INSET).removesuffix('mm')} mm and more inside the edge of the ice"
    if name == NONPERFUSED:
        return "tissue whose blood flow stopped"
    side, _, degrees = name.removesuffix("c").partition("_")
    return f"tissue that was ever {side} {degrees.replace('m', '-')} degC"


def file_names(names: list[str]) -> dict[str, str]:
    """Name -> one for a file: letters, digits, - and _ only, no two alike."""
    found: dict[str, str] = {}
    for name in names:
        stem = re.sub(r"[^\w-]+", "_", name).strip("_") or "unnamed"
        taken = {used.lower() for used in found.values()}
        number, free = 2, stem
        while free.lower() in taken:
            number, free = number + 1, f"{stem}_{number}"
        found[name] = free
    return found


def _joined(parts: list[Surface]) -> Surface:
    """One surface of several that don't touch."""
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    faces = [part.faces + np.int32(start) for part, start in zip(parts, starts, strict=False)]
    return Surface(np.concatenate([part.points for part in parts]), np.concatenate(faces).astype(np.int32))
