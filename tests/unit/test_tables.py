"""Thermal laws and their tables: monotone, invertible, with the latent heats they should have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_ablate.case.tables import U_BINS, U_MIN, U_STEP, enthalpy_of, rate_table, thermal_tables
from gpu_ablate.engine import lookup
from gpu_ablate.physics.bioheat import Freezing, TissueProperties
from gpu_ablate.physics.damage import CEM43
from gpu_ablate.physics.phase_change import thermal_law


def tissue(**changes: object) -> TissueProperties:
    base: dict[str, object] = {
        "density": 1050.0,
        "heat_capacity": 3600.0,
        "conductivity": 0.5,
        "conductivity_slope": 0.002,
        "perfusion": 2e-3,
        "metabolic_heat": 0.0,
        "freezing": Freezing("linear", -1.0, -8.0),
        "freezing_latent_heat": 250e6,
        "frozen_conductivity": 2.0,
        "frozen_heat_capacity": 1800.0,
        "frozen_as_ice": False,
        "boiling_latent_heat": 1.8e9,
    }
    return TissueProperties(**{**base, **changes})  # type: ignore[arg-type]


TISSUES = {
    "soft": tissue(),
    "agar": tissue(freezing=Freezing("saline"), frozen_as_ice=True, freezing_latent_heat=328e6),
    "fat": tissue(density=911.0, heat_capacity=2348.0, freezing_latent_heat=41e6, boiling_latent_heat=308e6),
    "plain": tissue(freezing=Freezing("none"), freezing_latent_heat=0.0, boiling_latent_heat=0.0),
}


@pytest.mark.parametrize("name", TISSUES)
def test_laws_rise_monotonically(name: str) -> None:
    law = thermal_law(TISSUES[name])
    assert (np.diff(law.u) > 0).all()
    assert (np.diff(law.temperature) > 0).all()
    tables = thermal_tables([TISSUES[name]], 1e-3, 37.0)
    assert (np.diff(tables.theta[0]) > 0).all()
    assert (tables.resistance > 0).all()


def heat(law_of: TissueProperties, low_c: float, high_c: float) -> float:
    """J/m³ between two temperatures, from the knots."""
    law = thermal_law(law_of)
    u = np.interp([low_c, high_c], law.temperature, law.u)
    return float(u[1] - u[0]) * law_of.volumetric_heat_capacity


def test_heat_to_freeze_boil_and_warm() -> None:
    """Sensible and latent heats by hand: mean of both capacities while freezing, 0.35 of ρc once dry."""
    soft = TISSUES["soft"]
    rho_c = 1050 * 3600.0
    assert heat(soft, 0.0, 90.0) == pytest.approx(90 * rho_c, rel=1e-9)
    assert heat(soft, -8.0, -1.0) == pytest.approx(250e6 + 7 * 1050 * 2700.0, rel=1e-6)
    assert heat(soft, -40.0, -20.0) == pytest.approx(20 * 1050 * 1800.0, rel=1e-9)
    assert heat(soft, 99.0, 100.5) == pytest.approx(1.8e9 + 1.5 * rho_c * (1 + 0.35) / 2, rel=1e-6)
    assert heat(soft, 120.0, 130.0) == pytest.approx(10 * 0.35 * rho_c, rel=1e-9)


def test_saline_freezes_along_its_equilibrium() -> None:
    """81 % of the water is ice at -2.8 °C, 95 % at -10 °C."""
    law = thermal_law(TISSUES["agar"])
    assert np.interp([-2.8, -10.6, -0.5], law.temperature, law.ice) == pytest.approx([0.81, 0.95, 0.0], abs=0.002)


def test_tables_keep_latent_heats_to_a_bin() -> None:
    """Kinks are moved to nodes, which changes the heat between them by half a bin each at most."""
    tables = thermal_tables([TISSUES["fat"]], 1e-3, 37.0)
    nodes = U_MIN + U_STEP * np.arange(U_BINS + 1)
    law = thermal_law(TISSUES["fat"])
    for kink in law.kinks:
        found = np.interp(law.temperature[kink] - 37.0, tables.theta[0], nodes)
        assert found == pytest.approx(law.u[kink], abs=0.5 * U_STEP + 1e-9)


@settings(deadline=None)
@given(st.floats(-180.0, 400.0), st.sampled_from(sorted(TISSUES)))
def test_temperature_and_enthalpy_invert_each_other(temperature: float, name: str) -> None:
    tables = thermal_tables([TISSUES[name]], 1e-3, 37.0)
    theta = np.array([temperature - 37.0])
    u = enthalpy_of(tables, 0, theta)
    back = lookup.thermal(tables.theta, np.zeros(1, np.uint8), u)
    assert back == pytest.approx(theta, abs=1e-6)


@given(st.floats(), st.sampled_from(sorted(TISSUES)))
def test_one_state_is_looked_up_as_many_are(u: float, name: str) -> None:
    """To the last bit; beyond the last nodes too, and what is not a number stays none."""
    tables = thermal_tables([TISSUES[name]], 1e-3, 37.0)
    with np.errstate(invalid="ignore", over="ignore"):
        (expected,) = lookup.thermal(tables.theta, np.zeros(1, np.uint8), np.array([u]))
    assert np.array_equal(lookup.theta_at(memoryview(tables.theta[0]), u), expected, equal_nan=True)


def test_u_is_the_rise_above_37_in_unfrozen_tissue() -> None:
    tables = thermal_tables([TISSUES["soft"]], 1e-3, 37.0)
    theta = np.array([-37.9, -1.3, 0.0, 1e-5, 3.7, 61.9])
    assert np.array_equal(enthalpy_of(tables, 0, theta), theta)


def test_cem43_rate_is_exact_on_its_table() -> None:
    """log2 of the rate is piecewise linear, so that its table has no error: 1 min per min at 43 °C, R 0.25 below."""
    table = rate_table(CEM43)
    theta = np.array([40.1, 43.0, 47.3, 70.0, 90.0, 38.9]) - 37.0
    minutes = lookup.mean_rate(table, theta, theta) * 60.0
    expected = [0.25 ** (43 - 40.1), 1.0, 2.0**4.3, 2.0**27, 2.0**27, 0.0]
    assert minutes == pytest.approx(expected, rel=1e-12)
