"""Closed surfaces as voxels that keep their volume and their middle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from gpu_ablate.geometry.images import CHUNK, Lattice
from gpu_ablate.geometry.meshes import centroid, volume

Inside = Callable[[NDArray[np.float64]], NDArray[np.float64]]

LEAST_SAMPLES, MOST_SAMPLES = 4, 8
"""Samples of a voxel along each of its axes."""

MOVES = 20
"""Rounds in which voxels at the edge are exchanged until the middle fits."""

PARTED = 0.25
"""Voxels whose share is nearer to a half than this tell how a tilt of the shares moves the middle."""

NEAR_ENOUGH_M = 1e-6
"""The middle of a mask fits if it is so near to that of the surface [m]."""


@dataclass(frozen=True, eq=False)
class Voxelised:
    """A solid on the voxels of an image.

    mask : (nz, ny, nx)
    whole : whether all of the solid lies in the image; only then volume and middle are those of its surface
    """

    mask: NDArray[np.bool_]
    whole: bool


def solid_on(
    inside: Inside, points: NDArray[np.floating], faces: NDArray[np.int32], step: float, lattice: Lattice
) -> Voxelised:
    """The voxels of an image that stand for a solid.

    Of every voxel near the surface it is found by samples what share lies in the solid; the N voxels with the largest
    shares are taken, N = volume / voxel volume. Then those about half inside are exchanged, by a share that falls off
    slightly across the solid, until the mask's middle is that of the surface.

    Parameters
    ----------
    inside : number at points (n, 3) [m], ≥ 0 in the solid, continuous where it can be
    points, faces : its closed surface [m]
    step : the finest detail of `inside` [m]
    """
    mask = np.zeros(lattice.shape, bool)
    lower, upper = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    index = lattice.indices(points.astype(float))
    whole = bool(((index >= -0.5) & (index <= lattice.size - 0.5)).all())
    part = lattice.overlap(lower - step, upper + step)
    crop = lattice.cut(part)
    if 0 in crop.shape:
        return Voxelised(mask, whole)
    centre = np.concatenate([inside(spots) for _, spots in crop.centres()]).reshape(crop.shape)
    band = _near_edge(centre >= 0, crop, points.astype(float))
    share = (centre >= 0).astype(float)
    share[band] = _shares(inside, crop, np.argwhere(band)[:, ::-1], step)
    scale = np.abs(centre[band]).mean() if band.any() else 1.0
    share += 1e-4 * np.tanh(centre / (scale or 1.0))  # where shares are equal, the voxel whose middle lies deeper
    if whole:
        size = abs(volume(points, faces))
        mask[part] = _balanced(share, band, crop, round(size / lattice.voxel_volume), centroid(points, faces))
    else:
        mask[part] = share >= 0.5
    return Voxelised(mask, whole)


def _near_edge(inside: NDArray[np.bool_], lattice: Lattice, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Voxels that the surface may run through: beside a change of sign, or near a point of it."""
    everywhere = np.ones((3, 3, 3), bool)
    touched = np.zeros(lattice.shape, bool)
    index = np.rint(lattice.indices(points)).astype(int)
    x, y, z = index[((index >= 0) & (index < lattice.size)).all(axis=1)].T
    touched[z, y, x] = True
    grown = binary_dilation(inside, everywhere) & ~binary_erosion(inside, everywhere, border_value=1)
    return np.asarray(grown | binary_dilation(touched, everywhere))


def _shares(inside: Inside, lattice: Lattice, index: NDArray[np.intp], step: float) -> NDArray[np.float64]:
    """Share of each voxel (n, 3) xyz that lies in the solid, from samples at even distances."""
    edges = np.linalg.norm(lattice.axes, axis=0)
    counts = np.clip(np.ceil(edges / step).astype(int), LEAST_SAMPLES, MOST_SAMPLES)
    ticks = [(np.arange(count) + 0.5) / count - 0.5 for count in counts]
    offsets = np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1).reshape(-1, 3)
    moves = offsets @ lattice.axes.T
    at_once = max(1, CHUNK // len(offsets))
    shares = np.empty(len(index))
    for first in range(0, len(index), at_once):
        some = index[first : first + at_once]
        spots = (lattice.points(some)[:, None, :] + moves[None, :, :]).reshape(-1, 3)
        shares[first : first + at_once] = (inside(spots) >= 0).reshape(len(some), -1).mean(axis=1)
    return shares


def _balanced(
    share: NDArray[np.float64], band: NDArray[np.bool_], lattice: Lattice, count: int, goal: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """`count` voxels of the largest share, tilted so that their centroid is the goal [m], as nearly as voxels can.

    A tilt g of the share moves N times the centroid by n Cov(x) g, with the n voxels whose shares are about a half, for
    each unit over which these are spread, and their places x.
    """
    mask = np.zeros(share.size, bool)
    edge = np.flatnonzero(band)
    sure = np.flatnonzero(~band.ravel() & (share.ravel() >= 0.5))
    wanted = min(max(count - len(sure), 0), len(edge))
    mask[sure] = True
    if not wanted:
        return mask.reshape(share.shape)
    k, j, i = np.unravel_index(edge, share.shape)
    spots = lattice.points(np.column_stack([i, j, k])) - goal
    k, j, i = np.unravel_index(sure, share.shape)
    settled = (lattice.points(np.column_stack([i, j, k])) - goal).sum(axis=0)
    parted = spots[np.abs(share.ravel()[edge] - 0.5) < PARTED]
    response = len(parted) * np.cov(parted.T) / (2 * PARTED) if len(parted) > 3 else np.eye(3)

    def tilted(tilt: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Voxels at the edge that are taken, and how far all voxels together lie off the goal [m]."""
        order = np.argsort(-(share.ravel()[edge] + spots @ tilt), kind="stable")[:wanted]
        return edge[order], settled + spots[order].sum(axis=0)

    tilt, step = np.zeros(3), 1.0
    chosen, off = tilted(tilt)
    for _ in range(MOVES):
        if np.linalg.norm(off) <= NEAR_ENOUGH_M * count:
            break
        trial = tilt - step * np.linalg.lstsq(response, off, rcond=1e-6)[0]
        found, left = tilted(trial)
        if np.linalg.norm(left) < np.linalg.norm(off):
            tilt, chosen, off = trial, found, left
        else:
            step /= 2
    mask[chosen] = True
    return mask.reshape(share.shape)
