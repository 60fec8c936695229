"""Dose-volume histograms: what share of a target or of a structure at risk got at least a dose, or so cold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.result.result import Result
from gpu_ablate.units import CM3

PER_DECADE = 5
"""Thresholds of the thermal dose in each power of ten."""

ROLES = ("target", "involved_skin", "skin", "risk", "nerve", "vessel")
"""Roles whose regions are looked at, beside every region that a limit names."""

SHARES = (98, 95, 50, 2)
"""Shares of the volume [%] for which the dose that they got at least is stated: D98, D95, D50, D2."""


@dataclass(frozen=True)
class Scale:
    """A quantity of the histogram.

    field : the history that holds it
    thresholds : ascending, or descending where what counts is to be at most so much
    """

    field: str
    thresholds: tuple[float, ...]

    @property
    def at_most(self) -> bool:
        """Whether a cell counts that is at or below a threshold, not at or above it."""
        return self.thresholds[0] > self.thresholds[-1]


def _every(*spans: tuple[int, int, int]) -> tuple[float, ...]:
    return tuple(float(value) for span in spans for value in range(*span))


SCALES = {
    "cem43_minutes": Scale("cem43", tuple(float(f"{10 ** (i / PER_DECADE):.3g}") for i in range(-10, 26))),
    "max_temperature_c": Scale(
        "max_temperature", _every((37, 50, 1), (50, 60, 2), (60, 95, 5), (95, 100, 2), (100, 125, 5))
    ),
    "min_temperature_c": Scale("min_temperature", _every((37, 35, -1), (35, 29, -2), (30, -60, -5), (-60, -151, -10))),
}
"""Quantity -> its history and fixed thresholds: thermal dose [min], highest and lowest temperature [°C]."""


def measure_dose_volume(result: Result) -> dict[str, object]:
    """The `dose_volume` of metrics.json.

    `thresholds.<quantity>` of each quantity that the run kept; `regions[]`: `name`, `role`, `volume_cm3` (of its cells
    of body tissue), and for each quantity `percent` at each threshold and `d98`, `d95`, `d50`, `d2`: the dose that so
    much of the volume got at least, of the lowest temperature that it was at most.
    """
    setup = result.setup
    body = setup.phase_mask("body")
    kept = {quantity: scale for quantity, scale in SCALES.items() if scale.field in result.final}
    regions: list[dict[str, object]] = []
    for name in looked_at(setup):
        own = [label for label, region in enumerate(setup.regions) if region.name == name]
        cells = np.isin(setup.labels, own) & body
        count = int(cells.sum())
        if not count:
            continue
        entry: dict[str, object] = {
            "name": name,
            "role": setup.regions[own[0]].role,
            "volume_cm3": count * setup.grid.cell_volume / CM3,
        }
        for quantity, scale in kept.items():
            values = result.final[scale.field][cells]
            entry[quantity] = {
                "percent": shares_beyond(values, scale.thresholds, scale.at_most),
                **{f"d{share}": dose_of_share(values, share, scale.at_most) for share in SHARES},
            }
        regions.append(entry)
    return {"thresholds": {quantity: list(scale.thresholds) for quantity, scale in kept.items()}, "regions": regions}


def looked_at(setup: Setup) -> list[str]:
    """Names of the regions that get a histogram: targets first, then by role, then those that a limit names."""
    asked = {limit.where for limit in setup.limits}
    by_role = [region.name for role in ROLES for region in setup.regions if region.role == role]
    named = [region.name for region in setup.regions if asked & {region.name, region.role}]
    return list(dict.fromkeys([*by_role, *named]))


def shares_beyond(values: NDArray[np.floating], thresholds: tuple[float, ...], at_most: bool = False) -> list[float]:
    """Share of the values [%] that are at least, or with `at_most` at most, each threshold.

    values : (n,) of cells of the same volume, n > 0
    """
    ascending = np.sort(np.asarray(values, np.float64).ravel())
    if at_most:
        beyond = np.searchsorted(ascending, thresholds, side="right")
    else:
        beyond = len(ascending) - np.searchsorted(ascending, thresholds, side="left")
    return [100.0 * float(count) / len(ascending) for count in beyond]


def dose_of_share(values: NDArray[np.floating], share: float, at_most: bool = False) -> float:
    """The dose that a share of the values [%] have at least, or with `at_most` at most: D95 for 95.

    Between two values it is linear, with the values at the middles of their cells (Hazen's quantile).
    """
    below = share if at_most else 100.0 - share
    return float(np.percentile(np.asarray(values, np.float64), below, method="hazen"))
