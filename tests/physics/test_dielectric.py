"""Electric laws of tissue at microwave frequencies: the published values, their course as tissue heats, plane waves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu_ablate.physics.dielectric import drying_conductivity, drying_permittivity, power_attenuation
from gpu_ablate.units import BODY_C

JI_BRACE_37 = (
    1.0 + 48.391 * (1.0 - 1.0 / (1.0 + math.exp(6.286 - 0.0764 * 37.0))),
    2.173 * (1.0 - 1.0 / (1.0 + math.exp(5.951 - 0.0697 * 37.0))),
)
"""Liver at 37 °C by the published sigmoids (Ji and Brace 2011): 47.9, 2.10 S/m."""


@pytest.mark.parametrize("temperature_c", [20.0, 37.0, 80.0, 100.0, 120.0])
def test_liver_follows_the_published_sigmoids(temperature_c: float) -> None:
    """With its own values at 37 °C the scaled law is the published one."""
    permittivity = 1.0 + 48.391 * (1.0 - 1.0 / (1.0 + math.exp(6.286 - 0.0764 * temperature_c)))
    conductivity = 2.173 * (1.0 - 1.0 / (1.0 + math.exp(5.951 - 0.0697 * temperature_c)))
    assert float(drying_permittivity(temperature_c, JI_BRACE_37[0])) == pytest.approx(permittivity, rel=1e-12)
    assert float(drying_conductivity(temperature_c, JI_BRACE_37[1])) == pytest.approx(conductivity, rel=1e-12)


def test_a_tissue_keeps_its_own_values_at_body_temperature() -> None:
    for permittivity, conductivity in ((57.2, 1.968), (43.04, 1.686), (5.147, 0.137)):
        assert float(drying_permittivity(BODY_C, permittivity)) == pytest.approx(permittivity, rel=1e-12)
        assert float(drying_conductivity(BODY_C, conductivity)) == pytest.approx(conductivity, rel=1e-12)


def test_both_fall_with_temperature_to_those_of_a_vacuum() -> None:
    """Steadily from ice to vapour; dry tissue neither polarises nor conducts."""
    temperature = np.linspace(-20.0, 400.0, 2000)
    permittivity, conductivity = drying_permittivity(temperature, 57.2), drying_conductivity(temperature, 1.968)
    assert (np.diff(permittivity) < 0.0).all()
    assert (np.diff(conductivity) < 0.0).all()
    assert permittivity[-1] == pytest.approx(1.0, abs=1e-6)
    assert conductivity[-1] == pytest.approx(0.0, abs=1e-6)
    assert permittivity.min() > 1.0
    assert conductivity.min() > 0.0


def test_liver_dries_as_published() -> None:
    """ε' and σ [S m⁻¹] at 37, 80, 90 and 100 °C, worked out by hand from the published parameters."""
    temperature = np.array([37.0, 80.0, 90.0, 100.0])
    permittivity = drying_permittivity(temperature, JI_BRACE_37[0])
    conductivity = drying_conductivity(temperature, JI_BRACE_37[1])
    assert permittivity == pytest.approx([47.9, 27.3, 18.3, 10.9], abs=0.06)
    assert conductivity == pytest.approx([2.10, 1.29, 0.913, 0.576], abs=0.006)


@pytest.mark.parametrize(
    ("permittivity", "conductivity", "depth_mm"), [(43.04, 1.686, 10.4), (5.147, 0.137, 44.2), (57.2, 1.968, 10.3)]
)
def test_a12_plane_wave_penetration(permittivity: float, conductivity: float, depth_mm: float) -> None:
    """1/2α at 2.45 GHz of liver, fat and gland (Gabriel 1996 values)."""
    assert 1e3 / power_attenuation(permittivity, conductivity, 2.45e9) == pytest.approx(depth_mm, rel=0.01)
