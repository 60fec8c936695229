"""The `bracket` of metrics.json: what a plan does if the numbers that are known least lie elsewhere in their range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpu_ablate.case.bracket import DeviceNumbers, Variant

SPANNED = ("ablated_percent", "min_margin_mm", "boundary_margin_mm")
TARGET_KEYS = ("name", "role", *SPANNED)
LIMIT_KEYS = ("where", "quantity", "value", "status")


def bracket(
    metrics: dict[str, Any], used: tuple[DeviceNumbers, str], found: Sequence[tuple[Variant, dict[str, Any]]]
) -> dict[str, Any]:
    """The `bracket` of metrics.json (docs/formats.md lists its keys), the run itself first.

    metrics : of the run
    used : numbers of the devices, and preset of perfusion, of the run
    found : each variant and its metrics
    """
    rows = [_row("used", *used, metrics)]
    rows += [_row(v.end, v.numbers, v.perfusion_preset, measured) for v, measured in found]
    return {"reason": None, "runs": rows, "spans": _spans(rows)}


def no_bracket(reason: str) -> dict[str, Any]:
    """The `bracket` of metrics.json of a run whose variants could not be computed."""
    return {"reason": reason, "runs": [], "spans": None}


def _spans(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the run itself has, and the least and most over all runs, of the endpoint's zone (the first) and targets."""
    endpoint = next(iter(rows[0]["zones"]))
    return {
        "zone": endpoint,
        "volume_cm3": _span([row["zones"][endpoint]["volume_cm3"] for row in rows]),
        "targets": [
            {
                "name": target["name"],
                **{key: _span([row["targets"][place][key] for row in rows]) for key in SPANNED},
            }
            for place, target in enumerate(rows[0]["targets"])
        ],
    }


def _span(values: Sequence[float | None]) -> dict[str, float | None]:
    """The first, the least and the greatest of those that are known."""
    known = [value for value in values if value is not None]
    return {"used": values[0], "low": min(known, default=None), "high": max(known, default=None)}


def _row(end: str, numbers: DeviceNumbers, preset: str, metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "devices": end,
        "cable_efficiency": numbers.cable_efficiency,
        "film_h_w_m2k": numbers.film_h,
        "perfusion_preset": preset,
        "status": metrics["status"],
        "outcome": metrics["verdict"]["outcome"],
        "zones": {name: {"volume_cm3": zone["volume_cm3"]} for name, zone in metrics["zones"].items()},
        "targets": [{key: target.get(key) for key in TARGET_KEYS} for target in metrics["targets"]],
        "limits": [{key: limit[key] for key in LIMIT_KEYS} for limit in metrics["limits"]],
    }
