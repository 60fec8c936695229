"""Meshes as few bytes, for the view in a browser."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.geometry.meshes import Faces
from gpu_ablate.units import MM

STEP_MM = 0.02
"""Positions are multiples of this [mm], coarser where the box has no room for them in 16 bits."""
MOST_POINTS = 2**16 - 1
MARGIN_STEP_MM = 0.01
"""Margins are multiples of this [mm], from -MARGIN_ZERO steps on."""
MARGIN_ZERO = 2**15


@dataclass
class Packer:
    """Collects meshes; equal ones once.

    Each becomes x, y, z of its points, its corners and, if it has them, its margins, each as the differences from one
    number to the next, modulo 2^16. All together lie as low bytes, then high bytes, deflated (zlib).
    """

    _meshes: list[tuple[NDArray[np.float64], Faces, NDArray[np.float64] | None]] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)

    def add(self, points: NDArray[np.floating], faces: Faces, margins: NDArray[np.float64] | None = None) -> int:
        """Number of a mesh: points (n, 3) [m], faces (m, 3), margins (n,) [m]; -1 of an empty one.

        Raises
        ------
        ValueError
            There are more points than 16 bits can number; `geometry.reduce` makes them fewer.
        """
        if not len(faces):
            return -1
        if len(points) > MOST_POINTS:
            raise ValueError(f"{len(points)} points in a mesh; {MOST_POINTS} can be packed")
        key = np.asarray(points, float).tobytes() + faces.tobytes() + (b"" if margins is None else margins.tobytes())
        if key not in self._known:
            self._known[key] = len(self._meshes)
            self._meshes.append((np.asarray(points, float) / MM, faces, margins))
        return self._known[key]

    def pack(self) -> tuple[dict[str, Any], bytes]:
        """How to read the bytes, and the bytes.

        low_mm : corner of the box; step_mm : of the positions; reach_mm : across the box, corner to corner;
        margin_step_mm, margin_zero : margin [mm] is (number - margin_zero) * margin_step_mm;
        meshes : points, triangles and whether margins follow, of each
        """
        every = np.concatenate([points for points, _, _ in self._meshes] or [np.zeros((1, 3))])
        low = every.min(axis=0)
        step = max(STEP_MM, float(np.ptp(every, axis=0).max()) / (MOST_POINTS - 1))
        numbers: list[NDArray[np.int64]] = []
        meshes = []
        for points, faces, margins in self._meshes:
            steps = np.rint((points - low) / step).astype(np.int64)
            numbers += [*steps.T, faces.ravel().astype(np.int64)]
            if margins is not None:
                marked = np.rint(np.nan_to_num(margins, nan=-1.0) / MM / MARGIN_STEP_MM) + MARGIN_ZERO
                numbers.append(np.clip(marked, 0, MOST_POINTS - 1).astype(np.int64))
            meshes.append([len(points), len(faces), int(margins is not None)])
        changes = np.concatenate([np.diff(line, prepend=0) for line in numbers] or [np.zeros(0, np.int64)])
        halves = changes.astype(np.uint16)
        planes = (halves & 255).astype(np.uint8).tobytes() + (halves >> 8).astype(np.uint8).tobytes()
        told = {
            "low_mm": [round(float(value), 6) for value in low],
            "step_mm": step,
            "reach_mm": round(float(np.linalg.norm(np.ptp(every, axis=0))) + 1.0, 3),
            "margin_step_mm": MARGIN_STEP_MM,
            "margin_zero": MARGIN_ZERO,
            "meshes": meshes,
        }
        return told, zlib.compress(planes, 6)
