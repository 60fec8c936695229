"""What placed sources bring, where, and what is lost; on every backend.

In uniform tissue at 37 °C without blood or metabolism the first Euler step moves u by dt q/ρc and by nothing else.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.tables import U_NODES, DielectricTables
from gpu_ablate.engine import lookup
from gpu_ablate.engine.backend import Backend, Heating
from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.deposit import AntennaShape, FieldShape, Frame, PointShape, antenna_field, point_shares
from gpu_ablate.engine.superstep import SuperStep
from tests.engine.conftest import BACKENDS
from tests.engine.needles import in_uniform
from tests.engine.random_cases import made_case, settings_of
from tests.random_tissues import LIBRARY, still

Array = NDArray[np.float64]

SHAPE = (9, 10, 13)
BEHIND_GAS = (6.2e-3, 4.9e-3, 2.3e-3)
"""A point between tissue (z > 2 mm) and gas [m]."""
ANTENNA = AntennaShape(in_uniform().field, Frame((6.137e-3, 4.729e-3, 4.913e-3), (0.48, 0.6, 0.64)))
CONDUCTIVITY = np.array([1.7, 0.68, 0.0])
"""Of liver, fat and gas at 37 °C [S m⁻¹]; it falls with temperature."""


@pytest.fixture
def case() -> Case:
    """Liver and fat side by side over gas, 1 mm, float64."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, 7:] = 1
    labels[:2] = 2
    tissues = [replace(still(LIBRARY[name]), perfusion=0.0) for name in ("liver", "breast_fat")]
    made = made_case([*tissues, None], labels, np.full(SHAPE, 37.0), {}, settings_of("standard", 1.0, "float64"))
    falling = np.outer(CONDUCTIVITY, np.exp(-U_NODES / 100.0))
    return replace(made, dielectric=DielectricTables(np.full(falling.shape, 40.0), falling))


def density(engine: Backend, case: Case) -> Array:
    """Power density that acts now (nz, ny, nx) [W m⁻³]."""
    before, dt = engine.temperature(), 1e-3
    engine.advance(SuperStep("euler", dt, 1))
    engine.keep()
    rise = engine.temperature() - before
    engine.restore({**engine.save(), "u": np.zeros(SHAPE)})
    assert not rise[case.setup.labels == 2].any()
    return rise * np.append(case.tables.heat_capacity[:2], 0.0)[case.setup.labels] / dt


def of_point(case: Case, point: tuple[float, float, float]) -> Array:
    """One watt at a point, less what falls to gas [m⁻³]."""
    cells, shares = point_shares(case.setup.grid, point)
    field = np.zeros(SHAPE)
    field.flat[cells] = shares
    return np.where(case.setup.labels == 2, 0.0, field)


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_shape_heats_where_it_lies(case: Case, backend: str) -> None:
    """The share that tissue takes, and the field; gas takes nothing."""
    grid, labels = case.setup.grid, case.setup.labels
    antenna = antenna_field(grid, ANTENNA) * CONDUCTIVITY[labels]
    field = np.where(labels == 2, 0.0, np.random.default_rng(3).random(SHAPE)) * 1e6
    expected = {"antenna": antenna, "point": of_point(case, BEHIND_GAS), "field": field}
    shapes = {"antenna": ANTENNA, "point": PointShape(BEHIND_GAS), "field": FieldShape(field)}
    engine = open_backend(backend, case)
    for name, shape in shapes.items():
        absorbed = float(expected[name].sum()) * grid.cell_volume
        assert engine.place(name, shape) == pytest.approx(absorbed, rel=1e-9)
        heating = engine.set_source({name: 3.0})
        rates = 3.0 * expected[name] / case.tables.heat_capacity[labels]
        assert heating.absorbed == pytest.approx(3.0 * absorbed, rel=1e-9)
        assert heating.rates == pytest.approx((rates.min(), rates.max()), rel=1e-9)
        assert density(engine, case) == pytest.approx(3.0 * expected[name], rel=1e-6, abs=1e-6 * antenna.max())
    assert engine.place("point", PointShape(BEHIND_GAS)) == pytest.approx(0.8, rel=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_sources_add_and_those_not_named_give_none(case: Case, backend: str) -> None:
    """A source that cools counts with its sign."""
    inner, other = (6.2e-3, 4.9e-3, 5.3e-3), (2.5e-3, 2.5e-3, 7.5e-3)
    engine = open_backend(backend, case)
    for name, point in (("a", inner), ("b", other), ("c", BEHIND_GAS)):
        engine.place(name, PointShape(point))
    for powers in ({"a": 2.0, "b": -0.5}, {"b": 1.0}, {"c": 1.0, "a": 0.25}):
        heating = engine.set_source(powers)
        points = {"a": inner, "b": other, "c": BEHIND_GAS}
        expected = sum(power * of_point(case, points[name]) for name, power in powers.items())
        assert heating.absorbed == pytest.approx(float(np.sum(expected)) * case.setup.grid.cell_volume, rel=1e-9)
        assert heating.rates[0] <= 0.0 < heating.rates[1]
        assert density(engine, case) == pytest.approx(expected, rel=1e-6, abs=1.0)
    assert engine.set_source({}) == Heating(0.0, (0.0, 0.0))
    assert not density(engine, case).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_source_that_has_moved_heats_at_its_new_place_alone(case: Case, backend: str) -> None:
    """And where it was until the powers are set again."""
    old, new = (6.2e-3, 4.9e-3, 5.3e-3), (3.1e-3, 7.7e-3, 6.4e-3)
    engine = open_backend(backend, case)
    engine.place("a", PointShape(old))
    engine.set_source({"a": 1.0})
    engine.place("a", PointShape(new))
    assert density(engine, case) == pytest.approx(of_point(case, old), rel=1e-6, abs=1.0)
    engine.set_source({"a": 1.0})
    assert density(engine, case) == pytest.approx(of_point(case, new), rel=1e-6, abs=1.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_antenna_heats_by_the_conductivity_of_now(case: Case, backend: str) -> None:
    """Hot tissue takes less; what it takes changes when the sources are set, as the field stays where it is."""
    assert case.dielectric is not None
    labels, volume = case.setup.labels, case.setup.grid.cell_volume
    engine = open_backend(backend, case)
    field = antenna_field(case.setup.grid, ANTENNA)
    cold = engine.place("antenna", ANTENNA)
    u = np.random.default_rng(2).uniform(0.0, 150.0, SHAPE)
    engine.restore({**engine.save(), "u": u})
    expected = float((field * lookup.thermal(case.dielectric.conductivity, labels, u)).sum()) * volume
    assert expected < 0.7 * cold
    assert engine.set_source({"antenna": 2.0}).absorbed == pytest.approx(2.0 * expected, rel=1e-9)
    assert engine.place("antenna", ANTENNA) == pytest.approx(expected, rel=1e-9)
