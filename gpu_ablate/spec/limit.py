"""A safety limit, as a scene writes it and as the library's defaults give it."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from gpu_ablate.spec.base import Line, Name, Table

COLDEST_C, HOTTEST_C = -273.15, 400.0
"""Limits on a temperature lie between these [°C]."""


LESS_IS_WORSE = ("min_temperature_c", "min_distance_to_ice_mm")
"""Quantities that are limited from below."""


class Limit(Table):
    """A safety limit on a region or role. One for skin or nerve replaces the library's limits there."""

    where: Name
    """Name of a region, or a role."""
    quantity: Literal[
        "max_temperature_c",
        "min_temperature_c",
        "cem43_minutes",
        "arrhenius",
        "ice_contact_percent",
        "min_distance_to_ice_mm",
    ]
    """What is limited, at its worst point and time; of ice (what was ever below 0 °C) the share of the place that it
    reached, or its least distance from it."""
    warn_above: float | None = None
    """A value above warns."""
    fail_above: float | None = None
    """A value above breaks the limit."""
    warn_below: float | None = None
    """A value below warns (min_temperature_c, min_distance_to_ice_mm)."""
    fail_below: float | None = None
    """A value below breaks the limit (min_temperature_c, min_distance_to_ice_mm)."""
    source: Line | None = None
    """Where the numbers come from; keys of references.bib in square brackets."""

    @model_validator(mode="after")
    def _right_side(self) -> Limit:
        side, other = ("below", "above") if self.quantity in LESS_IS_WORSE else ("above", "below")
        if getattr(self, f"warn_{other}") is not None or getattr(self, f"fail_{other}") is not None:
            raise ValueError(f"{self.quantity} is limited from {side}: use warn_{side} and fail_{side}")
        if self.warn is None and self.fail is None:
            raise ValueError(f"needs warn_{side} or fail_{side}")
        if self.warn is not None and self.fail is not None:
            safer, worse = (self.fail, self.warn) if side == "below" else (self.warn, self.fail)
            if safer > worse:
                raise ValueError(f"warn_{side} ({self.warn:g}) lies beyond fail_{side} ({self.fail:g}); swap them")
        is_temperature = self.quantity.endswith("temperature_c")
        for key, value in ((f"warn_{side}", self.warn), (f"fail_{side}", self.fail)):
            if value is None:
                continue
            if not is_temperature and value < 0:
                raise ValueError(f"{key} of {self.quantity} is 0 or more, not {value:g}")
            if self.quantity == "ice_contact_percent" and value > 100:
                raise ValueError(f"{key} is a share in per cent, 100 at most, not {value:g}")
            if is_temperature and not COLDEST_C <= value <= HOTTEST_C:
                raise ValueError(f"{key} must lie between {COLDEST_C:g} and {HOTTEST_C:g} °C, not {value:g}")
        return self

    @property
    def warn(self) -> float | None:
        """The value beyond which the limit warns."""
        return self.warn_below if self.quantity in LESS_IS_WORSE else self.warn_above

    @property
    def fail(self) -> float | None:
        """The value beyond which the limit is broken."""
        return self.fail_below if self.quantity in LESS_IS_WORSE else self.fail_above
