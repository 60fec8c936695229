"""The cells that stand for all that exchange heat are those that exchange most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_ablate.case.case import Exchange, Film
from gpu_ablate.engine.couplings import couplings
from tests.engine.random_cases import made_case, settings_of
from tests.random_tissues import LIBRARY

TISSUES = [LIBRARY["liver"], LIBRARY["breast_fat"], None]


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 60))
def test_none_is_left_out_that_could_be_the_greatest(seed: int, rows: int) -> None:
    """Rows of faces, segments and infusion, several in a cell, of one or more groups: as all cells one by one."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (3, 4, 3)).astype(np.uint8)
    labels.flat[0] = 0
    tissue = np.flatnonzero(labels != 2)
    segment = rng.random(rows) < 0.3
    groups = rng.integers(0, 3, rows).astype(np.int32)
    through = np.where(segment, 1e5 * rng.random(rows), 1.0)
    exchange = Exchange(
        cells=np.sort(rng.choice(tissue, rows)),
        weights=rng.choice([1.0, 1.0, 0.3, 1e3], rows),
        series=np.where((groups == 2) & (rng.random(rows) < 0.5), 0.0, through),
        groups=groups,
        names=("a", "b", "c"),
        film_scale=np.ones(3),
        films=(Film((0.0,), (1.0,), (0.0,)),) * 3,
        terms=("boundary_j",) * 3,
    )
    run = settings_of("standard", 1.0, "float64")
    case = replace(made_case(TISSUES, labels, np.full(labels.shape, 37.0), {}, run), exchange=exchange)
    film = rng.choice([0.0, 1e-6, 1e-3], 3)
    film[2] = rng.choice([1e-6, 1e-3])
    resistance, face = 1e-6 * (0.1 + rng.random(4)), 1e6 * rng.random(4)
    padded = np.pad(labels, 1, constant_values=2)
    expected: dict[int, np.ndarray] = {}
    for cell in np.unique(exchange.cells):
        k, j, i = (int(index) + 1 for index in np.unravel_index(cell, labels.shape))
        neighbours = [(k - 1, j, i), (k + 1, j, i), (k, j - 1, i), (k, j + 1, i), (k, j, i - 1), (k, j, i + 1)]
        total = sum(int(padded[at] != 2) for at in neighbours) * face
        for row in np.flatnonzero(exchange.cells == cell):
            total = total + exchange.weights[row] / (exchange.series[row] * resistance + film[exchange.groups[row]])
        region = int(labels.flat[cell])
        expected[region] = np.maximum(expected.get(region, 0.0), total)
    found = couplings(case)
    assert found.keys() == expected.keys()
    for region, sums in expected.items():
        assert found[region].conductance(resistance, face, film) == pytest.approx(sums, rel=1e-12)
