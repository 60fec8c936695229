"""From where a plan is looked at: patients stand on their feet in its pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.setup import Setup
from gpu_ablate.render.camera import cameras
from gpu_ablate.render.view import View, look_at_plan

SCENE = """
schema_version = 1
[domain]
spacing_mm = 2
min_mm = [-30, -30, -30]
max_mm = [30, 30, 30]
background = "muscle"
[run]
duration_s = 60
[[region]]
name = "lesion"
role = "target"
tissue = "soft_tissue_tumour"
shape = {{ kind = "sphere", center_mm = [0, 0, 0], radius_mm = 8 }}
[[probe]]
name = "1"
device = "cryo_17g"
tip_mm = [0, 0, 0]
shaft_direction = {shaft}
steps = [{{ action = "freeze", duration_s = 60 }}]
"""


def built(folder: Path, shaft: list[float]) -> Setup:
    path = folder / "scene.toml"
    path.write_text(SCENE.format(shaft=shaft))
    return ga.build_case(ga.load_scene(path)).setup


def looked_at(setup: Setup) -> View:
    return look_at_plan(setup, np.full(setup.grid.shape, -1.0, np.float32), [])


@pytest.mark.parametrize("shaft", [[1, 0, 0], [-0.9, 0.3, 0.2], [0, -1, 0], [0.3, 0.9, -0.3]])
def test_without_skin_the_head_is_up(tmp_path: Path, shaft: list[float]) -> None:
    side, above, _ = cameras(looked_at(built(tmp_path, shaft)), (1.0, 1.0, 1.0))
    assert side.up[2] > 0.9
    assert above.towards[2] > 0.9


def test_along_a_needle_from_the_head_the_front_is_up(tmp_path: Path) -> None:
    side, _, _ = cameras(looked_at(built(tmp_path, [0, 0, 1])), (1.0, 1.0, 1.0))
    assert side.up[1] < -0.9
