"""Level sets: a history field as the signed excess over a threshold, and its zero surface below voxel size.

Doses are compared on the logarithm: near the edge of a zone the logarithm of a dose is almost linear in
space, the dose itself is not (0.1-0.2 mm of error at 1 mm voxels).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from gpu_ablate.case.setup import Endpoint, Surface
from gpu_ablate.geometry.meshes import areas, isosurface

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

LOWEST_LOG2 = -40.0
"""Doses below threshold · 2^-40 count as this; no zone's edge is anywhere near."""

TINY = 1e-6
"""Smallest |excess| given to cells outside the body, so that none of them counts as exactly on the edge."""

CELLS_ACROSS = 40
"""A zone is refined until its narrowest side has so many samples: its flat facets then cut off 0.15 %."""

MOST_REFINEMENTS = 3


def excess(values: Field, criterion: Endpoint) -> Field:
    """How far a history lies beyond a threshold: φ ≥ 0 where the criterion is met.

    φ = log2(dose / threshold) for "cem43" and "arrhenius"; T - threshold for "max_temperature";
    threshold - T for "min_temperature" [K]. NaN (a failed run) counts as not met.

    Parameters
    ----------
    values : (nz, ny, nx), the field that `criterion.field` names, in its unit
    """
    if criterion.field.endswith("temperature"):
        distance = np.abs(values - np.float32(criterion.threshold))
    else:
        share = values / np.float32(criterion.threshold)
        distance = np.abs(np.log2(np.maximum(share, np.float32(2.0**LOWEST_LOG2))))
    phi = np.where(criterion.met(values), distance, -distance)
    return np.nan_to_num(phi, nan=LOWEST_LOG2).astype(np.float32, copy=False)


def beyond_body(phi: Field, body: Mask) -> Field:
    """φ of the nearest body cell in every cell outside the body; φ itself inside."""
    if body.all() or not body.any():
        return phi
    nearest = distance_transform_edt(~body, return_distances=False, return_indices=True)
    return phi[tuple(nearest)]


def with_outside(phi: Field, body: Mask, sign: int) -> Field:
    """φ inside the body and ±|φ of the nearest body cell on the other side of 0| outside, so that a zero surface at
    the edge of the body, where there is one, lies on the voxel faces.

    Parameters
    ----------
    sign : -1: outside belongs to what is not killed; +1: to what is not viable
    """
    if body.all():
        return phi
    opposite = body & ((phi >= 0) == (sign < 0))
    outside = sign * np.maximum(np.abs(beyond_body(phi, opposite)), np.float32(TINY))
    return np.where(body, phi, outside).astype(np.float32, copy=False)


def refine(phi: Field, times: int) -> Field:
    """Halve the spacing of samples, `times` times: (n) → (2n - 1) along each axis.

    The new sample is the cubic through its four neighbours, (-1, 9, 9, -1)/16 (Deslauriers & Dubuc 1989,
    Constr Approx 5:49); but the mean of two at the ends, between a sample and its opposite (the edge of the
    body, see `with_outside`), and where the cubic would change sign between two samples of the same sign.
    """
    for _ in range(times):
        for axis in range(3):
            shape = list(phi.shape)
            shape[axis] = 2 * shape[axis] - 1
            fine = np.empty(shape, np.float32)
            a, between = np.moveaxis(phi, axis, 0), np.moveaxis(fine, axis, 0)
            between[0::2] = a
            mean = np.float32(0.5) * (a[:-1] + a[1:])
            middle = mean.copy(order="K")
            middle[1:-1] += (mean[1:-1] - np.float32(0.5) * (a[:-3] + a[3:])) / np.float32(8.0)
            above = a >= 0
            swapped = (above[:-1] == above[1:]) & ((middle >= 0) != above[:-1])
            np.copyto(middle, mean, where=swapped | (a[:-1] == -a[1:]))
            between[1::2] = middle
            phi = fine
    return phi


def zero_surface(phi: Field, spacing: float, first: tuple[float, float, float]) -> Surface:
    """Triangles of φ = 0 with φ linear along the edges between samples, facing φ < 0.

    Parameters
    ----------
    spacing : between samples [m]
    first : (x, y, z) of the first sample [m]
    """
    points, faces = isosurface(phi, 0.0)
    return Surface((points * spacing + first).astype(np.float32), faces)


EMPTY = Surface(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
"""The surface of nothing."""


def vertex_areas(surface: Surface) -> NDArray[np.float64]:
    """Share of the surface that belongs to each point (n,) [m²]: a third of each triangle around it."""
    thirds = np.repeat(areas(surface.points, surface.faces) / 3.0, 3)
    return np.asarray(np.bincount(surface.faces.ravel(), thirds, len(surface.points)), np.float64)
