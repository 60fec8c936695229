"""One number of a closed form beside the number that was computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A quantity in `unit`; its error in `error_unit` may be up to `tolerance`, which is in `error_unit` too.

    error_unit : "%" of the expected value, or `unit`
    """

    quantity: str
    expected: float
    found: float
    unit: str
    tolerance: float
    error_unit: str

    @property
    def error(self) -> float:
        """Found less expected, in `error_unit`."""
        difference = self.found - self.expected
        return 100.0 * difference / self.expected if self.error_unit == "%" else difference

    @property
    def passed(self) -> bool:
        """Whether the error is within its tolerance (a number that is not finite never is)."""
        return abs(self.error) <= self.tolerance


def relative(quantity: str, expected: float, found: float, unit: str, percent: float) -> Check:
    """A check with a tolerance in percent of the expected value."""
    return Check(quantity, float(expected), float(found), unit, percent, "%")


def absolute(quantity: str, expected: float, found: float, unit: str, tolerance: float) -> Check:
    """A check with a tolerance in the unit of the quantity."""
    return Check(quantity, float(expected), float(found), unit, float(tolerance), unit)
