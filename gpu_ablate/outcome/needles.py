"""How each needle lies: entry, depth, angles, what it crosses, what lies nearest to it, and to its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np

from gpu_ablate.case import structures
from gpu_ablate.case.air import outside_air
from gpu_ablate.case.depth import SkinDepth
from gpu_ablate.case.setup import Region, Setup, Surface, ThinVessel, Track
from gpu_ablate.geometry.shapes import distance_to_line
from gpu_ablate.outcome.bone import in_bone
from gpu_ablate.outcome.crossing import Vector3
from gpu_ablate.outcome.nearest import feet_on
from gpu_ablate.outcome.ways import Way
from gpu_ablate.outcome.zones import zone_surface
from gpu_ablate.units import MM

BONE_NEEDLE = "8-13G"
"""Bone needle or drill through which a probe is put into bone (2018 consensus on cryoablation of bone and soft-tissue
tumours, [consensus_cryo2018])."""

BONE_LEAST = 0.5 * MM
"""Less bone than this on the way needs no bone needle [m]; chosen here, below any cortex."""

SAMPLE_CELLS = 0.25
"""Between two places on a shaft from which the nearest structure is sought."""

LEVEL = 1e-3
"""Of a unit vector: a shaft whose part in the axial plane is shorter has no direction in it."""

GROUPS: dict[str, Callable[[Region], bool]] = {
    "vessel": structures.is_vessel,
    "nerve": structures.is_nerve,
    "risk": lambda region: region.role == "risk",
    "pleura": structures.is_pleura,
    "isolation": lambda region: region.role == "isolation",
}
"""What is kept away from, and which regions it is. Lung stands for the pleura around it."""


def measure_needles(setup: Setup, ways: list[Way]) -> dict[str, object]:
    """The `needles` of metrics.json: `tracks`, one entry for each track that was taken, and `pairs` of two probes.

    ways : of all needles, see `ways.ways_taken`
    """
    air = outside_air(setup.phase_mask("gas"))
    guarded = {group: group_surfaces(setup, belongs) for group, belongs in GROUPS.items()}
    tracks = []
    for way in ways:
        x, y, z = (float(v) for v in way.tip)
        dx, dy, dz = (float(v) for v in way.direction)
        skin = SkinDepth(setup.grid, air, Track((x, y, z), (dx, dy, dz)))
        bone = sum(piece.length for piece in way.crossed if in_bone(piece.region))
        tracks.append(
            {
                "probe": way.probe.name,
                "track": way.track + 1,
                "device": way.probe.device,
                "diameter_mm": 2.0 * way.probe.radius / MM,
                "tip_mm": _mm(way.tip),
                "active_mm": _mm(way.active),
                "towards_handle": way.direction.tolist(),
                "entry_mm": _mm(way.start) if way.entered else None,
                "length_mm": way.reach / MM,
                "depth_mm": skin.at((x, y, z)) / MM,
                "to_skin_normal_deg": _angle(way.direction, skin.outward) if way.entered else None,
                **(ct_angles(way.direction) if setup.frame == "patient" else NO_CT_ANGLES),
                "crossed": [
                    {"region": piece.region.name, "tissue": piece.region.tissue, "mm": piece.length / MM}
                    for piece in way.crossed
                ],
                "bone_mm": bone / MM,
                "bone_needle": BONE_NEEDLE if bone >= BONE_LEAST else None,
                "nearest": {
                    group: nearest(way, found, setup.vessels if group == "vessel" else (), setup)
                    for group, found in guarded.items()
                },
            }
        )
    pairs = [measure_pair(*two) for two in combinations(ways, 2) if two[0].probe.name != two[1].probe.name]
    return {"tracks": tracks, "pairs": pairs}


NO_CT_ANGLES: dict[str, object] = {"craniocaudal_deg": None, "mediolateral_deg": None, "handle_side": None}


def ct_angles(direction: Vector3) -> dict[str, object]:
    """The angles that are set on a CT, in LPS axes.

    direction : unit vector from the tip to the handle

    craniocaudal_deg : between the shaft and the axial plane; positive where the handle is towards the head
    mediolateral_deg : in the axial plane, between the shaft and the sagittal plane; positive where the handle is
        towards the patient's left; None for a shaft square to the axial plane
    handle_side : "front" or "back" of the patient, likewise
    """
    x, y, z = (float(v) for v in direction)
    level = np.hypot(x, y) < LEVEL
    return {
        "craniocaudal_deg": float(np.degrees(np.arcsin(np.clip(z, -1.0, 1.0)))),
        "mediolateral_deg": None if level else float(np.degrees(np.arctan2(x, abs(y)))),
        "handle_side": None if level else ("back" if y > 0 else "front"),
    }


def nearest(
    way: Way, surfaces: dict[str, Surface], lines: tuple[ThinVessel, ...], setup: Setup
) -> dict[str, object] | None:
    """The structure of a group that is nearest to the surface of a shaft: `region`, `mm` from the surface of the shaft,
    negative where it runs into it, `at_mm` on the structure. None without one.

    A shaft whose axis lies in the structure lies in it by the depth of its axis and its radius together.
    """
    count = max(2, int(np.ceil(way.reach / (SAMPLE_CELLS * setup.grid.spacing))) + 1)
    places = way.tip + np.linspace(0.0, way.reach, count)[:, None] * way.direction
    index = np.floor((places - np.array(setup.grid.origin)) / setup.grid.spacing).astype(int)[:, ::-1]
    labels = setup.labels[tuple(np.clip(index, 0, np.array(setup.grid.shape) - 1).T)]
    found: list[tuple[float, str, list[float]]] = []
    for name, surface in surfaces.items():
        feet = feet_on(surface, places)
        away = np.linalg.norm(places - feet, axis=1)
        away[np.isin(labels, _labels_named(setup, name))] *= -1.0
        least = int(np.argmin(away))
        found.append((float(away[least] - way.probe.radius) / MM, name, _mm(feet[least])))
    for line in lines:
        legs = list(pairwise(np.array(point) for point in line.points))
        gaps = [segment_gap(way.tip, way.start, *leg) for leg in legs]
        least = int(np.argmin(gaps))
        foot = min(
            np.linspace(*legs[least], count), key=lambda point: float(np.linalg.norm(places - point, axis=1).min())
        )
        found.append(((gaps[least] - line.radius - way.probe.radius) / MM, line.name, _mm(foot)))
    if not found:
        return None
    distance, name, at = min(found)
    return {"region": name, "mm": distance, "at_mm": at}


def group_surfaces(setup: Setup, belongs: Callable[[Region], bool]) -> dict[str, Surface]:
    """Name -> surface of each region of a group; that of its voxels where it has no other."""
    found = {}
    for name in dict.fromkeys(region.name for region in setup.regions if belongs(region)):
        surface = setup.surfaces.get(name)
        if surface is None:
            cells = np.isin(setup.labels, _labels_named(setup, name))
            surface = zone_surface(np.ones(setup.grid.shape, np.float32), cells, setup.grid)
        if len(surface.faces):
            found[name] = surface
    return found


def _labels_named(setup: Setup, name: str) -> list[int]:
    """Labels of a region by its name alone: a name may be that of its role too."""
    return [label for label, region in enumerate(setup.regions) if region.name == name]


def measure_pair(one: Way, other: Way) -> dict[str, object]:
    """How two needles lie to each other.

    tips_mm, active_mm : between the tips, and between the middles of the heating or freezing parts
    shafts_mm : least distance between the surfaces of the shafts, from the tips to where they come in
    not_parallel_deg : angle between the axes, 0 to 90
    """
    gap = segment_gap(one.tip, one.start, other.tip, other.start) - one.probe.radius - other.probe.radius
    cosine = min(1.0, abs(float(one.direction @ other.direction)))
    sine = float(np.linalg.norm(np.cross(one.direction, other.direction)))
    return {
        "probes": [one.probe.name, other.probe.name],
        "tracks": [one.track + 1, other.track + 1],
        "tips_mm": float(np.linalg.norm(one.tip - other.tip)) / MM,
        "active_mm": float(np.linalg.norm(one.active - other.active)) / MM,
        "shafts_mm": gap / MM,
        "not_parallel_deg": float(np.degrees(np.arctan2(sine, cosine))),
    }


def segment_gap(a: Vector3, b: Vector3, c: Vector3, d: Vector3) -> float:
    """Least distance between the segments a-b and c-d [m]: that of their lines where the nearest points lie on
    both, else the least from an end of one to the other."""
    u, v, w = b - a, d - c, a - c
    uu, uv, vv = float(u @ u), float(u @ v), float(v @ v)
    square = uu * vv - uv * uv
    one, other = np.array([a, b]), np.array([c, d])
    found = [float(distance_to_line(one, other).min()), float(distance_to_line(other, one).min())]
    if square > 1e-12 * uu * vv:
        s = (uv * float(v @ w) - vv * float(u @ w)) / square
        t = (uu * float(v @ w) - uv * float(u @ w)) / square
        if 0.0 <= s <= 1.0 and 0.0 <= t <= 1.0:
            found.append(float(np.linalg.norm(w + s * u - t * v)))
    return min(found)


def _angle(one: Vector3, other: Vector3 | None) -> float | None:
    """Between two unit vectors [deg]; None without the second."""
    return None if other is None else float(np.degrees(np.arccos(np.clip(one @ other, -1.0, 1.0))))


def _mm(point: Vector3) -> list[float]:
    return [float(p) / MM for p in point]
