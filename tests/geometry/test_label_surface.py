"""Surfaces of labels on oblique, anisotropic images against the bodies that they were made from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gpu_ablate.geometry.images import Lattice
from gpu_ablate.geometry.label_surface import label_parts

MM = 1e-3


def lattice(spacing_mm, reach_mm, flip=1.0):
    """Oblique image around the origin that holds all within a reach."""
    axes = Rotation.from_euler("xyz", [20, 10, -15], degrees=True).as_matrix() * spacing_mm * MM
    axes[:, 0] *= flip
    size = np.ceil(2.4 * reach_mm / np.array(spacing_mm)).astype(int) + 2
    return Lattice(tuple(size[::-1].tolist()), -axes @ ((size - 1) / 2), axes)


def ball(image, radius_mm, center_mm=(0.3, 0.2, -0.4)):
    inside = np.zeros(int(np.prod(image.shape)), bool)
    for part, places in image.centres():
        inside[part] = np.linalg.norm(places / MM - center_mm, axis=1) < radius_mm
    return inside.reshape(image.shape)


@pytest.mark.parametrize("flip", [1.0, -1.0])
@pytest.mark.parametrize(
    ("spacing", "rms_mm", "worst_mm"),
    [((1, 1, 1), 0.08, 0.5), ((0.8, 0.8, 2.5), 0.2, 1.25), ((0.8, 0.8, 5), 0.45, 2.5)],
)
def test_a_ball_keeps_its_voxels_volume_and_its_place(spacing, rms_mm, worst_mm, flip):
    """Within a tenth of a voxel's longest side in the mean and half of it at worst: thick slices make no terraces."""
    image = lattice(spacing, 15.0, flip)
    inside = ball(image, 15.0)
    (part,) = label_parts(inside, image)
    assert part.volume() == pytest.approx(inside.sum() * image.voxel_volume, rel=1e-6)
    off = np.linalg.norm(part.points / MM - (0.3, 0.2, -0.4), axis=1) - 15.0
    assert np.sqrt(np.mean(off**2)) < rms_mm
    assert np.abs(off).max() < worst_mm


@pytest.mark.parametrize("cells", [[(3, 3, 3)], [(3, 3, 3), (3, 3, 4)], [(2, 2, 2), (3, 3, 3)]])
def test_the_smallest_parts_keep_their_volume(cells):
    inside = np.zeros((7, 7, 7), bool)
    inside[tuple(np.array(cells).T)] = True
    (part,) = label_parts(inside, Lattice(inside.shape, np.zeros(3), MM * np.eye(3)))
    assert part.volume() == pytest.approx(len(cells) * MM**3, rel=1e-3)
    assert part.points.mean(axis=0) == pytest.approx(np.mean(cells, axis=0)[::-1] * MM, abs=0.1 * MM)


def test_parts_come_apart_the_largest_first_and_touch_the_edge_of_the_image():
    inside = np.zeros((20, 20, 20), bool)
    inside[:4, :4, :4] = inside[10:18, 10:18, 10:18] = True
    parts = label_parts(inside, Lattice(inside.shape, np.zeros(3), MM * np.eye(3)))
    assert [round(part.volume() / MM**3) for part in parts] == [512, 64]
    assert parts[1].bounds()[0] == pytest.approx([-0.5 * MM] * 3, abs=0.2 * MM)
