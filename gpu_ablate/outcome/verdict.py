"""The verdict: what the plan's intent asks for, and whether the measured zone gives it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gpu_ablate.case.setup import Endpoint, Plan
from gpu_ablate.units import MM

COVERED_PERCENT = 99.5
"""A target counts as wholly covered from here: the rest is below what 1 mm voxels resolve."""

EFFECTIVE_PERCENT = 80.0
INEFFECTIVE_PERCENT = 60.0
"""Palliative ablation is effective from 80 % of the tumour, not effective below 60 % (`COLD_CONSENSUS`)."""

RADICAL_MARGIN_MM = 10.0
"""How far the ice edge of a radical cryoablation lies beyond the tumour (`COLD_CONSENSUS`)."""

COLD_CONSENSUS = (
    "the 2018 expert consensus on cryoablation of bone and soft-tissue tumours (Chin J Interv Imaging Ther "
    "2018, 15(12))"
)
HEAT_CONSENSUS = (
    "the 2025 expert consensus on ablation for breast cancer without surgical indication (Chin J Breast Dis "
    "(Electron Ed) 2026, 20(1):1-8)"
)


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
        outcome = strict = reads = strict_reads = "no target"
        why = "No region with role target or involved_skin holds a cell."
    elif plan.intent == "radical":
        cold = is_cold(endpoint)
        outcome, reads, why = radical(known, goal_mm, "boundary_margin_mm", cold)
        strict, strict_reads, _ = radical(known, goal_mm, "min_margin_mm", cold)
        if cold:
            why += (
                f" Read as the edge of the ice {goal_mm:g} mm beyond the tumour; by the stricter reading, the "
                f"killed tissue itself {goal_mm:g} mm beyond it: {strict_reads}."
            )
        why += across_fluid(known)
    else:
        outcome, why = palliative(known)
        strict, reads = outcome, f"palliative {outcome}: {killed_words(known)} of the tumour killed"
        strict_reads = reads
    return {
        "intent": plan.intent,
        "rule": rule(plan, endpoint) if known else "No target, nothing to judge.",
        "outcome": outcome,
        "strict_outcome": strict,
        "reads": reads,
        "strict_reads": strict_reads,
        "why": why,
    }


def is_cold(endpoint: Endpoint) -> bool:
    """Whether an endpoint is one of cold."""
    return endpoint.field in ("min_temperature", "cycles_m20c")


def rule(plan: Plan, endpoint: Endpoint) -> str:
    """The rule of the intent, and its source by the kind of treatment."""
    cold, goal_mm = is_cold(endpoint), plan.margin_goal / MM
    if plan.intent == "palliative":
        source = f"From {COLD_CONSENSUS}" + ("." if cold else ", borrowed here for heat.")
        return (
            f"Palliative: effective if the {endpoint.name} zone holds at least {EFFECTIVE_PERCENT:g} % of "
            f"the tumour, not effective below {INEFFECTIVE_PERCENT:g} %. {source}"
        )
    if not cold:
        source = f"The margin is the plan's own goal; {HEAT_CONSENSUS} is the source of staged power only."
    elif math.isclose(goal_mm, RADICAL_MARGIN_MM):
        source = f"From {COLD_CONSENSUS}."
    else:
        source = f"The margin is the plan's own goal; {RADICAL_MARGIN_MM:g} mm are asked for by {COLD_CONSENSUS}."
    boundary = "edge of the ice" if cold else "ablation boundary"
    return (
        f"Radical: the {endpoint.name} zone covers the tumour and the {boundary} lies at least {goal_mm:g} mm "
        f"beyond it wherever tissue is. {source}"
    )


def across_fluid(targets: Sequence[Mapping[str, Any]]) -> str:
    """Where the margins run across fluid or gas, a sentence for each region; empty where nowhere."""
    sentences = ""
    for target in targets:
        for found in target["across_fluid"]:
            share = f"{found['percent']:.1f}" if found["percent"] >= 0.1 else "less than 0.1"
            meaning = (
                "the tissue there was moved away, not killed"
                if found["role"] == "isolation"
                else "what lives beyond it was not killed"
            )
            sentences += (
                f" Towards the {found['region']} ({share} % of the surface of {target['name']}) the margin runs "
                f"across {found['phase']}: {meaning}."
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
        why = f"{killed_words(targets)} of {least['name']} lies in the zone; {missed:.2f} cm³ of it does not."
        return "incomplete", f"incomplete: {killed_words(targets)}", why
    asked = [target for target in targets if target["role"] == "target"]
    if not asked:
        return "radical", "radical", "All involved skin is covered; no margin is asked of it."
    thinnest = min(asked, key=lambda target: number(target[margin]))
    width = number(thinnest[margin])
    box = " There the zone meets the box of the model, so the margin is not certain." * bool(
        thinnest["margin_ends_at_box"]
    )
    if width >= goal_mm:
        return (
            "radical",
            "radical",
            (
                f"Every target is covered, and the thinnest margin, {width:.1f} mm at {thinnest['name']}, meets "
                f"the {goal_mm:g} mm asked for.{box}"
            ),
        )
    reads = f"{'incomplete: tumour killed' if cold else 'covered'}, margin {width:.1f} of {goal_mm:g} mm"
    return (
        "covered, margin short",
        reads,
        (
            f"Every target is covered, but the margin at {thinnest['name']} is {width:.1f} mm at its thinnest; "
            f"{goal_mm:g} mm are asked for.{box}"
        ),
    )


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
    return outcome, f"{killed_words(targets)} of {least['name']}, the least covered target, lies in the zone."


def number(value: object) -> float:
    """A measured number; -inf for null, which no rule is met by."""
    return float(value) if isinstance(value, int | float) else float("-inf")
