"""The thinnest margin in a sentence for the operator: how much, on which side, how deep, past which needle."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render.words import endpoint_words, own, plain
from gpu_ablate.report.text import number

SAME_MM = 1e-6
"""Two margins are the same within this [mm]."""

NAMED_SINE = np.sin(np.radians(22.5))
"""A direction is named with a second axis from this part of a unit vector on."""


def thinnest_words(setup: Setup, metrics: dict[str, Any]) -> str:
    """Where the margin is thinnest; empty where none is known, or metrics.json is of an older version."""
    found = metrics.get("thinnest")
    if not found:
        return ""
    margin = number(found["mm"], 1)
    title = say("Thinnest margin {mm} mm", mm=margin)
    if is_cold(setup.endpoint):
        title = say("Thinnest margin {mm} mm ({rule})", mm=margin, rule=endpoint_words(setup.endpoint))
    place = [side_words(setup.frame, found)]
    if found["below_skin_mm"] is not None:
        place.append(say("{mm} mm below the skin", mm=number(found["below_skin_mm"], 0)))
    place += clock_words(found["clock"])
    place += [say('beside the vessel "{vessel}"', vessel=plain(name)) for name in vessels_there(metrics, found)]
    sentences = [say(", ").join(place), *probe_words(found, setup)]
    return say("{title}: {where}.", title=title, where=say("; ").join(sentences))


def vessels_there(metrics: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Vessels beside which the margin of the target is as thin as anywhere."""
    target = next(target for target in metrics["targets"] if target["name"] == found["target"])
    beside = target.get("beside_vessels", [])
    return [each["vessel"] for each in beside if each["min_margin_mm"] <= found["mm"] + SAME_MM]


def side_words(frame: str, found: dict[str, Any]) -> str:
    """On which side of the target the margin is thinnest."""
    target = plain(found["target"])
    if found["direction"] is None:
        return say("in the middle of {target}", target=target)
    direction = np.array(found["direction"])
    words = patient_sides(direction) if frame == "patient" else local_sides(direction, found["outward"])
    side = words[0] if len(words) == 1 else say("{first} and {second}", first=words[0], second=words[1])
    return say("on the side of {target} {side}", target=target, side=side)


def patient_sides(direction: Any) -> list[str]:
    """At most two words for a unit vector in LPS axes."""
    names = (
        (say("towards the patient's right"), say("towards the patient's left")),
        (say("towards the front"), say("towards the back")),
        (say("towards the feet"), say("towards the head")),
    )
    order = np.argsort(-np.abs(direction), kind="stable")
    named = [axis for axis in order[:2] if abs(direction[axis]) >= NAMED_SINE]
    return [names[axis][int(direction[axis] > 0)] for axis in named]


def local_sides(direction: Any, outward: list[float] | None) -> list[str]:
    """At most two words for a unit vector: towards or away from the skin, and along which axis of the scene.

    outward : unit vector to the nearest skin; None without
    """
    words, rest = [], direction
    if outward is not None:
        up = float(direction @ np.array(outward))
        if abs(up) >= NAMED_SINE:
            words.append(say("towards the skin") if up > 0 else say("away from the skin"))
        rest = direction - up * np.array(outward)
    axis = int(np.argmax(np.abs(rest)))
    if abs(rest[axis]) >= NAMED_SINE or not words:
        words.append(say("towards {axis}", axis=f"{'+' if rest[axis] > 0 else '−'}{'xyz'[axis]}"))
    return words


def clock_words(clock: dict[str, Any] | None) -> list[str]:
    """The place on the clock around the nipple; nothing without a nipple."""
    if clock is None:
        return []
    if clock["hour"] is None:
        return [say("straight behind the nipple, by {mm} mm", mm=number(clock["behind_nipple_mm"], 0))]
    hour, half = divmod(float(clock["hour"]), 1.0)
    time = f"{int(hour) or 12}:{'30' if half else '00'}"
    far = number(clock["from_nipple_mm"], 0)
    return [say("at {time} on the clock as seen facing the patient, {mm} mm from the nipple", time=time, mm=far)]


def probe_words(found: dict[str, Any], setup: Setup) -> list[str]:
    """The nearest needle, how far its axis is, and where along it; nothing without needles."""
    if found["probe"] is None:
        return []
    along = float(found["along_mm"])
    if abs(along) < 0.5:
        where = say("level with its tip")
    elif along > 0:
        where = say("{mm} mm behind its tip", mm=number(along, 0))
    else:
        where = say("{mm} mm beyond its tip", mm=number(-along, 0))
    probe = next(probe for probe in setup.probes if probe.name == found["probe"])
    name = own(probe.name)
    if len(probe.tracks) > 1:
        name = say("{probe} on track {track}", probe=name, track=found["track"])
    away = number(found["distance_to_axis_mm"], 0)
    return [say('nearest probe "{probe}", {mm} mm from its axis, {where}', probe=name, mm=away, where=where)]
