"""Numba kernels of the CPU backend: an antenna's field in voxels, what it heats by, what surrounds it.

They compute what `engine.deposit` says, at the same sample points.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid
from gpu_ablate.engine.cpu_kernels import PART, WHOLE, Arrays
from gpu_ablate.engine.deposit import NEAR_CELLS, Frame, Rings
from gpu_ablate.physics.axial_field import AxialField


class Needle(NamedTuple):
    """tip: from the middle of the first cell, in cells;  axis: to the handle;  spacing: of cells [m];
    near: distance from the axis, in cells, within which samples are taken;  offsets: of samples in a cell (n,)
    """

    tip: Arrays
    axis: Arrays
    spacing: float
    near: float
    offsets: Arrays


class Table(NamedTuple):
    """Of an AxialField: r_min, r_step, z_first, z_step [m];  log_half_square (rows, columns)"""

    r_min: float
    r_step: float
    z_first: float
    z_step: float
    log_half_square: Arrays


def needle_of(grid: Grid, frame: Frame, samples: int) -> Needle:
    """A needle as the kernels take it; samples along each edge of a cell near it."""
    tip = (np.array(frame.tip) - grid.origin) / grid.spacing - 0.5
    return Needle(tip, np.array(frame.direction), grid.spacing, NEAR_CELLS, (np.arange(samples) + 0.5) / samples - 0.5)


def table_of(field: AxialField) -> Table:
    """A field as the kernels take it."""
    return Table(field.r_min, field.r_step, field.z_first, field.z_step, field.log_half_square)


@numba.njit(**PART)
def half_square(table, r, z):  # type: ignore[no-untyped-def]
    """|E|²/2 per watt at r, z [m] (AxialField.half_square)."""
    log_square = table.log_half_square
    rows, columns = log_square.shape
    if r < table.r_min and z >= 0.0:
        return 0.0
    j = (z - table.z_first) / table.z_step
    i = np.log(max(r, table.r_min) / table.r_min) / table.r_step
    if i > rows - 1 or j < 0.0 or j > columns - 1:
        return 0.0
    i, j = min(i, rows - 1.001), min(j, columns - 1.001)
    row, column = int(i), int(j)
    fi, fj = i - row, j - column
    low = log_square[row, column] + fj * (log_square[row, column + 1] - log_square[row, column])
    high = log_square[row + 1, column] + fj * (log_square[row + 1, column + 1] - log_square[row + 1, column])
    return np.exp(low + fi * (high - low))


@numba.njit(**PART)
def about_axis(needle, x, y, z):  # type: ignore[no-untyped-def]
    """Distance from the axis and height along it, in cells, of a point relative to the tip."""
    along = x * needle.axis[0] + y * needle.axis[1] + z * needle.axis[2]
    return np.sqrt(max(x * x + y * y + z * z - along * along, 0.0)), along


@numba.njit(**PART)
def row_within(needle, j, k, radius, first, last):  # type: ignore[no-untyped-def]
    """First and last + 1 cell of the row (j, k) whose middles lie within a radius of the axis, all in cells."""
    dx, y, z = needle.axis[0], j - needle.tip[1], k - needle.tip[2]
    beside = y * needle.axis[1] + z * needle.axis[2]
    a, b, c = 1.0 - dx * dx, -dx * beside, y * y + z * z - beside * beside - radius * radius
    if a < 1e-9:
        return (first, last) if c <= 0.0 else (first, first)
    root = b * b - a * c
    if root < 0.0:
        return first, first
    root = np.sqrt(root)
    low, high = needle.tip[0] + (-b - root) / a, needle.tip[0] + (-b + root) / a
    return max(first, int(np.floor(low))), min(last, int(np.ceil(high)) + 1)


@numba.njit(**WHOLE)
def fill(needle, table, first, last, field, z0, z1):  # type: ignore[no-untyped-def]
    """Cell means of a field (nz, ny, nx) in planes z0 .. z1; 0 outside of the cells `first` to `last` (x, y, z)."""
    h, offsets = needle.spacing, needle.offsets
    part = 1.0 / offsets.size**3
    reach = table.r_min * np.exp(table.r_step * (table.log_half_square.shape[0] - 1)) / h + 1.0
    for k in range(z0, z1):
        field[k] = 0
        if k < first[2] or k >= last[2]:
            continue
        for j in range(first[1], last[1]):
            i0, i1 = row_within(needle, j, k, reach, first[0], last[0])
            for i in range(i0, i1):
                x, y, z = i - needle.tip[0], j - needle.tip[1], k - needle.tip[2]
                r, along = about_axis(needle, x, y, z)
                if r >= needle.near:
                    field[k, j, i] = half_square(table, r * h, along * h)
                    continue
                mean = 0.0
                for oz in offsets:
                    for oy in offsets:
                        for ox in offsets:
                            r, along = about_axis(needle, x + ox, y + oy, z + oz)
                            mean += half_square(table, r * h, along * h)
                field[k, j, i] = mean * part


@numba.njit(**WHOLE)
def add_antenna(labels, u, field, conductivity, lowest, scale, power, total, z0, z1):  # type: ignore[no-untyped-def]
    """total += power·σ(u)·field in planes z0 .. z1; conductivity (regions, nodes)."""
    nodes = conductivity.shape[1]
    for k in range(z0, z1):
        for j in range(labels.shape[1]):
            for i in range(labels.shape[2]):
                if field[k, j, i] != 0.0:
                    place = (u[k, j, i] - lowest) * scale
                    node = int(min(max(place, 0.0), nodes - 2.0))
                    law = conductivity[labels[k, j, i]]
                    sigma = law[node] + (place - node) * (law[node + 1] - law[node])
                    total[k, j, i] += power * sigma * field[k, j, i]


@numba.njit(**WHOLE)
def heating(labels, total, inverse_heat_capacity, sums, least, greatest, z0, z1):  # type: ignore[no-untyped-def]
    """Sum of a power density over planes z0 .. z1, and the least and greatest rate of u that it brings there."""
    for k in range(z0, z1):
        added, low, high = 0.0, np.inf, -np.inf
        for j in range(labels.shape[1]):
            for i in range(labels.shape[2]):
                density = np.float64(total[k, j, i])
                rate = density * inverse_heat_capacity[labels[k, j, i]]
                added += density
                low, high = min(low, rate), max(high, rate)
        sums[k], least[k], greatest[k] = added, low, high


@numba.njit(**PART)
def add_to_rings(rings, sums, r, along, weight, inside, permittivity, conductivity):  # type: ignore[no-untyped-def]
    """Add a sample to the rings around it; rings: r_min, width, z_first in cells."""
    r_min, width, z_first = rings
    rows, columns = sums.shape[1:]
    if r < r_min and along >= 0.0:
        return
    q, p = max((r - r_min) / width, 0.0), (along - z_first) / width
    column, row = int(np.floor(q)), int(np.floor(p))
    for dj in range(2):
        if row + dj < 0 or row + dj >= rows:
            continue
        for di in range(2):
            if column + di >= columns:
                continue
            part = weight * abs(1 - dj - (p - row)) * abs(1 - di - (q - column))
            if not inside:
                sums[1, row + dj, column + di] += part
                continue
            sums[0, row + dj, column + di] += part
            sums[2, row + dj, column + di] += part * permittivity
            sums[3, row + dj, column + di] += part * conductivity


@numba.njit(**WHOLE)
def look_around(needle, rings, first, last, labels, u, permittivity, conductivity, lowest, scale, part, sums):  # type: ignore[no-untyped-def]
    """Sums (parts, 4, rows, columns) of `Surroundings` over the cells `first` to `last`, one part of them: planes
    part, part + parts, ...; laws (regions, nodes)."""
    nz, ny, nx = labels.shape
    nodes = conductivity.shape[1]
    offsets = needle.offsets
    weight, mine = 1.0 / offsets.size**3, sums[part]
    farthest = rings[0] + sums.shape[3] * rings[1] + 1.0
    for k in range(first[2] + part, last[2], len(sums)):
        for j in range(first[1], last[1]):
            i0, i1 = row_within(needle, j, k, farthest, first[0], last[0])
            for i in range(i0, i1):
                x, y, z = i - needle.tip[0], j - needle.tip[1], k - needle.tip[2]
                r, along = about_axis(needle, x, y, z)
                inside = 0 <= i < nx and 0 <= j < ny and 0 <= k < nz
                epsilon, sigma = 0.0, 0.0
                if inside:
                    place = (u[k, j, i] - lowest) * scale
                    node = int(min(max(place, 0.0), nodes - 2.0))
                    share, region = place - node, labels[k, j, i]
                    epsilon = permittivity[region, node]
                    epsilon += share * (permittivity[region, node + 1] - epsilon)
                    sigma = conductivity[region, node]
                    sigma += share * (conductivity[region, node + 1] - sigma)
                if r >= needle.near:
                    add_to_rings(rings, mine, r, along, 1.0, inside, epsilon, sigma)
                    continue
                for oz in offsets:
                    for oy in offsets:
                        for ox in offsets:
                            r, along = about_axis(needle, x + ox, y + oy, z + oz)
                            add_to_rings(rings, mine, r, along, weight, inside, epsilon, sigma)


def rings_in_cells(rings: Rings, spacing: float) -> NDArray[np.float64]:
    """Rings as the kernels take them."""
    return np.array([rings.r_min, rings.width, rings.z_first]) / spacing
