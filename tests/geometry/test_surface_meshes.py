"""Meshes: only closed, outward ones pass; they hold the right points; smoothing keeps their volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.meshes import contour, read_mesh, smooth, volume

MM = 1e-3


def ball(radius_mm: float = 10.0) -> pv.PolyData:
    """Ball in millimetres, off the origin."""
    return pv.Icosphere(radius=radius_mm, center=(5, -3, 40), nsub=5)


@pytest.mark.parametrize("suffix", [".stl", ".vtp", ".ply", ".obj"])
def test_each_format_comes_in_metres(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ball{suffix}"
    ball().save(path)
    mesh = read_mesh(path)
    assert mesh.volume() == pytest.approx(4 / 3 * np.pi * (10 * MM) ** 3, rel=2e-3)
    np.testing.assert_allclose(mesh.bounds(), np.array([[-5, -13, 30], [15, 7, 50]]) * MM, atol=0.02 * MM)


def test_points_of_a_ball(tmp_path: Path) -> None:
    ball().save(tmp_path / "ball.stl")
    mesh = read_mesh(tmp_path / "ball.stl")
    points = np.random.default_rng(0).uniform([-7, -15, 28], [17, 9, 52], (200_000, 3)) * MM
    distance = np.linalg.norm(points - np.array([5, -3, 40]) * MM, axis=1) - 10 * MM
    clear = np.abs(distance) > 0.15 * MM
    assert np.array_equal(mesh.contains(points)[clear], distance[clear] < 0)


def test_points_of_a_box_with_a_cavity(tmp_path: Path) -> None:
    cavity = pv.Cube(x_length=8, y_length=8, z_length=8).triangulate().flip_faces()
    hollow = pv.Cube(x_length=20, y_length=20, z_length=20).triangulate().merge(cavity)
    hollow.extract_surface(algorithm=None).save(tmp_path / "hollow.stl")
    mesh = read_mesh(tmp_path / "hollow.stl")
    assert mesh.volume() == pytest.approx((20**3 - 8**3) * MM**3, rel=1e-6)
    at = np.array([[0, 0, 0], [3.8, 3.8, 3.8], [4.2, 0, 0], [9.8, -9.8, 9.8], [10.2, 0, 0], [0, 0, -50]]) * MM
    assert mesh.contains(at).tolist() == [False, False, True, True, False, False]


def test_what_cannot_be_used_is_refused_with_its_name(tmp_path: Path) -> None:
    meshes = {
        r"open: 3 of .* edges": pv.PolyData.from_regular_faces(ball().points, ball().regular_faces[1:]),
        "inside-out": ball().flip_faces(),
        "opposite ways": pv.PolyData.from_regular_faces(
            ball().points, np.vstack([ball().regular_faces[:1, ::-1], ball().regular_faces[1:]])
        ),
    }
    cases: dict[str, Path] = {}
    for index, (words, mesh) in enumerate(meshes.items()):
        cases[words] = tmp_path / f"{index}.ply"
        mesh.save(cases[words], recompute_normals=False)
    cases["no triangles"] = tmp_path / "empty.vtp"
    pv.PolyData(np.eye(3)).save(cases["no triangles"])
    cases["not finite"] = tmp_path / "nan.obj"
    cases["not finite"].write_text("v 0 0 0\nv nan 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 1 4 3\n")
    cases["cannot be read"] = tmp_path / "garbage.vtp"
    cases["cannot be read"].write_text("<VTKFile")
    cases["unknown mesh format"] = tmp_path / "ball.3mf"
    cases["unknown mesh format"].write_text("")
    cases["no such mesh"] = tmp_path / "missing.stl"
    for words, path in cases.items():
        with pytest.raises(SceneError, match=words) as caught:
            read_mesh(path)
        assert str(path) in str(caught.value)
        assert "remedy" in str(caught.value)


def test_contour_of_a_linear_field_is_its_plane_and_the_box() -> None:
    k = np.arange(8)[:, None, None]
    field = np.broadcast_to(k, (8, 6, 5)).astype(float)
    spacing, origin = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    points, faces = contour(field, 4.25, spacing, origin)
    # Above the plane z = 30 + 4.25·3, to half a cell beyond the outermost nodes.
    np.testing.assert_allclose(points.min(axis=0), [9.5, 19.0, 42.75], rtol=1e-6)
    np.testing.assert_allclose(points.max(axis=0), [14.5, 31.0, 52.5], rtol=1e-6)
    assert volume(points, faces) > 0
    assert not len(contour(field, 99.0, spacing, origin)[1])


def test_smoothing_takes_noise_off_and_keeps_the_volume() -> None:
    clean = pv.Icosphere(radius=10 * MM, nsub=4)
    faces = clean.regular_faces.astype(np.int32)
    normals = np.asarray(clean.points, float) / (10 * MM)
    rough = clean.points + normals * np.random.default_rng(0).normal(0, 0.1 * MM, (len(normals), 1))
    smoothed = smooth(rough, faces)
    assert volume(smoothed, faces) == pytest.approx(volume(rough, faces), rel=1e-4)
    assert np.linalg.norm(smoothed, axis=1).std() < 0.5 * np.linalg.norm(rough, axis=1).std()
