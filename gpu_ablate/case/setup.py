"""What is treated and how: all that measuring, drawing and reporting need besides the fields. SI, °C, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.scene.body import Role
from gpu_ablate.spec.limit import LESS_IS_WORSE
from gpu_ablate.spec.tissue import Phase
from gpu_ablate.units import ADULT_KG


@dataclass(frozen=True)
class Region:
    """One label of the volume; its index in `Setup.regions` is the label value.

    phase: "body" (tissue that lives or dies), "fluid" (isolation liquid, lumen) or "gas" (not solved)
    """

    name: str
    role: Role
    tissue: str
    phase: Phase


@dataclass(frozen=True)
class ResampledLabel:
    """A region of the anatomy image in the box: its volume there and on the grid [m³], and the cells that it got so
    that it has no holes or breaks."""

    region: str
    before: float
    after: float
    added: int


@dataclass(frozen=True)
class Surface:
    """A closed triangle mesh: points (n, 3) xyz [m], faces (m, 3) point indices."""

    points: NDArray[np.float32]
    faces: NDArray[np.int32]


Modality = Literal["CT", "MR"]

MR_BRIGHTEST = 1000
"""An MR has no unit: its values are kept so that its 1st percentile becomes 0 and its 99th this."""

Quantity = Literal["above", "below", "all above", "covered", "ice margin"]


@dataclass(frozen=True)
class Until:
    """Condition that ends a step early: `where` is a region, role or sensor.

    quantity "above" / "below": hottest / coldest temperature there [°C]; "all above": coldest [°C]; "covered": share of
    the region at the endpoint [%]; "ice margin": distance from the region within which all tissue is ice [m]
    every : how often it is looked at [s]
    """

    where: str
    quantity: Quantity
    value: float
    every: float


@dataclass(frozen=True)
class Track:
    """A straight way into the body: where the tip is first (x, y, z) [m], unit vector from the tip to the handle."""

    tip: Vector
    direction: Vector


@dataclass(frozen=True)
class Step:
    """One step of a probe's schedule. SI: duration [s], distance [m], speed [m/s], power [W].

    The power is that at the generator, or if `net` that which leaves the antenna.
    A pull without a speed happens at once (duration 0) with the power off. A reinsert leads to `track`; during it the
    needle is out of the tissue. A freeze has an output from 0 to 1; a thaw is by warm gas or, with output 0, passive.
    """

    action: Literal["hold", "pull", "rest", "reinsert", "freeze", "thaw"]
    duration: float
    power: float = 0.0
    distance: float = 0.0
    speed: float = 0.0
    until: Until | None = None
    track: Track | None = None
    net: bool = False
    output: float = 0.0


@dataclass(frozen=True)
class Probe:
    """A needle and its schedule.

    tip : (x, y, z) of the physical tip at the start [m]
    direction : unit vector from the tip to the handle
    radius : of the shaft [m]
    emission_offset : from the tip back to the middle of the radiating or freezing part [m]
    cable_efficiency : share of the generator's power that arrives at the antenna; 1 of a cryoprobe
    active_length : of the freezing part [m]; 0 of an antenna
    plausible_power : a cryoprobe that draws more is not to be believed [W]; None of an antenna
    cycle, enough : number of steps after which no more are done if this condition holds then; None without one
    """

    name: str
    device: str
    tip: Vector
    direction: Vector
    radius: float
    emission_offset: float
    cable_efficiency: float
    steps: tuple[Step, ...]
    plausible_power: float | None = None
    cycle: int = 0
    enough: Until | None = None
    active_length: float = 0.0

    @property
    def freezes(self) -> bool:
        """Whether it is a cryoprobe that is used."""
        return any(step.action == "freeze" for step in self.steps)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The track that it begins on, then that of each reinsert."""
        return (Track(self.tip, self.direction), *(step.track for step in self.steps if step.track is not None))

    def track_after(self, steps: int) -> int:
        """Number from 0 of the track that the needle is on after so many steps."""
        return sum(step.track is not None for step in self.steps[:steps])


@dataclass(frozen=True)
class Sensor:
    """A thermometer at a point (x, y, z) [m]."""

    name: str
    point: Vector


LIMIT_FIELDS = {
    "max_temperature_c": "max_temperature",
    "min_temperature_c": "min_temperature",
    "ice_contact_percent": "min_temperature",
    "min_distance_to_ice_mm": "min_temperature",
    "cem43_minutes": "cem43",
    "arrhenius": "arrhenius",
}
"""Quantity of a limit -> the history that holds it."""


@dataclass(frozen=True)
class Limit:
    """A safety limit on a region or role.

    quantity: a key of LIMIT_FIELDS. A value beyond `warn` warns, beyond `fail` breaks; beyond is below where
    less is worse, else above.
    """

    where: str
    quantity: str
    warn: float | None
    fail: float | None
    source: str = "scene"

    @property
    def field(self) -> str:
        """The history that holds the quantity, or from which it is measured."""
        return LIMIT_FIELDS[self.quantity]

    @property
    def from_below(self) -> bool:
        """Whether less is worse."""
        return self.quantity in LESS_IS_WORSE

    @property
    def of_ice(self) -> bool:
        """Whether it is measured from where ice was, at the end of a run."""
        return self.quantity in ("ice_contact_percent", "min_distance_to_ice_mm")


@dataclass(frozen=True)
class ThinVessel:
    """A vessel that no voxel shows: points (x, y, z) on its axis and radius of its wall [m]."""

    name: str
    points: tuple[Vector, ...]
    radius: float


@dataclass(frozen=True)
class Endpoint:
    """When a cell counts as dead: `field` (a history) ≥ threshold, or ≤ threshold for "min_temperature"."""

    name: str
    field: str
    threshold: float

    @property
    def at_most(self) -> bool:
        """Whether cells up to the threshold are dead, not those from it on."""
        return self.field == "min_temperature"

    def met(self, values: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which cells are dead, given the values of `field`."""
        return values <= self.threshold if self.at_most else values >= self.threshold


@dataclass(frozen=True)
class IsolationLayer:
    """Liquid injected between tissues, which moves those above it outwards or those deep to it inwards.

    along : unit vector along which they move
    volume : [m³]; thickness_max, thickness_mean : along that vector, the mean over the layer's columns [m]
    target_to_skin : shortest distance from the target to spared skin [m] in the anatomy without any layer that moves
        tissue, and with all of them; None where one of the two is missing
    deep, target_to_deep : the same to the regions of role risk or, without one, of muscle, and their names
    """

    name: str
    tissue: str
    displaces: Literal["superficial", "deep"]
    along: Vector
    volume: float
    thickness_max: float
    thickness_mean: float
    target_to_skin: tuple[float | None, float | None]
    deep: tuple[str, ...]
    target_to_deep: tuple[float | None, float | None]


@dataclass(frozen=True)
class Plan:
    """The clinical aim: intent chooses the rule of the verdict; margin_goal [m]; body_mass of the patient [kg]; place
    of the nipple (x, y, z) [m], if given, in the frame of the patient."""

    intent: Literal["radical", "palliative"]
    margin_goal: float
    body_mass: float = ADULT_KG
    nipple: Vector | None = None


@dataclass(frozen=True)
class SourcedValue:
    """A number in use, in the unit of its key, with its plausible range and its source."""

    value: float
    unit: str
    low: float | None
    high: float | None
    source: str


@dataclass(frozen=True)
class SourcedRow:
    """What the report prints of a tissue or device: key -> value."""

    name: str
    values: dict[str, SourcedValue]


@dataclass(frozen=True)
class Setup:
    """The treated body and the plan.

    labels : uint8 (nz, ny, nx), index into `regions`
    surfaces : region name -> closed surface, sub-voxel (every region with role target, skin, involved_skin,
        risk, nerve, vessel or isolation; "body" is the outside of all tissue)
    citations : keys of library/references.bib that this case rests on
    notes : what the user must know (provisional models, values chosen), one sentence each
    inputs : input file name -> SHA-256
    isolation : layers that move tissue
    backdrop : (nz, ny, nx), to draw slices on: CT numbers [HU], or an MR, usually from 0 to MR_BRIGHTEST
    modality : of the backdrop
    resampled : what the grid made of the regions of the anatomy image, before others were painted over them
    vessels : thin vessels, which no region shows
    damage_law : name of the law behind the history "arrhenius" (`physics.damage.ARRHENIUS`)
    """

    name: str
    title: str
    frame: Literal["patient", "local"]
    grid: Grid
    regions: tuple[Region, ...]
    labels: NDArray[np.uint8]
    surfaces: dict[str, Surface]
    probes: tuple[Probe, ...]
    sensors: tuple[Sensor, ...]
    limits: tuple[Limit, ...]
    endpoint: Endpoint
    plan: Plan
    tissues: tuple[SourcedRow, ...] = ()
    citations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    isolation: tuple[IsolationLayer, ...] = ()
    vessels: tuple[ThinVessel, ...] = ()
    damage_law: str = "weaver_stoll"
    backdrop: NDArray[np.int16] | None = None
    modality: Modality = "CT"
    resampled: tuple[ResampledLabel, ...] = ()

    def labels_of(self, where: str) -> list[int]:
        """Label values of the regions with this name or role (empty if none has it)."""
        return [i for i, region in enumerate(self.regions) if where in (region.name, region.role)]

    def mask(self, where: str) -> NDArray[np.bool_]:
        """Cells (nz, ny, nx) of the regions with this name or role."""
        return np.isin(self.labels, self.labels_of(where))

    def phase_mask(self, phase: Phase) -> NDArray[np.bool_]:
        """Cells (nz, ny, nx) of the regions in this phase."""
        return np.isin(self.labels, [i for i, region in enumerate(self.regions) if region.phase == phase])
