"""The table of the report about the numbers that are known least."""

from __future__ import annotations

from typing import Any

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.render.words import endpoint_words, plain
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import number, quantity_words


def device_words(run: dict[str, Any]) -> str:
    """The devices' numbers of a run of a bracket."""
    cables = dict.fromkeys(f"cable {100 * value:g} %" for value in run["cable_efficiency"].values())
    films = dict.fromkeys(f"film {value:g} W/(m² K)" for value in run["film_h_w_m2k"].values())
    return ", ".join([*cables, *films]) or "–"


def span_words(metrics: dict[str, Any]) -> str:
    """Zone, coverage and margins as computed [least .. most over the bracket]; empty without a bracket."""
    spans = (metrics.get("bracket") or {}).get("spans")
    if not spans:
        return ""
    cold = any(metrics.get("cryoprobes", ()))
    words = [f"{plain(spans['zone'])} zone {_span(spans['volume_cm3'], 1)} cm³"]
    for target in spans["targets"]:
        words.append(f"{plain(target['name'])} killed {_span(target['ablated_percent'], 1)} %")
        if target["min_margin_mm"]["used"] is None:
            continue
        if cold:
            words.append(f"ice beyond it {_span(target['boundary_margin_mm'], 1)} mm")
        words.append(f"thinnest margin {_span(target['min_margin_mm'], 1)} mm")
    return "; ".join(words)


def _span(found: dict[str, float | None], digits: int) -> str:
    low, high = number(found["low"], digits), number(found["high"], digits)
    return f"{number(found['used'], digits)} [{low} .. {high}]"


def bracket_table(metrics: dict[str, Any], endpoint: Endpoint) -> tuple[Table, ...]:
    """The run and its variants; nothing where they were not asked for."""
    found = metrics.get("bracket")
    if not found:
        return ()
    if found["reason"]:
        return (Table("Bracket", ("not computed",), ((found["reason"],),)),)
    rows = [
        (
            device_words(run) + (" (used)" if not place else ""),
            run["perfusion_preset"],
            number(run["zones"][endpoint.name]["volume_cm3"], 2),
            ", ".join(f"{plain(target['name'])} {number(target['ablated_percent'], 1)}" for target in run["targets"]),
            ", ".join(number(t["min_margin_mm"], 1) for t in run["targets"] if t["min_margin_mm"] is not None) or "–",
            run["outcome"],
            "; ".join(
                f"{plain(limit['where'])} {quantity_words(limit['quantity'])}"
                for limit in run["limits"]
                if limit["status"] == "broken"
            )
            or "none",
        )
        for place, run in enumerate(found["runs"])
    ]
    head = (
        "devices",
        "perfusion",
        f"{endpoint_words(endpoint)} [cm³]",
        "killed [%]",
        "thinnest margin [mm]",
        "outcome",
        "broken limits",
    )
    note = f"As computed [least .. most]: {span_words(metrics)}. " if found.get("spans") else ""
    note += (
        "The same plan with the number of its devices that is known least (cable efficiency of an antenna, film "
        "coefficient of a cryoprobe) at the ends of its range, and with both published perfusions."
    )
    return (Table("Bracket", head, tuple(rows), note),)
