"""What the pictures show: the place to look at, the hottest temperatures, the needle's stations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Probe, Setup, Surface
from gpu_ablate.language import say
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render import style
from gpu_ablate.render.words import seconds
from gpu_ablate.result.result import Result, Station
from gpu_ablate.units import MM

SKIN_ROLES = ("skin", "involved_skin")
PAD = 8 * MM
"""Free space around what matters [m]."""


@dataclass(frozen=True)
class HeatedStation:
    """A place where a probe gave power: number as drawn, its probe and number of its track from 0, tip and middle of
    the heat xyz [m]."""

    number: int
    probe: Probe
    track: int
    station: Station
    tip: NDArray[np.float64]
    heat: NDArray[np.float64]


@dataclass(frozen=True)
class DrawnTrack:
    """A track that is drawn: the needle at its deepest place there.

    tip : xyz [m]; direction : unit vector from the tip to the handle; stations : the heated ones on it, in order
    """

    probe: Probe
    tip: NDArray[np.float64]
    direction: NDArray[np.float64]
    stations: tuple[HeatedStation, ...]


@dataclass(frozen=True)
class View:
    """What all pictures of one result share.

    Attributes
    ----------
    focus : xyz, middle of the target (without one: the hottest point) [m]
    outward : unit vector from the focus to the skin that the procedure concerns, see `_outward`
    skin : outer face of the skin, None without skin
    notice : xyz that should face the viewer (the thinnest margin), if any [m]
    points : (n, 3) xyz of what must be seen: target, dead zone, stations and the skin above [m]
    lower, upper : corners of the box around them [m]
    temperature : (nz, ny, nx), what the isotherms are drawn of [°C]
    temperature_label : what that is, in words
    isotherms : those of heat, or of cold
    stations : heated stations in order
    tracks : every track that is drawn, the needle at its deepest place there
    frame : "patient" or "local", see `Setup`
    """

    focus: NDArray[np.float64]
    outward: NDArray[np.float64]
    skin: Surface | None
    notice: NDArray[np.float64] | None
    points: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    temperature: NDArray[np.float32]
    temperature_label: str
    isotherms: tuple[style.Isotherm, ...]
    stations: tuple[HeatedStation, ...]
    tracks: tuple[DrawnTrack, ...]
    frame: str


def look_at(result: Result, dead: NDArray[np.bool_], notice: NDArray[np.float64] | None) -> View:
    """Choose what the pictures show.

    dead : (nz, ny, nx), the killed cells
    notice : xyz that should face the viewer (the thinnest margin) [m]
    """
    setup = result.setup
    stations = heated_stations(setup, result.stations)
    temperature, label = reached(result)
    isotherms = style.COLD if is_cold(setup.endpoint) else style.HEAT
    ice = (temperature < 0.0) & setup.phase_mask("body") if isotherms is style.COLD else dead
    return _looking(setup, stations, temperature, label, isotherms, notice, (dead, ice))


def look_at_plan(setup: Setup, expected: NDArray[np.float32], stations: list[Station]) -> View:
    """Choose what a picture of a plan shows.

    expected : (nz, ny, nx), how deep each cell lies in the zone to be expected [m], negative outside; it takes the
        place of the temperature, without isotherms
    stations : as planned
    """
    heated = heated_stations(setup, stations)
    return _looking(setup, heated, expected, say("expected zone"), (), None, (expected > 0.0,))


def _looking(
    setup: Setup,
    stations: tuple[HeatedStation, ...],
    temperature: NDArray[np.float32],
    label: str,
    isotherms: tuple[style.Isotherm, ...],
    notice: NDArray[np.float64] | None,
    seen: tuple[NDArray[np.bool_], ...],
) -> View:
    """The view of targets, needles, skin above, and of some cells (nz, ny, nx) that must be seen."""
    points = [surface.points.astype(float) for _, surface in surfaces_of(setup, "target")]
    if points:
        focus = _middle(points[0])
    else:
        sign = -1.0 if isotherms is style.COLD else 1.0
        solved = np.where(setup.phase_mask("gas"), (sign * temperature).min(), sign * temperature)
        focus = _edge_centres(setup, solved >= solved.max()).mean(axis=0)
        points += [_edge_centres(setup, solved >= (solved.min() + solved.max()) / 2)]
        points += [np.array([sensor.point for sensor in setup.sensors]).reshape(-1, 3)]
    tracks = drawn_tracks(setup, stations)
    points += [np.array([track.tip for track in tracks])] if tracks else []
    skin = skin_sheet(setup)
    outward = _outward(setup, focus, skin)
    if skin is not None:
        points.append(_above(focus, outward, skin)[None])
    for cells in seen:
        if cells.any():
            points.append(_edge_centres(setup, cells))
    every = np.concatenate(points)
    lower = np.maximum(every.min(axis=0) - PAD, setup.grid.origin)
    upper = np.minimum(every.max(axis=0) + PAD, setup.grid.upper)
    return View(
        focus, outward, skin, notice, every, lower, upper, temperature, label, isotherms, stations, tracks, setup.frame
    )


def only(view: View, points: NDArray[np.float64]) -> View:
    """The same view, but closer: of these points (n, 3) alone [m]."""
    return replace(view, focus=_middle(points), points=points, lower=points.min(axis=0), upper=points.max(axis=0))


def surfaces_of(setup: Setup, role: str) -> list[tuple[str, Surface]]:
    """(name, surface) of each region with this role that has a surface."""
    names = [region.name for region in setup.regions if region.role == role]
    return [(name, setup.surfaces[name]) for name in names if name in setup.surfaces]


def heated_stations(setup: Setup, stations: list[Station]) -> tuple[HeatedStation, ...]:
    """Of some stations those that gave power, numbered over all probes in order of time."""
    probes = {probe.name: probe for probe in setup.probes}
    found: list[HeatedStation] = []
    for station in sorted((s for s in stations if s.power_w > 0), key=lambda s: s.start_s):
        probe = probes[station.probe]
        tip = np.array(station.tip_end, dtype=float)
        heat = tip + probe.emission_offset * np.array(station.direction_end)
        found.append(HeatedStation(len(found) + 1, probe, probe.track_after(station.step), station, tip, heat))
    return tuple(found)


def drawn_tracks(setup: Setup, stations: tuple[HeatedStation, ...]) -> tuple[DrawnTrack, ...]:
    """The tracks that were heated; of a probe that never gave power its first one."""
    found = []
    for probe in setup.probes:
        heated = sorted({station.track for station in stations if station.probe is probe})
        for number in heated or [0]:
            track = probe.tracks[number]
            own = tuple(s for s in stations if s.probe is probe and s.track == number)
            direction = np.array(track.direction)
            tips = [np.array(s.station.tip_start) for s in own] or [np.array(track.tip)]
            deepest = min(tips, key=lambda tip, axis=direction: float(tip @ axis))  # type: ignore[misc]
            found.append(DrawnTrack(probe, deepest, direction, own))
    return tuple(found)


def nearest_track(tracks: tuple[DrawnTrack, ...], at: NDArray[np.float64]) -> DrawnTrack:
    """The one of some tracks whose shaft runs nearest to a point [m]."""

    def away(track: DrawnTrack) -> float:
        offset = at - track.tip
        return float(np.linalg.norm(offset - max(float(offset @ track.direction), 0.0) * track.direction))

    return min(tracks, key=away)


def reached(result: Result) -> tuple[NDArray[np.float32], str]:
    """What the isotherms are drawn of [°C], and what it is: ever reached, else the hottest record."""
    if is_cold(result.setup.endpoint) and "min_temperature" in result.final:
        return result.final["min_temperature"], say("lowest temperature reached")
    if "max_temperature" in result.final:
        return result.final["max_temperature"], say("highest temperature reached")
    body = ~result.setup.phase_mask("gas")
    fields = [result.records.read(i, "temperature") for i in range(len(result.records.times))]
    best = int(np.argmax([field[body].max() for field in fields]))
    return fields[best], say("temperature at {s} s", s=seconds(result.records.times[best]))


def skin_sheet(setup: Setup) -> Surface | None:
    """Outer face of the skin: the body's surface without the faces of the box. None without skin."""
    body = setup.surfaces.get("body")
    if body is None or not any(region.role in SKIN_ROLES for region in setup.regions):
        return None
    middle = body.points[body.faces].mean(axis=1)
    to_box = np.minimum(middle - np.array(setup.grid.origin), np.array(setup.grid.upper) - middle)
    faces = body.faces[(to_box > setup.grid.spacing).all(axis=1)]
    return Surface(body.points, faces) if len(faces) else None


def _outward(setup: Setup, focus: NDArray[np.float64], skin: Surface | None) -> NDArray[np.float64]:
    """Unit vector from the focus to the skin: towards the isolation fluid that lifts it; without fluid to the
    nearest skin on the handle's side; without skin +z, as far as that is square to the first probe (to the head in a
    patient's frame), of a probe along z -y.

    A direction within 25 degrees of an axis is the axis, so that pictures stand upright.
    """
    handle = np.array(setup.probes[0].direction) if setup.probes else None
    lifting = {layer.name for layer in setup.isolation if layer.displaces == "superficial"}
    fluid = [surface.points for name, surface in surfaces_of(setup, "isolation") if name in lifting]
    if fluid:
        outward = _middle(np.concatenate(fluid).astype(float)) - focus
    elif skin is not None:
        away = skin.points[np.unique(skin.faces)] - focus
        ahead = away @ handle > 0 if handle is not None else np.ones(len(away), bool)
        away = away[ahead] if ahead.any() else away
        outward = away[np.argmin((away**2).sum(axis=1))]
    else:
        outward = np.array([0.0, 0.0, 1.0]) if handle is None else _upright(handle)
    outward = _unit(outward)
    axis = int(np.argmax(np.abs(outward)))
    return np.sign(outward[axis]) * np.eye(3)[axis] if abs(outward[axis]) > np.cos(np.radians(25)) else outward


def _upright(shaft: NDArray[np.float64]) -> NDArray[np.float64]:
    """The unit vector square to a shaft that is nearest to +z, for a shaft along z to -y."""
    up = np.array([0.0, 0.0, 1.0]) if abs(shaft[2]) < 0.9 else np.array([0.0, -1.0, 0.0])
    return _unit(up - (up @ shaft) * shaft)


def square_to(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """A unit vector at a right angle to an axis, the same one each time."""
    return _unit(np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))]))


def _above(focus: NDArray[np.float64], outward: NDArray[np.float64], skin: Surface) -> NDArray[np.float64]:
    """The point of the skin most nearly in the direction outward of the focus [m]."""
    away = skin.points[np.unique(skin.faces)] - focus
    best = np.argmax(away @ outward / np.maximum(np.linalg.norm(away, axis=1), 1e-9))
    return np.asarray(focus + away[best])


def _edge_centres(setup: Setup, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Centres (n, 3) xyz [m] of the first and last cell of the mask on each line along x."""
    lines = np.argwhere(mask.any(axis=2))
    rows = mask[lines[:, 0], lines[:, 1]]
    first, last = rows.argmax(axis=1), mask.shape[2] - 1 - rows[:, ::-1].argmax(axis=1)
    index = np.concatenate([np.column_stack([x, lines[:, ::-1]]) for x in (first, last)])
    return np.asarray(setup.grid.origin) + (index + 0.5) * setup.grid.spacing


def _middle(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((points.min(axis=0) + points.max(axis=0)) / 2)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.array([0.0, 0.0, 1.0])
