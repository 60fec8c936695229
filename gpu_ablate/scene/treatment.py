"""Tables of a scene that say what is done and watched: plan, probes, sources, sensors, limits, run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gpu_ablate.scene.body import check_window
from gpu_ablate.spec.base import Duration, File, Length, Many, Moment, Name, Power, Table, Temperature, Vector
from gpu_ablate.spec.shape import Direction, SourceShapeTable
from gpu_ablate.units import ADULT_KG


class Plan(Table):
    """The clinical aim."""

    intent: Literal["radical", "palliative"] = "radical"
    """Chooses the rule of the verdict."""
    margin_goal_mm: Annotated[float, Field(ge=0, le=1e4)] = 10.0
    """Margin that the plan wants around the target."""
    puncture_clearance_mm: Annotated[float, Field(ge=0, le=1e3)] = 5.0
    """A part of a zone nearer to where a shaft crosses the skin is warned of."""
    body_mass_kg: Annotated[float, Field(ge=1, le=500)] = ADULT_KG
    """Of the patient: how far the heat drawn by cryoprobes could cool the core."""
    nipple_mm: Vector | None = None
    """Of the treated breast, in the frame "patient" only: the report then says where the margin is thinnest by the
    clock face, as who faces the patient reads it."""


class Model(Table):
    """Choices of the model."""

    blood_temperature_c: Annotated[float, Field(ge=20, le=45)] = 37.0
    """Of arriving blood; the word "body" on a face means this."""
    perfusion_heat: Literal["stasis", "step", "none"] = "stasis"
    """How heat stops perfusion: gradually by Arrhenius kinetics, at 60 °C, or not."""
    perfusion_cold_stasis: bool = False
    """Whether perfusion stays off after thaw where it was colder than -20 °C."""
    perfusion_preset: Literal["itis", "thermography"] = "itis"
    """Which perfusion a tissue with two published ones has."""
    arrhenius: Literal["weaver_stoll", "henriques_moritz", "liver"] = "weaver_stoll"
    """The law that the field of Arrhenius damage follows."""
    sar_update: bool = True
    """Whether antennas see that tissue heats and dries; false keeps its electric values at 37 °C."""


class Until(Table):
    """Ends a step early: one condition on a place."""

    where: Name
    """Name of a region, role, sensor or cryoprobe (the tissue at its freezing part)."""
    above_c: Temperature | None = None
    """Met when the hottest point there reaches this."""
    below_c: Temperature | None = None
    """Met when the coldest point there reaches this."""
    all_above_c: Temperature | None = None
    """Met when all of it is as warm as this: a cryoprobe is free when all tissue at it is above 0 °C."""
    ice_margin_mm: Length | None = None
    """Met when all tissue of the region and within this distance of it is ice (below 0 °C)."""
    covered_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    """Met when so much of the region is dead."""
    every_s: Annotated[float, Field(ge=0.5, le=1e5)] = 0.5
    """How often it is looked at; 300 where only imaging tells, as operators steer."""

    @model_validator(mode="after")
    def _one_condition(self) -> Until:
        conditions = ("above_c", "below_c", "all_above_c", "ice_margin_mm", "covered_percent")
        if sum(getattr(self, name) is not None for name in conditions) != 1:
            raise ValueError(f"needs exactly one of {', '.join(conditions[:-1])} and {conditions[-1]}")
        return self


class Hold(Table):
    """Stay and heat."""

    action: Literal["hold"]
    power_w: Power | None = None
    """At the generator."""
    net_power_w: Power | None = None
    """Or into the tissue."""
    duration_s: Duration
    """With `until`, the longest time."""
    until: Until | None = None
    """Ends the step early."""

    @model_validator(mode="after")
    def _one_power(self) -> Hold:
        if (self.power_w is None) == (self.net_power_w is None):
            raise ValueError("needs power_w (at the generator) or net_power_w (into tissue), not both")
        return self


class Pull(Table):
    """Withdraw along the shaft: at once and with the power off, or slowly."""

    action: Literal["pull"]
    distance_mm: Length
    """How far."""
    speed_mm_s: Annotated[float, Field(ge=1e-4, le=1e4)] | None = None
    """How fast; without it the pull takes no time."""
    power_w: Power | None = None
    """At the generator, while moving; needs a speed."""
    net_power_w: Power | None = None
    """Or into the tissue."""
    until: Until | None = None
    """Ends the pull early, where the needle is then; needs a speed."""

    @model_validator(mode="after")
    def _slow_when_needed(self) -> Pull:
        if self.power_w is not None and self.net_power_w is not None:
            raise ValueError("power_w and net_power_w exclude each other; keep one")
        if self.speed_mm_s is None and self.until is not None:
            raise ValueError("a pull without speed_mm_s is at once, so no condition can end it; give it a speed")
        if self.speed_mm_s is None and (self.power_w is not None or self.net_power_w is not None):
            raise ValueError("a pull without speed_mm_s is at once and without power; give it a speed")
        return self


class Rest(Table):
    """Stay with the power off."""

    action: Literal["rest"]
    duration_s: Duration
    """With `until`, the longest time."""
    until: Until | None = None
    """Ends the step early."""


class Freeze(Table):
    """Let the cryogen flow through a cryoprobe."""

    action: Literal["freeze"]
    output_percent: Annotated[float, Field(ge=1, le=100)] = 100.0
    """Share of the time in which it flows; below 50 the model extrapolates."""
    duration_s: Duration
    """With `until`, the longest time."""
    until: Until | None = None
    """Ends the step early."""


class Thaw(Table):
    """Rewarm a cryoprobe."""

    action: Literal["thaw"]
    by: Literal["helium", "passive"] = "helium"
    """By warm gas, or by the tissue around it alone."""
    duration_s: Duration
    """With `until`, the longest time."""
    until: Until | None = None
    """Ends the step early."""


class Reinsert(Table):
    """Withdraw the needle and put it onto its next track, with the power off; meanwhile it is out of the tissue."""

    action: Literal["reinsert"]
    tip_mm: Vector
    """The physical tip on the next track."""
    entry_mm: Vector | None = None
    """A point on its shaft towards the handle."""
    shaft_direction: Direction | None = None
    """Or the direction from the tip to the handle."""
    duration_s: Duration
    """How long it is out of the tissue."""

    @model_validator(mode="after")
    def _one_direction(self) -> Reinsert:
        _check_direction(self)
        return self


Step = Hold | Pull | Rest | Reinsert | Freeze | Thaw


class Probe(Table):
    """A needle and its schedule. After its last step it is off."""

    name: Name
    """Unique, and not a role."""
    device: Name
    """Name of a device."""
    tip_mm: Vector
    """The physical tip at the start."""
    entry_mm: Vector | None = None
    """A point on the shaft towards the handle."""
    shaft_direction: Direction | None = None
    """Or the direction from the tip to the handle."""
    steps: Many[Annotated[Step, Field(discriminator="action")]] = Field(min_length=1)
    """What is done, in order: tables with an action hold, pull, rest or reinsert; of a cryoprobe freeze, thaw, rest."""
    repeat: Annotated[int, Field(ge=1, le=100)] = 1
    """How often the steps are done, at most; steps that move the tip then begin with a reinsert."""
    repeat_until: Until | None = None
    """Adds no further cycle if this holds when one has ended (its every_s has no meaning)."""

    @property
    def conditions(self) -> tuple[tuple[str, Until], ...]:
        """Every condition, and where it stands."""
        found = [
            (f"step {number} ({step.action}), until", step.until)
            for number, step in enumerate(self.steps, start=1)
            if not isinstance(step, Reinsert) and step.until is not None
        ]
        return (*found, *((("repeat_until", self.repeat_until),) if self.repeat_until else ()))

    @property
    def every_step(self) -> tuple[Step, ...]:
        """The steps with their repeats."""
        return self.steps * self.repeat

    @model_validator(mode="after")
    def _is_sound(self) -> Probe:
        _check_direction(self)
        if self.repeat_until is not None and self.repeat == 1:
            raise ValueError("repeat_until has no effect without a repeat of 2 or more; give the most cycles there are")
        moves = any(isinstance(step, (Pull, Reinsert)) for step in self.steps)
        if self.repeat > 1 and moves and not isinstance(self.steps[0], Reinsert):
            raise ValueError(
                "repeats steps that move the tip, which would begin each time where the last left it; "
                "begin them with a reinsert"
            )
        return self


def _check_direction(placed: Probe | Reinsert) -> None:
    """One way to say where the shaft points.

    Raises
    ------
    ValueError
        None, two, or a point that gives no direction.
    """
    if (placed.entry_mm is None) == (placed.shaft_direction is None):
        raise ValueError("needs entry_mm (a point on the shaft) or shaft_direction, and only one of them")
    if placed.entry_mm == placed.tip_mm:
        raise ValueError("entry_mm is the tip itself; give a point further up the shaft")


class Source(Table):
    """Prescribed heat: for experiments, verification, or a SAR from another solver."""

    name: Name
    """Unique, and not a role."""
    shape: SourceShapeTable | None = None
    """A solid, or point, line, gaussian; see Shapes."""
    power_w: Annotated[float, Field(ge=-1e4, le=1e4)] | None = None
    """Total power of the shape; negative cools."""
    image: File | None = None
    """Or an image of power densities in W/m³, relative to the scene."""
    velocity_mm_s: Vector = (0.0, 0.0, 0.0)
    """The shape moves with this velocity from start_s on."""
    start_s: Moment = 0.0
    """Switched on."""
    end_s: Duration | None = None
    """Switched off; default is never."""

    @model_validator(mode="after")
    def _one_density(self) -> Source:
        if (self.shape is None) == (self.image is None):
            raise ValueError("needs a shape (with power_w) or an image, and only one of them")
        if self.shape is not None and self.power_w is None:
            raise ValueError("needs power_w, the total power of its shape")
        if self.image is not None and self.power_w is not None:
            raise ValueError("power_w belongs to a shape; an image holds its own W/m³")
        check_window(self.start_s, self.end_s)
        return self


class Sensor(Table):
    """A thermometer."""

    name: Name
    """Unique, and not a role."""
    point_mm: Vector


class OwnEndpoint(Table):
    """A threshold of the scene's own: one of these."""

    below_c: Annotated[float, Field(ge=-196, le=10)] | None = None
    """Dead is what was ever this cold ..."""
    above_c: Annotated[float, Field(ge=38, le=150)] | None = None
    """... or this hot ..."""
    cem43_minutes: Annotated[float, Field(gt=0, le=1e5)] | None = None
    """... or took this thermal dose."""

    @model_validator(mode="after")
    def _one_threshold(self) -> OwnEndpoint:
        if sum(value is not None for value in (self.below_c, self.above_c, self.cem43_minutes)) != 1:
            raise ValueError("needs exactly one of below_c, above_c and cem43_minutes")
        return self


NamedEndpoint = Literal["cem43_240", "arrhenius_1", "above_60c", "lethal40", "lethal20x2", "ice"]


class Run(Table):
    """How long and how to compute."""

    duration_s: Duration | None = None
    """Default is the longest schedule."""
    record_every_s: Annotated[float, Field(ge=0.1, le=1e6)] | None = None
    """Between records of the fields; default is 60 where a cryoprobe freezes, else 30. The end of each step
    that takes time is recorded too."""
    trace_every_s: Annotated[float, Field(ge=0.01, le=1e6)] = 1.0
    """Between rows of the traces."""
    accuracy: Literal["preview", "standard", "fine"] = "standard"
    """Error of the time steps: standard below 0.1 °C, fine below 0.02 °C, preview below 0.3 °C (docs/numerics.md)."""
    precision: Literal["float32", "float64"] = "float32"
    """Of the solver's numbers (the numpy backend always uses float64)."""
    endpoint: NamedEndpoint | OwnEndpoint | None = None
    """When tissue counts as dead; default cem43_240 with heat only, lethal40 with cold only. lethal20x2: colder than
    -20 °C in two cycles of a cryoprobe, rewarmed above it in between. Or a threshold of your own: { below_c },
    { above_c } or { cem43_minutes }."""
