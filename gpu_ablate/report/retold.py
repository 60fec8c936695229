"""The sentences of metrics.json, which are English, in the language spoken now, made anew from its numbers."""

from __future__ import annotations

from typing import Any

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import ENGLISH, retell, spoken
from gpu_ablate.outcome.verdict import verdict
from gpu_ablate.render.words import plain

ASKED_OF_TARGETS = {"name", "role", "ablated_percent", "min_margin_mm", "boundary_margin_mm", "across_fluid"}
"""What the verdict is told from; targets of an older version of metrics.json lack some of it."""

SENTENCES = ("rule", "reads", "strict_reads", "why")


def retold(setup: Setup, metrics: dict[str, Any]) -> dict[str, Any]:
    """metrics.json with its sentences in the language spoken now; as it is where that is English. The verdict of an
    older version of metrics.json stays English."""
    if spoken() == ENGLISH:
        return metrics
    told = dict(metrics)
    if all(target.keys() >= ASKED_OF_TARGETS for target in metrics["targets"]):
        found = verdict(setup.plan, setup.endpoint, [_named(target) for target in metrics["targets"]])
        told["verdict"] = metrics["verdict"] | {key: found[key] for key in SENTENCES}
    if "bones" in metrics:
        told["bones"] = [bone | {"note": bone["note"] and retell(bone["note"])} for bone in metrics["bones"]]
    for key, sentence in (("cold_load", "note"), ("bracket", "reason"), ("numerical_error", "reason")):
        holder = metrics.get(key)
        if holder and holder[sentence]:
            told[key] = holder | {sentence: retell(holder[sentence])}
    return told


def _named(target: dict[str, Any]) -> dict[str, Any]:
    """A target with the names that a report calls it and what lies around it."""
    across = [found | {"region": plain(found["region"])} for found in target["across_fluid"]]
    return target | {"name": plain(target["name"]), "across_fluid": across}
