"""Lines that leave the tissue: which margins run across fluid or gas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.case.setup import Setup

Points = NDArray[np.float64]

STEP = 0.25
"""Between two samples of the longest line, in voxels; shorter lines have as many."""

DEEP = 0.75
"""Share of fluid and gas, trilinear between cell centres, that counts as in them: a quarter of a voxel behind a
flat face, so that lines along such a face stay outside."""


def regions_across(setup: Setup, starts: Points, ends: Points) -> NDArray[np.intp]:
    """Label (n,) of the fluid or gas through which each line runs the longest; -1 where through none.

    Parameters
    ----------
    starts, ends : of the lines, (n, 3) xyz [m]; a line with NaN runs through none
    """
    labels = np.array([i for i, region in enumerate(setup.regions) if region.phase != "body"], np.intp)
    no_tissue = np.isin(setup.labels, labels)
    if not no_tissue.any() or np.isnan(ends).all():
        return np.full(len(starts), -1)
    grid = setup.grid
    first = (starts - np.asarray(grid.origin)) / grid.spacing
    way = np.nan_to_num((ends - starts) / grid.spacing)
    count = int(np.ceil(np.linalg.norm(way, axis=1).max() / STEP)) + 1
    share = no_tissue.astype(np.float32)
    samples = np.zeros((len(starts), len(labels)), np.intp)
    for place in (np.arange(count) + 0.5) / count:
        index = (first + place * way)[:, ::-1]
        cell = np.clip(index.astype(np.intp), 0, np.array(grid.shape) - 1)
        label = setup.labels[tuple(cell.T)]
        candidates = np.flatnonzero(np.isin(label, labels))
        inside = map_coordinates(share, index[candidates].T - 0.5, order=1, mode="nearest", prefilter=False)
        deep = candidates[inside >= DEEP]
        samples[deep, np.searchsorted(labels, label[deep])] += 1
    return np.where(samples.any(axis=1), labels[samples.argmax(axis=1)], -1)
