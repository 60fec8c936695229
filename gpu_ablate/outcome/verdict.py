"""The verdict: what the plan's intent asks for, and whether the measured zone gives it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gpu_ablate.case.setup import Endpoint, Plan
from gpu_ablate.language import say
from gpu_ablate.units import MM

COVERED_PERCENT = 99.5
"""A target counts as wholly covered from here: the rest is below what 1 mm voxels resolve."""

EFFECTIVE_PERCENT = 80.0
INEFFECTIVE_PERCENT = 60.0
"""Palliative ablation is effective from 80 % of the tumour, not effective below 60 % (`cold_consensus`)."""

RADICAL_MARGIN_MM = 10.0
"""How far the ice edge of a radical cryoablation lies beyond the tumour (`cold_consensus`)."""


def verdict(plan: Plan, endpoint: Endpoint, targets: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The `verdict` of metrics.json.

    radical : "radical", "covered, margin short" or "incomplete", for the worst of all targets; a margin is asked of
        those with role target only, not of involved skin
    palliative : "effective", "undetermined" or "not effective", for the least covered target
    strict_outcome : the same with the margin of the endpoint itself. It differs for cold only, where the
        ablation boundary is the edge of the ice (0 °C), wider than the effective zone (-40 °C).
    reads, strict_reads : both for people, with the number that matters: "incomplete: 96.1 %"

    Parameters
    ----------
    targets : the `targets` of metrics.json, with `boundary_margin_mm` and `across_fluid`
    """
    known = [target for target in targets if target["ablated_percent"] is not None]
    goal_mm = plan.margin_goal / MM
    if not known:
        outcome = strict = "no target"
        reads = strict_reads = say("no target")
        why = say("No region with role target or involved_skin holds a cell.")
    elif plan.intent == "radical":
        cold = is_cold(endpoint)
        outcome, reads, why = radical(known, goal_mm, "boundary_margin_mm", cold)
        strict, strict_reads, _ = radical(known, goal_mm, "min_margin_mm", cold)
        if cold:
            why += say(" ") + say(
                "Read as the edge of the ice {mm:g} mm beyond the tumour; by the stricter reading, the killed tissue "
                "itself {mm:g} mm beyond it: {reads}.",
                mm=goal_mm,
                reads=strict_reads,
            )
        why += across_fluid(known)
    else:
        outcome, why = palliative(known)
        strict = outcome
        reads = strict_reads = palliative_words(outcome, killed_words(known))
    return {
        "intent": plan.intent,
        "rule": rule(plan, endpoint) if known else say("No target, nothing to judge."),
        "outcome": outcome,
        "strict_outcome": strict,
        "reads": reads,
        "strict_reads": strict_reads,
        "why": why,
    }


def is_cold(endpoint: Endpoint) -> bool:
    """Whether an endpoint is one of cold."""
    return endpoint.field in ("min_temperature", "cycles_m20c")


def cold_consensus() -> str:
    """The source of what is asked of cold."""
    return say(
        "the 2018 expert consensus on cryoablation of bone and soft-tissue tumours (Chin J Interv Imaging Ther "
        "2018, 15(12))"
    )


def heat_consensus() -> str:
    """The source of staged power."""
    return say(
        "the 2025 expert consensus on ablation for breast cancer without surgical indication (Chin J Breast Dis "
        "(Electron Ed) 2026, 20(1):1-8)"
    )


def rule(plan: Plan, endpoint: Endpoint) -> str:
    """The rule of the intent, and its source by the kind of treatment."""
    cold, goal_mm = is_cold(endpoint), plan.margin_goal / MM
    from_cold = say("From {source}.", source=cold_consensus())
    if plan.intent == "palliative":
        words = say(
            "Palliative: effective if the {zone} zone holds at least {most:g} % of the tumour, not effective below "
            "{least:g} %.",
            zone=endpoint.name,
            most=EFFECTIVE_PERCENT,
            least=INEFFECTIVE_PERCENT,
        )
        return (
            words
            + say(" ")
            + (from_cold if cold else say("From {source}, borrowed here for heat.", source=cold_consensus()))
        )
    if not cold:
        source = say(
            "The margin is the plan's own goal; {source} is the source of staged power only.", source=heat_consensus()
        )
    elif math.isclose(goal_mm, RADICAL_MARGIN_MM):
        source = from_cold
    else:
        source = say(
            "The margin is the plan's own goal; {mm:g} mm are asked for by {source}.",
            mm=RADICAL_MARGIN_MM,
            source=cold_consensus(),
        )
    boundary = say("edge of the ice") if cold else say("ablation boundary")
    words = say(
        "Radical: the {zone} zone covers the tumour and the {boundary} lies at least {mm:g} mm beyond it wherever "
        "tissue is.",
        zone=endpoint.name,
        boundary=boundary,
        mm=goal_mm,
    )
    return words + say(" ") + source


def across_fluid(targets: Sequence[Mapping[str, Any]]) -> str:
    """Where the margins run across fluid or gas, a sentence for each region; empty where nowhere."""
    sentences = ""
    for target in targets:
        for found in target["across_fluid"]:
            share = f"{found['percent']:.1f}" if found["percent"] >= 0.1 else say("less than 0.1")
            meaning = (
                say("the tissue there was moved away, not killed")
                if found["role"] == "isolation"
                else say("what lives beyond it was not killed")
            )
            sentences += say(" ") + say(
                "Towards the {region} ({share} % of the surface of {target}) the margin runs across {phase}: "
                "{meaning}.",
                region=found["region"],
                share=share,
                target=target["name"],
                phase=say("gas") if found["phase"] == "gas" else say("fluid"),
                meaning=meaning,
            )
    return sentences


def least_covered(targets: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """The target of which the smallest share was killed."""
    return min(targets, key=lambda target: number(target["ablated_percent"]))


def killed_words(targets: Sequence[Mapping[str, object]]) -> str:
    """Share of the least covered target that was killed, rounded down: what falls short never reads 100 %."""
    return f"{math.floor(10.0 * number(least_covered(targets)['ablated_percent'])) / 10.0:.1f} %"


def radical(targets: Sequence[Mapping[str, object]], goal_mm: float, margin: str, cold: bool) -> tuple[str, str, str]:
    """Outcome of a radical plan, how it reads, and the sentence with its reason; `margin` names the key to judge by.

    By the consensus on cold whatever falls short is incomplete; of heat the margin is the plan's own goal.
    """
    least = least_covered(targets)
    percent = number(least["ablated_percent"])
    if percent < COVERED_PERCENT:
        missed = (100.0 - percent) / 100.0 * number(least["volume_cm3"])
        why = say(
            "{killed} of {target} lies in the zone; {cm3:.2f} cm³ of it does not.",
            killed=killed_words(targets),
            target=least["name"],
            cm3=missed,
        )
        return "incomplete", say("incomplete: {killed}", killed=killed_words(targets)), why
    asked = [target for target in targets if target["role"] == "target"]
    if not asked:
        return "radical", say("radical"), say("All involved skin is covered; no margin is asked of it.")
    thinnest = min(asked, key=lambda target: number(target[margin]))
    width, name = number(thinnest[margin]), thinnest["name"]
    box = say(" ") + say("There the zone meets the box of the model, so the margin is not certain.")
    box *= bool(thinnest["margin_ends_at_box"])
    if width >= goal_mm:
        why = say(
            "Every target is covered, and the thinnest margin, {mm:.1f} mm at {target}, meets the {goal:g} mm asked "
            "for.",
            mm=width,
            target=name,
            goal=goal_mm,
        )
        return "radical", say("radical"), why + box
    if cold:
        reads = say("incomplete: tumour killed, margin {mm:.1f} of {goal:g} mm", mm=width, goal=goal_mm)
    else:
        reads = say("covered, margin {mm:.1f} of {goal:g} mm", mm=width, goal=goal_mm)
    why = say(
        "Every target is covered, but the margin at {target} is {mm:.1f} mm at its thinnest; {goal:g} mm are asked "
        "for.",
        mm=width,
        target=name,
        goal=goal_mm,
    )
    return "covered, margin short", reads, why + box


def palliative_words(outcome: str, killed: str) -> str:
    """How a palliative outcome reads."""
    words = {
        "effective": say("palliative effective: {killed} of the tumour killed", killed=killed),
        "undetermined": say("palliative undetermined: {killed} of the tumour killed", killed=killed),
        "not effective": say("palliative not effective: {killed} of the tumour killed", killed=killed),
    }
    return words[outcome]


def palliative(targets: Sequence[Mapping[str, object]]) -> tuple[str, str]:
    """Outcome of a palliative plan and the sentence that gives its reason."""
    least = least_covered(targets)
    percent = number(least["ablated_percent"])
    if percent >= EFFECTIVE_PERCENT:
        outcome = "effective"
    elif percent < INEFFECTIVE_PERCENT:
        outcome = "not effective"
    else:
        outcome = "undetermined"
    why = say(
        "{killed} of {target}, the least covered target, lies in the zone.",
        killed=killed_words(targets),
        target=least["name"],
    )
    return outcome, why


def number(value: object) -> float:
    """A measured number; -inf for null, which no rule is met by."""
    return float(value) if isinstance(value, int | float) else float("-inf")
