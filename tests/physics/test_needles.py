"""Lines of cells that stand for needles and vessels: lattice, patterns, nodes, and the heat that they exchange.

Directions and places of the axis are taken at random with a fixed seed besides the plain ones; "pipe" is a tube of
radius r_p and length L with a film h on its wall.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ellipkm1, k0, k1

from gpu_ablate.case.build import build_case
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.needle import SegmentNodes, exchange_rows, segment_nodes
from gpu_ablate.physics.lattice import lattice_green
from gpu_ablate.physics.lattice_line import pattern
from gpu_ablate.scene.load import load_scene
from tests.physics.conftest import MEDIUM, Compute

Array = NDArray[np.float64]
Axis = tuple[tuple[float, ...], tuple[float, ...]]

RANDOM = np.random.default_rng(1)
AXES: list[Axis] = [
    ((0.0, 0.0, 1.0), (0.0, 0.0, 0.0)),
    ((0.0, 0.0, 1.0), (0.5, 0.5, 0.5)),
    ((0.0, 0.0, 1.0), (0.31, 0.22, -0.4)),
    ((1.0, 0.0, 1.0), (0.5, 0.0, 0.0)),
    ((1.0, 0.0, 1.0), (0.1, 0.3, -0.2)),
    ((1.0, 1.0, 1.0), (0.2, -0.1, 0.4)),
    ((0.02, 0.01, 1.0), (0.0, 0.4, 0.0)),
    *((tuple(RANDOM.normal(size=3)), tuple(RANDOM.uniform(-0.5, 0.5, 3))) for _ in range(3)),
]
"""Direction, and a point on the axis from the middle of a cell [cells]."""


def unit(direction: tuple[float, ...]) -> Array:
    return np.array(direction) / np.linalg.norm(direction)


def placed(axis: Axis, length: float, radius: float) -> tuple[Grid, SegmentNodes]:
    """Nodes of a segment in the middle of a large box; lengths in cells of 1 m."""
    grid = Grid((301, 301, 301), 1.0, (-150.5, -150.5, -150.5))
    half, middle = 0.5 * length * unit(axis[0]), np.array(axis[1])
    (a, b, c), (d, e, f) = (middle - half).tolist(), (middle + half).tolist()
    return grid, segment_nodes(grid, (a, b, c), (d, e, f), radius)


def positions(grid: Grid, nodes: SegmentNodes) -> NDArray[np.int64]:
    """(n, 3) xyz indices of the nodes."""
    return np.column_stack(np.unravel_index(nodes.cells, grid.shape)[::-1])


def pipe_in_space(grid: Grid, nodes: SegmentNodes, length: float, radius: float, film: float) -> tuple[Array, Array]:
    """Heat into each cell and its temperature, steady, for a pipe at 1 in an unbounded lattice at 0, k = 1.

    film : k/(h r_p)
    """
    weights, series = exchange_rows(grid, nodes, length, radius)
    conductance = weights / (0.5 * series + film)
    at = positions(grid, nodes)
    green = lattice_green(*np.moveaxis(at[:, None] - at[None], -1, 0))
    heat = np.linalg.solve(np.diag(1.0 / conductance) + green, np.ones(len(at)))
    return heat, green @ heat


def tube_in_space(length: float, radius: float, film: float, rings: int = 200) -> float:
    """Heat from a thin open tube at 1 with a film in an unbounded medium at 0, k = 1, by rings of uniform heat.

    A ring of unit heat gives on its own cylinder, at the distance s along it, 2/π K(√(1 - s²/D²))/(4πD),
    D² = s² + 4r². The logarithm at s = 0 is integrated exactly.
    """
    edges = 0.5 * length * (1.0 - np.cos(np.pi * np.arange(rings + 1) / rings))
    middles, halves = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    at, weight = np.polynomial.legendre.leggauss(12)
    s = middles[:, None, None] - (middles[:, None] + halves[:, None] * at)
    far = np.sqrt(s**2 + 4.0 * radius**2)
    smooth = 2.0 / np.pi * ellipkm1(s**2 / far**2) / far + np.log(np.abs(s) / radius) / (np.pi * radius)
    ends = [edge[None, :] - middles[:, None] for edge in (edges[1:], edges[:-1])]
    upper, lower = (end * np.log(np.abs(end) / radius) - end for end in ends)
    potential = (smooth @ weight * halves - (upper - lower) / (np.pi * radius)) / (4.0 * np.pi)
    heat = np.linalg.solve(potential + film / (2.0 * np.pi) * np.eye(rings), np.ones(rings))
    return float(heat @ (2.0 * halves))


def test_the_lattice_function_solves_its_equation_near_and_far() -> None:
    n = np.arange(-3, 27)
    x, y, z = np.meshgrid(n, n, n, indexing="ij")
    around = sum(
        lattice_green(x + dx, y + dy, z + dz)
        for dx, dy, dz in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
    )
    source = (x == 0) & (y == 0) & (z == 0)
    np.testing.assert_allclose(6.0 * lattice_green(x, y, z) - around, source, atol=3e-9)


def test_the_lattice_function_has_watsons_value_and_the_point_sources_far_field() -> None:
    assert float(lattice_green(0, 0, 0)) == pytest.approx(0.2527310098586630, abs=1e-13)  # Watson 1939
    for offset in ((400, 0, 0), (200, -300, 100), (250, 250, 250)):
        r = float(np.linalg.norm(offset))
        assert float(lattice_green(*offset)) == pytest.approx(1.0 / (4.0 * np.pi * r), rel=1e-5)


@pytest.mark.parametrize(
    ("width", "offset", "cells", "r_eff"),
    [
        (0.71, (0, 0), 1, 0.1985),
        (0.7072, (0.5, 0.5), 4, 0.718),
        (1.0, (0, 0), 5, 0.955),
        (1.42, (0, 0), 9, 1.285),
        (1.6, (0.5, 0.5), 12, 1.574),
        (2.0, (0, 0), 13, 1.767),
        (2.5, (0, 0), 21, 2.184),
        (3.0, (0, 0), 29, 2.759),
        (4.0, (0, 0), 49, 3.656),
    ],
)
def test_patterns_along_the_grid_have_the_radii_of_the_plane_lattice(
    width: float, offset: tuple[float, float], cells: int, r_eff: float
) -> None:
    """Against the exact values of sets of nodes of the 2D lattice."""
    piece = pattern(np.array([0.0, 0.0, 1.0]), np.array([*offset, 0.0]), 24.0, width)
    layer = piece.nodes[piece.nodes[:, 2] == 0]
    reach = np.arange(-6, 7)
    x, y = np.meshgrid(reach, reach)
    assert (np.hypot(x - offset[0], y - offset[1]) <= width + 1e-6).sum() == cells
    assert 0 < len(layer) <= cells
    assert piece.radius == pytest.approx(r_eff, rel=3e-3)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(("radius", "length"), [(0.25, 30.0), (0.735, 35.0), (1.47, 50.0), (0.735, 0.4)])
def test_shares_are_positive_and_sum_to_one(axis: Axis, radius: float, length: float) -> None:
    _, nodes = placed(axis, length, radius)
    assert (np.diff(nodes.cells) > 0).all()
    assert (nodes.shares > 0.0).all()
    assert nodes.shares.sum() == pytest.approx(1.0, abs=1e-12)
    assert (nodes.effective_radius >= radius).all()


def test_nodes_move_with_the_segment_and_do_not_know_its_sense() -> None:
    grid = Grid((120, 110, 100), 1e-3, (-0.05, -0.055, -0.06))
    start, end = np.array([-0.0113, 0.0042, -0.02]), np.array([0.0101, 0.0117, 0.0153])
    shift = np.array([3, -2, 5])

    def found(a: Array, b: Array) -> SegmentNodes:
        (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
        return segment_nodes(grid, (ax, ay, az), (bx, by, bz), 0.735e-3)

    plain, moved, turned = found(start, end), found(start + shift * 1e-3, end + shift * 1e-3), found(end, start)
    np.testing.assert_array_equal(positions(grid, plain) + shift, positions(grid, moved))
    np.testing.assert_array_equal(plain.cells, turned.cells)
    for other in (moved, turned):
        np.testing.assert_allclose(other.shares, plain.shares, atol=1e-7)
        np.testing.assert_allclose(other.effective_radius, plain.effective_radius, rtol=1e-5)


@pytest.mark.parametrize("direction", [(0, 0, 1), (1, 0, 1), (1, 1, 1), (1, 2, 3)])
def test_a_symmetric_segment_has_symmetric_nodes(direction: tuple[float, float, float]) -> None:
    grid, nodes = placed((direction, (0.0, 0.0, 0.0)), 31.0, 0.9)
    mirrored = np.ravel_multi_index((300 - positions(grid, nodes)[:, ::-1]).T, grid.shape)
    order = np.argsort(mirrored)
    np.testing.assert_array_equal(mirrored[order], nodes.cells)
    np.testing.assert_allclose(nodes.shares[order], nodes.shares, atol=1e-9)


@pytest.mark.parametrize("axis", AXES)
def test_every_node_of_a_long_pipe_takes_its_share_of_the_heat_whatever_the_film(axis: Axis) -> None:
    length, radius = 80.0, 0.735
    grid, nodes = placed(axis, length, radius)
    along = (positions(grid, nodes) - 150.0 - np.array(axis[1])) @ unit(axis[0])
    middle = np.abs(along) < 4.0  # over which the heat of a pipe in space varies by less than 1 %
    for film in (0.05, 3.0):
        heat, temperature = pipe_in_space(grid, nodes, length, radius, film)
        per_share = heat[middle] / nodes.shares[middle]
        np.testing.assert_allclose(per_share, np.median(per_share), rtol=0.03)
        assert (temperature < 1.0).all()


@pytest.mark.parametrize("film", [0.05, 0.45, 3.0])
@pytest.mark.parametrize("axis", AXES)
def test_a_short_pipe_gives_off_the_heat_of_an_exact_tube(axis: Axis, film: float) -> None:
    length, radius = 35.0, 0.735
    grid, nodes = placed(axis, length, radius)
    heat, _ = pipe_in_space(grid, nodes, length, radius, film)
    assert heat.sum() == pytest.approx(tube_in_space(length, radius, film), rel=0.007)


@pytest.mark.parametrize("cells", [12.0, 24.0, 36.0])
def test_the_heat_converges_with_the_spacing(cells: float) -> None:
    """A tube 12 mm long of radius 0.5 mm at spacings of 1, 0.5 and 0.33 mm."""
    axis, length, radius = ((0.3, 0.5, 1.0), (0.2, 0.1, 0.4)), cells, cells / 24.0
    grid, nodes = placed(axis, length, radius)
    heat, _ = pipe_in_space(grid, nodes, length, radius, 0.3)
    assert heat.sum() == pytest.approx(tube_in_space(length, radius, 0.3), rel=0.24 / cells)


PIPE = """
[domain]
spacing_mm = 1
min_mm = [-20, -20, -20]
max_mm = [20, 20, 20]
background = "medium"
[boundary]
default = "insulated"
[model]
perfusion_heat = "none"
[[vessel]]
name = "pipe"
points_mm = {points}
radius_mm = 0.735
wall_h_w_m2k = {h}
temperature_c = 5
[run]
duration_s = {duration}
record_every_s = {duration}
precision = "float64"
"""


def test_the_heat_of_a_pipe_does_not_depend_on_its_direction_or_place(compute: Compute) -> None:
    """30 mm of pipe in a perfused box, 60 s; and no cell gets colder than the pipe."""
    heats = []
    for direction, offset in (AXES[0], AXES[2], AXES[4], AXES[7]):
        half, middle = 15.0 * unit(direction), np.array(offset)
        points = [(middle - half).tolist(), (middle + half).tolist()]
        result, _ = compute(PIPE.format(points=points, h=6000, duration=60) + MEDIUM)
        heats.append(result.energy["vessels_j"])
        assert result.temperature(60.0).min() > 5.0
        assert result.energy["relative_imbalance"] < 1e-9
    assert min(heats) < 0.0
    assert max(heats) / min(heats) > 0.99


def test_a_polyline_brings_the_heat_of_the_same_line_in_one_piece(compute: Compute) -> None:
    whole, parts = [[-12, -3, -9], [12, 4, 11]], [[-12, -3, -9], [0, 0.5, 1], [6, 2.25, 6], [12, 4, 11]]
    heats = [
        compute(PIPE.format(points=points, h=6000, duration=30) + MEDIUM)[0].energy["vessels_j"]
        for points in (whole, parts)
    ]
    assert heats[1] == pytest.approx(heats[0], rel=0.005)


@pytest.mark.parametrize("h", [230, 1000])
@pytest.mark.parametrize("place_mm", [0.5, 0.0, 0.2])
def test_a_steady_pipe_in_perfused_tissue(compute: Compute, h: float, place_mm: float) -> None:
    """q' = 2πk (T_a - T_c)/(k/(h r_p) + 1/(x K1(x)/K0(x) + x²/2)), x = m r_p, m = √(ω ρ_b c_b/k).

    x²/2 stands for the pipe's own volume, which is computed as tissue at the wall's temperature, and perfused; without
    it q' would be 1 to 2 % less.
    """
    duration = 1200
    text = PIPE.format(points=[[place_mm, 0.3, -20], [place_mm, 0.3, 20]], h=h, duration=duration)
    result, _ = compute(text + "trace_every_s = 100\n" + MEDIUM + "perfusion_1_s = 5e-3\n")
    k, r_p, w = 0.5, 0.735e-3, 5e-3 * 1050.0 * 3617.0
    x = r_p * np.sqrt(w / k)
    flow = 2.0 * np.pi * k * 32.0 / (k / (h * r_p) + 1.0 / (x * k1(x) / k0(x) + 0.5 * x**2))
    lost = 37.0 - result.temperature(duration)
    brought = w * lost.sum() * 1e-9 / 0.04  # steady: what the pipe takes, blood brings
    assert brought == pytest.approx(flow, rel=0.005)


def test_what_lies_outside_the_box_or_in_gas_exchanges_nothing(tmp_path: Path) -> None:
    air = """
    [[region]]
    name = "pocket"
    tissue = "air"
    shape = { kind = "box", min_mm = [-20, -20, 2], max_mm = [20, 20, 6] }
    """
    path = tmp_path / "case.toml"
    text = PIPE.format(points=[[0, 0, -40], [0, 0, 10]], h=100, duration=1)
    path.write_text("schema_version = 1\n" + text + air + MEDIUM, encoding="utf-8")
    case = build_case(load_scene(path))
    rows = case.exchange.groups == case.exchange.names.index("pipe")
    wall = case.exchange.weights[rows].sum() * case.setup.grid.cell_volume
    assert wall == pytest.approx(2.0 * np.pi * 0.026, rel=1e-3)
    assert any('48 % of the vessel "pipe" lies outside the box or in gas' in note for note in case.setup.notes)
