"""Fields and labels on the voxels of an image: exact where these are the solver's cells, else the continuous field."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from made_dicom import OBLIQUE
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid
from gpu_ablate.exchange.voxels import copied, field_on, labels_on, same_cells, touches
from gpu_ablate.geometry.images import Lattice

GRID = Grid((5, 6, 7), 1e-3, (-3e-3, 0.5e-3, 2e-3))
NO_GAS = np.zeros(GRID.shape, bool)
TURNS = [np.eye(3)[:, order] * signs for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]


def turned(turn: NDArray[np.float64], shift: tuple[int, int, int] = (0, 0, 0)) -> Lattice:
    """The solver's cells with other axes: flipped, permuted, by whole cells beyond the box."""
    cells = GRID.lattice()
    size = np.abs(turn.T @ cells.size).astype(int) + 2
    middle = (np.array(GRID.origin) + np.array(GRID.upper)) / 2
    axes = turn * GRID.spacing
    origin = middle - axes @ ((size - 1) / 2) + np.array(shift) * GRID.spacing
    return Lattice((size[2], size[1], size[0]), origin, axes)


def by_place(values: NDArray[np.float32], lattice: Lattice, beyond: float) -> NDArray[np.float32]:
    """The value of the cell whose centre is at each voxel's, found by its place alone."""
    places = np.concatenate([points for _, points in lattice.centres()])
    index = np.rint((places - np.array(GRID.origin)) / GRID.spacing - 0.5).astype(int)
    inside = ((index >= 0) & (index < values.shape[::-1])).all(axis=1)
    found = np.full(len(places), beyond, np.float32)
    i, j, k = index[inside].T
    found[inside] = values[k, j, i]
    return found.reshape(lattice.shape)


@pytest.mark.parametrize("number", range(len(TURNS)))
def test_flipped_and_permuted_images_get_the_cells_themselves(number: int) -> None:
    values = np.random.default_rng(number).normal(37, 9, GRID.shape).astype(np.float32)
    lattice = turned(TURNS[number], (1, -2, 0))
    assert same_cells(GRID, lattice)
    for kind in ("linear", "dose", "count"):
        found = field_on(values, kind, 37.0, GRID, NO_GAS, lattice)
        np.testing.assert_array_equal(found, by_place(values, lattice, 37.0))
    labels = (np.arange(GRID.cells) % 200).astype(np.uint8).reshape(GRID.shape)
    np.testing.assert_array_equal(labels_on(labels, GRID, lattice), by_place(labels + 1.0, lattice, 0))


def test_the_own_cells_come_back_unchanged() -> None:
    values = np.arange(GRID.cells, dtype=np.float32).reshape(GRID.shape)
    np.testing.assert_array_equal(copied(values, GRID, GRID.lattice(), -1.0), values)


def test_rounding_of_a_file_keeps_cells_the_same_and_half_a_cell_does_not() -> None:
    cells = GRID.lattice()
    assert same_cells(GRID, Lattice(cells.shape, cells.origin.astype(np.float32).astype(float), cells.axes))
    assert not same_cells(GRID, Lattice(cells.shape, cells.origin + 0.5e-3, cells.axes))
    assert not same_cells(GRID, Lattice(cells.shape, cells.origin, cells.axes * 1.01))
    assert not same_cells(GRID, Lattice(cells.shape, cells.origin, OBLIQUE * 1e-3))


def fine() -> Lattice:
    """Small oblique voxels around the middle of the box, some of them beyond it."""
    axes = OBLIQUE * np.array([0.4, 0.3, 0.9]) * 1e-3
    middle = (np.array(GRID.origin) + np.array(GRID.upper)) / 2
    return Lattice((10, 24, 22), middle - axes @ np.array([11, 12, 5]), axes)


def places_of(lattice: Lattice) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Centres (n, 3) [m]; which of them lie in the box; which lie between cell centres."""
    places = np.concatenate([points for _, points in lattice.centres()])
    low, high = np.array(GRID.origin), np.array(GRID.upper)
    inside = ((places >= low) & (places <= high)).all(axis=1)
    return places, inside, ((places >= low + 0.5e-3) & (places <= high - 0.5e-3)).all(axis=1)


def test_a_linear_field_stays_linear_and_ends_at_the_box() -> None:
    lattice = fine()
    places, inside, between = places_of(lattice)
    assert 0 < between.sum() < inside.sum() < len(places)
    slope = np.array([900.0, -500.0, 300.0])
    values = (GRID.centres() @ slope).reshape(GRID.shape).astype(np.float32)
    found = field_on(values, "linear", -99.0, GRID, NO_GAS, lattice).ravel()
    np.testing.assert_allclose(found[between], places[between] @ slope, atol=1e-5)
    np.testing.assert_array_equal(found[~inside], np.float32(-99.0))
    assert np.abs(found[inside]).max() < 20


def test_a_dose_that_doubles_every_millimetre_stays_one() -> None:
    lattice = fine()
    places, _, between = places_of(lattice)
    values = np.exp2(1e3 * GRID.centres()[:, 0]).reshape(GRID.shape).astype(np.float32)
    found = field_on(values, "dose", 0.0, GRID, NO_GAS, lattice).ravel()
    np.testing.assert_allclose(found[between], np.exp2(1e3 * places[between, 0]), rtol=1e-4)


def test_no_dose_is_none() -> None:
    found = field_on(np.zeros(GRID.shape, np.float32), "dose", 0.0, GRID, NO_GAS, fine())
    np.testing.assert_array_equal(found, 0)


def test_counts_are_not_mixed() -> None:
    values = (np.arange(GRID.cells) % 3).astype(np.float32).reshape(GRID.shape)
    assert set(np.unique(field_on(values, "count", 0.0, GRID, NO_GAS, fine()))) <= {0.0, 1.0, 2.0}


def test_gas_does_not_cool_the_tissue_beside_it() -> None:
    """Tissue at 60 °C up to air at 25 °C: every voxel has one or the other."""
    gas = np.zeros(GRID.shape, bool)
    gas[:, :, 4:] = True
    values = np.where(gas, 25.0, 60.0).astype(np.float32)
    found = field_on(values, "linear", 37.0, GRID, gas, fine()).ravel()
    places, inside, _ = places_of(fine())
    in_air = places[:, 0] > GRID.origin[0] + 4e-3
    clear = np.abs(places[:, 0] - GRID.origin[0] - 4e-3) > 1e-9
    np.testing.assert_array_equal(found[inside & in_air & clear], 25.0)
    np.testing.assert_array_equal(found[inside & ~in_air & clear], 60.0)


def test_an_image_elsewhere_is_noticed() -> None:
    cells = GRID.lattice()
    assert touches(GRID, cells)
    assert not touches(GRID, Lattice(cells.shape, cells.origin + np.array([0, 0, 7e-3]), cells.axes))
