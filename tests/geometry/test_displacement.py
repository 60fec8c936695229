"""Injected fluid lifts what lies above it by its own thickness and replaces nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.meshes import read_mesh
from gpu_ablate.geometry.shapes import Ellipsoid, HalfSpace, Solid, Sphere
from gpu_ablate.geometry.voxelize import Background, Displace, Painter, PaintSolid, label_volume

MM = 1e-3
AIR, FAT, SKIN, TUMOUR, SALINE = range(5)
UP = (0.0, 0.0, 1.0)
OBLIQUE = (0.3, -0.2, 0.9)
POCKET = Ellipsoid((1 * MM, -1 * MM, -6 * MM), (9 * MM, 8 * MM, 2 * MM))


def body(normal: tuple[float, float, float]) -> Painter:
    """Flat skin of 2 mm at the origin, square to `normal`, over fat with a tumour 5 mm below."""
    deep = tuple(-2 * MM * np.array(normal) / np.linalg.norm(normal))
    fat = PaintSolid(Background(FAT), Sphere((2 * MM, 0.0, -8 * MM), 3 * MM), TUMOUR)
    tilted = HalfSpace(deep, tuple(-np.array(normal)))
    return PaintSolid(PaintSolid(fat, tilted, SKIN), HalfSpace((0.0, 0.0, 0.0), tuple(-np.array(normal))), AIR)


@pytest.mark.parametrize("outward", [UP, OBLIQUE])
def test_each_tissue_keeps_its_volume(outward: tuple[float, float, float]) -> None:
    below = body(outward)
    shape, spacing, origin = (110, 120, 120), 0.25 * MM, (-15 * MM, -15 * MM, -15 * MM)
    before = np.bincount(label_volume(below, shape, spacing, origin).ravel(), minlength=5) * spacing**3
    lifted = label_volume(Displace(below, POCKET, SALINE, outward), shape, spacing, origin)
    after = np.bincount(lifted.ravel(), minlength=5) * spacing**3
    assert after[TUMOUR] == pytest.approx(before[TUMOUR], rel=0.01)
    assert after[SKIN] == pytest.approx(before[SKIN], rel=0.01)
    assert after[FAT] == pytest.approx(before[FAT], rel=0.003)
    assert after[SALINE] == pytest.approx(POCKET.volume(), rel=0.01)
    assert before[AIR] - after[AIR] == pytest.approx(POCKET.volume(), rel=0.05)


@pytest.mark.parametrize("outward", [UP, OBLIQUE])
def test_flat_skin_rises_by_the_local_thickness(outward: tuple[float, float, float]) -> None:
    painter = Displace(body(outward), POCKET, SALINE, outward)
    unit = np.array(outward) / np.linalg.norm(outward)
    axis = np.array(POCKET.center) - np.array(POCKET.center) @ unit * unit
    for shift in (0.0, 3 * MM, 6 * MM, 12 * MM):
        foot = axis + np.cross(unit, [1.0, 0.0, 0.0]) * shift
        # Chord of the ellipsoid on this line: |(foot + s u - c) / r|² = 1.
        a = np.sum((unit / POCKET.radii) ** 2)
        offset = (foot - POCKET.center) / POCKET.radii
        b = 2 * np.sum(offset * unit / POCKET.radii)
        discriminant = b * b - 4 * a * (np.sum(offset**2) - 1)
        chord = np.sqrt(max(discriminant, 0.0)) / a
        s = np.arange(-14 * MM, 8 * MM, 0.01 * MM)
        labels = painter.label_at(foot + s[:, None] * unit)
        assert s[labels == AIR].min() == pytest.approx(chord, abs=0.05 * MM)
        assert np.count_nonzero(labels == SKIN) * 0.01 == pytest.approx(2, abs=0.05)
        assert np.count_nonzero(labels == SALINE) * 0.01 * MM == pytest.approx(chord, abs=0.05 * MM)


@pytest.mark.parametrize("outward", [UP, OBLIQUE])
def test_tissue_moves_as_a_whole_and_none_is_lost(outward: tuple[float, float, float]) -> None:
    """Each point of the body is found again, shifted along `outward` by the layer's thickness where it was above."""
    below = body(outward)
    painter = Displace(below, POCKET, SALINE, outward)
    points = np.random.default_rng(0).uniform(-14 * MM, 4 * MM, (50_000, 3))
    s, entry, thickness = painter.columns.at(points)
    unit = np.array(outward) / np.linalg.norm(outward)
    moved = points + np.where(s >= entry, thickness, 0)[:, None] * unit
    same = painter.label_at(moved) == below.label_at(points)
    assert same.mean() > 0.9999  # rounding decides on the very faces
    assert thickness.max() > 3.5 * MM
    deep = points[:, 2] < -12 * MM
    np.testing.assert_array_equal(moved[deep], points[deep])


def test_a_solid_in_two_parts_lifts_by_their_sum(tmp_path: Path) -> None:
    two = pv.Cube(bounds=(-5, 5, -5, 5, -9, -8)).merge(pv.Cube(bounds=(-5, 5, -5, 5, -5, -3))).triangulate()
    two.extract_surface(algorithm=None).save(tmp_path / "two.stl")
    mesh: Solid = read_mesh(tmp_path / "two.stl")
    painter = Displace(body(UP), mesh, SALINE, UP)
    _, entry, thickness = painter.columns.at(np.array([[0.0, 0.0, 0.0]]))
    assert entry[0] == pytest.approx(-9 * MM, abs=0.1 * MM)
    assert thickness[0] == pytest.approx(3 * MM, abs=0.2 * MM)


def test_an_endless_or_vanishing_layer_is_refused() -> None:
    point = np.zeros((1, 3))
    with pytest.raises(SceneError, match="must have an end"):
        Displace(body(UP), HalfSpace((0.0, 0.0, 0.0), UP), SALINE, UP).label_at(point)
    with pytest.raises(SceneError, match="no direction"):
        Displace(body(UP), POCKET, SALINE, (0.0, 0.0, 0.0)).label_at(point)
    sheet = Ellipsoid((0.0, 0.0, 0.0), (9 * MM, 9 * MM, 1e-12))
    with pytest.raises(SceneError, match="thick"):
        Displace(body(UP), sheet, SALINE, UP).label_at(point)
