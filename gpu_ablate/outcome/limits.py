"""Safety limits: the worst value in a region, where and when, and whether it is beyond what was allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from gpu_ablate.case.cold import FROZEN_C
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Limit
from gpu_ablate.outcome.levelset import Mask
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

LimitStatus = Literal["ok", "warning", "broken"]

REACHED_K = 0.01
REACHED_SHARE = 1e-4
"""An extreme counts as reached within this: of a temperature [K], of a dose as a share of it."""


@dataclass(frozen=True)
class Worst:
    """The worst value under a limit and its cell (k, j, i); where there is none, None and a note that says why."""

    limit: Limit
    value: float | None
    cell: tuple[int, int, int] | None
    note: str | None = None


def measure_limits(result: Result) -> list[dict[str, object]]:
    """The `limits` of metrics.json, one entry for each limit of the setup.

    A limit that cannot be judged has the value null, the status "warning" and a note that says why.
    """
    body = result.setup.phase_mask("body")
    worst = [worst_in(result, limit, body) for limit in result.setup.limits]
    times = times_reached(result, worst)
    return [
        {
            "where": found.limit.where,
            "quantity": found.limit.quantity,
            "value": found.value,
            "at_s": at_s,
            "at_mm": None if found.cell is None else position_mm(result.setup.grid, found.cell),
            "status": "warning" if found.value is None else status(found.limit, found.value),
            "warn": found.limit.warn,
            "fail": found.limit.fail,
            "note": found.note,
        }
        for found, at_s in zip(worst, times, strict=True)
    ]


def worst_in(result: Result, limit: Limit, body: Mask) -> Worst:
    """The extreme of a limit's history over the body cells of its region or role."""
    field = result.final.get(limit.field)
    cells = np.flatnonzero(result.setup.mask(limit.where) & body)
    if len(cells) == 0:
        return Worst(limit, None, None, f'not judged: "{limit.where}" has no cell of body tissue')
    if field is None:
        return Worst(limit, None, None, f'not judged: the run kept no field "{limit.field}"')
    values = field.ravel()[cells]
    if not np.isfinite(values).all():
        return Worst(limit, None, None, f'not judged: "{limit.field}" is not finite here')
    if limit.of_ice:
        return _ice_at(result, limit, cells, (field < FROZEN_C) & body)
    at = np.argmin(values) if limit.from_below else np.argmax(values)
    k, j, i = (int(index) for index in np.unravel_index(cells[at], field.shape))
    return Worst(limit, float(values[at]), (k, j, i))


def _ice_at(result: Result, limit: Limit, cells: NDArray[np.int64], ice: Mask) -> Worst:
    """Share of cells (flat indices) that were ice [%], or their least distance from ice [mm], between cell centres;
    inf where nothing froze."""
    grid = result.setup.grid
    if limit.quantity == "ice_contact_percent":
        frozen = ice.ravel()[cells]
        k, j, i = (int(index) for index in np.unravel_index(cells[int(np.argmax(frozen))], grid.shape))
        return Worst(limit, 100.0 * float(frozen.mean()), (k, j, i) if frozen.any() else None)
    if not ice.any():
        return Worst(limit, np.inf, None)
    away = distance_transform_edt(~ice).ravel()[cells] * grid.spacing / MM
    k, j, i = (int(index) for index in np.unravel_index(cells[int(np.argmin(away))], grid.shape))
    return Worst(limit, float(away.min()), (k, j, i))


def status(limit: Limit, value: float) -> LimitStatus:
    """Whether a value lies beyond `fail` (broken) or `warn` (warning); at a threshold it is not beyond."""

    def beyond(threshold: float | None) -> bool:
        if threshold is None:
            return False
        return value < threshold if limit.from_below else value > threshold

    if beyond(limit.fail):
        return "broken"
    return "warning" if beyond(limit.warn) else "ok"


def position_mm(grid: Grid, cell: tuple[int, int, int]) -> list[float]:
    """Centre of a cell (k, j, i), [x, y, z] mm."""
    return [float(axis[i]) / MM for axis, i in zip(grid.axes(), cell[::-1], strict=True)]


def times_reached(result: Result, worst: list[Worst]) -> list[float | None]:
    """When each limit's worst value was reached [s]: from its trace, else from the records at its cell.

    None where neither holds the quantity.
    """
    columns = [trace_column(result, found.limit) for found in worst]
    followed: dict[int, list[float]] = {}
    for name in result.records.names:
        cells = {
            n: found.cell
            for n, found in enumerate(worst)
            if columns[n] is None and found.cell is not None and recorded_name(found.limit) == name
        }
        for index in range(len(result.records.times) if cells else 0):
            field = result.records.read(index, name)
            for n, cell in cells.items():
                followed.setdefault(n, []).append(float(field[cell]))

    times: list[float | None] = []
    for n, (found, column) in enumerate(zip(worst, columns, strict=True)):
        if found.value is None:
            times.append(None)
        elif column is not None:
            times.append(first_extreme(result.traces["time_s"], result.traces[column], found.limit))
        elif n in followed:
            times.append(first_extreme(np.array(result.records.times), np.array(followed[n]), found.limit))
        else:
            times.append(None)
    return times


def trace_column(result: Result, limit: Limit) -> str | None:
    """The column of the traces that follows this limit's worst value, if there is one."""
    names = [f"limit.{limit.where}.{limit.quantity}"]
    if limit.where == "skin":
        names += {"max_temperature_c": ["skin_max_c"], "min_temperature_c": ["skin_min_c"]}.get(limit.quantity, [])
    return next((name for name in names if name in result.traces), None)


def recorded_name(limit: Limit) -> str:
    """The recorded field in which this limit's quantity can be followed; none of what is measured from ice."""
    if limit.of_ice:
        return ""
    return "temperature" if limit.quantity.endswith("temperature_c") else limit.field


def first_extreme(times: NDArray[np.float64], values: NDArray[np.float64], limit: Limit) -> float | None:
    """First time [s] at which a series is within `REACHED_K` or `REACHED_SHARE` of its extreme; None for an empty
    one."""
    if not np.isfinite(values).any():
        return None
    towards = -values if limit.from_below else values
    best = float(np.nanmax(towards))
    slack = REACHED_K if limit.quantity.endswith("temperature_c") else REACHED_SHARE * abs(best)
    return float(times[np.flatnonzero(towards >= best - slack)[0]])
