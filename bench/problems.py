"""The problems that are timed and measured, built as cases without a scene. Lengths in m, fields (nz, ny, nx)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Accuracy, Case, Exchange, Film, HeatSource, History, RunSettings
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.needle import exchange_rows, segment_nodes
from gpu_ablate.case.setup import Endpoint, Plan, Region, Setup
from gpu_ablate.case.tables import rate_table, thermal_tables
from gpu_ablate.engine.backend import Member
from gpu_ablate.engine.deposit import FieldShape
from gpu_ablate.physics.analytic import Medium
from gpu_ablate.physics.bioheat import BLOOD_DENSITY, BLOOD_HEAT_CAPACITY, Freezing, TissueProperties
from gpu_ablate.physics.damage import CEM43, VASCULAR_STASIS
from gpu_ablate.units import BODY_C

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]
Precision = Literal["float32", "float64"]

SPACING = 1e-3
"""Δx of all problems, where no other is given [m]."""


def _tissue(
    heat: float, frozen_heat: float, conductivity: float, frozen_conductivity: float, latent: float, perfusion: float
) -> TissueProperties:
    """ρc and its frozen value [MJ m⁻³ K⁻¹], k [W m⁻¹ K⁻¹], latent heat [MJ m⁻³], ω ρ_b c_b [W m⁻³ K⁻¹]."""
    return TissueProperties(
        density=1000.0,
        heat_capacity=1e3 * heat,
        conductivity=conductivity,
        conductivity_slope=0.0012,
        perfusion=perfusion / (BLOOD_DENSITY * BLOOD_HEAT_CAPACITY),
        metabolic_heat=0.0,
        freezing=Freezing("linear", -1.0, -8.0),
        freezing_latent_heat=1e6 * latent,
        frozen_conductivity=frozen_conductivity,
        frozen_heat_capacity=1e3 * frozen_heat,
        frozen_as_ice=True,
        boiling_latent_heat=1.7e9,
    )


TISSUES = (
    _tissue(3.75, 1.90, 0.52, 2.20, 250.0, 6e4),
    _tissue(2.10, 1.50, 0.21, 0.35, 40.0, 2e3),
    _tissue(3.80, 1.90, 0.55, 2.20, 270.0, 3e4),
    _tissue(2.40, 1.70, 0.35, 0.50, 50.0, 1e3),
    _tissue(3.60, 1.90, 0.51, 2.20, 260.0, 1e5),
)
"""Soft tissue, fat, tumour, bone, a vessel's blood: round numbers of the size of those in library/tissues.toml. All
freeze between -1 and -8 °C, as cold ice does below, and boil."""


def _case(
    labels: Labels,
    tissues: Sequence[TissueProperties | None],
    run: RunSettings,
    histories: tuple[History, ...] = (),
    sources: tuple[HeatSource, ...] = (),
    exchange: Exchange | None = None,
    spacing: float = SPACING,
) -> Case:
    """A case at 37 °C in an insulated box; None among the tissues is what does not conduct."""
    grid = Grid(shape=labels.shape, spacing=spacing, origin=(0.0, 0.0, 0.0))
    regions = tuple(
        Region(f"region {index}", "tissue", f"tissue {index}", "gas" if tissue is None else "body")
        for index, tissue in enumerate(tissues)
    )
    endpoint = Endpoint("cem43_240", "cem43", 240.0)
    if any(history.name == "min_temperature" for history in histories):
        endpoint = Endpoint("frozen", "min_temperature", -20.0)
    setup = Setup("bench", "bench", "local", grid, regions, labels, {}, (), (), (), endpoint, Plan("radical", 0.0))
    if exchange is None:
        none = np.zeros(0)
        exchange = Exchange(none.astype(np.int64), none, none, none.astype(np.int32), (), none, (), ())
    tables = thermal_tables(tissues, spacing, BODY_C)
    return Case(setup, tables, np.zeros(labels.shape), {}, sources, exchange, histories, {}, (), {}, None, run)


def heat(engine: Member, density: Array) -> None:
    """Let a power density (nz, ny, nx) [W m⁻³] act on a backend."""
    engine.place("bench", FieldShape(density))
    engine.set_source({"bench": 1.0})


def _axes(n: int) -> tuple[Array, Array, Array]:
    """Indices z, y, x of the cells of a cube, broadcast."""
    index = np.arange(n, dtype=np.float64)
    return index[:, None, None], index[None, :, None], index[None, None, :]


CEM43_HISTORY = History("cem43", "accumulate", rate_table(CEM43))
STASIS_HISTORY = History("perfusion", "decay", rate_table(VASCULAR_STASIS))
COLDEST_HISTORY = History("min_temperature", "min")


def _block_labels(n: int) -> Labels:
    """Fat under the skin, a tumour, bone and a vessel in soft tissue (n, n, n)."""
    z, y, x = _axes(n)
    c = n / 2
    labels = np.zeros((n, n, n), np.uint8)
    labels[:, np.arange(n) < 0.15 * n] = 1
    labels[(x - c) ** 2 + (y - c) ** 2 + (z - c) ** 2 < (0.18 * n) ** 2] = 2
    labels[np.broadcast_to((x > 0.8 * n) & (y > 0.5 * n), labels.shape)] = 3
    labels[np.broadcast_to((x - 0.7 * n) ** 2 + (y - 0.5 * n) ** 2 < (0.04 * n) ** 2, labels.shape)] = 4
    return labels


def block(n: int, damage: bool) -> tuple[Case, Array, Array]:
    """The full physics at n³: five materials, a zone up to 97 °C and one deep in ice; damage: CEM43 and the stasis
    of perfusion.

    Returns
    -------
    case; u [K] to start from; power density of the source [W m⁻³]
    """
    z, y, x = _axes(n)
    c = n / 2
    beside = (y - c) ** 2 + (z - c) ** 2
    u = 60.0 * np.exp(-((x - 0.35 * n) ** 2 + beside) / (0.1 * n) ** 2)
    u -= 240.0 * np.exp(-((x - 0.675 * n) ** 2 + beside) / (0.12 * n) ** 2)
    np.maximum(u, -150.0, out=u)
    u += 0.01 * np.random.default_rng(0).standard_normal(u.shape)
    source = 4e6 * np.exp(-((x - 0.35 * n) ** 2 + (y - c) ** 2) / (0.04 * n) ** 2 - (z - c) ** 2 / (0.12 * n) ** 2)
    histories = (CEM43_HISTORY, STASIS_HISTORY) if damage else ()
    return _case(_block_labels(n), TISSUES, RunSettings(10.0, 10.0, 10.0, "float32"), histories), u, source


LINEAR = TissueProperties(1050.0, 3600.0, 0.5, 0.0, 2e-3, 0.0, Freezing("none"), 0.0, 0.5, 3600.0, False, 0.0)
LINEAR_MEDIUM = Medium(0.5, 1050.0 * 3600.0, 2e-3 * BLOOD_DENSITY * BLOOD_HEAT_CAPACITY)
LINEAR_POWER = 30.0
"""[W]"""
LINEAR_SIGMA = 7.5e-3
"""Width of the Gaussian source [m]."""


def linear(n: int) -> tuple[Case, Array]:
    """One tissue without any change of phase or conductivity, and a Gaussian source [W m⁻³] in the middle of n³."""
    case = _case(np.zeros((n, n, n), np.uint8), (LINEAR,), RunSettings(60.0, 60.0, 60.0, "float32"))
    return case, LINEAR_POWER * _gaussian(n, LINEAR_SIGMA)


def _gaussian(n: int, sigma: float, stretch: float = 1.0) -> Array:
    """A Gaussian of width sigma [m], along z `stretch` times that, around the middle of n³ that integrates to 1
    [m⁻³]."""
    z, y, x = (SPACING * (axis - 0.5 * (n - 1)) for axis in _axes(n))
    peak = 1.0 / (stretch * (2.0 * np.pi * sigma**2) ** 1.5)
    return np.asarray(peak * np.exp(-(x**2 + y**2 + (z / stretch) ** 2) / (2.0 * sigma**2)))


def heating(n: int, accuracy: Accuracy, precision: Precision) -> Case:
    """Soft tissue with a tumour: 30 W in a Gaussian of 6 mm for 60 s, then 120 s of rest, with CEM43."""
    z, y, x = _axes(n)
    labels = np.zeros((n, n, n), np.uint8)
    labels[(x - n / 2) ** 2 + (y - n / 2) ** 2 + (z - n / 2) ** 2 < (0.15 * n) ** 2] = 2
    source = HeatSource("source", 30.0, 0.0, 60.0, _gaussian(n, 6e-3))
    run = RunSettings(180.0, 60.0, 60.0, precision, accuracy)
    return _case(labels, TISSUES, run, (CEM43_HISTORY,), (source,))


def microwave(n: int, duration: float) -> Case:
    """A block of n³ with its five tissues, heated for so long [s] as by a needle: 40 W in a Gaussian of 4 mm across and
    12 mm along, with CEM43 and the stasis of perfusion."""
    source = HeatSource("needle", 40.0, 0.0, duration, _gaussian(n, 4e-3, 3.0))
    run = RunSettings(duration, duration, 60.0, "float32")
    return _case(_block_labels(n), TISSUES, run, (CEM43_HISTORY, STASIS_HISTORY), (source,))


Knots = tuple[tuple[float, float], ...]

CYCLES: Knots = ((0.0, 37.0), (60.0, -140.0), (600.0, -140.0), (660.0, 20.0), (900.0, 20.0), (960.0, -140.0))
"""Temperature of the probe over time [s], [°C]: freeze, thaw, and freeze again."""

TWO_CYCLES: Knots = (*CYCLES, (1500.0, -140.0), (1560.0, 20.0), (1680.0, 20.0))
"""A whole treatment: two cycles of freezing and thawing."""

LONG_CYCLES: Knots = (
    (0.0, 37.0), (60.0, -140.0), (900.0, -140.0), (960.0, 20.0), (1080.0, 20.0),
    (1140.0, -140.0), (1980.0, -140.0), (2040.0, 20.0), (2160.0, 20.0),
)  # fmt: skip
"""15 min of freezing and 3 of thawing, twice."""

METAL = 30.0
"""Conductivity of the cells of the probe [W m⁻¹ K⁻¹]."""


def freezing(
    n: int, duration: float, accuracy: Accuracy, precision: Precision = "float32", cold_ice: bool = True
) -> Case:
    """A probe 3 cells thick in the middle of n³ held at CYCLES, in soft tissue with fat, a tumour and a vessel.

    Its cells conduct as metal and have the temperature of the schedule: each of their faces is an exchange through
    their half cell, r = Δx²/2k, to that temperature. cold_ice: frozen values change with temperature as those of ice
    do, else they are constant.
    """
    z, y, x = _axes(n)
    c = n // 2
    tissues = tuple(replace(tissue, frozen_as_ice=cold_ice) for tissue in TISSUES)
    labels = np.zeros((n, n, n), np.uint8)
    labels[:, np.arange(n) < 0.2 * n] = 1
    labels[(x - c) ** 2 + (y - c) ** 2 + (z - c) ** 2 < (0.15 * n) ** 2] = 2
    labels[np.broadcast_to((x - c - 0.2 * n) ** 2 + (z - c - 0.14 * n) ** 2 < 4.0, labels.shape)] = 4
    metal = np.broadcast_to((abs(x - c) <= 1) & (abs(y - c) <= 1) & (abs(z - c) <= 0.22 * n), labels.shape)
    labels[metal] = len(tissues)
    cells = _faces(metal)
    ones = np.ones(len(cells))
    film = Film(
        times=tuple(time for time, _ in CYCLES),
        h=(2.0 * METAL / SPACING,) * len(CYCLES),
        theta=tuple(temperature - BODY_C for _, temperature in CYCLES),
    )
    exchange = Exchange(
        cells, ones, ones, np.zeros(len(cells), np.int32), ("probe",), np.array([SPACING]), (film,), ("probes_j",)
    )
    run = RunSettings(duration, 60.0, 60.0, precision, accuracy)
    return _case(labels, (*tissues, None), run, (COLDEST_HISTORY,), exchange=exchange)


def _faces(solid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat index of the cell beside each face of a solid within the box, ascending."""
    beside = []
    for axis in range(3):
        for step in (-1, 1):
            moved = np.roll(solid, step, axis)
            beside.append(np.flatnonzero(moved & ~solid))
    return np.sort(np.concatenate(beside))


def two_cycle_freeze(n: int, duration: float, spacing: float = SPACING, cycles: Knots = TWO_CYCLES) -> Case:
    """A cryoprobe of 2 mm in the middle of a block of n³ with its five tissues, on `cycles`, `standard`."""
    labels = _block_labels(n)
    grid = Grid(shape=labels.shape, spacing=spacing, origin=(0.0, 0.0, 0.0))
    middle, half, radius = (n // 2 + 0.5) * spacing, 0.015, 0.001
    nodes = segment_nodes(grid, (middle, middle, middle - half), (middle, middle, middle + half), radius)
    weights, series = exchange_rows(grid, nodes, 2.0 * half, radius)
    film = Film(
        times=tuple(time for time, _ in cycles),
        h=(3e4,) * len(cycles),
        theta=tuple(temperature - BODY_C for _, temperature in cycles),
    )
    groups = np.zeros(len(nodes.cells), np.int32)
    exchange = Exchange(
        nodes.cells, weights, series, groups, ("probe",), np.array([1.0 / radius]), (film,), ("probes_j",)
    )
    run = RunSettings(duration, duration, 60.0, "float32")
    return _case(labels, TISSUES, run, (COLDEST_HISTORY,), exchange=exchange, spacing=spacing)
