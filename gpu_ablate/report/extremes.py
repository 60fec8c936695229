"""What the report reads off a result that metrics.json does not hold."""

from __future__ import annotations

import numpy as np

from gpu_ablate.language import say
from gpu_ablate.result.result import Result

LAST_SHARE = 0.1
"""Share of the simulated time at whose end a run must stand still to count as finished."""

STILL_C = 0.05
STILL_VOLUME_SHARE = 0.005
"""Growth below these over that time is none: skin temperature [K], volume as a share of it."""


def hottest_tissue(result: Result) -> tuple[float, tuple[float, float, float]] | None:
    """Highest temperature ever [°C] in what is not gas, and where xyz [m]; None if it was not kept."""
    field = result.final.get("max_temperature")
    solved = ~result.setup.phase_mask("gas")
    if field is None or not solved.any():
        return None
    k, j, i = np.unravel_index(np.argmax(np.where(solved, field, -np.inf)), field.shape)
    x, y, z = (float(axis[index]) for axis, index in zip(result.setup.grid.axes(), (i, j, k), strict=True))
    return float(field[k, j, i]), (x, y, z)


def still_growing(result: Result) -> list[str]:
    """What still grew over the last tenth of the run, of cold after the last freeze, in words; empty if the run had
    come to its end."""
    times = result.traces.get("time_s", np.zeros(0))
    if len(times) < 2:
        return []
    since = times[-1] - LAST_SHARE * (times[-1] - times[0])
    since = max([since, *(station.end_s for station in result.stations if station.action == "freeze")])
    before = max(int(np.searchsorted(times, since, side="right")) - 1, 0)
    found = []
    skin = result.traces.get("skin_max_c")
    if skin is not None and skin[-1] - skin[before] > STILL_C:
        found.append(say("the hottest skin"))
    zone = result.traces.get(f"zone.{result.setup.endpoint.name}_approx_cm3")
    if zone is not None and zone[-1] - zone[before] > STILL_VOLUME_SHARE * zone[-1]:
        found.append(say("the killed tissue"))
    return found


def cable_efficiencies(result: Result) -> list[tuple[float, float, float]]:
    """(least, used, most) cable efficiency of each device in use, where its range is known."""
    return [found[1:] for found in _ranges(result, "cable_efficiency")]


def film_coefficients(result: Result) -> list[tuple[str, float, float, float]]:
    """Name and (least, used, most) film coefficient [W m⁻² K⁻¹] of each cryoprobe in use, where its range is known."""
    return _ranges(result, "film_h_w_m2k")


def _ranges(result: Result, key: str) -> list[tuple[str, float, float, float]]:
    devices = {probe.device for probe in result.setup.probes}
    return [
        (row.name, found.low, found.value, found.high)
        for row in result.setup.tissues
        if row.name in devices and (found := row.values.get(key)) is not None
        if found.low is not None and found.high is not None
    ]
