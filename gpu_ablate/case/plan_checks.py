"""What looks wrong in a plan before it is computed: warnings of one sentence each, with the number and the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from gpu_ablate.case.grid import Vector
from gpu_ablate.case.heated import HeatedPlace, heated_places, net_power
from gpu_ablate.case.probes import Leg, along, legs
from gpu_ablate.case.setup import Probe, Setup
from gpu_ablate.case.surroundings import Surroundings
from gpu_ablate.units import MM

LEAST_FALL = 1e-3
"""A pull should take the heat at least this much nearer to the skin [m] ..."""

LEAST_SLOPE = 0.2
"""... or, where it is short, this share of its way."""

NEAR_SURFACE = 1.5
"""The surface that a shaft crosses is what lies this near to it [cells], and within the shaft's radius."""

RULE = "by rule of thumb, ± 30 %"


def plan_warnings(setup: Setup, clearance: float, start_c: float) -> list[str]:
    """All that is to be warned of.

    Parameters
    ----------
    clearance : between a zone and where its shaft crosses the skin, at the least [m]
    start_c : temperature of the tissue at the start [°C]
    """
    around = Surroundings(setup)
    places = [place for probe in setup.probes for place in heated_places(probe, start_c)]
    return [
        *(text for probe in setup.probes for text in _pulls_that_stay_deep(around, probe)),
        *(text for probe in setup.probes for text in _power_that_rises(around, probe)),
        *_stations_far_apart(places),
        *_tracks_far_apart(around, places),
        *_zones_at_the_puncture(around, places, clearance),
        *(text for probe in setup.probes for text in _bad_punctures(around, probe)),
    ]


def _pulls_that_stay_deep(around: Surroundings, probe: Probe) -> Iterator[str]:
    """Pulls that heat, or after which the track is heated, and along which the depth of the heat does not fall."""
    steps = list(legs(probe))
    for index, leg in enumerate(steps):
        heats = any(later.step.power > 0.0 and later.track == leg.track for later in steps[index:])
        if leg.step.action != "pull" or not heats:
            continue
        before, after = (_heat_depth(around, probe, leg, tip) for tip in (leg.before, leg.after))
        if before - after < min(LEAST_FALL, LEAST_SLOPE * leg.step.distance):
            yield (
                f'Probe "{probe.name}", step {leg.number} (pull): along {leg.step.distance / MM:g} mm of pull-back the '
                f"depth of the heat goes from {before / MM:.1f} to {after / MM:.1f} mm; enter at a steeper angle, or "
                f"reinsert the needle, so that it falls by {LEAST_FALL / MM:g} mm or more."
            )


def _power_that_rises(around: Surroundings, probe: Probe) -> Iterator[str]:
    """Steps of a track that heat with more power than the one before, nearer to the skin."""
    heats = [leg for leg in legs(probe) if leg.step.power > 0.0]
    for leg, following in pairwise(heats):
        first, second = (net_power(probe, each.step) for each in (leg, following))
        if leg.track != following.track or second <= first:
            continue
        before, after = (
            _heat_depth(around, probe, leg, leg.after),
            _heat_depth(around, probe, following, following.after),
        )
        if before - after > LEAST_SLOPE * math.dist(leg.after, following.after) > 0.0:
            yield (
                f'Probe "{probe.name}", step {following.number}: the power rises from {leg.step.power:g} to '
                f"{following.step.power:g} W while the depth of the heat falls from {before / MM:.1f} to "
                f"{after / MM:.1f} mm; lower it on the way out (2025 consensus: 60 or 50 W deep, 30 W shallow, 20 W "
                "next to the skin)."
            )


def _heat_depth(around: Surroundings, probe: Probe, leg: Leg, tip: Vector) -> float:
    """Depth of the middle of the heat on the track of a step [m]."""
    return around.depth_on(probe.tracks[leg.track]).at(along(tip, leg.direction, probe.emission_offset))


def _stations_far_apart(places: list[HeatedPlace]) -> Iterator[str]:
    """Places that follow each other on a track with a gap that is wider than the narrower of their zones."""
    for place, following in pairwise(places):
        if place.probe is not following.probe or place.track != following.track:
            continue
        gap, width = math.dist(place.end, following.begin), min(place.width, following.width)
        if gap > width:
            yield (
                f"{following.name}: it lies {gap / MM:.1f} mm from the station before it, further than the short axis "
                f"of the narrower zone ({width / MM:.1f} mm {RULE}); pull less far at once, or hold longer."
            )


def _tracks_far_apart(around: Surroundings, places: list[HeatedPlace]) -> Iterator[str]:
    """Neighbouring tracks through one target that are heated in one layer with a gap that is wider than the narrower
    of their zones: for each pair the widest gap, seen from the place that has it to the nearest one of another track.

    Places are in one layer where their depths differ by less than half the short axis of the narrower zone.
    """
    widest: dict[frozenset[tuple[str, int]], tuple[float, HeatedPlace, HeatedPlace]] = {}
    for place in places:
        others = [other for other in places if _track(other) != _track(place) and _in_one_layer(around, place, other)]
        if not others:
            continue
        nearest = min(others, key=lambda other: _gap(place, other))
        gap, pair = _gap(place, nearest), frozenset((_track(place), _track(nearest)))
        if gap > min(place.width, nearest.width) and gap > widest.get(pair, (0.0,))[0]:
            widest[pair] = gap, place, nearest
    for gap, place, other in widest.values():
        yield (
            f'{place.name}: the neighbouring track (probe "{other.probe.name}", step {other.legs[0].number}) lies '
            f"{gap / MM:.1f} mm away, further than the short axis of the narrower zone "
            f"({min(place.width, other.width) / MM:.1f} mm {RULE}); put a track between them, or hold longer."
        )


def _track(place: HeatedPlace) -> tuple[str, int]:
    return place.probe.name, place.track


def _gap(place: HeatedPlace, other: HeatedPlace) -> float:
    """Between the ends of two places [m]."""
    return min(math.dist(here, there) for here in (place.begin, place.end) for there in (other.begin, other.end))


def _in_one_layer(around: Surroundings, place: HeatedPlace, other: HeatedPlace) -> bool:
    """Whether two places heat the same target at the same depth; any depth where no skin says it."""
    if around.nearest_target(place.end) != around.nearest_target(other.end):
        return False
    apart = abs(around.to_deep_edge(place.end) - around.to_deep_edge(other.end))
    return math.isnan(apart) or apart <= 0.5 * min(place.width, other.width)


def _zones_at_the_puncture(around: Surroundings, places: list[HeatedPlace], clearance: float) -> Iterator[str]:
    """Places whose zone, or emitting part of the needle, comes near to where the shaft crosses the skin.

    The emitting part reaches as far behind the middle of the heat as the tip lies before it.
    """
    for place in places:
        track = place.probe.tracks[place.track]
        puncture = around.depth_on(track).puncture
        if puncture is None:
            continue
        reach = max(0.5 * place.width, place.probe.emission_offset)
        left = float(np.dot(np.subtract(puncture, place.end), track.direction)) - reach
        if left < clearance:
            yield (
                f"{place.name}: the active zone, {reach / MM:.1f} mm about the middle of the heat (short axis "
                f"{place.width / MM:.1f} mm {RULE}), ends {left / MM:.1f} mm before the puncture of the skin, less "
                f"than {clearance / MM:g} mm; stop deeper, or give less energy there."
            )


def _bad_punctures(around: Surroundings, probe: Probe) -> Iterator[str]:
    """Tracks that cross an ulcer (a surface without skin, where the scene has skin) or involved skin."""
    setup = around.setup
    if not setup.labels_of("skin") and not setup.labels_of("involved_skin"):
        return
    first_steps = [1, *(leg.number for leg in legs(probe) if leg.step.track is not None)]
    for number, track in zip(first_steps, probe.tracks, strict=True):
        puncture = around.depth_on(track).puncture
        if puncture is None:
            continue
        near = _surface_labels(around, puncture, probe.radius)
        involved, skin = (np.isin(near, setup.labels_of(role)).sum() for role in ("involved_skin", "skin"))
        bare = len(near) - involved - skin
        at = ", ".join(f"{value / MM:.1f}" for value in puncture)
        if max(involved, bare) > skin:
            what = "involved skin" if involved >= bare else "a surface without skin (an ulcer)"
            yield (
                f'Probe "{probe.name}", step {number}: its track crosses {what} at [{at}] mm; enter through intact '
                "skin beside the lesion."
            )


def _surface_labels(around: Surroundings, point: Vector, radius: float) -> NDArray[np.uint8]:
    """Labels of the body cells that meet the outside air around a point (x, y, z) [m]."""
    setup, grid = around.setup, around.setup.grid
    reach = radius + NEAR_SURFACE * grid.spacing
    margin = math.ceil(reach / grid.spacing) + 1
    middle = grid.cell_at(point)
    box = tuple(slice(max(i - margin, 0), i + margin + 1) for i in middle)
    body = np.isin(setup.labels[box], [i for i, region in enumerate(setup.regions) if region.phase == "body"])
    surface = body & binary_dilation(around.air[box])
    cells = np.argwhere(surface)
    centres = grid.origin + (cells[:, ::-1] + np.array([axis.start for axis in box[::-1]]) + 0.5) * grid.spacing
    near = np.linalg.norm(centres - point, axis=1) <= reach
    return setup.labels[box][tuple(cells[near].T)]
