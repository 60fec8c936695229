"""Zones: the body tissue that is killed, is no longer perfused, or was or is beyond an isotherm; surface and size."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.spatial import ConvexHull, QhullError

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Endpoint, Surface
from gpu_ablate.errors import ResultError
from gpu_ablate.geometry.meshes import volume
from gpu_ablate.outcome.levelset import (
    CELLS_ACROSS,
    EMPTY,
    MOST_REFINEMENTS,
    TINY,
    Field,
    Mask,
    excess,
    refine,
    with_outside,
    zero_surface,
)
from gpu_ablate.outcome.perfusion import NONPERFUSED, nonperfused_field
from gpu_ablate.result.result import Result
from gpu_ablate.units import CM3, MM

ISOTHERMS = (
    *(Endpoint(f"above_{t}c", "max_temperature", float(t)) for t in (42, 43, 45, 50, 54, 60)),
    Endpoint("below_0c", "min_temperature", 0.0),
    *(Endpoint(f"below_m{t}c", "min_temperature", -float(t)) for t in (20, 30, 40)),
)
"""Isotherms of every run: zones that were ever beyond them and, with "_now" appended, that are at the end."""

ANGLES = np.radians(np.arange(180.0))
"""Directions in which widths are taken; the largest width is met within 4e-5."""


@dataclass(frozen=True)
class ProbeFrame:
    """Insertion direction (unit vector, inwards) of a probe, and how far along it the tip got [m]."""

    inwards: NDArray[np.float64]
    deepest: float


def criterion_of(result: Result, name: str) -> Endpoint:
    """The criterion of a zone: the endpoint's, or an isotherm's, by its name in metrics.json (with or without
    "_now").

    Raises
    ------
    KeyError
        No zone has this name.
    """
    criteria = {c.name: c for c in (result.setup.endpoint, *ISOTHERMS)}
    return criteria[name.removesuffix("_now")]


def zone_field(result: Result, name: str) -> Field | None:
    """φ (nz, ny, nx) of the zone with this name, ≥ 0 inside; None where the run kept no such history.

    Raises
    ------
    KeyError
        No zone has this name.
    ResultError
        The field of the endpoint itself is missing.
    """
    if name == NONPERFUSED:
        return nonperfused_field(result)
    criterion = criterion_of(result, name)
    values = result.final.get(criterion.field)
    if values is None and criterion == result.setup.endpoint:
        raise ResultError(
            f'{result.setup.name}: the result holds no field "{criterion.field}", on which the endpoint '
            f'"{criterion.name}" rests\n  fields here: {", ".join(result.final) or "none"}'
            "; run the scene again"
        )
    if name.endswith("_now") and values is not None:
        count = len(result.records.times)
        values = result.records.read(count - 1, "temperature") if count else None
    return None if values is None else excess(values, criterion)


@dataclass(frozen=True)
class Samples:
    """A continuous field that is ≥ 0 in a zone: samples (nz, ny, nx), spacing [m], place of the first (x, y, z) [m]."""

    values: Field
    spacing: float
    first: tuple[float, float, float]


def zone_samples(phi: Field, body: Mask, grid: Grid) -> Samples | None:
    """The field whose zero surface is that of a zone, around the zone, finer than the grid where it is small.

    It is 0 where φ is inside the body, and at voxel faces where the zone ends at fluid, gas or the box. None for an
    empty zone.

    Parameters
    ----------
    phi : (nz, ny, nx), see `levelset.excess`
    body : cells of the body, same shape
    """
    inside = body & (phi >= 0)
    if not inside.any():
        return None
    lower, upper = bounding_box(inside)
    start = np.maximum(lower - 2, 0)
    stop = np.minimum(upper + 2, grid.shape)
    crop = tuple(slice(i, j) for i, j in zip(start, stop, strict=True))
    psi = np.pad(with_outside(phi[crop], body[crop], -1), 1, mode="edge")
    shell = np.ones(psi.shape, bool)
    shell[1:-1, 1:-1, 1:-1] = False
    psi[shell] = -np.maximum(np.abs(psi[shell]), TINY)

    across = int((upper - lower).min())
    times = min(MOST_REFINEMENTS, max(0, int(np.ceil(np.log2(CELLS_ACROSS / across)))))
    x, y, z = (o + (i - 0.5) * grid.spacing for o, i in zip(grid.origin, start[::-1], strict=True))
    return Samples(refine(psi, times), grid.spacing / 2**times, (x, y, z))


def zone_surface(phi: Field, body: Mask, grid: Grid) -> Surface:
    """Closed surface of the body cells with φ ≥ 0, finer than a voxel, faces turned outwards (see `zone_samples`)."""
    samples = zone_samples(phi, body, grid)
    return EMPTY if samples is None else zero_surface(samples.values, samples.spacing, samples.first)


def zone_parts(phi: Field, body: Mask, grid: Grid) -> list[Surface]:
    """Surfaces of the connected parts of a zone, as in `zone_surface`.

    Cells are connected by faces, edges and corners.
    """
    inside = body & (phi >= 0)
    if not inside.any():
        return []
    crop = tuple(slice(i, j) for i, j in zip(*bounding_box(inside), strict=True))
    numbers, count = label(inside[crop], np.ones((3, 3, 3)))
    if count == 1:
        return [zone_surface(phi, body, grid)]
    parts = []
    for number in range(1, count + 1):
        own = body.copy()
        own[crop] &= (numbers == 0) | (numbers == number)
        parts.append(zone_surface(phi, own, grid))
    return parts


def bounding_box(mask: Mask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and one-past-last index (k, j, i) of a mask that is true somewhere."""
    lines = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return np.array([line[0] for line in lines]), np.array([line[-1] + 1 for line in lines])


def probe_frame(result: Result) -> ProbeFrame | None:
    """Frame of the first probe; the deepest of its tips over all that it did. None without probes."""
    if not result.setup.probes:
        return None
    probe = result.setup.probes[0]
    inwards = -np.asarray(probe.direction, float)
    tips = [probe.tip]
    for station in result.stations:
        if station.probe == probe.name:
            tips += [station.tip_start, station.tip_end]
    return ProbeFrame(inwards, max(float(np.dot(tip, inwards)) for tip in tips))


def measure_zones(result: Result) -> dict[str, dict[str, object]]:
    """The `zones` of metrics.json: the endpoint, what is no longer perfused, every isotherm ever reached, those at the
    end."""
    body = result.setup.phase_mask("body")
    frame = probe_frame(result)
    names = [result.setup.endpoint.name, NONPERFUSED]
    names += [c.name for c in ISOTHERMS] + [f"{c.name}_now" for c in ISOTHERMS]
    zones: dict[str, dict[str, object]] = {}
    for name in names:
        phi = zone_field(result, name)
        parts = [] if phi is None else zone_parts(phi, body, result.setup.grid)
        zones[name] = measure_parts(parts, result.setup.grid.cell_volume, frame)
    return zones


def measure_parts(parts: list[Surface], voxel: float, frame: ProbeFrame | None) -> dict[str, object]:
    """Sizes of a zone from the triangles of its parts (keys: metrics.json).

    volume_cm3, equivalent_diameter_mm : of all parts together
    parts : how many hold at least a voxel [m³]
    largest_part_cm3, extents, widths and depth : of the largest part alone
    """
    sizes = [volume(part.points, part.faces) for part in parts]
    size, largest = sum(sizes), max(sizes, default=0.0)
    points = parts[int(np.argmax(sizes))].points.astype(np.float64) if largest > 0 else np.zeros((1, 3))
    by_probe: dict[str, object] = {
        "along_probe_mm": None,
        "across_probe_mm": [None, None],
        "beyond_tip_mm": None,
    }
    if frame is not None:
        depth = points @ frame.inwards
        by_probe = {
            "along_probe_mm": float(np.ptp(depth)) / MM,
            "across_probe_mm": [width / MM for width in widths_across(points, frame.inwards)],
            "beyond_tip_mm": (float(depth.max()) - frame.deepest) / MM if largest > 0 else None,
        }
    return {
        "volume_cm3": size / CM3,
        "parts": sum(part >= voxel for part in sizes),
        "largest_part_cm3": largest / CM3,
        "extent_mm": [float(e) / MM for e in np.ptp(points, axis=0)],
        "equivalent_diameter_mm": float(np.cbrt(6.0 * size / np.pi)) / MM,
        **by_probe,
    }


def widths_across(points: NDArray[np.float64], axis: NDArray[np.float64]) -> tuple[float, float]:
    """Largest width of points (n, 3) [m] at right angles to a unit vector, and the width at right angles to
    both."""
    first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    first /= np.linalg.norm(first)
    flat = points @ np.stack([first, np.cross(axis, first)], axis=1)
    with suppress(QhullError):  # fewer than three points, or all on a line: they are their own hull
        flat = flat[ConvexHull(flat).vertices]
    widths = np.ptp(flat @ np.stack([np.cos(ANGLES), np.sin(ANGLES)]), axis=0)
    largest = int(np.argmax(widths))
    return float(widths[largest]), float(widths[(largest + 90) % 180])
