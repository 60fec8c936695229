"""What a step adds to the memory of freezing, in NumPy; what every backend must reproduce.

A step leads from state `before` to `after` [K], u going evenly in time between them, as heat does. Edges are the u of
a temperature in each cell's own tissue. A cell that is warmer than all edges before and after changes nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import enthalpy_of

Array = NDArray[np.float64]
Field = NDArray[np.floating]


def edges(case: Case, theta: float) -> Array:
    """u of T - 37 = theta in each region (regions,) [K]; ±inf of itself."""
    regions = range(len(case.setup.regions))
    if not math.isfinite(theta):
        return np.full(len(regions), theta)
    return np.array([float(enthalpy_of(case.tables, region, np.array(theta))) for region in regions])


def share_below(before: Array, after: Array, edge: Array) -> Array:
    """Share of a step during which u is below an edge."""
    low, high = np.minimum(before, after), np.maximum(before, after)
    crosses = (low < edge) & (edge < high)
    return np.where(crosses, (edge - low) / np.where(crosses, high - low, 1.0), low < edge)


def counted(value: Field, after: Array, cold: Array, warm: Array) -> Field:
    """A count of cycles after a step: a half more as the cell gets colder than `cold`, the other as it then gets warmer
    than `warm`, so that a count with a half waits for the cell to get warm; its ceiling is the number of cycles."""
    waits = value > np.floor(value)
    return value + 0.5 * np.where(waits, after > warm, after < cold)


def passed(clock: Field, before: Array, after: Array, cold: Array, warm: Array, span: float) -> tuple[Field, Field]:
    """How long cells have been on their way from one of two edges to the other.

    clock : time between the edges up to now [s], negative if the cell came in from the cold; 0 outside, and where it
        started between them
    span : of the step [s]

    Returns
    -------
    clock after the step; time of the passage that ended in it [s], negative if to the warm, 0 without one
    """
    first, last = _side(before, cold, warm), _side(after, cold, warm)
    came = np.where(first != 0.0, first, np.sign(clock))
    moved = first != last
    per_kelvin = span / np.where(moved, before - after, 1.0)
    entered = (np.where(first > 0.0, warm, cold) - after) * per_kelvin  # so long before the end of the step
    left = (np.where(last > 0.0, warm, cold) - after) * per_kelvin
    since = np.where(first != 0.0, entered, came * clock + span)
    through = (last != 0.0) & (last == -came)
    return np.where(last == 0.0, came * since, 0.0), np.where(through, came * (since - left), 0.0)


def _side(u: Array, cold: Array, warm: Array) -> Array:
    """1 at and above the warm edge, -1 at and below the cold one, 0 between."""
    return np.where(u >= warm, 1.0, np.where(u <= cold, -1.0, 0.0))
