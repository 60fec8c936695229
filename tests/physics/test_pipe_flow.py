"""Film at the wall of a vessel from its flow: limits, order, and what it means in a scene."""

from __future__ import annotations

from pathlib import Path

import pytest

import gpu_ablate as ga
from gpu_ablate.errors import SceneError
from gpu_ablate.physics.pipe_flow import VISCOSITY, Liquid, wall_film
from gpu_ablate.units import ML_MIN, MM

BLOOD = Liquid(1050.0, 3617.0, 0.517)


def nusselt(flow_ml_min: float, radius_mm: float, length_mm: float) -> float:
    h = wall_film(flow_ml_min * ML_MIN, radius_mm * MM, length_mm * MM, BLOOD)
    return h * 2.0 * radius_mm * MM / BLOOD.conductivity


def test_a_trickle_in_a_long_vessel_has_the_nusselt_number_of_developed_flow() -> None:
    assert nusselt(0.01, 1.0, 500.0) == pytest.approx(3.66, rel=0.01)


def test_short_vessels_follow_leveques_law() -> None:
    """Nu = 1.615 Gz^⅓ where only a thin layer at the wall is cooled (Lévêque 1928)."""
    flow, length = 100.0, 1.0
    graetz = 4.0 / 3.14159265 * flow * ML_MIN * BLOOD.density * BLOOD.heat_capacity / (BLOOD.conductivity * length * MM)
    assert nusselt(flow, 2.0, length) == pytest.approx(1.615 * graetz ** (1 / 3) - 0.7, rel=0.01)


def test_turbulent_flow_agrees_with_dittus_and_boelter() -> None:
    """Nu = 0.023 Re^0.8 Pr^0.4 within 20 %, at Re 10^4 in a long pipe (Dittus and Boelter 1930)."""
    radius = 10.0
    flow = 1e4 * VISCOSITY * 3.14159265 * radius * MM / (2.0 * BLOOD.density) / ML_MIN
    prandtl = BLOOD.heat_capacity * VISCOSITY / BLOOD.conductivity
    assert nusselt(flow, radius, 1e5) == pytest.approx(0.023 * 1e4**0.8 * prandtl**0.4, rel=0.2)


def test_a_femoral_artery_lies_in_the_range_of_the_preset() -> None:
    """350 ml/min in 6 mm over 100 mm: 500 to 1000 W/m²K are held to be an artery's."""
    assert 500.0 < wall_film(350.0 * ML_MIN, 3.0 * MM, 100.0 * MM, BLOOD) < 1300.0


SCENE = """
schema_version = 1
[domain]
spacing_mm = 2
min_mm = [0, 0, 0]
max_mm = [40, 20, 20]
background = "muscle"
[[vessel]]
name = "artery"
points_mm = [[0, 10, 10], [40, 10, 10]]
radius_mm = 3
{wall}
[run]
duration_s = 1
"""


def test_a_flow_in_a_scene_becomes_the_film_of_its_vessel(tmp_path: Path) -> None:
    path = tmp_path / "scene.toml"
    path.write_text(SCENE.format(wall="flow_ml_min = 350"), encoding="utf-8")
    case = ga.build_case(ga.load_scene(path))
    film = case.exchange.films[case.exchange.names.index("artery")]
    blood = Liquid(1049.75, 3617.0, 0.517)
    assert film.h[0] == pytest.approx(wall_film(350.0 * ML_MIN, 3.0 * MM, 40.0 * MM, blood))
    assert any('350 ml/min in the vessel "artery"' in note for note in case.setup.notes)
    path.write_text(SCENE.format(wall='flow_ml_min = 350\npreset = "artery"'), encoding="utf-8")
    with pytest.raises(SceneError, match="needs a preset, wall_h_w_m2k or flow_ml_min, and only one of them"):
        ga.load_scene(path)
