"""What a backend tells of a set of cells is what its whole fields hold; on every backend, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.superstep import SuperStep
from gpu_ablate.engine.watch import Watch
from tests.engine.conftest import BACKENDS, SMALL, Build

FACES = """
[boundary]
x_min = { temperature_c = -60 }
x_max = { temperature_c = 90 }
z_max = "insulated"
[run]
duration_s = 10
endpoint = "lethal40"
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_sets_of_cells(build: Build, backend: str) -> None:
    """`at`, `span` and `met` of half of all cells, of one, and of all tissue."""
    case = build(SMALL.replace('[boundary]\nz_max = "insulated"\n', "") + FACES)
    engine = open_backend(backend, case)
    engine.set_exchange(*case.exchange.at(0.0))
    for _ in range(10):
        engine.advance(SuperStep("euler", 1.0, 20))
        engine.keep()
    temperature = engine.temperature()
    assert np.ptp(temperature) > 60.0
    cells = np.random.default_rng(5).permutation(case.setup.grid.cells)
    for chosen in (np.sort(cells[::2]), cells[:1], np.flatnonzero(case.setup.phase_mask("body"))):
        where = engine.listed(chosen)
        assert np.array_equal(engine.at(where), temperature.flat[chosen])
        assert engine.span(where) == (temperature.flat[chosen].min(), temperature.flat[chosen].max())
        for history in case.histories:
            values = engine.history(history.name).flat[chosen]
            assert engine.span(where, history.name) == (values.min(), values.max())
            middle = float(np.median(values))
            for threshold in (middle, float(values.max()), float(values.min())):
                endpoint = Endpoint("dead", history.name, threshold)
                assert engine.met(where, endpoint) == endpoint.met(values).sum()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("threshold", [-200.0, -40.0, -0.5, 36.9, 99.5, 150.0, 1000.0])
def test_the_dead_are_counted_by_their_extremes_at_any_threshold(build: Build, backend: str, threshold: float) -> None:
    """Frozen, freezing, boiling and dry tissues beside each other; far beyond all temperatures none or all are."""
    scene = SMALL.replace('[boundary]\nz_max = "insulated"\n', "") + FACES.replace("= 90", "= 140")
    case = build(scene + '[[limit]]\nwhere = "tumour"\nquantity = "max_temperature_c"\nfail_above = 60\n')
    engine = open_backend(backend, case)
    engine.set_exchange(*case.exchange.at(0.0))
    for _ in range(10):
        engine.advance(SuperStep("euler", 1.0, 20))
        engine.keep()
    body = np.flatnonzero(case.setup.phase_mask("body"))
    extremes = [history.name for history in case.histories if history.kind in ("min", "max")]
    assert set(extremes) == {"min_temperature", "max_temperature"}
    for name in extremes:
        endpoint = Endpoint("dead", name, threshold)
        values = engine.history(name).flat[body]
        assert engine.met(engine.listed(body), endpoint) == endpoint.met(values).sum()


@pytest.mark.parametrize("backend", BACKENDS)
def test_sums_are_what_was_brought_and_what_is_stored(build: Build, backend: str) -> None:
    case = build(SMALL.replace('[boundary]\nz_max = "insulated"\n', "") + FACES)
    engine = open_backend(backend, case)
    engine.set_exchange(*case.exchange.at(0.0))
    engine.advance(SuperStep("euler", 1.0, 20))
    engine.keep()
    sums = engine.sums()
    stored = sums.pop("stored_j")
    assert sums == engine.brought()
    assert stored == pytest.approx(sum(sums.values()), rel=1e-3)
    assert stored != 0.0


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sensor_is_linear_between_cell_centres(build: Build, backend: str) -> None:
    """At a centre its cell; half way between two their mean; beyond the last centre the last cell."""
    sensors = "".join(
        f'[[sensor]]\nname = "{name}"\npoint_mm = [{x}, -9.75, -9.75]\n'
        for name, x in (("cell", 2.25), ("between", 3.0), ("edge", 17.9))
    )
    case = build(SMALL.replace('[boundary]\nz_max = "insulated"\n', "") + sensors + FACES)
    engine = open_backend(backend, case)
    engine.set_exchange(*case.exchange.at(0.0))
    engine.advance(SuperStep("euler", 4.0, 80))
    engine.keep()
    k, j, i = case.setup.grid.cell_at((2.25e-3, -9.75e-3, -9.75e-3))
    row = engine.temperature()[k, j].astype(np.float64)
    found = Watch(case, engine).sensors()
    assert found["cell"] == pytest.approx(row[i], abs=1e-5)
    assert found["between"] == pytest.approx(0.5 * (row[i] + row[i + 1]), abs=1e-5)
    assert found["edge"] == pytest.approx(row[-1], abs=1e-5)
    assert row[-1] > 37.5
