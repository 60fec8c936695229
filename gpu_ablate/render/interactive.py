"""The data of the interactive 3D view of a report: surfaces over time, words, marks and cameras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.zones import zone_field
from gpu_ablate.render import style
from gpu_ablate.render.camera import Camera, cameras
from gpu_ablate.render.figures import thinnest_margin
from gpu_ablate.render.layers import Layer, anatomy_layers, needle_layers, zone_layers
from gpu_ablate.render.marks import PATIENT_LETTERS
from gpu_ablate.render.moments import place_at
from gpu_ablate.render.packing import Packer
from gpu_ablate.render.view import View, look_at
from gpu_ablate.render.words import listed, own, seconds
from gpu_ablate.result.result import Result, Station
from gpu_ablate.units import MM

MOST_TIMES = 16
ASPECT = 1.4
"""Width over height of the view at its widest."""


@dataclass(frozen=True)
class Interactive:
    """The view: facts for its script (plain numbers, lists, words) and the packed meshes."""

    facts: dict[str, Any]
    meshes: bytes


def interactive_view(result: Result, metrics: dict[str, Any]) -> Interactive:
    """The interactive view of a run.

    Parameters
    ----------
    metrics : its metrics.json; where the margin is thinnest is taken from here
    """
    setup = result.setup
    phi = zone_field(result, setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    thinnest = thinnest_margin(metrics)
    view = look_at(result, setup.phase_mask("body") & (phi >= 0), None if thinnest is None else thinnest[0])
    ends = {station.end_s for station in result.stations}
    records = chosen_records(result.records.times, ends)
    times = [result.records.times[record] for record in records] or [float(result.run["simulated_s"])]
    packer = Packer()
    length = 1.5 * float(np.linalg.norm(view.upper - view.lower))
    layers = [
        *anatomy_layers(result, view, len(times), packer),
        *zone_layers(result, view, records, packer),
        *needle_layers(result, times, length, packer),
    ]
    packed, meshes = packer.pack()
    facts = {
        "packed": packed,
        "layers": [layer_facts(layer) for layer in layers],
        "times": [time_label(time_s) for time_s in times],
        "doing": [doing(result.stations, time_s) for time_s in times],
        "bands": [{"below_mm": None if np.isinf(b) else b, "colour": colour} for b, colour in style.MARGIN_BANDS],
        "cameras": [camera_facts(camera) for camera in cameras(view, (ASPECT, ASPECT, ASPECT))],
        "aspect": ASPECT,
        "axes": axis_letters(setup),
        "marks": marks(view, thinnest),
        "needles": [needle_facts(result, i, times, length) for i in range(len(setup.probes))],
        "paper": style.PAPER,
    }
    return Interactive(facts, meshes)


def chosen_records(times: list[float], ends: set[float]) -> list[int]:
    """Indices of at most MOST_TIMES records: first and last, those at the end of a step, the rest evenly between.

    times : of the records; ends : of the steps [s]
    """
    if not times:
        return []
    last = len(times) - 1
    kept = {0, last, *(i for i, time_s in enumerate(times) if time_s in ends)}
    if len(kept) > MOST_TIMES:
        kept = {sorted(kept)[round(i)] for i in np.linspace(0, len(kept) - 1, MOST_TIMES)}
    while len(kept) < min(MOST_TIMES, len(times)):
        known = np.array([times[i] for i in sorted(kept)])
        left = [i for i in range(len(times)) if i not in kept]
        kept.add(max(left, key=lambda i: float(np.abs(known - times[i]).min())))
    return sorted(kept)


def layer_facts(layer: Layer) -> dict[str, Any]:
    """A layer as the script takes it; a mesh that never changes is told once."""
    still = len(set(layer.meshes)) == 1
    return {
        "label": layer.label,
        "group": layer.group,
        "colour": layer.colour,
        "opacity": layer.opacity,
        "shown": layer.shown,
        "meshes": [layer.meshes[0]] if still else list(layer.meshes),
        "margins": layer.margins,
        "lit": True,
    }


def time_label(time_s: float) -> str:
    """A time in seconds, and in minutes where there are some."""
    minutes, rest = divmod(round(time_s), 60)
    if not minutes:
        return say("{time} s", time=seconds(time_s))
    return say("{time} s ({minutes} min {rest} s)", time=seconds(time_s), minutes=minutes, rest=rest)


def doing(stations: list[Station], time_s: float) -> str:
    """What the probes do at a time [s], those that do the same together; where a step ends, that step."""
    now: dict[str, list[str]] = {}
    for station in stations:
        if station.start_s < time_s <= station.end_s or time_s == station.start_s == 0.0 < station.end_s:
            now.setdefault(action_words(station), []).append(own(station.probe))
    return say("; ").join(
        say("{probes}: {does}", probes=listed(dict.fromkeys(names)), does=words) for words, names in now.items()
    )


def action_words(station: Station) -> str:
    """What a probe does in a step."""
    if station.power_w > 0:
        return say("{watts:g} W", watts=station.power_w)
    if station.action == "freeze":
        return say("freezes at {percent:g} %", percent=station.output_percent)
    if station.action == "thaw":
        return say("thaws")
    return say("off")


def camera_facts(camera: Camera) -> dict[str, Any]:
    """A camera in millimetres."""
    return {
        "focus_mm": millimetres(camera.focus),
        "name": camera.place,
        "towards": [float(v) for v in camera.towards],
        "up": [float(v) for v in camera.up],
        "height_mm": camera.height / MM,
    }


def axis_letters(setup: Setup) -> list[list[str]]:
    """Letters at the negative and positive end of the x, y and z axes; of a local frame at the positive one only."""
    if setup.frame == "local":
        return [["", "x"], ["", "y"], ["", "z"]]
    return [list(ends) for ends in PATIENT_LETTERS]


def marks(view: View, thinnest: tuple[NDArray[np.float64], str] | None) -> list[dict[str, Any]]:
    """Places with a text: the stations by their numbers, and the thinnest margin."""
    found = [{"text": str(s.number), "at_mm": millimetres(s.heat), "kind": "station"} for s in view.stations]
    if thinnest is not None:
        found.append({"text": thinnest[1], "at_mm": millimetres(thinnest[0]), "kind": "thinnest"})
    return found


def needle_facts(result: Result, index: int, times: list[float], length: float) -> dict[str, Any]:
    """A probe's name, and at each time the line from its tip to its drawn end, null while it is out."""
    probe = result.setup.probes[index]
    placed = [place_at(probe, result.stations, time_s) for time_s in times]
    lines = [p and [millimetres(p[0]), millimetres(p[0] + length * p[1])] for p in placed]
    return {"name": own(probe.name), "lines_mm": lines}


def millimetres(point: NDArray[np.float64]) -> list[float]:
    """A point in millimetres, to a hundredth."""
    return [round(float(v) / MM, 2) for v in point]
