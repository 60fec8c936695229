"""Anatomy painted in layers and sampled anywhere: label volumes, closed surfaces, the way outwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.columns import Columns, measure_columns
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.meshes import area, contour, smooth, volume
from gpu_ablate.geometry.shapes import Points, Solid, Vector

Labels = NDArray[np.uint8]

CHUNK = 1 << 18
"""Points sampled at once, to bound memory."""
LATTICE = (np.arange(31)[:, None] * np.array([1, 10, 14]) % 31 + 0.5) / 31 - 0.5
"""31 points that fill a unit cell evenly, (31, 3) in [-0.5, 0.5]: a rank-1 lattice (Sloan and Joe 1994), at
31 different heights along every axis. Generator chosen by the errors on cells cut by random planes."""
SMOOTHING_WIDTH_CELLS = 5.0
"""Standard deviation of the average behind `outward_direction`, in cells: wide enough for the terraces that
voxels make of a shallow slope."""

SURFACE_SHARE = 0.5 - 1 / (4 * 8 * len(LATTICE))
"""One half, but between two values that the mean share of 8 cells can take, so that no node lies on it."""


class Painter(Protocol):
    """Says which label lies at a point."""

    def label_at(self, points: Points) -> Labels:
        """Label at each point (n, 3) [m], (n,)."""


@dataclass(frozen=True)
class Background:
    """One label everywhere."""

    label: int

    def label_at(self, points: Points) -> Labels:
        """Label at each point (n, 3) [m], (n,)."""
        return np.full(len(points), self.label, np.uint8)


@dataclass(frozen=True, eq=False)
class PaintImage:
    """A label image over what lies below.

    lookup : value in the image -> label
    outside : label beyond the image's outer faces; None leaves what lies below

    Raises
    ------
    SceneError
        The image holds a value without an entry in `lookup`.
    """

    below: Painter
    image: LabelImage
    lookup: dict[int, int]
    outside: int | None

    def __post_init__(self) -> None:
        missing = [value for value in self.image.labels_present() if value not in self.lookup]
        if missing:
            raise SceneError(
                f"the image holds the values {missing}, which have no tissue\n"
                "  remedy: list every value that is present, 0 too, under [anatomy.labels]"
            )

    def label_at(self, points: Points) -> Labels:
        """Label at each point (n, 3) [m], (n,)."""
        values, inside = self.image.sample(points)
        known = np.array(sorted(self.lookup))
        mapped = np.array([self.lookup[int(value)] for value in known], np.uint8)
        labels = mapped[np.searchsorted(known, values)]
        if self.outside is None:
            labels[~inside] = self.below.label_at(points[~inside])
        else:
            labels[~inside] = self.outside
        return labels


@dataclass(frozen=True, eq=False)
class PaintSolid:
    """A solid of one label over what lies below; with `within`, only where that carries one of these labels."""

    below: Painter
    solid: Solid
    label: int
    within: frozenset[int] | None = None

    def label_at(self, points: Points) -> Labels:
        """Label at each point (n, 3) [m], (n,)."""
        labels = self.below.label_at(points)
        painted = self.solid.contains(points)
        if self.within is not None:
            painted &= np.isin(labels, list(self.within))
        labels[painted] = self.label
        return labels


@dataclass(frozen=True, eq=False)
class Displace:
    """Fluid injected into what lies below: it fills a solid's thickness and lifts all tissue above it.

    On each line along `outward` that crosses the solid, with entry s_in and total thickness t: up to s_in
    nothing changes, from s_in to s_in + t lies the fluid, and beyond lies what was at s - t. Nothing is
    replaced: the map is a shear, so each tissue keeps its volume. What leaves the grid at the top is the
    caller's concern.
    """

    below: Painter
    solid: Solid
    label: int
    outward: Vector

    @cached_property
    def columns(self) -> Columns:
        """Entry and thickness of the solid along `outward`."""
        return measure_columns(self.solid, self.outward)

    def label_at(self, points: Points) -> Labels:
        """Label at each point (n, 3) [m], (n,)."""
        s, entry, thickness = self.columns.at(points)
        lift = np.where(s >= entry + thickness, thickness, 0)
        labels = self.below.label_at(points - lift[:, None] * self.columns.outward)
        labels[(s >= entry) & (s < entry + thickness)] = self.label
        return labels


def label_volume(painter: Painter, shape: tuple[int, int, int], spacing: float, origin: Vector) -> Labels:
    """Labels (nz, ny, nx) at the centres of cubes of edge `spacing` [m]; `origin`: minimum corner [m]."""
    labels = np.empty(shape, np.uint8)
    flat = labels.reshape(-1)
    for first in range(0, labels.size, CHUNK):
        cells = np.arange(first, min(first + CHUNK, labels.size))
        flat[cells] = painter.label_at(_centers(cells, shape, np.full(3, spacing), origin))
    return labels


def surface(
    painter: Painter, labels: set[int], lower: Vector, upper: Vector, spacing: float
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Closed, smooth surface of the union of some labels, cut flat at the faces of the box [lower, upper].

    Cells of about `spacing` at the rim of the union are sampled on a lattice for the share that belongs to
    it. The surface lies where the mean share of the 8 cells around a corner is one half: in blocks twice as
    wide as their distance the share of a plane is linear, so that it is met exactly. Light smoothing keeps
    the volume and the caps. What is thinner than a cell may be lost.

    Parameters
    ----------
    lower, upper : corners xyz [m]
    spacing : [m]

    Returns
    -------
    points (n, 3) [m] float32, faces (m, 3) outward; both empty where the box holds none of the labels.
    """
    box = np.array(lower, float), np.array(upper, float)
    cells = np.maximum(1, np.rint((box[1] - box[0]) / spacing)).astype(int)
    step = (box[1] - box[0]) / cells
    share = _shares(painter, labels, tuple(cells[::-1] + 2), step, box[0] - step)
    corners = uniform_filter(share, 2)[1:, 1:, 1:]
    points, faces = contour(corners, SURFACE_SHARE, step, box[0], cap_cells=1e-4)
    for end in box:
        points = np.where(np.abs(points - end) < 1e-3 * step, end, points)
    points, faces = _merged(points, faces)
    if len(faces):
        held = np.any([points == end for end in box], axis=(0, 2))
        # The contour cuts a little off curved surfaces and thin sheets; the shares know the true volume.
        found, most = volume(points, faces), 0.1 * float(step.min()) * area(points, faces)
        missing = float(share[1:-1, 1:-1, 1:-1].sum(dtype=float) * np.prod(step)) - found
        points = smooth(points, faces, found + float(np.clip(missing, -most, most)), held)
    return points.astype(np.float32), faces


def outward_direction(
    is_gas: NDArray[np.bool_], spacing: float, origin: Vector, point: Vector, width: float | None = None
) -> Points:
    """Unit vector (3,) at a point, square to the body surface that is nearest to it.

    The mean of the normals of the faces between body and gas cells, weighted by exp(-(d² - d_min²) / 2σ²), d
    being their distance from the point: on a plane that is a Gaussian around the foot of the point, which
    averages the voxels' terraces to the true slope; on a ball it stays even about the radius.

    Parameters
    ----------
    is_gas : (nz, ny, nx)
    spacing : edge of a cell [m]
    origin : minimum corner of the first cell, xyz [m]
    point : xyz [m]
    width : σ [m]; SMOOTHING_WIDTH_CELLS cells if None

    Raises
    ------
    SceneError
        No gas touches the body in the grid.
    """
    positions, normals = [], []
    for axis, along in enumerate((2, 1, 0)):
        lower_cells, upper_cells = (
            np.take(is_gas, range(first, is_gas.shape[axis] - 1 + first), axis=axis) for first in (0, 1)
        )
        cells = np.argwhere(lower_cells != upper_cells)
        normal = np.zeros((len(cells), 3))
        normal[:, along] = np.where(upper_cells[tuple(cells.T)], 1, -1)
        position = (cells[:, ::-1] + 0.5) * spacing + origin
        position[:, along] += spacing / 2
        positions.append(position)
        normals.append(normal)
    offsets = np.concatenate(positions) - point
    if not len(offsets):
        raise SceneError(
            "no gas touches the body in the domain, so no direction leads outwards\n"
            "  remedy: extend [domain] beyond the skin"
        )
    squared = np.einsum("ij,ij->i", offsets, offsets)
    nearest = int(squared.argmin())
    weights = np.exp(-(squared - squared[nearest]) / (2 * (width or SMOOTHING_WIDTH_CELLS * spacing) ** 2))
    weights[offsets @ offsets[nearest] < 0] = 0  # the far side of a slab
    direction = weights @ np.concatenate(normals)
    return direction / np.linalg.norm(direction)


def _shares(
    painter: Painter, labels: set[int], shape: tuple[int, int, int], step: Points, lower: Vector
) -> NDArray[np.float32]:
    """Share of each cell (nz, ny, nx) that carries one of the labels, 0 to 1."""
    wanted = np.isin(np.arange(256), list(labels))
    share = np.empty(shape, np.float32)
    flat = share.reshape(-1)
    for first in range(0, share.size, CHUNK):
        cells = np.arange(first, min(first + CHUNK, share.size))
        flat[cells] = wanted[painter.label_at(_centers(cells, shape, step, lower))]
    rim = np.flatnonzero(maximum_filter(share, 3) != minimum_filter(share, 3))
    batch = CHUNK // len(LATTICE)
    for first in range(0, len(rim), batch):
        cells = rim[first : first + batch]
        points = _centers(cells, shape, step, lower)[:, None] + LATTICE * step
        member = wanted[painter.label_at(points.reshape(-1, 3))]
        flat[cells] = member.reshape(-1, len(LATTICE)).mean(axis=1)
    return share


def _merged(points: Points, faces: NDArray[np.int32]) -> tuple[Points, NDArray[np.int32]]:
    """The mesh with equal points made one, and without the triangles that this leaves without area."""
    unique, index = np.unique(points, axis=0, return_inverse=True)
    joined = index.reshape(-1)[faces].astype(np.int32)
    a, b, c = joined.T
    return unique, joined[(a != b) & (b != c) & (c != a)]


def _centers(cells: NDArray[np.int64], shape: tuple[int, int, int], step: Points, lower: Vector) -> Points:
    """Centres (n, 3) xyz [m] of cells given by their flat index in an array (nz, ny, nx)."""
    k, j, i = np.unravel_index(cells, shape)
    return (np.column_stack([i, j, k]) + 0.5) * step + lower
