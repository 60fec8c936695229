"""A wet surface loses heat as its vapour pressure asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

import gpu_ablate as ga
from gpu_ablate.physics.evaporation import LEWIS, saturation_pressure, saturation_slope, wet_film


@pytest.mark.parametrize(("celsius", "kpa"), [(10, 1.2282), (20, 2.3393), (37, 6.2823), (50, 12.352), (60, 19.947)])
def test_saturated_vapour_is_that_of_the_steam_tables(celsius: float, kpa: float) -> None:
    """Values of IAPWS-IF97, from memory, not re-read."""
    assert saturation_pressure(celsius) == pytest.approx(kpa, rel=0.005)
    around = (saturation_pressure(celsius + 0.01) - saturation_pressure(celsius - 0.01)) / 0.02
    assert saturation_slope(celsius) == pytest.approx(around, rel=1e-6)


@pytest.mark.parametrize("about", [30.0, 40.0, 48.0])
@pytest.mark.parametrize("humidity", [0.2, 0.5, 1.0])
def test_the_film_loses_what_the_wet_surface_loses_and_its_slope_is_the_true_one(about: float, humidity: float) -> None:
    def lost(surface: float) -> float:
        vapour = saturation_pressure(surface) - humidity * saturation_pressure(25.0)
        return 10.0 * (surface - 25.0) + LEWIS * 4.0 * vapour

    film, outside = wet_film(10.0, 4.0, 25.0, humidity, about)
    assert film * (about - outside) == pytest.approx(lost(about), rel=1e-12)
    assert film == pytest.approx((lost(about + 0.01) - lost(about - 0.01)) / 0.02, rel=1e-6)
    assert abs(film * (about + 5 - outside) / lost(about + 5) - 1) < 0.05


def test_air_that_is_saturated_and_as_warm_takes_nothing() -> None:
    assert wet_film(4.0, 4.0, 30.0, 1.0, 30.0)[1] == pytest.approx(30.0, abs=1e-12)


def test_a_wet_bulb_without_radiation_shows_its_temperature() -> None:
    """25 °C and 50 %: 17.9 °C on a psychrometric chart; the Lewis relation of still air gives 0.2 K less."""
    bulb = 25.0
    for _ in range(50):
        bulb = wet_film(4.0, 4.0, 25.0, 0.5, bulb)[1]
    assert bulb == pytest.approx(17.9, abs=0.4)


def test_a_moist_patch_has_this_film_and_a_dry_one_its_own(tmp_path: Path) -> None:
    text = """
schema_version = 1
[domain]
spacing_mm = 2
min_mm = [-10, -10, -10]
max_mm = [10, 10, 6]
background = "breast_fat"
[[region]]
name = "outside"
tissue = "air"
shape = { kind = "half_space", point_mm = [0, 0, 0], normal = [0, 0, -1] }
[[surface_patch]]
name = "ulcer"
center_mm = [0, 0, 0]
radius_mm = 6
h_w_m2k = 10
temperature_c = 24
moist = MOIST
[run]
duration_s = 1
"""
    path = tmp_path / "ulcer.toml"
    for moist, expected in (
        ("true", wet_film(10.0, 4.0, 24.0, 0.5, 40.0)),
        ("false", (10.0, 24.0)),
        ("{ humidity_percent = 80, convective_w_m2k = 5, linear_about_c = 37 }", wet_film(10.0, 5.0, 24.0, 0.8, 37.0)),
    ):
        path.write_text(text.replace("MOIST", moist), encoding="utf-8")
        exchange = ga.build_case(ga.load_scene(path)).exchange
        film = exchange.films[exchange.names.index("ulcer")]
        assert (film.h[0], film.theta[0] + 37.0) == pytest.approx(expected, rel=1e-12)
