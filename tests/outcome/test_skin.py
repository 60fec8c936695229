"""Burnt and dead skin: areas of bands that geometry gives, on both faces, of every region of skin."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.case.setup import Region, Surface
from gpu_ablate.outcome.metrics import measure

THICK = 3
WIDE = 40


def plane(cells):
    """Squares of 1 mm at z = 0, two triangles each, that face upwards."""
    i, j = (index.ravel() for index in np.meshgrid(np.arange(cells + 1), np.arange(cells + 1)))
    points = np.column_stack([i - cells / 2, j - cells / 2, 0 * i]) * 1e-3
    a = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    lower, upper = np.stack([a, a + 1, a + cells + 2], axis=1), np.stack([a, a + cells + 2, a + cells + 1], axis=1)
    return Surface(points.astype(np.float32), np.concatenate([lower, upper]).astype(np.int32))


@pytest.fixture
def skinned(world):
    """Skin of 3 mm under air at z = 0, over fat; all alive and unburnt."""
    made = world((-20, -20, -16), (20, 20, 6))
    made.put("skin", lambda x, y, z: z + THICK)
    made.put("outside", lambda x, y, z: z)
    made.surfaces["body"] = plane(WIDE)
    made.kill(lambda x, y, z: -9.0 + 0 * (x + y + z))
    made.final["arrhenius"] = np.zeros(made.grid.shape, np.float32)
    return made


def skin_of(made):
    return {entry["name"]: entry for entry in measure(made.result())["skin"]}


def test_each_degree_is_a_band_of_its_own(skinned):
    """log2 Ω rises by 2 a millimetre along x and by 1 a millimetre inwards: on the outer cells Ω = 1 at x = 0."""
    skinned.final["arrhenius"] = skinned.at(lambda x, y, z: 2.0 ** (2 * x - (z + 0.5)) + 0 * y)
    found = skin_of(skinned)["skin"]
    first, third = np.log2(0.53) / 2, np.log2(1e4) / 2
    assert found["area_cm2"] == pytest.approx(WIDE * WIDE / 100, rel=1e-3)
    assert found["first_degree_cm2"] == pytest.approx(-first * WIDE / 100, abs=0.01 + 0.5 * WIDE / 100)
    assert found["second_degree_cm2"] == pytest.approx(third * WIDE / 100, abs=0.5 * WIDE / 100)
    assert found["third_degree_cm2"] == pytest.approx((20 - third) * WIDE / 100, abs=0.5 * WIDE / 100)
    burnt = sum(found[f"{degree}_degree_cm2"] for degree in ("first", "second", "third"))
    assert burnt == pytest.approx((20 - first) * WIDE / 100, abs=0.5 * WIDE / 100)
    deeper = (THICK - 0.5 - 0.25) / 2  # the last look lies a quarter of a voxel before the deep face
    deep = sum(found[f"deep_{degree}_degree_cm2"] for degree in ("first", "second", "third"))
    assert deep == pytest.approx((20 - first + deeper) * WIDE / 100, abs=0.5 * WIDE / 100)


def test_skin_killed_from_below_is_dead_on_its_deep_face_alone(skinned):
    skinned.kill(lambda x, y, z: np.minimum(-1.5 - z, 5 - np.abs(x)) + 0 * y)
    found = skin_of(skinned)["skin"]
    assert found["killed_cm2"] == 0
    assert found["deep_killed_cm2"] == pytest.approx(10 * WIDE / 100, abs=0.02 + 0.5 * WIDE / 100)


def test_involved_skin_and_rim_have_entries_of_their_own_and_other_tissue_has_none(skinned):
    parts = (
        Region("invaded", "involved_skin", "breast_tumour", "body"),
        Region("rim", "tissue", "skin", "body"),
        Region("ulcer", "tissue", "breast_tumour", "body"),
    )
    skinned.regions = (*skinned.regions, *parts)
    for name, low, high in (("invaded", -5, 5), ("rim", 5, 9), ("ulcer", -9, -5)):

        def inwards(x, y, z, low=low, high=high):
            return np.minimum(np.minimum(x - low, high - x), np.minimum(z + THICK, -z)) + 0 * y

        skinned.put(name, inwards)
    skinned.final["max_temperature"] = skinned.at(lambda x, y, z: 40 + x + 0 * (y + z))
    found = skin_of(skinned)
    assert {name: entry["role"] for name, entry in found.items()} == {
        "skin": "skin", "invaded": "involved_skin", "rim": "tissue",
    }  # fmt: skip
    widths = {"skin": WIDE - 18, "invaded": 10, "rim": 4}
    for name, width in widths.items():
        assert found[name]["area_cm2"] == pytest.approx(width * WIDE / 100, rel=0.01)
    assert found["rim"]["max_c"] == 48.5


def test_without_damage_there_are_no_burns_and_a_law_of_liver_knows_none(skinned):
    del skinned.final["arrhenius"]
    assert skin_of(skinned)["skin"]["second_degree_cm2"] == 0
    skinned.damage_law = "liver"
    assert skin_of(skinned)["skin"]["second_degree_cm2"] is None
    assert skin_of(skinned)["skin"]["killed_cm2"] == 0


def test_a_scene_without_skin_has_none(world):
    made = world((-6, -6, -6), (6, 6, 6))
    made.kill(lambda x, y, z: -9.0 + 0 * (x + y + z))
    assert measure(made.result())["skin"] == []
