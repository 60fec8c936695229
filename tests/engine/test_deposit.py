"""Power reaches the voxels, that of a solved antenna at every angle and place; and what rings about a needle hold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.case.case import Case
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.tables import DielectricTables
from gpu_ablate.engine.backend import Backend
from gpu_ablate.engine.choose import open_backend
from gpu_ablate.engine.cpu import Cpu
from gpu_ablate.engine.deposit import AntennaShape, Frame, Rings, antenna_field, point_shares
from gpu_ablate.physics.axial_field import AxialField
from tests.engine.conftest import BACKENDS
from tests.engine.needles import LIVER, in_uniform
from tests.engine.random_cases import made_case, settings_of
from tests.random_tissues import LIBRARY

Array = NDArray[np.float64]

GRID = Grid((96, 96, 96), 1e-3, (-48e-3, -48e-3, -48e-3))


def test_a_point_shares_its_watt_among_eight_cells() -> None:
    cells, shares = point_shares(GRID, (0.3e-3, -0.2e-3, 0.4e-3))
    assert len(set(cells.tolist())) == 8
    assert shares.min() > 0.0
    assert shares.sum() * GRID.cell_volume == pytest.approx(1.0, rel=1e-12)
    centre = shares @ GRID.centres()[cells] * GRID.cell_volume
    assert centre == pytest.approx([0.3e-3, -0.2e-3, 0.4e-3], abs=1e-12)


def test_what_a_point_gives_beyond_the_box_is_lost() -> None:
    """On a face half of it, on an edge three quarters."""
    low = GRID.origin[0]
    for point, kept in (((low, 0.2e-3, 0.0), 0.5), ((low, low, 0.1e-3), 0.25), ((2.0 * low, 0.0, 0.0), 0.0)):
        _, shares = point_shares(GRID, point)
        assert shares.sum() * GRID.cell_volume == pytest.approx(kept, rel=1e-12)


# An antenna's field

RANDOM = np.random.default_rng(4)
POSES = [
    ((0.0, 0.0, 1.0), (0.0, 0.0, 0.0)),
    ((0.0, 0.0, 1.0), (0.5, 0.5, 0.5)),
    ((1.0, 0.0, 0.0), (0.31, -0.22, 0.4)),
    ((1.0, 1.0, 0.0), (0.5, 0.0, 0.5)),
    ((1.0, 1.0, 1.0), (0.1, 0.3, -0.2)),
    ((0.02, 0.01, 1.0), (0.0, 0.4, 0.0)),
    *((tuple(RANDOM.normal(size=3)), tuple(RANDOM.uniform(-0.5, 0.5, 3))) for _ in range(2)),
]
"""Direction of a needle, and where its heat centre is among the cells [cells]."""

EDGES_R, EDGES_Z = np.array([0.0, 8.0, 16.0]) * 1e-3, np.array([-12.0, -6.0, 0.0, 6.0, 12.0]) * 1e-3
"""Coarse shells about the axis, and slices of them about the heat centre, with soft edges [m]."""


def shells(r: Array, z: Array) -> Array:
    """How much a point counts to each shell and slice, linear between their middles; 0 beyond the last ones."""
    across = [np.interp(r, EDGES_R, row, right=0.0) for row in np.eye(len(EDGES_R))[:-1]]
    along = [np.interp(z, EDGES_Z, row, left=0.0, right=0.0) for row in np.eye(len(EDGES_Z))[1:-1]]
    return np.array([a * b for a in across for b in along])


def integrals(field: AxialField, emission_offset: float) -> Array:
    """∫ of the field over each shell [V² m W⁻¹], by a fine quadrature about the axis."""
    r = np.sqrt(np.append(0.0, np.linspace(field.r_min**2, EDGES_R[-1] ** 2, 1201)))
    middle = np.sqrt(0.5 * (r[1:] ** 2 + r[:-1] ** 2))
    z = emission_offset + np.linspace(EDGES_Z[0], EDGES_Z[-1], 481)
    rr, zz = np.meshgrid(middle, z)
    weights = shells(rr, zz - emission_offset) * field.half_square(rr, zz)
    return np.asarray(np.trapezoid(weights, z, axis=1) @ (math.pi * np.diff(r**2)))


@pytest.mark.parametrize(("spacing_mm", "shell", "whole"), [(2.0, 0.12, 0.04), (1.0, 0.04, 0.015), (0.5, 0.01, 0.004)])
def test_deposited_power_does_not_depend_on_angle_and_place(spacing_mm: float, shell: float, whole: float) -> None:
    """In each shell, and over all, as about the axis itself: so good are the means over cells.

    Worst by far, with the full tolerance, is an axis along the corners of cells of 2 mm, which stand 1.4 mm off.
    """
    h, offset = spacing_mm * 1e-3, 6.5e-3
    field = in_uniform().field
    expected = integrals(field, offset)
    half = math.ceil(21e-3 / h)
    grid = Grid((2 * half,) * 3, h, (-half * h,) * 3)
    z, y, x = np.meshgrid(*grid.axes()[::-1], indexing="ij")
    for direction, place in POSES if spacing_mm > 0.5 else POSES[2:6]:
        axis, middle = np.array(direction) / np.linalg.norm(direction), np.array(place) * h
        frame = Frame(vector(middle - offset * axis), vector(axis))
        deposited = antenna_field(grid, AntennaShape(field, frame))
        at = np.stack((x, y, z), axis=-1) - middle
        along = at @ axis
        r = np.sqrt(np.maximum((at**2).sum(axis=-1) - along**2, 0.0))
        found = (shells(r, along) * deposited).sum(axis=(1, 2, 3)) * grid.cell_volume
        assert found == pytest.approx(expected, rel=shell)
        assert found.sum() == pytest.approx(expected.sum(), rel=whole)


def vector(values: Array) -> Vector:
    x, y, z = values.tolist()
    return (x, y, z)


def test_the_table_holds_the_power_of_the_solution() -> None:
    """σ times the field, integrated over the whole window, is what the solution says that the medium takes."""
    solved = in_uniform()
    field = solved.field
    r = field.r_min * np.exp(field.r_step * np.linspace(0.0, field.log_half_square.shape[0] - 1, 1500))
    z = np.linspace(field.z_first, field.z_last, 3000)
    rr, zz = np.meshgrid(r, z)
    beside = np.trapezoid(np.trapezoid(2.0 * math.pi * rr * field.half_square(rr, zz), r, axis=1), z)
    before = np.trapezoid(field.half_square(np.zeros(len(z)), z), z) * math.pi * field.r_min**2
    assert LIVER[1] * (beside + before) == pytest.approx(solved.tissue, rel=2e-3)


# What surrounds a needle

SHAPE = (28, 26, 24)
SPACING = 1e-3
RINGS = Rings(0.9e-3, SPACING, -6e-3, 14, 9)
MATTER = ((43.0, 1.69), (5.0, 0.14), (1.0, 0.0))
"""ε' and σ [S m⁻¹] of two tissues and gas."""


def case_of(labels: NDArray[np.uint8]) -> Case:
    """A case of MATTER in boxes of 1 mm whose first corner is the origin."""
    tissues = [LIBRARY["liver"], LIBRARY["breast_fat"], None]
    case = made_case(tissues, labels, np.full(labels.shape, 37.0), {}, settings_of("standard", 1.0, "float64"))
    laws = [np.tile(column, (case.tables.theta.shape[1], 1)).T for column in np.array(MATTER).T]
    return replace(case, dielectric=DielectricTables(*laws))


def posed(place: tuple[float, ...], direction: tuple[float, ...]) -> Frame:
    axis = np.array(direction) / np.linalg.norm(direction)
    return Frame(vector(np.array(place) * 1e-3), vector(axis))


INSIDE = posed((12.0, 13.0, 9.0), (0.0, 0.0, 1.0))
FRAMES = [INSIDE, posed((12.3, 13.1, 10.2), (0.3, 0.5, 1.0)), posed((2.7, 20.3, 6.1), (-1.0, 0.8, 0.3))]
"""Along the grid; oblique; half out of the box."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("frame", FRAMES)
def test_a_uniform_medium_is_found_as_it_is(backend: str, frame: Frame) -> None:
    found = open_backend(backend, case_of(np.zeros(SHAPE, np.uint8))).surroundings(frame, RINGS)
    held = found.inside > 1e-6
    assert held.any()
    assert found.permittivity[held] == pytest.approx(43.0 * found.inside[held], rel=1e-6)
    assert found.conductivity[held] == pytest.approx(1.69 * found.inside[held], rel=1e-6)


def ring_volumes(rings: Rings) -> Array:
    """Of each ring about its axis, with its linear weights [m³]; what lies before the tip within r_min counts to the
    first column (rows, columns)."""
    r, step = np.linspace(rings.r_min, rings.radius, 4001, retstep=True)
    nodes = rings.r_min + rings.width * np.arange(rings.columns)
    hats = np.maximum(1.0 - np.abs(r - nodes[:, None]) / rings.width, 0.0)
    across = np.trapezoid(hats * 2.0 * math.pi * r, dx=step)
    z, step = np.linspace(*rings.heights, 4001, retstep=True)
    nodes = rings.z_first + rings.width * np.arange(rings.rows)
    hats = np.maximum(1.0 - np.abs(z - nodes[:, None]) / rings.width, 0.0)
    along = np.trapezoid(hats, dx=step)
    before = np.trapezoid(hats * (z < 0.0), dx=step)
    volumes = np.outer(along, across)
    volumes[:, 0] += before * math.pi * rings.r_min**2
    return volumes


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("frame", FRAMES)
def test_each_ring_has_its_volume(backend: str, frame: Frame) -> None:
    """Inside and outside of the box together; within 15 %, as samples lie among cells, all rings within 1 %."""
    found = open_backend(backend, case_of(np.zeros(SHAPE, np.uint8))).surroundings(frame, RINGS)
    volumes = (found.inside + found.outside) * SPACING**3
    expected = ring_volumes(RINGS)
    assert volumes == pytest.approx(expected, rel=0.15)
    assert volumes.sum() == pytest.approx(expected.sum(), rel=0.01)
    assert (found.outside.sum() > 0.2 * volumes.sum() / SPACING**3) == (frame is FRAMES[2])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("distance", [0, 2, 5])
def test_half_a_space_beside_the_needle_takes_its_share_of_each_ring(backend: str, distance: int) -> None:
    """acos(d/r)/π of the ring of radius r, with fat beyond a plane at the distance d [cells] along the needle."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, :, 12 + distance :] = 1
    found = open_backend(backend, case_of(labels)).surroundings(INSIDE, RINGS)
    r = np.linspace(RINGS.r_min, RINGS.radius, 4001)
    nodes = RINGS.r_min + RINGS.width * np.arange(RINGS.columns)
    hats = np.maximum(1.0 - np.abs(r - nodes[:, None]) / RINGS.width, 0.0) * r
    share = np.arccos(np.minimum(distance * SPACING / r, 1.0)) / math.pi
    expected = (hats * share).sum(axis=1) / hats.sum(axis=1)
    beside = RINGS.z_first + RINGS.width * np.arange(RINGS.rows) > SPACING
    for total, (liver, fat) in ((found.permittivity, (43.0, 5.0)), (found.conductivity, (1.69, 0.14))):
        shares = (total / found.inside - liver) / (fat - liver)
        assert shares[beside] == pytest.approx(np.tile(expected, (int(beside.sum()), 1)), abs=0.03)


def all_sums(engine: Backend, frame: Frame, u: Array) -> Array:
    """What `surroundings` finds in a state (4, rows, columns)."""
    engine.restore({**engine.save(), "u": u})
    found = engine.surroundings(frame, RINGS)
    return np.array([found.inside, found.outside, found.permittivity, found.conductivity])


@pytest.mark.parametrize(("backend", "error"), [("numba", 1e-12), ("cuda", 1e-6)])
@pytest.mark.parametrize("frame", FRAMES)
def test_backends_find_the_same_around_a_needle(backend: str, error: float, frame: Frame) -> None:
    """In pieces of tissue and gas whose laws depend on the state, cold and hot, in float64."""
    case, u = pieces_and_state()
    expected = all_sums(open_backend("numpy", case), frame, u)
    found = all_sums(open_backend(backend, case), frame, u)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=error, abs=error * theirs.max())


def pieces_and_state() -> tuple[Case, Array]:
    """Pieces of tissue and gas whose laws depend on the state, and a state, cold and hot."""
    rng = np.random.default_rng(5)
    case = case_of(rng.integers(0, 3, (7, 13, 6)).astype(np.uint8).repeat(4, 0).repeat(2, 1).repeat(4, 2))
    assert case.dielectric is not None
    fall = np.linspace(1.0, 0.2, case.tables.theta.shape[1])
    case = replace(case, dielectric=DielectricTables(case.dielectric.permittivity, case.dielectric.conductivity * fall))
    return case, rng.uniform(-60.0, 300.0, SHAPE)


@pytest.mark.parametrize("frame", FRAMES)
def test_the_number_of_threads_does_not_matter_around_a_needle(frame: Frame) -> None:
    """Bitwise: parts are summed in the same order however they are shared out."""
    case, u = pieces_and_state()
    alone = all_sums(Cpu(case, threads=1), frame, u)
    for threads in (2, 3, 11):
        assert np.array_equal(alone, all_sums(Cpu(case, threads=threads), frame, u))
