"""The solver grid: cubic voxels, axes along LPS, arrays (nz, ny, nx) with x fastest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.geometry.images import Lattice
from gpu_ablate.units import MM

Vector = tuple[float, float, float]
Slices = tuple[slice, slice, slice]


def halves(axis: int) -> tuple[Slices, Slices]:
    """All cells of a volume but the last along an axis, and all but the first: pairs of neighbours."""
    low, high = [slice(None)] * 3, [slice(None)] * 3
    low[axis], high[axis] = slice(None, -1), slice(1, None)
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


@dataclass(frozen=True)
class Grid:
    """Cell-centred grid of cubes.

    Attributes
    ----------
    shape : (nz, ny, nx)
    spacing : edge of a cell [m]
    origin : (x, y, z) of the minimum corner of the first cell [m]
    """

    shape: tuple[int, int, int]
    spacing: float
    origin: Vector

    @property
    def cells(self) -> int:
        """Number of cells."""
        nz, ny, nx = self.shape
        return nz * ny * nx

    @property
    def cell_volume(self) -> float:
        """Volume of a cell [m³]."""
        return self.spacing**3

    @property
    def upper(self) -> Vector:
        """(x, y, z) of the maximum corner [m]."""
        nz, ny, nx = self.shape
        x, y, z = self.origin
        return (x + nx * self.spacing, y + ny * self.spacing, z + nz * self.spacing)

    def lattice(self) -> Lattice:
        """The cells as voxels of an image."""
        origin = np.array(self.origin) + 0.5 * self.spacing
        return Lattice(self.shape, origin, np.eye(3) * self.spacing)

    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Cell centres along x, y and z [m], one 1-D array each."""
        nz, ny, nx = self.shape
        x, y, z = self.origin
        half = 0.5 * self.spacing
        return (
            x + half + self.spacing * np.arange(nx, dtype=np.float64),
            y + half + self.spacing * np.arange(ny, dtype=np.float64),
            z + half + self.spacing * np.arange(nz, dtype=np.float64),
        )

    def centres(self) -> NDArray[np.float64]:
        """Cell centres (n, 3) xyz [m] in array order."""
        x, y, z = self.axes()
        zz, yy, xx = np.meshgrid(z, y, x, indexing="ij")
        return np.column_stack([xx.ravel(), yy.ravel(), zz.ravel()])

    def contains(self, point: Vector) -> bool:
        """Whether a point (x, y, z) [m] lies in the box, faces included."""
        return all(low <= p <= high for p, low, high in zip(point, self.origin, self.upper, strict=True))

    def cell_at(self, point: Vector) -> tuple[int, int, int]:
        """(k, j, i) of the cell that holds a point (x, y, z) [m]; points outside go to the nearest cell."""
        i, j, k = (int(np.floor((p - o) / self.spacing)) for p, o in zip(point, self.origin, strict=True))
        nz, ny, nx = self.shape
        return min(max(k, 0), nz - 1), min(max(j, 0), ny - 1), min(max(i, 0), nx - 1)

    def describe(self) -> str:
        """The box in words, in mm."""
        spans = zip("xyz", self.origin, self.upper, strict=True)
        return ", ".join(f"{axis} {low / MM:g} to {high / MM:g} mm" for axis, low, high in spans)
