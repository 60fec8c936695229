"""Tables of the report about what is to be spared: liquid isolation, skin."""

from __future__ import annotations

from typing import Any

from gpu_ablate.language import say
from gpu_ablate.render.words import plain
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import number


def isolation_table(metrics: dict[str, Any]) -> Table:
    """The layers of liquid that move tissue."""
    layers = metrics.get("isolation", [])
    rows = [
        (
            plain(layer["name"]),
            plain(layer["tissue"]),
            number(layer["volume_ml"], 1),
            f"{number(layer['thickness_mean_mm'], 1)} ({number(layer['thickness_max_mm'], 1)})",
            before_and_after(layer, "skin"),
            before_and_after(layer, "deep"),
        )
        for layer in layers
    ]
    deep = sorted({plain(name) for layer in layers for name in layer["deep"]})
    head = (
        say("layer"),
        say("liquid"),
        say("volume [ml]"),
        say("thickness, mean (most) [mm]"),
        say("target to spared skin [mm]"),
        say("target to {what} [mm]", what=say(" or ").join(deep) or say("what lies deep")),
    )
    note = say("Shortest distances: without any layer that moves tissue → with all of them.")
    return Table(say("Liquid isolation"), head, tuple(rows), note)


def before_and_after(layer: dict[str, Any], what: str) -> str:
    """The distance from the target to what a layer guards, without and with isolation."""
    before, after = (layer[f"target_to_{what}_{when}_mm"] for when in ("before", "after"))
    return "–" if before is None or after is None else f"{number(before, 1)} → {number(after, 1)}"


def skin_role_words(role: str) -> str:
    """What a region of skin is to the plan; of any other role its name."""
    words = {"skin": say("spared"), "involved_skin": say("involved, to be killed"), "tissue": say("beside")}
    return words.get(role, plain(role))


def skin_table(metrics: dict[str, Any]) -> Table:
    """Burnt and dead skin by area."""
    rows = [
        (
            plain(skin["name"]),
            skin_role_words(skin["role"]),
            number(skin["area_cm2"], 1),
            *(number(skin[f"{degree}_degree_cm2"], 2) for degree in ("first", "second", "third")),
            number(skin["killed_cm2"], 2),
            number(skin["deep_killed_cm2"], 2),
            number(skin["max_c"], 1),
        )
        for skin in metrics.get("skin", [])
    ]
    head = (
        say("skin"),
        say("which"),
        say("area [cm²]"),
        say("burnt, first degree [cm²]"),
        say("second [cm²]"),
        say("third [cm²]"),
        say("dead at its outer face [cm²]"),
        say("dead at its deep face [cm²]"),
        say("hottest [°C]"),
    )
    note = say(
        "Areas of the true outer surface in the box. Burns by the damage Ω at the outer face: first degree from 0.53, "
        "second from 1, third from 10⁴ (Henriques and Moritz). Heated from inside, skin dies at its deep face first."
    )
    return Table(say("Skin"), head, tuple(rows), note)
