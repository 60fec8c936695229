"""The gas outside the body, as against gas enclosed in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label


def outside_air(gas: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Gas cells (nz, ny, nx) with a way through gas to the edge of the box."""
    numbered, _ = label(gas)
    edge: set[int] = set()
    for axis in range(3):
        for index in (0, -1):
            edge |= set(np.unique(np.take(numbered, index, axis=axis)).tolist())
    return np.isin(numbered, list(edge - {0}))
