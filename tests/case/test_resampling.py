"""What the grid makes of the labels of an image is told by volume, whatever the image's axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_dicom import OBLIQUE

import gpu_ablate as ga
from gpu_ablate.geometry.image_files import write_image
from gpu_ablate.geometry.images import Lattice

SCENE = """
schema_version = 1
[domain]
spacing_mm = {spacing}
min_mm = [-15, -15, -15]
max_mm = [15, 15, 15]
[initial]
temperature_c = 45
[anatomy]
image = "labels.nrrd"
outside = "muscle"
[anatomy.labels]
0 = "muscle"
1 = "liver"
2 = {{ tissue = "blood", role = "vessel", name = "vein" }}
[run]
duration_s = 1
"""
AXES = {"straight": np.eye(3), "flipped": np.diag([-1.0, 1, -1]), "oblique": OBLIQUE}


def shapes(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether points (..., 3) [mm] lie in a ball of 9 mm, and in a bent vein of 1.4 mm through it and beyond."""
    bent = np.stack([0 * at[..., 0], 3 * np.sin(at[..., 0] / 4), 3 * np.cos(at[..., 0] / 4)], axis=-1)
    return np.linalg.norm(at, axis=-1) < 9, np.hypot(*np.moveaxis(at - bent, -1, 0)[1:]) < 0.7


def write_labels(folder: Path, axes: np.ndarray) -> None:
    """Liver and vein in voxels of 0.5 mm along some axes, an image far larger than the box."""
    n, step = 110, 0.5
    at = (np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1)[..., ::-1] - (n - 1) / 2) * step @ axes.T
    ball, vein = shapes(at)
    lattice = Lattice((n, n, n), -(n - 1) / 2 * step * 1e-3 * axes.sum(axis=1), axes * step * 1e-3)
    write_image(folder / "labels.nrrd", np.where(vein, 2, ball).astype(np.uint8), lattice)


@pytest.mark.parametrize("kind", AXES)
def test_volumes_before_and_after_are_those_of_the_shapes(tmp_path: Path, kind: str) -> None:
    write_labels(tmp_path, AXES[kind])
    (tmp_path / "scene.toml").write_text(SCENE.format(spacing=1.5))
    setup = ga.build_case(ga.load_scene(tmp_path / "scene.toml")).setup
    told = {each.region: each for each in setup.resampled}
    vein = told["vein"]
    places = (np.stack(np.meshgrid(*[np.arange(120)] * 3, indexing="ij"), axis=-1) + 0.5) * 0.25 - 15  # in the box
    ball, tube = shapes(places)
    assert vein.before == pytest.approx(tube.sum() * 0.25**3 * 1e-9, rel=0.03)
    assert told["liver"].before == pytest.approx((ball & ~tube).sum() * 0.25**3 * 1e-9, rel=0.01)
    assert told["liver"].after == pytest.approx(told["liver"].before, rel=0.05)
    assert vein.added > 0
    assert vein.after == pytest.approx(setup.mask("vessel").sum() * 1.5**3 * 1e-9)
    assert any("vein" in note and "stays whole" in note for note in setup.notes)


def test_a_grid_as_fine_as_the_image_changes_nothing(tmp_path: Path) -> None:
    write_labels(tmp_path, np.eye(3))
    (tmp_path / "scene.toml").write_text(SCENE.format(spacing=0.5))
    setup = ga.build_case(ga.load_scene(tmp_path / "scene.toml")).setup
    for each in setup.resampled:
        assert (each.after, each.added) == (pytest.approx(each.before, rel=1e-9), 0)
