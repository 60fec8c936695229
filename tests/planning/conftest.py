"""A made body: a box of muscle under skin in air, with a liver, a tumour in it, and what a test adds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.geometry.image_files import write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.units import MM

STEP = 2.0 * MM
COUNT = 70
NAMES = "value,name\n0,air\n1,body\n2,skin\n3,liver\n4,tumour\n5,portal vein\n6,rib_left_7\n7,spinal_cord\n"

Centres = NDArray[np.float64]
Paint = Callable[[NDArray[np.uint8], Centres], None]


def centres() -> Centres:
    """Centres (n, n, n, 3) of the voxels [mm]; the middle of the body is the origin."""
    axis = (np.arange(COUNT) - (COUNT - 1) / 2) * STEP / MM
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.stack([x, y, z], axis=-1)


def ball(at: Centres, middle: tuple[float, float, float], radius: float) -> NDArray[np.bool_]:
    return np.asarray(np.linalg.norm(at - np.array(middle), axis=-1) <= radius)


def lattice() -> Lattice:
    return Lattice((COUNT,) * 3, np.full(3, -(COUNT - 1) / 2 * STEP), STEP * np.eye(3))


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """Write the image with the names of its labels beside it; `paint(labels, centres)` changes it before."""

    def write(paint: Paint | None = None, tumour: float = 10.0, names: str = NAMES) -> Path:
        at = centres()
        far = np.abs(at).max(axis=-1)
        labels = np.where(far < 60, np.where(far < 56, 1, 2), 0).astype(np.uint8)
        labels[ball(at, (0, -20, 0), 40) & (far < 56)] = 3
        if tumour:
            labels[ball(at, (0, -20, 0), tumour)] = 4
        if paint is not None:
            paint(labels, at)
        path = tmp_path / "labels.nii.gz"
        write_image(path, labels, lattice())
        (tmp_path / "labels.csv").write_text(names)
        return path

    return write
