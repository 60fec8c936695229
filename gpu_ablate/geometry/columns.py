"""A solid seen along one direction, column by column: what fluid that fills it lifts, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.shapes import Points, Solid, Vector, project

RASTER_M = 0.2e-3
"""Finest raster of the columns and of the search along them [m]."""
SAMPLES = 6_000_000
"""Most samples of the search; a larger solid gets a coarser raster."""
HALVINGS = 10
"""Bisections that refine each crossing: 0.2 mm / 2^10 = 0.2 µm."""
CHUNK = 500_000
"""Samples taken at once, to bound memory."""


@dataclass(frozen=True, eq=False)
class Columns:
    """A solid seen along `outward`: (a, b) across, s along; p = a e_a + b e_b + s outward.

    frame : (3, 3), rows e_a, e_b, outward (unit, orthogonal)
    origin : (a, b) of the first column [m]
    spacing : between columns [m]
    entry : (na, nb) s of the first crossing [m]; beside the solid that of the nearest column which crosses it
    thickness : (na, nb) total length inside the solid [m]; 0 beside it
    """

    frame: NDArray[np.float64]
    origin: NDArray[np.float64]
    spacing: float
    entry: NDArray[np.float64]
    thickness: NDArray[np.float64]

    @property
    def outward(self) -> NDArray[np.float64]:
        """Unit vector along which tissue moves."""
        return self.frame[2]

    def at(self, points: Points) -> tuple[Points, Points, Points]:
        """(s, entry, thickness) [m] at each point (n, 3) [m], bilinear between columns, (n,) each."""
        a, b, s = (project(points, axis) for axis in self.frame)
        across = np.stack([a - self.origin[0], b - self.origin[1]]) / self.spacing
        entry = map_coordinates(self.entry, across, order=1, mode="nearest", prefilter=False)
        thickness = map_coordinates(self.thickness, across, order=1, mode="constant", prefilter=False)
        return s, entry, thickness


def measure_columns(solid: Solid, outward: Vector) -> Columns:
    """Entry and thickness of a solid along `outward` (any length), on a raster of columns.

    Raises
    ------
    SceneError
        The solid has no end (a half space), or `outward` has no direction.
    """
    frame = _frame(outward)
    lower, upper = solid.bounds()
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        raise SceneError("a layer that displaces tissue must have an end\n  remedy: use a closed shape")
    corners = np.array(np.meshgrid(*zip(lower, upper, strict=True))).reshape(3, -1).T @ frame.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    spacing = max(RASTER_M, float(np.prod(high - low) / SAMPLES) ** (1 / 3))
    size = np.ceil((high - low) / spacing).astype(int) + 3
    start = (low + high) / 2 - (size - 1) / 2 * spacing
    columns = np.stack(np.meshgrid(*(np.arange(n) for n in size[:2]), indexing="ij"), axis=-1).reshape(-1, 2)
    across = start[:2] + columns * spacing
    along = start[2] + np.arange(size[2]) * spacing

    entry = np.full(len(across), np.inf)
    thickness = np.zeros(len(across))
    rows = max(1, CHUNK // len(along))
    for first in range(0, len(across), rows):
        part = slice(first, first + rows)
        entry[part], thickness[part] = _crossings(solid, frame, across[part], along)
    entry, thickness = entry.reshape(size[:2]), thickness.reshape(size[:2])
    beside = ~np.isfinite(entry)
    if beside.all():
        raise SceneError(
            f"a layer that displaces tissue is under {spacing * 1e3:.2g} mm thick\n  remedy: make it thicker"
        )
    nearest = distance_transform_edt(beside, return_distances=False, return_indices=True)
    return Columns(frame, start[:2], spacing, entry[tuple(nearest)], thickness)


def _crossings(solid: Solid, frame: Points, across: Points, along: Points) -> tuple[Points, Points]:
    """First entry (inf if none) and thickness [m] of columns at `across` (n, 2), searched at `along`."""

    def inside(column: NDArray[np.int64], s: Points) -> NDArray[np.bool_]:
        local = np.column_stack([across[column], s])
        return solid.contains(np.column_stack([project(local, frame[:, axis]) for axis in range(3)]))

    count = len(across)
    flags = inside(np.repeat(np.arange(count), len(along)), np.tile(along, count)).reshape(count, len(along))
    column, step = np.nonzero(flags[:, 1:] != flags[:, :-1])
    enters = ~flags[column, step]
    low, high = along[step], along[step + 1]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        behind = inside(column, middle) == enters
        low, high = np.where(behind, low, middle), np.where(behind, middle, high)
    s = (low + high) / 2
    thickness = np.zeros(count)
    np.add.at(thickness, column, np.where(enters, -s, s))
    entry = np.full(count, np.inf)
    np.minimum.at(entry, column, s)
    return entry, thickness


def _frame(outward: Vector) -> Points:
    """Rows e_a, e_b, outward: unit and orthogonal."""
    direction = np.array(outward, float)
    length = np.linalg.norm(direction)
    if not np.isfinite(length) or length == 0:
        raise SceneError(f"{tuple(outward)} is no direction\n  remedy: give a vector that is not zero")
    direction /= length
    e_a = np.cross(np.eye(3)[np.argmin(np.abs(direction))], direction)
    e_a /= np.linalg.norm(e_a)
    return np.stack([e_a, np.cross(direction, e_a), direction])
