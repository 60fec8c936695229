"""Ice over time, as images would show it, and how much of it was left when a probe froze again."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from gpu_ablate.case.cold import FROZEN_C, LETHAL_C, LETHAL_TWICE_C
from gpu_ablate.case.setup import Endpoint
from gpu_ablate.outcome.coverage import killed_share
from gpu_ablate.outcome.levelset import excess
from gpu_ablate.result.result import Result
from gpu_ablate.units import CM3

EDGES = {"below_0c_cm3": FROZEN_C, "below_m20c_cm3": LETHAL_TWICE_C, "below_m40c_cm3": LETHAL_C}
"""Key of metrics.json -> what is colder at that time [°C]."""

IMAGE_S = 300.0
"""Between two images of a freeze [s]."""

CLOSE_S = 1e-3


def measure_ice_course(result: Result) -> dict[str, object] | None:
    """The `ice_course` of metrics.json; None where no cryoprobe is used.

    records : at each image (`image_indices`) `time_s` and the volume of tissue below 0, -20 and -40 °C then
    refreezes : each time at which a probe froze again: `time_s`, `probes`, `ice_left_percent` (of the greatest volume
        of ice since the refreeze before), `target_frozen_percent` (of all targets, still below 0 °C)

    cycles : below -20 ("m20c") and -40 °C the volume of whole cells that were so cold `once_cm3` or more often,
        and twice by both rules: `twice_rewarmed_cm3` (above -18 °C in between), `twice_thawed_cm3` (above 0 °C)

    Fields are recorded at the end of each step, so that both stand on fields of that time.
    """
    setup = result.setup
    if not any(probe.freezes for probe in setup.probes):
        return None
    images = image_indices(result)
    times = [result.records.times[index] for index in images]
    body, target = setup.phase_mask("body"), setup.mask("target")
    rows, frozen = [], []
    for index, time in zip(images, times, strict=True):
        temperature = result.records.read(index, "temperature")
        shares = {
            key: killed_share(excess(temperature, Endpoint(key, "min_temperature", edge)), body)
            for key, edge in EDGES.items()
        }
        volumes = {key: float(share.sum(dtype=np.float64)) for key, share in shares.items()}
        rows.append({"time_s": time, **{key: v * setup.grid.cell_volume / CM3 for key, v in volumes.items()}})
        frozen.append(100.0 * float(shares["below_0c_cm3"][target].mean()) if target.any() else None)
    again: dict[float, list[str]] = {}
    for probe in setup.probes:
        begun = [s.start_s for s in result.stations if s.probe == probe.name and s.action == "freeze"]
        for start_s in begun[1:]:
            again.setdefault(start_s, []).append(probe.name)
    refreezes: list[dict[str, object]] = []
    since = 0
    for start_s in sorted(again):
        at = min(bisect_left(times, start_s - 1e-6), len(times) - 1)
        most = max((row["below_0c_cm3"] for row in rows[since:at]), default=0.0)
        refreezes.append(
            {
                "time_s": start_s,
                "probes": again[start_s],
                "ice_left_percent": 100.0 * rows[at]["below_0c_cm3"] / most if most else None,
                "target_frozen_percent": frozen[at],
            }
        )
        since = at
    cycles = {
        edge: {
            "once_cm3": cycled(result, f"cycles_{edge}", 1),
            "twice_rewarmed_cm3": cycled(result, f"cycles_{edge}", 2),
            "twice_thawed_cm3": cycled(result, f"cycles_{edge}_thawed", 2),
        }
        for edge in ("m20c", "m40c")
    }
    return {"records": rows, "refreezes": refreezes, "cycles": cycles}


def image_indices(result: Result) -> list[int]:
    """The records that stand for images: every IMAGE_S, at the end of each step, the first and the last."""
    times = result.records.times
    ends = [station.end_s for station in result.stations]
    return [
        index
        for index, time in enumerate(times)
        if index == len(times) - 1
        or abs(time - IMAGE_S * round(time / IMAGE_S)) < CLOSE_S
        or any(abs(time - end) < CLOSE_S for end in ends)
    ]


def cycled(result: Result, name: str, times: int) -> float | None:
    """Volume of body cells that were cold so many times [cm³]; None where the run kept no such count."""
    counts = result.final.get(name)
    if counts is None:
        return None
    cells = np.count_nonzero((counts >= times) & result.setup.phase_mask("body"))
    return float(cells) * result.setup.grid.cell_volume / CM3
