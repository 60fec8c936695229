"""Skin thinner than a cell keeps no hole, such a vessel stays in one piece, what is thick stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label

from gpu_ablate.geometry.images import LabelImage, Lattice
from gpu_ablate.geometry.thin import AROUND, cell_shares, close_sheet, join_tubes
from gpu_ablate.geometry.voxelize import Background, Labels, PaintImage, label_volume

AIR, SKIN, FAT, VESSEL = 0, 1, 2, 3


@dataclass(frozen=True)
class Shell:
    """Skin between two tilted ellipsoids, air around it, fat within."""

    radius: float
    thickness: float

    def label_at(self, points: NDArray[np.float64]) -> Labels:
        """Label at each point (n, 3)."""
        away = np.linalg.norm((points - 0.03) * (1.0, 1.3, 0.8), axis=1)
        return np.where(away > self.radius, AIR, np.where(away > self.radius - self.thickness, SKIN, FAT)).astype(
            np.uint8
        )


def leaks(labels: Labels) -> int:
    """Faces between air and fat."""
    count = 0
    for axis in range(3):
        a, b = np.moveaxis(labels, axis, 0)[:-1], np.moveaxis(labels, axis, 0)[1:]
        count += int((((a == AIR) & (b == FAT)) | ((a == FAT) & (b == AIR))).sum())
    return count


@pytest.mark.parametrize("share", [0.25, 0.4, 0.6, 0.8])
def test_skin_thinner_than_a_cell_has_no_hole(share: float) -> None:
    painter, spacing = Shell(21.3e-3, share * 1e-3), 1e-3
    labels = label_volume(painter, (60, 60, 60), spacing, (0.0, 0.0, 0.0))
    assert leaks(labels) > 1000 * (1 - share)
    before = labels.copy()
    changed = close_sheet(labels, painter, frozenset({SKIN}), frozenset({AIR}), spacing, (0.0, 0.0, 0.0))
    assert leaks(labels) == 0
    assert changed == (labels != before).sum()
    assert (labels[labels != before] == SKIN).all()


def test_skin_as_thick_as_a_cell_and_the_rim_of_an_ulcer_stay_as_they_are() -> None:
    for painter in (Shell(21.3e-3, 1.9e-3), Shell(21.3e-3, 0.0)):
        labels = label_volume(painter, (60, 60, 60), 1e-3, (0.0, 0.0, 0.0))
        before = labels.copy()
        assert close_sheet(labels, painter, frozenset({SKIN}), frozenset({AIR}), 1e-3, (0.0, 0.0, 0.0)) == 0
        assert np.array_equal(labels, before)


def helix(diameter_mm: float, spacing_mm: float = 0.25) -> LabelImage:
    """A bent tube through fat, in voxels of 0.25 mm."""
    size = int(30 / spacing_mm)
    centres = (np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), axis=-1) + 0.5) * spacing_mm  # z, y, x
    z = centres[..., 0]
    x, y = 15 + 8 * np.cos(0.35 * z), 15 + 8 * np.sin(0.35 * z)
    values = np.full((size, size, size), FAT, np.uint8)
    slope = np.hypot(1.0, 8 * 0.35)
    values[np.hypot(centres[..., 2] - x, centres[..., 1] - y) < 0.5 * diameter_mm * np.sqrt(slope)] = VESSEL
    lattice = Lattice(values.shape, np.full(3, 0.5 * spacing_mm * 1e-3), np.eye(3) * spacing_mm * 1e-3)
    return LabelImage(values, lattice)


def pieces(labels: Labels) -> int:
    return int(label(labels == VESSEL, AROUND)[1])


@pytest.mark.parametrize("diameter_mm", [0.5, 0.7, 0.9])
def test_a_vessel_thinner_than_a_cell_stays_in_one_piece(diameter_mm: float) -> None:
    image, shape, spacing, origin = helix(diameter_mm), (20, 20, 20), 1.5e-3, (0.0, 0.0, 0.0)
    assert label(image.values == VESSEL, AROUND)[1] == 1
    labels = label_volume(PaintImage(Background(FAT), image, {FAT: FAT, VESSEL: VESSEL}, None), shape, spacing, origin)
    assert pieces(labels) != 1
    before = labels.copy()
    added = join_tubes(labels, image, VESSEL, VESSEL, labels == FAT, spacing, origin)
    assert pieces(labels) == 1
    assert added == (labels != before).sum()
    share = cell_shares(image, VESSEL, shape, spacing, origin)
    assert (share[labels == VESSEL] > 0).all()
    heights = np.flatnonzero((labels == VESSEL).any(axis=(1, 2)))
    assert heights.min() <= 1
    assert heights.max() >= 18


def test_shares_are_the_volume_of_the_voxels() -> None:
    image = helix(2.0)
    share = cell_shares(image, VESSEL, (20, 20, 20), 1.5e-3, (0.0, 0.0, 0.0))
    assert share.sum() * 1.5**3 == pytest.approx((image.values == VESSEL).sum() * 0.25**3, rel=1e-12)


def test_a_thick_vessel_and_what_must_not_be_taken_stay_as_they_are() -> None:
    image, shape, spacing, origin = helix(4.0), (20, 20, 20), 1.5e-3, (0.0, 0.0, 0.0)
    painter = PaintImage(Background(FAT), image, {FAT: FAT, VESSEL: VESSEL}, None)
    labels = label_volume(painter, shape, spacing, origin)
    before = labels.copy()
    assert join_tubes(labels, image, VESSEL, VESSEL, labels == FAT, spacing, origin) == 0
    assert np.array_equal(labels, before)
    thin = helix(0.7)
    labels = label_volume(PaintImage(Background(FAT), thin, {FAT: FAT, VESSEL: VESSEL}, None), shape, spacing, origin)
    before = labels.copy()
    free = (labels == FAT) & (np.arange(20)[:, None, None] < 10)
    join_tubes(labels, thin, VESSEL, VESSEL, free, spacing, origin)
    assert np.array_equal(labels[10:], before[10:])
    assert pieces(labels[:10]) < pieces(before[:10])
