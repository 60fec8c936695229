"""What is to be killed: its points, its size, and where it must not lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label as connected

from gpu_ablate.case.setup import Surface
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.meshes import Mesh
from gpu_ablate.outcome.cold_load import longest_mm
from gpu_ablate.planning.labels import Label
from gpu_ablate.planning.names import FALLBACK
from gpu_ablate.units import MM

Points = NDArray[np.float64]
Inside = Callable[[Points], NDArray[np.bool_]]
"""Whether points (n, 3) [m] lie in a target."""

MOST_POINTS = 20_000
"""Of a target, thinned evenly."""

SMALLEST = 1e-3
"""A mesh that is smaller in all directions is taken for one in metres [m]."""

OUTSIDE_BODY = 0.5
"""A target of which more than this lies in air is refused; chosen here."""


@dataclass(frozen=True)
class Target:
    """What is to be killed.

    name : of its region; file : its mesh, None where it is a label
    points : (n, 3) evenly in it [m]
    longest : greatest distance in it [m]
    parts : how many pieces it has; the points are those of the largest
    """

    name: str
    tissue: str
    file: Path | None
    points: Points
    longest: float
    parts: int

    @cached_property
    def middle(self) -> Points:
        """Middle of its mass, xyz [m]."""
        return np.asarray(self.points.mean(axis=0))

    @cached_property
    def axis(self) -> Points:
        """Unit vector along its longest extent."""
        return np.asarray(np.linalg.eigh(np.cov((self.points - self.middle).T))[1][:, -1])

    @cached_property
    def slender(self) -> bool:
        """Whether it has a long axis to speak of: a fifth longer than wide."""
        sizes = np.sqrt(np.linalg.eigvalsh(np.cov((self.points - self.middle).T)))
        return bool(sizes[-1] > 1.2 * sizes[-2])

    def span(self, direction: Points) -> tuple[float, float]:
        """Its least and greatest place along a unit vector, from its middle [m]."""
        along = (self.points - self.middle) @ direction
        return float(along.min()), float(along.max())


def from_label(image: LabelImage, chosen: Label) -> tuple[Inside, Target]:
    """The target that is a label: its largest piece."""
    voxels = image.values == chosen.value
    numbered, parts = connected(voxels, np.ones((3, 3, 3)))
    if parts > 1:
        voxels = numbered == 1 + int(np.argmax(np.bincount(numbered.ravel())[1:]))
    index = np.argwhere(voxels)[:, ::-1]
    points = image.lattice.points(index[:: max(1, len(index) // MOST_POINTS)])
    longest = _longest(points) + float(np.linalg.norm(image.lattice.axes, axis=0).mean())

    def inside(places: Points) -> NDArray[np.bool_]:
        values, within = image.sample(places)
        return np.asarray((values == chosen.value) & within)

    return inside, Target(chosen.name, FALLBACK, None, points, longest, parts)


def from_mesh(path: Path, mesh: Mesh, file: Path, image: LabelImage, labels: list[Label]) -> tuple[Inside, Target]:
    """The target that is a mesh.

    Raises
    ------
    SceneError
        It does not meet the image, or lies mostly in air.
    """
    low, high = mesh.bounds()
    step = max(0.5 * MM, float(np.prod(high - low) / MOST_POINTS) ** (1 / 3))
    axes = [np.arange(a + 0.5 * step, b, step) for a, b in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = places[mesh.contains(places)]
    if not len(points):
        points = mesh.points
    values, within = image.sample(points)
    if np.ptp(mesh.points, axis=0).max() < SMALLEST:
        size = 1e3 * float(np.ptp(mesh.points, axis=0).max())
        raise SceneError(
            f"--tumour {path}: is {size:.2g} mm large; its numbers look like metres\n  remedy: export it in millimetres"
        )
    if not within.any():
        raise SceneError(
            f"--tumour {path}: does not meet the image {file}: the mesh lies within {_box(low, high)}, the image "
            f"within {_box(*image.lattice.bounds())}\n  remedy: export both in one frame (LPS millimetres)"
        )
    air = np.isin(values, [label.value for label in labels if label.means.tissue == "air"]) | ~within
    if air.mean() > OUTSIDE_BODY:
        raise SceneError(
            f"--tumour {path}: lies outside the body: {100 * air.mean():.0f} % of it is in air or beyond the image "
            f"{file}\n  remedy: check the mesh's frame (LPS millimetres), and which label is air (--names)"
        )
    taken = {label.name for label in labels} | {label.means.tissue for label in labels}
    name = next(name for name in ("tumour", "tumour of the mesh", "target lesion") if name not in taken)
    return mesh.contains, Target(name, FALLBACK, path, points, _longest(mesh.points), 1)


def _longest(points: Points) -> float:
    return longest_mm(Surface(points.astype(np.float32), np.zeros((0, 3), np.int32))) * MM


def _box(low: Points, high: Points) -> str:
    return " to ".join(f"({', '.join(f'{value / MM:.0f}' for value in corner)})" for corner in (low, high)) + " mm"
