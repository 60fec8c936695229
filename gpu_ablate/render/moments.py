"""What there was at a time: temperatures, killed tissue, needles; and the times that tell a procedure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Probe
from gpu_ablate.geometry.meshes import volume
from gpu_ablate.language import say
from gpu_ablate.outcome.levelset import Field, excess
from gpu_ablate.outcome.zones import zone_parts, zone_surface
from gpu_ablate.render.slice_panel import Moment
from gpu_ablate.render.view import DrawnTrack, HeatedStation, View, nearest_track
from gpu_ablate.render.words import span
from gpu_ablate.result.result import Result, Station
from gpu_ablate.units import CM3

TOGETHER = 0.03
"""Steps of several probes that end within this share of the whole time of each other end together."""

TOLD = ("hold", "freeze", "thaw", "rest", "pull")
"""Steps that a film strip shows."""


@dataclass(frozen=True)
class KeyTime:
    """A time worth a picture [s], what happened until then, the heated stations that end there, and whether heat or
    cold was given until then."""

    time_s: float
    words: str
    stations: tuple[HeatedStation, ...]
    drives: bool


def key_times(result: Result, view: View) -> tuple[KeyTime, ...]:
    """The ends of the steps that took time; those of several probes that do the same and end together are one."""
    end = float(result.run["simulated_s"])
    steps = sorted((s for s in result.stations if s.end_s > s.start_s and s.action in TOLD), key=lambda s: s.end_s)
    groups: list[list[Station]] = []
    for step in steps:
        alike = [group for group in groups if _kind(group[0]) == _kind(step)]
        last = alike[-1] if alike else []
        near = bool(last) and step.end_s - last[-1].end_s <= TOGETHER * end
        if near and step.probe not in {station.probe for station in last}:
            last.append(step)
        else:
            groups.append([step])
    found = []
    for group in groups:
        heated = tuple(each for each in view.stations if each.station in group)
        words = "; ".join(station_words(each) for each in heated) if heated else _words(group)
        found.append(KeyTime(group[-1].end_s, words, heated, bool(heated) or group[0].action == "freeze"))
    return tuple(sorted(found, key=lambda key: key.time_s))


def station_times(times: tuple[KeyTime, ...]) -> tuple[KeyTime, ...]:
    """Of some times the ends of what heats or freezes, one for each heated station."""
    found = []
    for key in times:
        found += [KeyTime(each.station.end_s, station_words(each), (each,), True) for each in key.stations]
        found += [key] if key.drives and not key.stations else []
    return tuple(found)


def most_telling(times: tuple[KeyTime, ...], most: int) -> tuple[KeyTime, ...]:
    """At most so many of some times: what heats or freezes first, and the last; evenly where that is still too much."""
    if len(times) <= most:
        return times
    told = [key for key in times if key.drives or key is times[-1]]
    if len(told) > most:
        told = [told[round(i)] for i in np.linspace(0, len(told) - 1, most)]
    left = [key for key in times if key not in told][: most - len(told)]
    return tuple(sorted([*told, *left], key=lambda key: key.time_s))


def _kind(station: Station) -> str:
    """What a step is told as."""
    if station.power_w > 0:
        return "power"
    return station.action if station.action in ("freeze", "thaw") else "rest"


def station_words(each: HeatedStation) -> str:
    """Number, power and time of a heated station."""
    station = each.station
    return say("{n}: {watts:g} W, {times} s", n=each.number, watts=station.power_w,
               times=span(station.start_s, station.end_s))  # fmt: skip


def _words(group: list[Station]) -> str:
    """What a group of steps that do not heat did, and when."""
    times = span(min(step.start_s for step in group), group[-1].end_s)
    if group[0].action == "freeze":
        percents = [step.output_percent for step in group]
        percent = f"{min(percents):g}" if min(percents) == max(percents) else f"{min(percents):g}–{max(percents):g}"
        return say("freeze at {percent} %, {times} s", percent=percent, times=times)
    if group[0].action == "thaw":
        return say("thaw, {times} s", times=times)
    return say("rest, {times} s", times=times)


def moment_at(result: Result, time_s: float) -> Moment:
    """Temperature, surface of what was killed so far, and needles at a time [s]."""
    body = result.setup.phase_mask("body")
    phi = killed_field(result, time_s)
    surface = zone_surface(phi, body, result.setup.grid)
    return Moment(result.temperature(time_s), surface if len(surface.faces) else None, needles_at(result, time_s))


def own_needle(view: View, key: KeyTime, moment: Moment) -> DrawnTrack:
    """The needle of the first station that ends at a time, else that which is nearest to the tumour then."""
    if key.stations:
        first = key.stations[0]
        station = first.station
        return DrawnTrack(first.probe, np.array(station.tip_end), np.array(station.direction_end), ())
    return nearest_track(moment.tracks or view.tracks, view.focus)


def killed_field(result: Result, time_s: float) -> Field:
    """φ (nz, ny, nx) of what was killed until a time [s], ≥ 0 where killed; linear between records."""
    endpoint = result.setup.endpoint
    last = time_s >= float(result.run["simulated_s"]) and endpoint.field in result.final
    return excess(result.final[endpoint.field] if last else result.field(endpoint.field, time_s), endpoint)


def killed_cm3(result: Result, time_s: float) -> float:
    """Volume killed until a time [cm³], counted as for metrics.json."""
    parts = zone_parts(killed_field(result, time_s), result.setup.phase_mask("body"), result.setup.grid)
    return sum(volume(part.points, part.faces) for part in parts) / CM3


def needles_at(result: Result, time_s: float) -> tuple[DrawnTrack, ...]:
    """Where each needle is at a time [s]; those that are out of the tissue are left out."""
    found = []
    for probe in result.setup.probes:
        place = place_at(probe, result.stations, time_s)
        if place is not None:
            found.append(DrawnTrack(probe, *place, ()))
    return tuple(found)


def place_at(
    probe: Probe, stations: list[Station], time_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Tip xyz [m] and unit vector to the handle of a probe at a time [s]; None while it is out of the tissue.

    Where one step ends and the next begins, as at the end of the first.
    """
    own = sorted(
        (s for s in stations if s.probe == probe.name and s.start_s < time_s), key=lambda s: (s.start_s, s.step)
    )
    if not own:
        return np.array(probe.tip, float), np.array(probe.direction, float)
    last = own[-1]
    lasts = last.end_s - last.start_s
    share = min((time_s - last.start_s) / lasts, 1.0) if lasts > 0 else 1.0
    if last.action == "reinsert" and share < 1:
        return None
    start, end = np.array(last.tip_start, float), np.array(last.tip_end, float)
    return start + share * (end - start), np.array(last.direction_end, float)
