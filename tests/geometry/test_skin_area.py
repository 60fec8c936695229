"""The area of skin is the true one, not the staircase's: of what exchanges heat, and of what the outcome counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.case import Case
from gpu_ablate.geometry.meshes import area
from gpu_ablate.outcome.outer import outer_surface

BODY = """
schema_version = 1
[domain]
spacing_mm = {spacing}
min_mm = [-20, -20, -20]
max_mm = [20, 20, 20]
background = "air"
[boundary]
default = "insulated"
[[region]]
name = "limb"
tissue = "muscle"
shape = {shape}
[run]
duration_s = 1
"""


def areas_mm2(folder: Path, shape: str, spacing: float) -> tuple[float, float]:
    """Area that exchanges heat with the air, and of the outer surface [mm²]."""
    path = folder / "limb.toml"
    path.write_text(BODY.format(shape=shape, spacing=spacing), encoding="utf-8")
    case: Case = ga.build_case(ga.load_scene(path))
    outer = outer_surface(case.setup)
    skin = case.exchange.groups == case.exchange.names.index("skin")
    return case.exchange.weights[skin].sum() * spacing**2, area(outer.points, outer.faces) * 1e6


@pytest.mark.parametrize("spacing", [1.0, 0.5])
@pytest.mark.parametrize("middle", [(0, 0, 0), (0.3, -0.4, 0.25)])
def test_of_a_ball(tmp_path: Path, spacing: float, middle: tuple[float, float, float]) -> None:
    shape = f'{{ kind = "sphere", center_mm = {list(middle)}, radius_mm = 15 }}'
    assert areas_mm2(tmp_path, shape, spacing) == pytest.approx((4 * np.pi * 15**2,) * 2, rel=0.02)


@pytest.mark.parametrize("normal", [(0, 0, 1), (0.2, 0, 1), (0.3, -0.2, 1), (0.5, 0.3, 1)])
def test_of_a_tilted_plane(tmp_path: Path, normal: tuple[float, float, float]) -> None:
    """Within the box the plane stands over all of its 40 x 40 mm and is as much larger as it is tilted."""
    shape = f'{{ kind = "half_space", point_mm = [0, 0, 0.2], normal = {list(normal)} }}'
    true = 40 * 40 * np.linalg.norm(normal) / normal[2]
    assert areas_mm2(tmp_path, shape, 1.0) == pytest.approx((true, true), rel=0.02)
