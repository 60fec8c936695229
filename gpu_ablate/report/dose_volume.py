"""The doses that targets and structures at risk got, by share of their volume."""

from __future__ import annotations

from typing import Any

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.language import say
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render.words import plain
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import measured, number

SHARES = (95, 50, 2)
"""Shares of a volume [%] that the table tells of."""


def dose_table(metrics: dict[str, Any], endpoint: Endpoint) -> Table:
    """What 95 %, half and 2 % of each volume got at least; of cold, how cold they got at least. No row where
    metrics.json is of an older version."""
    found = metrics.get("dose_volume") or {"thresholds": {}, "regions": []}
    cold = is_cold(endpoint)
    wanted = ("min_temperature_c",) if cold else ("cem43_minutes", "max_temperature_c")
    kept = [quantity for quantity in wanted if quantity in found["thresholds"]]
    rows = [
        (
            plain(region["name"]),
            number(region["volume_cm3"], 2),
            *(_words(quantity, region[quantity][f"d{share}"]) for quantity in kept for share in SHARES),
        )
        for region in (found["regions"] if kept else [])
    ]
    heads = (_head(quantity, share) for quantity in kept for share in SHARES)
    note = say("By cells of the grid: a structure of few cells is told coarsely.") if rows else ""
    return Table(say("Dose by share of the volume"), (say("region"), say("volume [cm³]"), *heads), tuple(rows), note)


def _head(quantity: str, share: int) -> str:
    if quantity == "cem43_minutes":
        return say("thermal dose that {share} % got", share=share)
    if quantity == "max_temperature_c":
        return say("{share} % were ever as hot as", share=share)
    return say("{share} % were ever as cold as", share=share)


def _words(quantity: str, value: float) -> str:
    """A dose with its unit; those that cannot be told apart as such."""
    return measured(quantity, value) if quantity == "cem43_minutes" else f"{number(value, 1)} °C"
