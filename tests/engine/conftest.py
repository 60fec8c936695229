"""A small scene with everything that moves, and a way to compute a scene on a backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import gpu_ablate as ga
from gpu_ablate.case.case import Case

BACKENDS = ("numba", "numpy", "cuda")

Build = Callable[[str], Case]

SMALL = """
[domain]
spacing_mm = 1.5
min_mm = [-18, -18, -18]
max_mm = [18, 18, 6]
background = "breast_fat"
[boundary]
z_max = "insulated"
[[region]]
name = "outside"
tissue = "air"
shape = { kind = "half_space", point_mm = [0, 0, 0], normal = [0, 0, -1] }
[[region]]
name = "dermis"
role = "skin"
tissue = "skin"
shape = { kind = "box", min_mm = [-99, -99, -1.5], max_mm = [99, 99, 0] }
[[region]]
name = "tumour"
role = "target"
tissue = "breast_tumour"
shape = { kind = "ellipsoid", center_mm = [1, -2, -9], radii_mm = [5, 4, 4] }
[[sensor]]
name = "middle"
point_mm = [0, 0, -9]
"""
"""Air, skin, fat and a tumour; 24 x 24 x 16 voxels."""

PROBE = """
[[probe]]
name = "A"
device = "microwave_2450_16g"
tip_mm = [-6, 0, -12]
shaft_direction = [1, 0, 0.5]
steps = [{steps}]
"""

SLOT = PROBE.replace("microwave_2450_16g", "microwave_slot_2450")
"""A needle whose shaft is not cooled, and whose cable loses nothing."""


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build the case of a scene text."""

    def make(text: str) -> Case:
        path = tmp_path / "scene.toml"
        path.write_text("schema_version = 1\n" + text, encoding="utf-8")
        return ga.build_case(ga.load_scene(path))

    return make
