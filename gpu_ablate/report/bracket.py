"""The table of the report about the numbers that are known least."""

from __future__ import annotations

from typing import Any

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.language import say
from gpu_ablate.render.words import endpoint_words, plain
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import number, quantity_words


def device_words(run: dict[str, Any]) -> str:
    """The devices' numbers of a run of a bracket."""
    cables = dict.fromkeys(
        say("cable {percent:g} %", percent=100 * value) for value in run["cable_efficiency"].values()
    )
    films = dict.fromkeys(say("film {h:g} W/(m² K)", h=value) for value in run["film_h_w_m2k"].values())
    return say(", ").join([*cables, *films]) or "–"


def span_words(metrics: dict[str, Any]) -> str:
    """Zone, coverage and margins as computed [least .. most over the bracket]; empty without a bracket."""
    spans = (metrics.get("bracket") or {}).get("spans")
    if not spans:
        return ""
    cold = any(metrics.get("cryoprobes", ()))
    words = [say("{zone} zone {span} cm³", zone=plain(spans["zone"]), span=_span(spans["volume_cm3"], 1))]
    for target in spans["targets"]:
        share = _span(target["ablated_percent"], 1)
        words.append(say("{name} killed {span} %", name=plain(target["name"]), span=share))
        if target["min_margin_mm"]["used"] is None:
            continue
        if cold:
            words.append(say("ice beyond it {span} mm", span=_span(target["boundary_margin_mm"], 1)))
        words.append(say("thinnest margin {span} mm", span=_span(target["min_margin_mm"], 1)))
    return say("; ").join(words)


def _span(found: dict[str, float | None], digits: int) -> str:
    low, high = number(found["low"], digits), number(found["high"], digits)
    return f"{number(found['used'], digits)} [{low} .. {high}]"


def bracket_table(metrics: dict[str, Any], endpoint: Endpoint) -> tuple[Table, ...]:
    """The run and its variants; nothing where they were not asked for."""
    found = metrics.get("bracket")
    if not found:
        return ()
    if found["reason"]:
        return (Table(say("Bracket"), (say("not computed"),), ((found["reason"],),)),)
    rows = [
        (
            device_words(run) if place else say("{devices} (used)", devices=device_words(run)),
            run["perfusion_preset"],
            number(run["zones"][endpoint.name]["volume_cm3"], 2),
            say(", ").join(f"{plain(each['name'])} {number(each['ablated_percent'], 1)}" for each in run["targets"]),
            say(", ").join(number(t["min_margin_mm"], 1) for t in run["targets"] if t["min_margin_mm"] is not None)
            or "–",
            outcome_label(run["outcome"]),
            broken_limits(run["limits"]),
        )
        for place, run in enumerate(found["runs"])
    ]
    head = (
        say("devices"),
        say("perfusion"),
        say("{rule} [cm³]", rule=endpoint_words(endpoint)),
        say("killed [%]"),
        say("thinnest margin [mm]"),
        say("outcome"),
        say("broken limits"),
    )
    notes = [say("As computed [least .. most]: {spans}.", spans=span_words(metrics))] if found.get("spans") else []
    notes.append(
        say(
            "The same plan with the number of its devices that is known least (cable efficiency of an antenna, film "
            "coefficient of a cryoprobe) at the ends of its range, and with both published perfusions."
        )
    )
    return (Table(say("Bracket"), head, tuple(rows), say(" ").join(notes)),)


def outcome_label(outcome: str) -> str:
    """An outcome of the verdict in a word or two."""
    words = {
        "radical": say("radical"),
        "covered, margin short": say("covered, margin short"),
        "incomplete": say("incomplete"),
        "effective": say("effective"),
        "undetermined": say("undetermined"),
        "not effective": say("not effective"),
        "no target": say("no target"),
    }
    return words.get(outcome, outcome)


def broken_limits(limits: list[dict[str, Any]]) -> str:
    """The limits that a run broke."""
    words = [
        say("{where} {quantity}", where=plain(limit["where"]), quantity=quantity_words(limit["quantity"]))
        for limit in limits
        if limit["status"] == "broken"
    ]
    return say("; ").join(words) or say("none")
