"""Ice over time, cold load and frozen cortex of results that are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from gpu_ablate.case.setup import Plan, Probe, Region, Step
from gpu_ablate.outcome.bone import measure_bones
from gpu_ablate.outcome.cold_load import longest_mm, measure_cold_load
from gpu_ablate.outcome.ice_course import measure_ice_course
from gpu_ablate.result.result import Result, Station
from tests.outcome.conftest import LETHAL40, REGIONS, World, ball, ellipsoid_surface

UP = (0.0, 0.0, 1.0)


def probe(name: str) -> Probe:
    return Probe(name, "cryo_17g", (0.0, 0.0, 0.0), UP, 7e-4, 0.02, 1.0, (Step("freeze", 60.0, output=1.0),), 40.0)


def station(name: str, step: int, action: str, start_s: float, end_s: float) -> Station:
    at = (0.0, 0.0, 0.0)
    return Station(name, step, action, start_s, end_s, 0.0, 100.0, at, at, UP, UP, "duration")


def frozen(radius: float) -> World:
    """A ball of ice with -40 °C 5 mm inside its edge, a tumour of 8 mm radius in its middle."""
    world = World((-24, -24, -24), (24, 24, 24))
    world.endpoint = LETHAL40
    world.put_tumour((0, 0, 0), 8.0)
    world.final["min_temperature"] = world.at(lambda x, y, z: -8.0 * ball((0, 0, 0), radius)(x, y, z))
    world.probes = (probe("A"), probe("B"))
    return world


def test_ice_over_time_and_what_is_left_at_a_refreeze() -> None:
    """Balls of 12, 6 and 14 mm: at the refreeze an eighth of the ice is left, and 42 % of the tumour is frozen."""
    world = frozen(14.0)
    for time, radius in ((0.0, -60.0), (600.0, 12.0), (900.0, 6.0), (1500.0, 14.0)):
        field = world.at(lambda x, y, z, r=radius: -8.0 * ball((0, 0, 0), r)(x, y, z))
        world.records.append(time, {"temperature": field})
    world.stations = [
        station("A", 1, "freeze", 0, 600), station("A", 2, "thaw", 600, 900), station("A", 3, "freeze", 900, 1500),
        station("B", 1, "freeze", 0, 600), station("B", 2, "thaw", 600, 900), station("B", 3, "freeze", 900, 1500),
    ]  # fmt: skip
    world.final["cycles_m20c"] = world.at(lambda x, y, z: np.where(x < 0, 2.0, 1.0) + 0 * (y + z))
    world.final["cycles_m20c_thawed"] = world.at(lambda x, y, z: np.where(x < -12, 2.0, 1.0) + 0 * (y + z))
    found = measure_ice_course(world.result())
    assert found is not None
    whole = 48**3 / 1000
    twice = {"once_cm3": whole, "twice_rewarmed_cm3": whole / 2, "twice_thawed_cm3": whole / 4}
    assert found["cycles"]["m20c"] == pytest.approx(twice)
    assert found["cycles"]["m40c"]["once_cm3"] is None
    records = found["records"]
    for row, radius in zip(records, (0.0, 12.0, 6.0, 14.0), strict=True):
        assert row["below_0c_cm3"] == pytest.approx(4e-3 / 3 * math.pi * radius**3, rel=0.01, abs=1e-9)
        inner = max(radius - 5.0, 0.0)
        assert row["below_m40c_cm3"] == pytest.approx(4e-3 / 3 * math.pi * inner**3, rel=0.03, abs=0.01)
    (again,) = found["refreezes"]
    assert again["probes"] == ["A", "B"]
    assert again["time_s"] == 900.0
    assert again["ice_left_percent"] == pytest.approx(100 / 8, rel=0.02)
    assert again["target_frozen_percent"] == pytest.approx(100 * (6 / 8) ** 3, rel=0.03)


def test_nothing_is_said_of_cold_where_no_cryoprobe_is() -> None:
    world = World((-5, -5, -5), (5, 5, 5))
    world.kill(ball((0, 0, 0), 3))
    result = world.result()
    assert measure_ice_course(result) is None
    assert measure_cold_load(result) is None
    assert measure_bones(result) == []


def with_energy(world: World, probes_j: float) -> Result:
    result = world.result()
    result.energy.update(probes_j=probes_j, vessels_j=2e3, perfusion_j=9e3)
    return result


def test_the_core_cools_by_the_heat_drawn_over_that_of_the_body() -> None:
    """125 kJ from 70 kg of 3490 J/kg/K are 0.51 K, and more from a child."""
    world = frozen(14.0)
    found = measure_cold_load(with_energy(world, -125e3))
    assert found is not None
    assert found["drawn_kj"] == 125.0
    assert found["core_fall_c"] == pytest.approx(0.512, abs=0.001)
    assert (found["from_vessels_kj"], found["from_perfusion_kj"]) == (2.0, 9.0)
    assert found["note"] is None
    world.plan = replace(world.plan, body_mass=20.0)
    child = measure_cold_load(with_energy(world, -125e3))
    assert child is not None
    assert child["core_fall_c"] == pytest.approx(3.5 * found["core_fall_c"])
    warmed = measure_cold_load(with_energy(world, 5e3))
    assert warmed is not None
    assert warmed["core_fall_c"] == 0.0


def test_a_lesion_of_more_than_5_cm_is_noted() -> None:
    world = frozen(14.0)
    world.surfaces["tumour"] = ellipsoid_surface((0, 0, 0), (26.0, 10.0, 10.0))
    assert longest_mm(world.surfaces["tumour"]) == pytest.approx(52.0, rel=0.01)
    found = measure_cold_load(with_energy(world, -125e3))
    assert found is not None
    assert "Target tumour: 52 mm long" in str(found["note"])


BONE = (
    *REGIONS,
    Region("femur", "tissue", "cortical_bone", "body"),
    Region("nest", "target", "lytic_metastasis", "body"),
)


@pytest.mark.parametrize("lytic", [False, True])
def test_the_worst_slice_through_a_shaft(lytic: bool) -> None:
    """A tube of 10 to 14 mm along x, of which the half y > 0 is frozen between x = -6 and 6 mm."""
    world = World((-40, -18, -18), (40, 18, 18))
    world.endpoint, world.plan = LETHAL40, Plan("palliative", 0.0)
    world.regions = BONE if lytic else BONE[:-1]
    world.put("femur", lambda x, y, z: 2.0 - np.abs(np.hypot(y, z) - 12.0) + 0 * x)
    if lytic:
        world.put("nest", ball((0, 12, 0), 3))
    world.final["min_temperature"] = world.at(
        lambda x, y, z: np.where((np.abs(x) < 6) & (y > 0) & (z < 99), -30.0, 30.0)
    )
    (found,) = measure_bones(world.result())
    assert found["name"] == "femur"
    assert np.abs(found["axis"]) == pytest.approx([1, 0, 0], abs=0.02)
    assert found["worst_slice_percent"] == pytest.approx(50.0, abs=3.0)
    assert abs(found["worst_slice_mm"][0]) < 6.0
    assert found["worst_slice_cm2"] == pytest.approx(math.pi * (14**2 - 10**2) / 100, rel=0.06)
    assert found["frozen_percent"] == pytest.approx(50.0 * 12 / 80, abs=1.0)
    assert f"{found['worst_slice_percent']:.0f} % of the cortical cross-section of femur" in found["note"]
    assert ("lytic" in found["note"]) == lytic


def test_thawed_bone_has_no_note() -> None:
    world = World((-10, -18, -18), (10, 18, 18))
    world.endpoint, world.regions = LETHAL40, BONE
    world.put("femur", lambda x, y, z: 2.0 - np.abs(np.hypot(y, z) - 12.0) + 0 * x)
    world.final["min_temperature"] = world.at(lambda x, y, z: 30.0 + 0 * (x + y + z))
    (found,) = measure_bones(world.result())
    assert found["note"] is None
    assert found["worst_slice_percent"] == 0.0
