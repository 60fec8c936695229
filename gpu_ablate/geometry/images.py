"""Images as arrays with a place in space, that can be sampled at points [m]."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.geometry.shapes import project

TIE_M = 1e-7
"""Points are moved by this much [m] towards +x, +y, +z before rounding, so that a point on a face between two voxels
goes to the same voxel however the image's axes are flipped or permuted: more than NIfTI, which keeps places as 32-bit
numbers, moves voxels by."""

CHUNK = 1 << 18
"""Voxels whose centres are made at once, to bound memory."""


Part = tuple[slice, slice, slice]
"""Some of the voxels of an array (nz, ny, nx)."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Where the voxels of an image lie.

    shape : (nz, ny, nx)
    origin : LPS xyz of the centre of the first voxel, (3,) [m]
    axes : (3, 3) [m]; column i is the step from a voxel to the next along index i (x, y, z)
    """

    shape: tuple[int, int, int]
    origin: NDArray[np.float64]
    axes: NDArray[np.float64]

    @property
    def size(self) -> NDArray[np.int64]:
        """Number of voxels along the image's own x, y and z, (3,)."""
        return np.array(self.shape[::-1])

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel [m³]."""
        return float(abs(np.linalg.det(self.axes)))

    def indices(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Continuous index (n, 3), xyz, of each point [m]; whole numbers are voxel centres."""
        steps = np.linalg.inv(self.axes)
        return np.column_stack([project(points, row) - row @ self.origin for row in steps])

    def points(self, index: NDArray[Any]) -> NDArray[np.float64]:
        """Points (n, 3) [m] at continuous indices (n, 3), xyz."""
        return np.asarray(self.origin + index @ self.axes.T)

    def centres(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """The centres of all voxels in array order, a part at a time: which of them, and where they are (n, 3) [m]."""
        count = int(np.prod(self.shape))
        for first in range(0, count, CHUNK):
            part = slice(first, min(first + CHUNK, count))
            k, j, i = np.unravel_index(np.arange(part.start, part.stop), self.shape)
            yield part, self.points(np.column_stack([i, j, k]))

    def overlap(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> Part:
        """Part (k, j, i) whose voxels may touch a box [m] along the LPS axes; empty slices if none does."""
        unit = np.array(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0])).reshape(3, -1).T
        index = self.indices(lower + unit * (np.asarray(upper) - lower))
        first = np.clip(np.floor(index.min(axis=0)).astype(int), 0, self.size)
        last = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, first, self.size)
        x, y, z = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return z, y, x

    def cut(self, part: Part) -> Lattice:
        """Where some of the voxels (k, j, i) lie."""
        first = np.array([[one.start for one in reversed(part)]], float)
        nz, ny, nx = (one.stop - one.start for one in part)
        return Lattice((nz, ny, nx), self.points(first)[0], self.axes)

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners (lower, upper) [m] of the box along the LPS axes that encloses all voxels."""
        unit = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
        corners = self.points(unit * self.size - 0.5)
        return corners.min(axis=0), corners.max(axis=0)


@dataclass(frozen=True, eq=False)
class Image:
    """Voxels and where they lie.

    values : (nz, ny, nx)
    """

    values: NDArray[Any]
    lattice: Lattice


@dataclass(frozen=True, eq=False)
class LabelImage(Image):
    """Image of integer labels; sampled by the nearest voxel.

    names : label -> what the file calls it; empty where it does not say
    """

    names: dict[int, str] = field(default_factory=dict)

    def sample(self, points: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Label of the voxel that holds each point (n, 3) [m], and whether it lies in the image, (n,) each.

        Outside the outer voxel faces the value is that of the nearest voxel and `inside` is False.
        """
        index = np.floor(self.lattice.indices(points + TIE_M) + 0.5).astype(np.int64)
        last = self.lattice.size - 1
        inside = np.ones(len(points), bool)
        for axis in range(3):
            column = index[:, axis]
            inside &= (column >= 0) & (column <= last[axis])
            np.clip(column, 0, last[axis], out=column)
        return self.values[index[:, 2], index[:, 1], index[:, 0]], inside

    def labels_present(self) -> list[int]:
        """Every label that some voxel carries, ascending."""
        return [int(value) for value in np.unique(self.values)]


class ScalarImage(Image):
    """Image of a continuous quantity; sampled by trilinear interpolation between voxel centres."""

    def sample(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Value at each point (n, 3) [m], and whether the point is in the image, (n,) each.

        Between the outermost centres and beyond, the value is that of the nearest point between the centres;
        outside the outer voxel faces `inside` is False.
        """
        index = self.lattice.indices(points)
        inside = np.all((index >= -0.5) & (index <= self.lattice.size - 0.5), axis=1)
        values = map_coordinates(
            self.values, index[:, ::-1].T, output=np.float32, order=1, mode="nearest", prefilter=False
        )
        return values, inside
