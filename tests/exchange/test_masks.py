"""Solids as voxels keep their volume and middle, on oblique and anisotropic images too."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gpu_ablate.case.grid import Grid
from gpu_ablate.exchange.masks import Inside, solid_on
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.geometry.meshes import centroid, contour, volume

MIDDLE = np.array([0.31e-3, -0.17e-3, 0.42e-3])
IMAGES = {
    "oblique, thick slices": (Rotation.from_euler("xy", [23, -17], degrees=True).as_matrix(), (0.8, 0.8, 2.5)),
    "oblique, thicker slices": (Rotation.from_euler("zx", [40, 11], degrees=True).as_matrix(), (0.98, 0.98, 5.0)),
    "fine": (Rotation.from_euler("xyz", [10, 20, 30], degrees=True).as_matrix(), (0.5, 0.6, 1.0)),
    "straight": (np.eye(3), (1.0, 1.0, 1.0)),
    "mirrored": (np.diag([-1.0, 1.0, 1.0]), (0.9, 0.9, 3.0)),
}
SOLIDS = {"ball of 30 mm": (15.0, 15.0, 15.0), "ellipsoid": (12.0, 15.0, 9.0), "small ellipsoid": (7.0, 6.0, 8.0)}


def lattice_of(name: str, span_mm: float = 44.0) -> Lattice:
    turn, spacing_mm = IMAGES[name]
    axes = turn * np.array(spacing_mm) * 1e-3
    counts = np.ceil(span_mm / np.array(spacing_mm)).astype(int)
    origin = MIDDLE + np.array([0.23e-3, 0.11e-3, -0.37e-3]) - axes @ ((counts - 1) / 2)
    nx, ny, nz = (int(count) for count in counts)
    return Lattice((nz, ny, nx), origin, axes)


def solid(radii_mm: tuple[float, ...], h: float = 0.5e-3) -> tuple[Inside, NDArray[np.float64], NDArray[np.int32]]:
    """What is inside, and the surface of an ellipsoid."""
    radii = np.array(radii_mm) * 1e-3

    def inside(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1.0 - np.linalg.norm((points - MIDDLE) / radii, axis=1)

    half = np.ceil(radii.max() / h) + 2
    grid = Grid((int(2 * half),) * 3, h, tuple(-half * h for _ in range(3)))
    field = inside(grid.centres()).reshape(grid.shape)
    points, faces = contour(field, 0.0, np.full(3, h), np.array(grid.origin) + h / 2)
    return inside, points, faces


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("name", SOLIDS)
def test_volume_and_middle_are_kept(name: str, image: str) -> None:
    """Volume within 0.1 % of the surface's, or half a voxel where that is more; middle within 0.05 mm of the truth."""
    inside, points, faces = solid(SOLIDS[name])
    lattice = lattice_of(image)
    made = solid_on(inside, points, faces, 0.5e-3, lattice)
    assert made.whole
    true = volume(points, faces)
    size = made.mask.sum() * lattice.voxel_volume
    assert abs(size - true) <= max(1e-3 * true, 0.5001 * lattice.voxel_volume)
    centre = lattice.points(np.argwhere(made.mask)[:, ::-1]).mean(axis=0)
    assert np.linalg.norm(centre - MIDDLE) < 0.05e-3


@pytest.mark.parametrize("image", IMAGES)
def test_it_is_the_solid_itself_and_not_another_of_its_size(image: str) -> None:
    """Voxels that lie wholly inside are all taken, those wholly outside never."""
    inside, points, faces = solid(SOLIDS["ball of 30 mm"])
    lattice = lattice_of(image)
    made = solid_on(inside, points, faces, 0.5e-3, lattice).mask
    places = np.concatenate([part for _, part in lattice.centres()])
    depth = (15e-3 - np.linalg.norm(places - MIDDLE, axis=1)).reshape(lattice.shape)
    reach = 0.5 * np.linalg.norm(np.abs(lattice.axes).sum(axis=1))
    assert made[depth > reach].all()
    assert not made[depth < -reach].any()


def test_a_part_beyond_the_image_is_said() -> None:
    inside, points, faces = solid(SOLIDS["ball of 30 mm"])
    lattice = lattice_of("straight", span_mm=20.0)
    made = solid_on(inside, points, faces, 0.5e-3, lattice)
    assert not made.whole
    places = np.concatenate([part for _, part in lattice.centres()])
    depth = inside(places)
    certain = np.abs(depth) > 0.02
    np.testing.assert_array_equal(made.mask.ravel()[certain], depth[certain] >= 0)


def test_a_solid_elsewhere_leaves_the_image_empty() -> None:
    inside, points, faces = solid(SOLIDS["small ellipsoid"])
    away = Lattice((4, 5, 6), np.array([1.0, 1.0, 1.0]), np.eye(3) * 1e-3)
    made = solid_on(inside, points, faces, 0.5e-3, away)
    assert not made.whole
    assert not made.mask.any()


def test_the_middle_of_a_mesh_is_that_of_its_solid() -> None:
    _, points, faces = solid(SOLIDS["ellipsoid"])
    np.testing.assert_allclose(centroid(points + 0.3, faces), MIDDLE + 0.3, atol=2e-6)
    assert volume(points, faces) > 0
