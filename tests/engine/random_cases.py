"""Small random cases for the property-based tests: any tissues, layouts, starts and faces of the box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from gpu_ablate.case.case import Accuracy, Case, Exchange, Film, HeatSource, History, RunSettings
from gpu_ablate.case.exchange import FACES
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Endpoint, Plan, Region, Setup
from gpu_ablate.case.tables import thermal_tables
from gpu_ablate.physics.bioheat import TissueProperties
from tests.random_tissues import any_tissue, still

Array = NDArray[np.float64]

HELD = math.inf
"""Film coefficient of a face that is held at its temperature."""


@dataclass(frozen=True)
class Face:
    """A face of the box: film coefficient [W m⁻² K⁻¹] and temperature outside [°C]."""

    h: float
    temperature_c: float


def made_case(
    tissues: Sequence[TissueProperties | None],
    labels: NDArray[np.uint8],
    initial_c: Array,
    faces: dict[str, Face],
    run: RunSettings,
    spacing: float = 1e-3,
    sources: tuple[HeatSource, ...] = (),
) -> Case:
    """A case of these tissues (None: gas); faces of the box that are not named are insulated."""
    grid = Grid(labels.shape, spacing, (0.0, 0.0, 0.0))
    regions = tuple(
        Region(f"region {i}", "tissue", f"tissue {i}", "gas" if tissue is None else "body")
        for i, tissue in enumerate(tissues)
    )
    setup = Setup(
        "random", "", "local", grid, regions, labels, {}, (), (), (),
        Endpoint("ice", "min_temperature", 0.0), Plan("palliative", 0.0),
    )  # fmt: skip
    gas = np.isin(labels, [i for i, tissue in enumerate(tissues) if tissue is None])
    return Case(
        setup,
        thermal_tables(tissues, spacing, 37.0),
        initial_c - 37.0,
        {},
        sources,
        exchange_of(faces, grid, gas),
        (History("max_temperature", "max"), History("min_temperature", "min")),
        {},
        (),
        {},
        None,
        run,
    )


def exchange_of(faces: dict[str, Face], grid: Grid, gas: NDArray[np.bool_]) -> Exchange:
    """Exchange list of the faces of the box."""
    cells: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    groups: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
    for number, name in enumerate(faces):
        axis, index = FACES[name]
        layer = np.take(np.arange(grid.cells).reshape(grid.shape), index, axis=axis).ravel()
        cells.append(layer[~gas.flat[layer]])
        groups.append(np.full(len(cells[-1]), number, np.int32))
    order = np.argsort(np.concatenate(cells), kind="stable")
    films = tuple(Film((0.0,), (face.h,), (face.temperature_c - 37.0,)) for face in faces.values())
    return Exchange(
        cells=np.concatenate(cells)[order],
        weights=np.ones(len(order)),
        series=np.ones(len(order)),
        groups=np.concatenate(groups)[order],
        names=tuple(f"boundary {name}" for name in faces),
        film_scale=np.full(len(faces), grid.spacing),
        films=films,
        terms=("boundary_j",) * len(faces),
    )


spacings = st.sampled_from([1e-3, 5e-4, 2e-3])
accuracies: st.SearchStrategy[Accuracy] = st.sampled_from(["standard", "preview", "fine"])
temperatures = st.sampled_from([37.0, -140.0, -40.0, -5.0, 90.0, 130.0]) | st.floats(-150.0, 150.0)
films = st.sampled_from([HELD, 1e4, 100.0]) | st.floats(1.0, 2e4)
some_faces = st.dictionaries(st.sampled_from(sorted(FACES)), st.builds(Face, films, temperatures), max_size=6)
some_tissues = st.lists(any_tissue, min_size=1, max_size=3)


def settings_of(accuracy: Accuracy, duration: float, precision: str) -> RunSettings:
    """Traced and recorded at both ends alone."""
    return RunSettings(duration, 1e9, 1e9, "float64" if precision == "float64" else "float32", accuracy)


@st.composite
def layouts(draw: st.DrawFn, regions: int) -> NDArray[np.uint8]:
    """Labels of a small box."""
    shape = draw(st.tuples(*[st.integers(1, 5)] * 3))
    return draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, regions - 1)))


@st.composite
def cases(draw: st.DrawFn, precision: str, metabolism: bool = False) -> Case:
    """Tissues in any layout, each at a temperature of its own, between any faces."""
    tissues = [tissue if metabolism else still(tissue) for tissue in draw(some_tissues)]
    labels = draw(layouts(len(tissues)))
    starts = np.array([draw(temperatures) for _ in tissues])
    return made_case(
        tissues,
        labels,
        starts[labels],
        draw(some_faces),
        settings_of(draw(accuracies), draw(st.sampled_from([1.0, 3.0]) | st.floats(0.1, 6.0)), precision),
        draw(spacings),
    )
