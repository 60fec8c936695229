"""Needles of a proposal: how many, where to each other, and their schedules, by the consensus rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from gpu_ablate.library import load as library
from gpu_ablate.physics.zone_estimate import SLENDERNESS, ball_energy, short_axis, zone_energy
from gpu_ablate.planning.target import Points, Target
from gpu_ablate.spec.device import CryoDevice, MicrowaveDevice
from gpu_ablate.units import BODY_C, MM

SPACING = 15 * MM
"""Between parallel cryoprobes (2018 consensus on cryoablation of bone and soft-tissue tumours)."""

SMALL, TINY = 30 * MM, 20 * MM
"""Below the first 2-3 probes near the edge, from there on 4-6 in an array (2018 consensus); below the second two
(chosen here)."""

FROM_EDGE = 2.5 * MM
"""How far within the edge of a small lesion its probes stand; chosen here."""

FREEZING_PARTS = (20, 25, 35, 45)
"""Lengths of 17 G needles [mm] (gosmart, and the library's own)."""

LONGER_BY = 3 * MM
"""A freezing part is to be longer than the lesion by this; chosen here: -40 °C ends 2 mm beyond the ends of the part,
as this program finds for one probe of 35 mm, two cycles of 12 min."""

REACH = 9 * MM
"""No part of the lesion should be further from a probe than this; chosen here, at 1.5 cm spacing its corners are."""

CRYO_DEVICE, ANTENNA = "cryo_17g", "microwave_2450_16g"

ANTENNAS_FOR = (30 * MM, 40 * MM, 50 * MM)
"""Up to the first one antenna, up to the second two, up to the third three, else four: about one for 3 cm (ours)."""

BETWEEN_ANTENNAS = (15 * MM, 25 * MM)
"""Least and greatest distance of parallel antennas; chosen here."""

LONGEST_HOLD = 600.0
"""Of a single hold [s]; blood flow lets a zone grow little after 10 min."""

POWER_W, MOST_POWER_W = 60.0, 80.0

BREAST_SHARES = (0.64, 0.3, 0.06)
"""Of the energy, at the three stations of a breast track (those of the shipped scene breast_pullback)."""


@dataclass(frozen=True)
class Needle:
    """A proposed needle: tip xyz [m], unit vector to the handle, and its steps as lines of a scene."""

    name: str
    tip: Points
    direction: Points
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Parallel needles.

    device : name in the scene; active_mm : length of the freezing part if the device is made for it, else None
    repeat : how often the steps are done; why : sentences for the scene
    """

    needles: tuple[Needle, ...]
    device: str
    active_mm: float | None
    repeat: int
    why: tuple[str, ...]


def cryo_layout(target: Target, direction: Points) -> Layout:
    """Cryoprobes along a direction, their freezing parts about the middle of the lesion."""
    low, high = target.span(direction)
    active = next((mm for mm in FREEZING_PARTS if mm * MM >= high - low + LONGER_BY), FREEZING_PARTS[-1])
    generic = library.device(CRYO_DEVICE)
    assert isinstance(generic, CryoDevice)
    own = active != generic.active_length_mm.value
    behind = (generic.active_from_mm.value + 0.5 * active) * MM
    places, why = _cryo_places(target, direction)
    minutes = 12 if target.longest < SMALL else 15
    middle = target.middle + 0.5 * (low + high) * direction
    needles = []
    for number, place in enumerate(places, 1):
        free = f'{{ where = "{number}", all_above_c = 0 }}'
        steps = (
            f'{{ action = "freeze", duration_s = {60 * minutes} }},',
            f'{{ action = "thaw", by = "helium", duration_s = 300, until = {free} }},',
        )
        needles.append(Needle(str(number), middle + place - behind * direction, direction, steps))
    told = [*why, f"Freezing part of {active} mm for {(high - low) / MM:.0f} mm of lesion along the probes."]
    if active * MM < high - low + LONGER_BY:
        told.append("CHECK: the lesion is as long as the freezing part or longer; its ends may stay alive.")
    told.append(f"Two cycles: argon {minutes} min (consensus: 12-15), helium until the probe is free, 5 min at most.")
    device = f"{CRYO_DEVICE}_{active}mm" if own else CRYO_DEVICE
    return Layout(tuple(needles), device, float(active) if own else None, 2, tuple(told))


def _cryo_places(target: Target, direction: Points) -> tuple[Points, list[str]]:
    """Places (n, 3) of cryoprobes from the lesion's middle, square to them [m], and why they are so."""
    right, up, flat = _across(target, direction)
    halves = 0.5 * np.ptp(flat, axis=0)
    centre = 0.5 * (flat.min(axis=0) + flat.max(axis=0))
    size = f"longest diameter {target.longest / MM:.0f} mm"
    if target.longest < SMALL:
        if target.longest < TINY:
            grid = max(min(halves[0] - FROM_EDGE, 0.5 * SPACING), 4 * MM) * np.array([[-1.0, 0.0], [1.0, 0.0]])
        else:
            turns = np.pi / 2 + 2 * np.pi * np.arange(3) / 3
            radius = max(min(float(halves.min()) - FROM_EDGE, SPACING / math.sqrt(3)), 4 * MM)
            grid = radius * np.column_stack([np.cos(turns), np.sin(turns)])
        why = [f"{len(grid)} probes near the edge of the lesion: {size}, below 3 cm 2-3 (2018 consensus)."]
    else:
        rows = [(a, b) for a, b in product(range(1, 7), range(1, 4)) if 4 <= a * b <= 6]
        grids = [_array(a, b) for a, b in sorted(rows, key=lambda row: row[0] * row[1])]
        worst = [_furthest(flat - centre, grid) for grid in grids]
        enough = [grid for grid, far in zip(grids, worst, strict=True) if far <= REACH]
        grid = enough[0] if enough else grids[int(np.argmin(worst))]
        why = [f"{len(grid)} parallel probes 1.5 cm apart: {size}, from 3 cm 4-6 (2018 consensus)."]
        far = _furthest(flat - centre, grid)
        if far > SPACING:
            why.append(
                f"CHECK: parts of the lesion lie {far / MM:.0f} mm from the nearest probe: more than six probes, or "
                "several sessions."
            )
    at = grid + centre
    return at[:, :1] * right + at[:, 1:] * up, why


def _array(columns: int, rows: int) -> Points:
    """A rectangular array about the middle (n, 2) [m]."""
    places = np.array([[i, j] for i in range(columns) for j in range(rows)], float)
    return np.asarray(SPACING * (places - places.mean(axis=0)))


def _furthest(flat: Points, grid: Points) -> float:
    """Greatest distance of a point of the lesion from its nearest probe, square to them [m]."""
    return float(np.linalg.norm(flat[:, None] - grid, axis=2).min(axis=1).max())


def _across(target: Target, direction: Points) -> tuple[Points, Points, Points]:
    """Two unit vectors square to a direction, the first along the lesion's longer extent there, and its points (n, 2)
    from its middle [m]."""
    aside = np.cross(direction, np.eye(3)[int(np.argmin(np.abs(direction)))])
    aside /= np.linalg.norm(aside)
    frame = np.array([aside, np.cross(direction, aside)])
    flat = (target.points - target.middle) @ frame.T
    turned = np.linalg.eigh(np.cov(flat.T))[1][:, ::-1].T @ frame
    return turned[0], turned[1], (target.points - target.middle) @ turned.T


def antenna_layout(target: Target, direction: Points, margin: float) -> Layout:
    """Antennas along a direction, the middles of their heat about the middle of the lesion, held."""
    device = _antenna()
    efficiency = device.cable_efficiency.value
    right, up, flat = _across(target, direction)
    count = 1 + sum(target.longest > size for size in ANTENNAS_FOR)
    apart = float(np.clip(0.5 * np.ptp(flat, axis=0)[0], *BETWEEN_ANTENNAS)) if count > 1 else 0.0
    corners = {1: [(0, 0)], 2: [(-0.5, 0), (0.5, 0)], 3: [(-0.5, -0.29), (0.5, -0.29), (0, 0.58)],
               4: [(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)]}  # fmt: skip
    grid = apart * np.array(corners[count], float) + 0.5 * (flat.min(axis=0) + flat.max(axis=0))
    low, high = target.span(direction)
    sizes = np.array([*np.ptp(flat, axis=0), high - low]) + 2.0 * margin
    if count > 1:
        widest = float((sizes[:2] - np.ptp(grid, axis=0)).max())  # that one antenna has to make; no zone is rounder
        length = max(float(sizes[2]), widest / SLENDERNESS)
        energy = zone_energy(math.pi / 6.0 * float(sizes[:2].prod()) * length, BODY_C) / count
    else:
        energy = ball_energy(2.0 * (_furthest(flat, grid) + margin), BODY_C)
    width = short_axis(energy, BODY_C)
    stations = 2 if sizes[2] > 1.3 * width / SLENDERNESS else 1
    back = 0.5 * float(sizes[2] - 2.0 * margin) if stations == 2 else 0.0
    if stations == 2 and count == 1:
        energy *= 2.0
    power = POWER_W if energy / stations / (POWER_W * efficiency) <= LONGEST_HOLD else MOST_POWER_W
    seconds = energy / stations / (power * efficiency)
    held = min(seconds, LONGEST_HOLD)
    hold = f'{{ action = "hold", power_w = {power:.0f}, duration_s = {10 * math.ceil(held / 10)} }},'
    pull = f'{{ action = "pull", distance_mm = {back / MM:.1f} }},'
    steps = (hold, pull, hold) if stations == 2 else (hold,)
    middle = target.middle + (0.5 * (low + high) - 0.5 * back - device.emission_offset_mm.value * MM) * direction
    places = grid[:, :1] * right + grid[:, 1:] * up
    needles = tuple(Needle("ABCD"[i], middle + place, direction, steps) for i, place in enumerate(places))
    shared = "the ellipsoid around the lesion, its energy shared" if count > 1 else f"{width / MM:.0f} mm wide"
    about = f"{count} antennas {apart / MM:.0f} mm apart" if count > 1 else "One antenna"
    why = [
        f"{about}: longest diameter {target.longest / MM:.0f} mm, one for about 3 cm (ours).",
        f"Held by rule of thumb (± 30 %) for the lesion and {margin / MM:g} mm around it: {shared}. Blood that cools "
        "is not in the rule: the run says what comes of it.",
    ]
    if seconds > LONGEST_HOLD:
        why.append("CHECK: the rule asks for more than 10 min; more antennas, or several holds, may be needed.")
    return Layout(needles, ANTENNA, None, 1, tuple(why))


def breast_layout(target: Target, direction: Points, deep: bool, margin: float) -> Layout:
    """One antenna on an oblique track, pulled back through the lesion from its deep part, power by depth.

    deep : whether the deep part gets 60 W, else 50
    """
    device = _antenna()
    low, high = target.span(direction)
    _, _, flat = _across(target, direction)
    sizes = np.array([*np.ptp(flat, axis=0), high - low]) + 2.0 * margin
    energy = zone_energy(math.pi / 6.0 * float(sizes.prod()), BODY_C)
    pull = max(0.25 * (high - low), 3 * MM)
    powers = (60.0 if deep else 50.0, 30.0, 20.0)
    steps: list[str] = []
    for power, share, where in zip(
        powers, BREAST_SHARES, ("deep part", "shallow part", "next to the skin"), strict=True
    ):
        if steps:
            steps.append(f'{{ action = "pull", distance_mm = {pull / MM:.1f} }},')
        seconds = max(share * energy / (power * device.cable_efficiency.value), 10.0)
        steps.append(f'{{ action = "hold", power_w = {power:.0f}, duration_s = {min(seconds, LONGEST_HOLD):.0f} }},'
                     f"    # {where}")  # fmt: skip
    first = target.middle + (0.5 * (low + high) - pull) * direction
    tip = first - device.emission_offset_mm.value * MM * direction
    why = [
        "An oblique track, so that withdrawing the needle reduces depth; power follows depth (2025 consensus: 60 or "
        "50 W deep, 30 W shallow, 20 W next to the skin). Pulls and times are ours, by rule of thumb (± 30 %).",
        f"Their energy together is that for the lesion and {margin / MM:g} mm around it.",
        "CHECK: liquid isolation and a cold gauze on the puncture are not proposed; without them a zone that reaches "
        "the skin burns it: see the shipped scene breast_pullback.",
    ]
    if target.longest > SMALL:
        why.append(
            "CHECK: longer than 3 cm, which one antenna hardly covers: two at once, see the shipped scene "
            "breast_two_antennas."
        )
    return Layout((Needle("A", tip, direction, tuple(steps)),), ANTENNA, None, 1, tuple(why))


def _antenna() -> MicrowaveDevice:
    device = library.device(ANTENNA)
    assert isinstance(device, MicrowaveDevice)
    return device
