"""The scenes after the 2018 consensus on cryoablation: nothing to warn of, pairs that differ by one thing, and what
each teaches."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

import gpu_ablate as ga
from gpu_ablate.case.case import Case
from gpu_ablate.scene.load import load_scene, shipped_scenes

SCENES = sorted(name for name in shipped_scenes() if name.startswith("cryo_"))
EXPECTED_NOTES = ("Perfusion preset", "Caution:")
"""How the notes begin that say what is modelled or what a plan comes near to; any other is a warning."""

NERVES = ("cauda equina", "roots")


@cache
def text(name: str) -> str:
    """A scene without its comments and title."""
    document = re.sub(r"#.*", "", shipped_scenes()[name].read_text(encoding="utf-8"))
    return re.sub(r"title = .*", "", document)


@cache
def built(name: str) -> Case:
    return ga.build_case(load_scene(name))


@cache
def outcome(name: str) -> dict[str, Any]:
    return ga.measure(ga.simulate(built(name), backend="numba"))


def target(name: str) -> dict[str, Any]:
    found: dict[str, Any] = outcome(name)["targets"][0]
    return found


def limit(name: str, where: str, quantity: str = "min_temperature_c") -> dict[str, Any]:
    rows = [row for row in outcome(name)["limits"] if (row["where"], row["quantity"]) == (where, quantity)]
    assert len(rows) == 1
    return dict(rows[0])


def tables(document: str) -> list[str]:
    """The tables of a scene in order, each without blank lines and spaces at the end."""
    parts = re.split(r"\n(?=\[)", document)
    return ["\n".join(line.rstrip() for line in part.splitlines() if line.strip()) for part in parts]


def differ(first: str, second: str) -> set[str]:
    """Heads of the tables that only one of two scenes has."""
    one, other = tables(text(first)), tables(text(second))
    return {table.splitlines()[0] for table in [*one, *other] if (table in one) != (table in other)}


@pytest.mark.parametrize("name", SCENES)
def test_there_is_nothing_to_warn_of(name: str) -> None:
    assert [note for note in built(name).setup.notes if not note.startswith(EXPECTED_NOTES)] == []


@pytest.mark.parametrize("name", SCENES)
def test_images_come_every_five_minutes_and_the_last_thaw_waits_until_the_probe_is_free(name: str) -> None:
    scene = load_scene(name)
    assert scene.run.record_every_s == 300.0
    for probe in scene.probe:
        last = probe.steps[-1]
        assert last.action == "thaw"
        assert last.until is not None
        assert (last.until.where, last.until.all_above_c) == (probe.name, 0.0)


@pytest.mark.parametrize(
    ("first", "second", "tables_that_differ"),
    [
        ("cryo_superficial", "cryo_superficial_no_bag", {"[[surface_patch]]", "[run]"}),
        ("cryo_vertebra_unilateral", "cryo_vertebra_gas", {"[[region]]", "[[isolation]]"}),
        ("cryo_vertebra_gas", "cryo_vertebra_gas_dorsal", {"[[region]]"}),
        ("cryo_debulking", "cryo_debulking_staggered", {"[[probe]]"}),
        ("cryo_soft_tissue", "cryo_soft_tissue_20mm", {"[[probe]]"}),
    ],
)
def test_a_comparison_differs_by_one_thing(first: str, second: str, tables_that_differ: set[str]) -> None:
    assert differ(first, second) == tables_that_differ


def least_distance_mm(name: str) -> float:
    """Between the tips of the two probes of a scene that are nearest to each other."""
    tips = [probe.tip_mm for probe in load_scene(name).probe]
    pairs = [(a, b) for number, a in enumerate(tips) for b in tips[:number]]
    return min(sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5 for a, b in pairs)


@pytest.mark.parametrize(
    ("name", "apart_mm"),
    [("cryo_soft_tissue", 15), ("cryo_soft_tissue_20mm", 20), ("cryo_soft_tissue_25mm", 25), ("cryo_iliac_array", 15),
     ("cryo_iliac_pincer", 20)],
)  # fmt: skip
def test_probes_stand_as_far_apart_as_stated(name: str, apart_mm: float) -> None:
    assert least_distance_mm(name) == pytest.approx(apart_mm, abs=0.1)


@pytest.mark.slow
def test_an_artery_takes_the_margin() -> None:
    found = target("cryo_soft_tissue_20mm")
    assert found["ablated_percent"] >= 99.5
    assert 5.0 < found["boundary_margin_mm"] < 10.0


@pytest.mark.slow
def test_probes_too_far_apart_leave_gaps_that_the_ice_hides() -> None:
    near, far = target("cryo_soft_tissue_20mm"), target("cryo_soft_tissue_25mm")
    assert far["ablated_percent"] < 80.0
    assert far["boundary_margin_mm"] > near["boundary_margin_mm"] - 0.5
    assert outcome("cryo_soft_tissue_25mm")["verdict"]["outcome"] == "incomplete"


@pytest.mark.slow
def test_a_warm_bag_keeps_the_skin_from_freezing_and_costs_margin() -> None:
    bag, none = "cryo_superficial", "cryo_superficial_no_bag"
    assert limit(bag, "skin")["status"] == "warning"
    assert limit(none, "skin")["status"] == "broken"
    assert limit(none, "skin")["value"] < -10.0
    assert target(bag)["ablated_percent"] == target(none)["ablated_percent"] == 100.0
    assert target(bag)["boundary_margin_mm"] < 10.0 < target(none)["boundary_margin_mm"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["cryo_small", "cryo_iliac_array", "cryo_growth_plate", "cryo_osteoid_osteoma", "cryo_breast"]
)
def test_a_radical_plan_is_radical_and_breaks_no_limit(name: str) -> None:
    assert outcome(name)["verdict"]["outcome"] == "radical"
    assert "broken" not in {row["status"] for row in outcome(name)["limits"]}


@pytest.mark.slow
def test_ice_comes_near_the_growth_plate_and_does_not_touch_it() -> None:
    assert limit("cryo_growth_plate", "growth plate", "ice_contact_percent")["value"] == 0.0
    assert limit("cryo_growth_plate", "growth plate", "min_distance_to_ice_mm")["status"] == "warning"


@pytest.mark.slow
def test_a_pincer_has_margin_by_its_ice_and_a_waist_in_its_lethal_zone() -> None:
    found = target("cryo_iliac_pincer")
    assert found["boundary_margin_mm"] > 10.0
    assert 80.0 < found["ablated_percent"] < 99.5


@pytest.mark.slow
def test_a_large_mass_is_debulked_by_probes_that_freeze_at_once() -> None:
    at_once, staggered = "cryo_debulking", "cryo_debulking_staggered"
    assert outcome(at_once)["verdict"]["outcome"] == "effective"
    assert outcome(staggered)["verdict"]["outcome"] == "undetermined"
    volume = {name: outcome(name)["zones"]["lethal40"]["volume_cm3"] for name in (at_once, staggered)}
    assert volume[staggered] < 0.85 * volume[at_once]


@pytest.mark.slow
def test_gas_spares_the_cauda_equina_only_where_it_lies_between_it_and_the_bone() -> None:
    coldest = {
        (name, nerve): limit(f"cryo_vertebra_{name}", nerve)["value"]
        for name in ("unilateral", "gas", "gas_dorsal")
        for nerve in NERVES
    }
    assert coldest["unilateral", "cauda equina"] < 10.0
    assert coldest["gas", "cauda equina"] > 20.0
    assert coldest["gas_dorsal", "cauda equina"] <= coldest["unilateral", "cauda equina"]
    assert max(coldest[name, "roots"] for name in ("unilateral", "gas", "gas_dorsal")) < 10.0
    assert outcome("cryo_vertebra_gas")["verdict"]["outcome"] == "effective"


@pytest.mark.slow
def test_a_lesion_clear_of_the_posterior_wall_needs_no_gas() -> None:
    assert outcome("cryo_vertebra_bilateral")["verdict"]["outcome"] == "effective"
    assert min(limit("cryo_vertebra_bilateral", nerve)["value"] for nerve in NERVES) > 20.0
