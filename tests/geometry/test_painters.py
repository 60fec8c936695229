"""Painters, label volumes, surfaces and outward directions obey the geometry they were given."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import read_labels
from gpu_ablate.geometry.images import LabelImage, Lattice
from gpu_ablate.geometry.meshes import volume
from gpu_ablate.geometry.shapes import Box, HalfSpace, Sphere
from gpu_ablate.geometry.voxelize import (
    Background,
    PaintImage,
    PaintSolid,
    label_volume,
    outward_direction,
    surface,
)
from gpu_ablate.paths import data_dir

MM = 1e-3


def assert_closed(faces: np.ndarray) -> None:
    """Every edge is run through once in each direction."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    one, one_count = np.unique(edges, axis=0, return_counts=True)
    other, other_count = np.unique(edges[:, ::-1], axis=0, return_counts=True)
    assert np.array_equal(one, other)
    assert np.array_equal(one_count, other_count)


def test_later_solids_win_and_cells_are_sampled_at_their_centres() -> None:
    ball, slab = Sphere((0.0, 0.0, 0.0), 5 * MM), HalfSpace((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    painter = PaintSolid(PaintSolid(Background(7), ball, 1), slab, 2)
    labels = label_volume(painter, (10, 12, 14), 1 * MM, (-7 * MM, -6 * MM, -5 * MM))
    z, y, x = np.meshgrid(*(np.arange(n) - n / 2 + 0.5 for n in (10, 12, 14)), indexing="ij")
    expected = np.where(z <= 0, 2, np.where(x**2 + y**2 + z**2 <= 25, 1, 7))
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, expected)


def test_an_image_paints_its_values_and_what_is_outside() -> None:
    image = LabelImage(np.array([[[3, 9]]]), Lattice((1, 1, 2), np.array([0.5, 0.5, 0.5]) * MM, np.eye(3) * MM))
    painter = PaintImage(Background(0), image, {3: 1, 9: 2}, outside=5)
    assert label_volume(painter, (1, 1, 4), 1 * MM, (-1 * MM, 0.0, 0.0)).tolist() == [[[5, 1, 2, 5]]]
    below = PaintImage(Background(4), image, {3: 1, 9: 2}, outside=None)
    assert label_volume(below, (1, 1, 4), 1 * MM, (-1 * MM, 0.0, 0.0)).tolist() == [[[4, 1, 2, 4]]]
    with pytest.raises(SceneError, match=r"\[9\]"):
        PaintImage(Background(0), image, {3: 1}, outside=5)


@pytest.mark.parametrize("center_mm", [(0, 0, 0), (0.375, 0.375, 0.375), (0.1, -0.2, 0.3)])
def test_surface_of_a_ball(center_mm: tuple[float, float, float]) -> None:
    center = tuple(c * MM for c in center_mm)
    painter = PaintSolid(Background(0), Sphere(center, 8 * MM), 1)
    box = 10.5 * MM
    points, faces = surface(painter, {1}, (-box, -box, -box), (box, box, box), 0.75 * MM)
    assert points.dtype == np.float32
    assert faces.dtype == np.int32
    assert_closed(faces)
    assert volume(points, faces) == pytest.approx(4 / 3 * np.pi * (8 * MM) ** 3, rel=0.005)
    off = np.linalg.norm(points - center, axis=1) - 8 * MM
    assert np.abs(off).max() < 0.1 * MM
    assert off.std() < 0.03 * MM


def test_surface_of_a_union_has_no_inner_wall() -> None:
    lower, upper = (-6 * MM, -6 * MM, -6 * MM), (6 * MM, 6 * MM, 6 * MM)
    ball = PaintSolid(Background(0), Sphere((0.0, 0.0, 0.0), 5 * MM), 1)
    split = PaintSolid(ball, Sphere((2 * MM, 0.0, 0.0), 2 * MM), 2)
    one, other = surface(ball, {1}, lower, upper, 0.5 * MM), surface(split, {1, 2}, lower, upper, 0.5 * MM)
    assert np.array_equal(one[1], other[1])
    assert np.array_equal(one[0], other[0])


def test_surface_ends_flat_at_the_box() -> None:
    painter = PaintSolid(Background(0), HalfSpace((0.0, 0.0, 0.3 * MM), (0.0, 0.0, 1.0)), 1)
    lower, upper = (-5 * MM, -4 * MM, -3 * MM), (5 * MM, 4 * MM, 3 * MM)
    points, faces = surface(painter, {1}, lower, upper, 0.5 * MM)
    assert_closed(faces)
    assert volume(points, faces) == pytest.approx(10 * 8 * 3.3 * MM**3, rel=0.005)
    np.testing.assert_allclose(points.min(axis=0), lower, atol=1e-8)
    np.testing.assert_allclose(points.max(axis=0), (5 * MM, 4 * MM, 0.3 * MM), atol=0.05 * MM)
    within = (np.abs(points[:, 0]) < 4 * MM) & (np.abs(points[:, 1]) < 3 * MM) & (points[:, 2] > -2 * MM)
    np.testing.assert_allclose(points[within, 2], 0.3 * MM, atol=0.05 * MM)


def test_surface_of_everything_is_the_box_and_of_nothing_is_empty() -> None:
    lower, upper = (0.0, 0.0, 0.0), (4 * MM, 5 * MM, 6 * MM)
    points, faces = surface(Background(3), {3}, lower, upper, 1 * MM)
    assert_closed(faces)
    assert volume(points, faces) == pytest.approx(4 * 5 * 6 * MM**3, rel=1e-5)
    np.testing.assert_allclose((points.min(axis=0), points.max(axis=0)), (lower, upper), atol=1e-8)
    points, faces = surface(Background(3), {1}, lower, upper, 1 * MM)
    assert points.shape == (0, 3)
    assert faces.shape == (0, 3)


def test_surfaces_of_the_shipped_breast_are_closed_and_hold_its_voxels() -> None:
    image = read_labels(data_dir("scenes") / "data" / "breast_digibreast" / "labels_0p5mm.nii.gz")
    painter = PaintImage(Background(0), image, {0: 0, 1: 1, 2: 2, 3: 3}, outside=0)
    lower, upper = (120 * MM, 30 * MM, -5 * MM), (150 * MM, 60 * MM, 35 * MM)
    labels = label_volume(painter, (80, 60, 60), 0.5 * MM, lower)
    for wanted, tolerance in (({1, 2, 3}, 0.003), ({3}, 0.02), ({2}, 0.02)):
        points, faces = surface(painter, wanted, lower, upper, 1 * MM)
        assert_closed(faces)
        voxels = np.isin(labels, list(wanted)).sum() * (0.5 * MM) ** 3
        assert volume(points, faces) == pytest.approx(voxels, rel=tolerance)


@pytest.mark.parametrize("tilt_degrees", [0, 1, 2, 5, 20, 45])
@pytest.mark.parametrize("heading_degrees", [0, 30])
def test_outward_direction_is_square_to_a_flat_skin(tilt_degrees: float, heading_degrees: float) -> None:
    tilt, heading = np.radians(tilt_degrees), np.radians(heading_degrees)
    normal = np.array([np.sin(tilt) * np.cos(heading), np.sin(tilt) * np.sin(heading), np.cos(tilt)])
    body = PaintSolid(Background(0), HalfSpace((0.0, 0.0, 0.3 * MM), tuple(normal)), 1)
    gas = label_volume(body, (60, 80, 80), 1 * MM, (-40 * MM, -40 * MM, -30 * MM)) == 0
    for depth in (2 * MM, 12 * MM):
        found = outward_direction(gas, 1 * MM, (-40 * MM, -40 * MM, -30 * MM), tuple(-depth * normal))
        assert np.linalg.norm(found) == pytest.approx(1)
        assert np.degrees(np.arccos(min(1.0, found @ normal))) < 2


def test_outward_direction_in_a_ball_is_radial() -> None:
    body = PaintSolid(Background(0), Sphere((0.0, 0.0, 0.0), 30 * MM), 1)
    gas = label_volume(body, (70, 70, 70), 1 * MM, (-35 * MM, -35 * MM, -35 * MM)) == 0
    rng = np.random.default_rng(0)
    for radial in rng.normal(size=(20, 3)):
        radial /= np.linalg.norm(radial)
        point = tuple(rng.uniform(15, 28) * MM * radial)
        found = outward_direction(gas, 1 * MM, (-35 * MM, -35 * MM, -35 * MM), point)
        assert np.degrees(np.arccos(min(1.0, found @ radial))) < 5


def test_outward_direction_in_a_slab_takes_the_nearer_side() -> None:
    body = PaintSolid(Background(0), Box((-1.0, -1.0, -15 * MM), (1.0, 1.0, 15 * MM)), 1)
    origin = (-20 * MM, -20 * MM, -20 * MM)
    gas = label_volume(body, (40, 40, 40), 1 * MM, origin) == 0
    for z in (0.6 * MM, -0.6 * MM):
        found = outward_direction(gas, 1 * MM, origin, (0.0, 0.0, z))
        np.testing.assert_allclose(found, [0, 0, np.sign(z)], atol=1e-9)


def test_outward_direction_needs_gas() -> None:
    with pytest.raises(SceneError, match="no gas"):
        outward_direction(np.zeros((4, 4, 4), bool), 1 * MM, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def test_a_solid_within_others_is_their_common_part_and_surfaces_follow() -> None:
    """A patch of skin is where the skin and a ball lie both; what is not skin keeps its label."""
    skin = PaintSolid(Background(0), Box((-9 * MM, -9 * MM, -2 * MM), (9 * MM, 9 * MM, 2 * MM)), 1)
    ball = Sphere((0.0, 0.0, 0.0), 6 * MM)
    patch = PaintSolid(skin, ball, 2, within=frozenset({1}))
    shape, spacing, origin = (40, 50, 50), 0.5 * MM, (-12.5 * MM, -12.5 * MM, -10 * MM)
    before, after = (label_volume(painter, shape, spacing, origin) for painter in (skin, patch))
    inside = label_volume(PaintSolid(Background(0), ball, 1), shape, spacing, origin) == 1
    assert np.array_equal(after == 2, inside & (before == 1))
    assert np.array_equal(after[after != 2], before[after != 2])
    points, faces = surface(patch, {2}, origin, (12.5 * MM, 12.5 * MM, 10 * MM), 0.5 * MM)
    assert_closed(faces)
    slab = np.pi * (2 * 6**2 * 2 - 2 * 2**3 / 3) * MM**3  # ∫ π (R² - z²) dz from -2 to 2 mm
    assert volume(points, faces) == pytest.approx(slab, rel=0.01)
