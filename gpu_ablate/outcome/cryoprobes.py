"""What each cryoprobe drew from the tissue, and whether a probe of its kind could."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gpu_ablate.case.setup import Probe
from gpu_ablate.result.result import Result, Station


def measure_cryoprobes(result: Result) -> list[dict[str, object]]:
    """The `cryoprobes` of metrics.json.

    drawn_kj : heat drawn, less what helium gave back; peak_w : most that was drawn between two rows of the trace;
    plausible_w : more than this is not to be believed of such a probe; implausible : whether it drew more
    free_at_s : when its last thaw ended because all tissue at it was above its temperature; None where it did not
    """
    times = np.asarray(result.traces.get("time_s", []))
    found: list[dict[str, object]] = []
    for probe in result.setup.probes:
        drawn = result.traces.get(f"probe.{probe.name}.drawn_w")
        if drawn is None or probe.plausible_power is None:
            continue
        peak = float(np.max(drawn))
        found.append(
            {
                "name": probe.name,
                "drawn_kj": 1e-3 * float((drawn[1:] * np.diff(times)).sum()),
                "peak_w": peak,
                "plausible_w": probe.plausible_power,
                "implausible": peak > probe.plausible_power,
                "free_at_s": _free_at_s(probe, result.stations),
            }
        )
    return found


def _free_at_s(probe: Probe, stations: Sequence[Station]) -> float | None:
    """When the last thaw ended because the tissue at the probe was warm; None where it ended otherwise."""
    thaws = [station for station in stations if station.probe == probe.name and station.action == "thaw"]
    if not thaws or thaws[-1].ended_by.startswith("duration"):
        return None
    until = probe.steps[thaws[-1].step - 1].until
    return thaws[-1].end_s if until is not None and until.quantity == "all above" else None
