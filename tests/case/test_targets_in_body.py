"""A target drawn over an anatomy must lie in the body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import gpu_ablate as ga
from gpu_ablate.errors import SceneError

SCENE = """
schema_version = 1
[domain]
spacing_mm = 2
min_mm = [-30, -30, -30]
max_mm = [30, 30, 30]
[anatomy]
image = "labels.nii.gz"
outside = "air"
[anatomy.labels]
0 = "air"
1 = "liver"
[[region]]
name = "tumour"
role = "target"
tissue = "liver_tumour"
shape = {{ kind = "sphere", center_mm = [{x}, {y}, 0], radius_mm = 6 }}
[run]
duration_s = 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Liver where x and y are above 0, air elsewhere."""
    values = np.zeros((30, 30, 30), np.uint8)
    values[:, 15:, 15:] = 1
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((2, 2, 2))
    image.SetOrigin((-29, -29, -29))
    sitk.WriteImage(image, str(tmp_path / "labels.nii.gz"))
    return tmp_path


def test_a_target_may_grow_out_of_the_body(folder: Path) -> None:
    (folder / "scene.toml").write_text(SCENE.format(x=1, y=15))
    assert ga.build_case(ga.load_scene(folder / "scene.toml")).setup.mask("target").any()


def test_a_target_in_the_air_is_refused_with_the_usual_cause(folder: Path) -> None:
    (folder / "scene.toml").write_text(SCENE.format(x=-15, y=-15))
    with pytest.raises(SceneError, match=r"(?s)100 % of the target lies outside the body.*RAS") as caught:
        ga.build_case(ga.load_scene(folder / "scene.toml"))
    assert 'region "tumour"' in str(caught.value)
