"""The scenes after the 2025 consensus: one anatomy, layers in order, nothing to warn of, the outcomes they state."""

from __future__ import annotations

import re
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.anatomy import build_anatomy
from gpu_ablate.case.case import Case
from gpu_ablate.scene.load import shipped_scenes

PAIRS = ("breast_skin_invaded", "breast_skin_ulcerated", "breast_nipple_invaded")
ISOLATED = (*PAIRS, "breast_deep_radical", "breast_two_antennas")
NAKED = tuple(f"{name}_no_isolation" for name in PAIRS)
SCENES = (*ISOLATED, *NAKED)

COARSE_MM = 2.0
EXPECTED_NOTES = (
    "Antennas are solved",
    "Liquid isolation:",
    "Infusion:",
    "Perfusion preset",
    "The box was rounded up",
    "Caution:",
)
"""How the notes begin that say what is modelled or what a plan comes near to; any other is a warning."""

BEGIN, END = "# --- anatomy", "# --- end of the anatomy"
ROLE_OF_NIPPLE = re.compile(r'(name = "nipple".*\nrole = )"(skin|involved_skin)"')


@cache
def text(name: str) -> str:
    return shipped_scenes()[name].read_text(encoding="utf-8")


@cache
def built(name: str) -> Case:
    return ga.build_case(ga.load_scene(name, spacing_mm=COARSE_MM))


@cache
def outcome(name: str, spacing_mm: float) -> dict[str, Any]:
    case = ga.build_case(ga.load_scene(name, spacing_mm=spacing_mm))
    return ga.measure(ga.simulate(case, backend="numba"))


def without_isolation(document: str) -> str:
    """A scene without its liquid, its comments and what follows from them in its title."""
    tables = re.split(r"\n(?=\[)", re.sub(r" *#.*", "", document))
    kept = [table.strip() for table in tables if "d5w" not in table and not table.startswith("[[isolation]]")]
    return re.sub(r"title = .*", "", "\n".join(kept))


@pytest.mark.parametrize("name", SCENES)
def test_the_anatomy_is_the_same_text_everywhere(name: str) -> None:
    def anatomy(name: str) -> str:
        return text(name)[text(name).index(BEGIN) : text(name).index(END)]

    role = ROLE_OF_NIPPLE.search(text(name))
    assert role is not None
    assert role[2] == ("involved_skin" if "nipple" in name else "skin")
    same = ROLE_OF_NIPPLE.sub(r'\1"skin"', anatomy(name))
    assert same == anatomy("breast_deep_radical")


@pytest.mark.parametrize("name", PAIRS)
def test_a_comparison_differs_by_the_liquid_alone(name: str) -> None:
    assert without_isolation(text(name)) == without_isolation(text(f"{name}_no_isolation"))


@pytest.mark.parametrize("name", SCENES)
def test_there_is_nothing_to_warn_of(name: str) -> None:
    assert [note for note in built(name).setup.notes if not note.startswith(EXPECTED_NOTES)] == []


@pytest.mark.parametrize("name", SCENES)
def test_layers_lie_in_order_from_the_skin_to_the_lung(name: str) -> None:
    setup = built(name).setup
    x, y, _ = setup.grid.axes()
    column = setup.labels[:, np.abs(y - 21e-3).argmin(), np.abs(x - 12e-3).argmin()][::-1]
    seen = [setup.regions[label].name for label, _ in groupby(column)]
    order = ["air", "breast skin", "subcutaneous fat", "gland", "retromammary fat", "pectoralis"]
    order += ["fifth intercostal space", "fourth intercostal space", "third intercostal space"]
    order += ["second intercostal space", "rib", "pleura", "lung"]
    found = [order.index(each) for each in seen if each in order]
    assert found == sorted(found)
    assert {"air", "breast skin", "gland", "pectoralis", "pleura", "lung"} <= set(seen)


def test_skin_fat_and_chest_wall_are_as_thick_as_stated() -> None:
    scene = ga.load_scene("breast_skin_invaded_no_isolation", spacing_mm=COARSE_MM)
    anatomy = build_anatomy(scene, [], lambda grid: None)
    step = 0.05
    line = np.arange(-60.0, 10.0, step)
    labels = anatomy.painter.label_at(np.column_stack([0 * line, 0 * line + 21.0, line]) * 1e-3)
    names = np.array([region.name for region in anatomy.regions])[labels]
    stated = {"breast skin": 2, "subcutaneous fat": 7, "retromammary fat": 5, "pectoralis": 8, "pleura": 2}
    for name, millimetres in stated.items():
        assert step * (names == name).sum() == pytest.approx(millimetres, rel=0.05), name


@pytest.mark.parametrize("name", ISOLATED)
def test_liquid_takes_the_tumour_away_from_what_it_guards(name: str) -> None:
    for layer in built(name).setup.isolation:
        before, after = layer.target_to_deep if layer.displaces == "deep" else layer.target_to_skin
        assert before is not None
        assert after is not None
        assert after - before > 2e-3


def check_isolated(name: str, spacing_mm: float) -> None:
    found = outcome(name, spacing_mm)
    assert all(target["ablated_percent"] >= 99.5 for target in found["targets"])
    assert found["verdict"]["outcome"] == "radical"
    assert "broken" not in {row["status"] for row in found["limits"]}


@pytest.mark.slow
def test_the_ulcerated_lesion_dies_and_every_limit_holds() -> None:
    check_isolated("breast_skin_ulcerated", COARSE_MM)


@pytest.mark.slow
@pytest.mark.parametrize("name", ISOLATED)
def test_with_isolation_the_lesion_dies_and_every_limit_holds(name: str) -> None:
    check_isolated(name, 1.0)  # at 2 mm the dried tissue around the needle is not resolved


@pytest.mark.slow
@pytest.mark.parametrize("name", NAKED)
def test_without_isolation_the_lesion_dies_and_so_does_the_skin(name: str) -> None:
    found = outcome(name, COARSE_MM)
    assert all(target["ablated_percent"] >= 99.5 for target in found["targets"])
    dose = {row["where"]: row["status"] for row in found["limits"] if row["quantity"] == "cem43_minutes"}
    assert dose["skin"] == "broken"
