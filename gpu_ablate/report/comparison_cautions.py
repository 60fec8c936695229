"""Why plans that stand side by side cannot be compared as they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gpu_ablate.language import say
from gpu_ablate.render.words import endpoint_words, plain
from gpu_ablate.report.differences import scene_values
from gpu_ablate.report.one_run import OneRun, intent_words, not_done_words
from gpu_ablate.report.text import number
from gpu_ablate.units import MM

SAME_VOLUME = 0.02
"""Targets whose volumes differ by more than this share are not taken for the same lesion; chosen here, above what
voxels of another size do to a volume."""

MODEL_KEYS = ("model.", "run.accuracy", "run.precision", "skin_surface.", "initial.temperature_c")
"""Keys of a scene that are choices of the model, not of the plan."""

NAMED = 5
"""Values that are named, at most."""


def cautions(runs: Sequence[OneRun], labels: Sequence[str]) -> tuple[str, ...]:
    """What to know before comparing; empty where nothing speaks against it."""
    told: list[str] = []
    for label, run in zip(labels, runs, strict=True):
        if not_done_words(run.metrics):
            told.append(say("{plan}: {what}.", plan=label, what=not_done_words(run.metrics)))
    each: list[tuple[str, Callable[[OneRun], str]]] = [
        (say("The targets are not the same"), target_names),
        (
            say("The intents differ, so the verdicts follow different rules"),
            lambda r: intent_words(r.setup.plan.intent),
        ),
        (say("The margins aimed at differ"), lambda r: f"{number(r.setup.plan.margin_goal / MM, 1)} mm"),
        (say("Killed tissue is judged by different rules"), lambda run: endpoint_words(run.setup.endpoint)),
        (say("The voxels differ, which alone moves margins"), lambda r: f"{r.metrics['grid']['spacing_mm'][0]:g} mm"),
        (say("Computed by different versions"), lambda run: run.result.provenance.get("gpu-ablate", "–")),
    ]
    for words, of in each:
        plans: dict[str, list[str]] = {}
        for label, run in zip(labels, runs, strict=True):
            plans.setdefault(of(run), []).append(label)
        if len(plans) > 1:
            listed = "; ".join(f"{', '.join(alike)}: {value}" for value, alike in plans.items())
            told.append(say("{what}: {each}.", what=words, each=listed))
    return (*told, *volume_cautions(runs), *model_cautions(runs), *value_cautions(runs))


def target_names(run: OneRun) -> str:
    """The targets of a run by name, in one order."""
    return ", ".join(sorted(plain(target["name"]) for target in run.metrics["targets"])) or say("no target")


def volume_cautions(runs: Sequence[OneRun]) -> tuple[str, ...]:
    """Targets of one name whose volumes differ."""
    volumes: dict[str, list[float]] = {}
    for run in runs:
        for target in run.metrics["targets"]:
            volumes.setdefault(target["name"], []).append(float(target["volume_cm3"]))
    return tuple(
        say(
            "The target {name} is not the same in all plans: from {low} to {high} cm³.",
            name=plain(name),
            low=number(min(found), 2),
            high=number(max(found), 2),
        )
        for name, found in volumes.items()
        if max(found) - min(found) > SAME_VOLUME * min(found)
    )


def model_cautions(runs: Sequence[OneRun]) -> tuple[str, ...]:
    """Choices of the model that differ between the scenes."""
    scenes = [scene_values(run) for run in runs]
    known = [values for values in scenes if values is not None]
    keys = dict.fromkeys(key for values in known for key in values if key.startswith(MODEL_KEYS))
    differing = [key for key in keys if len({values.get(key) for values in known}) > 1]
    if not differing:
        return ()
    return (say("Settings of the model differ: {keys}.", keys=few(differing)),)


def value_cautions(runs: Sequence[OneRun]) -> tuple[str, ...]:
    """Values of the same tissue or device that differ."""
    found: dict[tuple[str, str], set[float]] = {}
    for run in runs:
        for row in run.setup.tissues:
            for key, quantity in row.values.items():
                found.setdefault((row.name, key), set()).add(quantity.value)
    names = dict.fromkeys(plain(name) for (name, _), values in found.items() if len(values) > 1)
    return (say("Values of tissues or devices differ: {names}.", names=few(list(names))),) if names else ()


def few(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    listed = ", ".join(names[:NAMED])
    return listed if len(names) <= NAMED else say("{listed} and {n} more", listed=listed, n=len(names) - NAMED)
