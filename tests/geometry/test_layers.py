"""Layers that move tissue, in whole scenes: what they move, what they amount to, what they say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.case import Case

BREAST = """
schema_version = 1
[domain]
spacing_mm = 1
min_mm = [-20, -20, -36]
max_mm = [20, 20, 14]
background = "breast_fat"
[[region]]
name = "chest wall"
tissue = "muscle"
role = "{deep}"
shape = {{ kind = "box", min_mm = [-99, -99, -30], max_mm = [99, 99, -22] }}
[[region]]
name = "lung beneath"
tissue = "connective_tissue"
shape = {{ kind = "box", min_mm = [-99, -99, -99], max_mm = [99, 99, -30] }}
[[region]]
name = "envelope"
role = "skin"
tissue = "skin"
shape = {{ kind = "box", min_mm = [-99, -99, -2], max_mm = [99, 99, 0] }}
[[region]]
name = "outside"
tissue = "air"
shape = {{ kind = "half_space", point_mm = [0, 0, 0], normal = [0, 0, -1] }}
[[region]]
name = "tumour"
role = "target"
tissue = "breast_tumour"
shape = {{ kind = "sphere", center_mm = [0, 0, -11], radius_mm = 5 }}
{layers}
[run]
duration_s = 1
"""
"""Skin of 2 mm, a tumour 4 mm below it and 6 mm above the muscle, which is 8 mm thick."""

LAYER = """
[[region]]
name = "{name}"
role = "isolation"
tissue = "saline"
shape = {{ kind = "cylinder", from_mm = [0, 0, {low}], to_mm = [0, 0, {high}], radius_mm = 12 }}
[[isolation]]
region = "{name}"
displaces = "{displaces}"
"""
UNDER_SKIN = LAYER.format(name="under the skin", low=-5, high=-2, displaces="superficial")
RETROMAMMARY = LAYER.format(name="retromammary", low=-22, high=-18, displaces="deep")


def built(folder: Path, layers: str, deep: str = "tissue") -> Case:
    path = folder / "breast.toml"
    path.write_text(BREAST.format(layers=layers, deep=deep), encoding="utf-8")
    return ga.build_case(ga.load_scene(path))


def heights(case: Case, name: str) -> tuple[float, float]:
    """Lowest and highest face of a region on the axis [mm]."""
    grid = case.setup.grid
    column = np.flatnonzero(case.setup.mask(name)[:, grid.shape[1] // 2, grid.shape[2] // 2])
    low, high = (grid.origin[2] + index * grid.spacing for index in (column[0], column[-1] + 1))
    return round(low * 1e3, 6), round(high * 1e3, 6)


def test_a_superficial_layer_lifts_the_skin_and_a_deep_one_pushes_muscle_and_all_below_it_down(tmp_path: Path) -> None:
    case = built(tmp_path, UNDER_SKIN + RETROMAMMARY)
    assert heights(case, "envelope") == (1, 3)
    assert heights(case, "under the skin") == (-5 + 3 - 3, -2)
    assert heights(case, "tumour") == (-16, -6)
    assert heights(case, "retromammary") == (-22, -18)
    assert heights(case, "chest wall") == (-34, -26)
    assert heights(case, "lung beneath") == (-36, -34)
    fat_above_muscle = case.setup.mask("breast_fat")[:, 20, 20][36 - 26 : 36 - 22]
    assert fat_above_muscle.all()


@pytest.mark.parametrize("deep", ["tissue", "risk"])
def test_volume_thickness_and_distances_are_those_of_the_shapes(tmp_path: Path, deep: str) -> None:
    """Cylinders of radius 12 mm, 3 and 4 mm thick: ml, and the tumour moves from its neighbours by the thickness."""
    first, second = built(tmp_path, UNDER_SKIN + RETROMAMMARY, deep).setup.isolation
    disc = np.pi * 12**2 / 1000
    for layer, thickness, along in ((first, 3, (0, 0, 1)), (second, 4, (0, 0, -1))):
        assert layer.volume * 1e6 == pytest.approx(disc * thickness, rel=0.02)
        assert layer.thickness_max * 1e3 == pytest.approx(thickness, abs=0.01)
        assert layer.thickness_mean * 1e3 == pytest.approx(thickness, abs=0.01)
        assert layer.along == pytest.approx(along, abs=1e-9)
        assert np.array(layer.target_to_skin) * 1e3 == pytest.approx([4, 7], abs=0.1)
        assert layer.deep == ("chest wall",)
        assert np.array(layer.target_to_deep) * 1e3 == pytest.approx([6, 10], abs=0.1)


def test_layers_are_told_and_measured(tmp_path: Path) -> None:
    case = built(tmp_path, UNDER_SKIN)
    (note,) = [note for note in case.setup.notes if note.startswith("Liquid isolation")]
    assert '"under the skin" lifts' in note
    (told,) = re.findall(r"target to spared skin ([0-9.]+) mm without isolation, ([0-9.]+) mm with it", note)
    assert [float(distance) for distance in told] == pytest.approx([4, 7], abs=0.15)
    (found,) = ga.measure(ga.simulate(case, "numpy"))["isolation"]
    assert found["name"] == "under the skin"
    assert found["target_to_skin_after_mm"] - found["target_to_skin_before_mm"] == pytest.approx(3, abs=0.15)
    assert found["deep"] == ["chest wall"]
    assert found["target_to_deep_after_mm"] == found["target_to_deep_before_mm"] == pytest.approx(6, abs=0.1)


def test_a_layer_that_moves_nothing_is_not_measured(tmp_path: Path) -> None:
    case = built(tmp_path, UNDER_SKIN.replace('"superficial"', '"none"'))
    assert case.setup.isolation == ()
    assert heights(case, "envelope") == (-2, 0)


def test_skin_patches_and_rims_rise_with_the_skin(tmp_path: Path) -> None:
    """Painted within the skin before the layer, each part of it rises by the layer's thickness and keeps its cells."""
    parts = """
[[region]]
name = "rim"
tissue = "skin"
within = "skin"
shape = { kind = "sphere", center_mm = [0, 0, 0], radius_mm = 9 }
[[region]]
name = "invaded"
role = "involved_skin"
tissue = "skin"
within = ["skin", "rim"]
shape = { kind = "sphere", center_mm = [0, 0, 0], radius_mm = 6 }
"""
    flat, lifted = built(tmp_path, parts), built(tmp_path, parts + UNDER_SKIN)
    for name in ("rim", "invaded"):
        assert np.array_equal(flat.setup.mask(name)[:-3], lifted.setup.mask(name)[3:])
    volume = flat.setup.mask("invaded").sum()
    assert volume == pytest.approx(np.pi * (36 * 2 - 8 / 3), rel=0.05)
    assert heights(lifted, "invaded") == (1, 3)
