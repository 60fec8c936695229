"""The table of a scene that says what an isolation layer does."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from gpu_ablate.scene.body import check_window
from gpu_ablate.spec.base import Duration, Moment, Name, Table, Temperature
from gpu_ablate.spec.shape import Direction

Flow = Annotated[float, Field(gt=0, le=1000)]
"""A flow of liquid [ml/min]."""

OF_INFUSION = ("inflow_c", "leak_ml_min", "start_s", "end_s")
"""Keys that mean nothing without infusion_ml_min."""


class Isolation(Table):
    """A layer of liquid or gas that keeps something away from the heat."""

    region: Name
    """Name of the region, or of a label of the anatomy; its tissue says the fluid (saline, d5w, co2, air)."""
    displaces: Literal["superficial", "deep", "none"] = "superficial"
    """"superficial" moves what lies above the layer outwards by its thickness, "deep" what lies below it inwards;
    "none" replaces tissue, as a label of the anatomy always does."""
    outward: Direction | None = None
    """Points out of the body; tissue is moved along it. Default is towards the nearest body surface."""
    mixing: Literal["stagnant", "mixed"] = "stagnant"
    """"mixed": the liquid convects; its effective conductivity is nusselt x k."""
    nusselt: Annotated[float, Field(gt=0, le=100)] = 3.0
    """Effective over still conductivity, when mixed."""
    infusion_ml_min: Flow | None = None
    """Liquid that flows in, evenly all over the layer. As much leaves it at the temperature that it has where it
    leaves: the layer keeps its volume."""
    inflow_c: Annotated[Temperature, Field(ge=0, le=60)] = 20.0
    """Temperature of what flows in."""
    leak_ml_min: Flow | None = None
    """Of what leaves, the part that leaks out of an open ring; the rest is drained. No more can leak than flows in,
    or the layer would shrink, which is not modelled."""
    start_s: Moment = 0.0
    """Infusion switched on."""
    end_s: Duration | None = None
    """Infusion switched off; default is never."""

    @model_validator(mode="after")
    def _nothing_in_vain(self) -> Isolation:
        if self.mixing == "stagnant" and "nusselt" in self.model_fields_set:
            raise ValueError('nusselt has no effect on a stagnant layer; remove it, or write mixing = "mixed"')
        if self.displaces == "none" and self.outward is not None:
            raise ValueError('outward has no effect with displaces = "none"; remove it')
        return self

    @model_validator(mode="after")
    def _keeps_its_volume(self) -> Isolation:
        infused = self.infusion_ml_min or 0.0
        if self.leak_ml_min is not None and self.leak_ml_min > infused:
            raise ValueError(
                f"leak_ml_min ({self.leak_ml_min:g}) would empty the layer, whose volume stays the same here; give "
                f"infusion_ml_min = {self.leak_ml_min:g} or more"
            )
        idle = [key for key in OF_INFUSION if key in self.model_fields_set]
        if self.infusion_ml_min is None and idle:
            raise ValueError(f"{idle[0]} has no effect without infusion_ml_min; remove it, or give that")
        check_window(self.start_s, self.end_s)
        return self

    @model_serializer(mode="wrap")
    def _without_idle_keys(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = dump(self)
        if self.mixing == "stagnant":
            del content["nusselt"]
        for key in OF_INFUSION if self.infusion_ml_min is None else ():
            content.pop(key, None)
        return content
