"""One number measured in a laboratory beside the number that was found: a comparison, not a tolerance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """A quantity in `unit`.

    published, spread : mean and standard deviation of the paper; None where it gives words or no spread
    found : with the zone's edge at the lower criterion of its case
    found_hotter : with the edge at the hotter one, where the case has two
    fitted : one number of the model was chosen so that found equals published
    accepted : least and greatest value that were to be met by our own choice, where the paper gives no spread
    """

    quantity: str
    published: float | None
    spread: float | None
    found: float
    unit: str
    found_hotter: float | None = None
    fitted: bool = False
    accepted: tuple[float, float] | None = None

    @property
    def difference(self) -> float | None:
        """Found less published [% of published]."""
        return None if self.published is None else 100.0 * (self.found - self.published) / self.published

    @property
    def verdict(self) -> str:
        """Whether it was found within the spread of the paper, or within what is accepted, in words."""
        if self.fitted:
            return "fitted"
        if self.accepted is not None:
            return "met" if self.accepted[0] <= self.found <= self.accepted[1] else "missed"
        if self.spread is None:
            return "no spread given"
        if self._within(self.found):
            return "within the spread"
        if self.found_hotter is not None and self._within(self.found_hotter):
            return "with the hotter edge only"
        return "outside"

    def _within(self, value: float) -> bool:
        assert self.published is not None
        assert self.spread is not None
        return abs(value - self.published) <= self.spread
