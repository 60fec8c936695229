"""Laws of the tables for any tissue: monotone, positive, and inverse to each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_ablate.case.tables import U_MIN, U_STEP, enthalpy_of, thermal_tables
from gpu_ablate.engine import lookup
from gpu_ablate.physics.bioheat import TissueProperties
from tests.random_tissues import LIBRARY, any_tissue

SPACING = st.floats(2e-4, 5e-3)


def rises(tissue: TissueProperties, spacing: float) -> None:
    """T and Φ rise from node to node, Δx²/2k is a positive number, and u = 0 is 37 °C and Φ = 0."""
    tables = thermal_tables([tissue], spacing, 37.0)
    assert (np.diff(tables.theta[0]) > 0).all()
    assert (np.diff(tables.potential[0]) > 0).all()
    assert (tables.resistance[0] > 0).all()
    assert np.isfinite(tables.resistance[0]).all()
    middle = round(-U_MIN / U_STEP)
    assert (tables.theta[0, middle], tables.potential[0, middle]) == (0.0, 0.0)


@settings(max_examples=60)
@given(any_tissue, SPACING)
def test_temperature_and_potential_rise_with_the_enthalpy(tissue: TissueProperties, spacing: float) -> None:
    rises(tissue, spacing)


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_tables_of_the_library_rise(name: str) -> None:
    rises(LIBRARY[name], 1e-3)


@settings(max_examples=100)
@given(any_tissue, st.lists(st.floats(-190.0, 590.0), min_size=1, max_size=20))
def test_temperature_and_enthalpy_invert_each_other(tissue: TissueProperties, temperatures: list[float]) -> None:
    tables = thermal_tables([tissue], 1e-3, 37.0)
    theta = np.array(temperatures) - 37.0
    covered = theta[(theta >= tables.theta[0, 0]) & (theta <= tables.theta[0, -1])]
    labels = np.zeros(len(covered), np.uint8)
    u = enthalpy_of(tables, 0, covered)
    assert lookup.thermal(tables.theta, labels, u) == pytest.approx(covered, abs=1e-9)
    again = enthalpy_of(tables, 0, lookup.thermal(tables.theta, labels, u))
    assert again == pytest.approx(u, abs=1e-6)
