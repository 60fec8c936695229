"""The table of a scene that says where a vessel runs and how it exchanges heat."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gpu_ablate.spec.base import Length, Many, Name, Table, Temperature, Vector


class Vessel(Table):
    """A vessel, or any pipe with a content of known temperature: a line of at most three voxels' radius or a region."""

    name: Name
    """Unique, and not a role."""
    points_mm: Many[Vector] | None = Field(default=None, min_length=2)
    """Points on the axis, in order."""
    radius_mm: Length | None = None
    """Inner radius of the wall."""
    region: Name | None = None
    """Or the region that is its lumen, of a fluid tissue, as the anatomy or the scene has it: the tissue around it
    exchanges heat with the blood over its true area."""
    preset: Literal["vein", "artery"] | None = None
    """Heat transfer at the wall: a vein's (230 W/m²K) or an artery's (750, of the order of 500 to 1000)."""
    wall_h_w_m2k: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """Or its own heat transfer coefficient."""
    flow_ml_min: Annotated[float, Field(ge=0.1, le=2e4)] | None = None
    """Or the flow, from which it is computed for a straight pipe as long as points_mm (see docs/physics.md); not with a
    region."""
    temperature_c: Temperature | None = None
    """Of what flows in it; default is the blood's temperature."""

    @model_validator(mode="after")
    def _one_wall(self) -> Vessel:
        if sum(wall is not None for wall in (self.preset, self.wall_h_w_m2k, self.flow_ml_min)) != 1:
            raise ValueError("needs a preset, wall_h_w_m2k or flow_ml_min, and only one of them")
        line = self.points_mm is not None and self.radius_mm is not None
        if (self.region is None) != line or (not line and (self.points_mm or self.radius_mm)):
            raise ValueError("needs points_mm and radius_mm, or a region, and not both")
        if self.region is not None and self.flow_ml_min is not None:
            raise ValueError("flow_ml_min is for a pipe along points_mm; give a region a preset or wall_h_w_m2k")
        for number, (first, second) in enumerate(pairwise(self.points_mm or ()), start=1):
            if first == second:
                raise ValueError(f"points_mm: points {number} and {number + 1} are the same; remove one")
        return self
