"""A8: a Gaussian that spreads and is carried off by blood; the error falls with the square of the spacing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import gpu_ablate as ga
from gpu_ablate.physics.analytic import Medium, gaussian_decay
from tests.physics.conftest import MEDIUM

HALF_MM = 24.0


def rms_error(folder: Path, cells: int, backend: str) -> float:
    """Root mean square difference [K] from the closed form after 60 s on a grid of cells³."""
    spacing = 2 * HALF_MM / cells
    axis = -HALF_MM + spacing * (np.arange(cells) + 0.5)
    squared = sum(d**2 for d in np.meshgrid(axis, axis, axis, indexing="ij"))
    r = np.sqrt(squared) * 1e-3
    image = sitk.GetImageFromArray((37.0 + 50.0 * np.exp(-(r**2) / (2 * 0.003**2))).astype(np.float32))
    image.SetSpacing((spacing,) * 3)
    image.SetOrigin((float(axis[0]),) * 3)
    sitk.WriteImage(image, str(folder / "start.nii.gz"))
    scene = f"""
    schema_version = 1
    [domain]
    spacing_mm = {spacing}
    min_mm = [-{HALF_MM}, -{HALF_MM}, -{HALF_MM}]
    max_mm = [{HALF_MM}, {HALF_MM}, {HALF_MM}]
    background = "medium"
    [initial]
    image = "start.nii.gz"
    [model]
    perfusion_heat = "none"
    {MEDIUM}
    perfusion_1_s = 5e-3
    [run]
    duration_s = 60
    trace_every_s = 60
    record_every_s = 60
    precision = "float64"
    """
    (folder / "case.toml").write_text(scene, encoding="utf-8")
    result = ga.simulate(ga.build_case(ga.load_scene(folder / "case.toml")), backend)
    medium = Medium(0.5, 1050 * 3600.0, 5e-3 * 1050 * 3617.0)
    error = result.temperature(60.0) - 37.0 - gaussian_decay(medium, 50.0, 0.003, r, 60.0)
    return float(np.sqrt(np.mean(error**2)))


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_a8_converges_with_order_two(tmp_path: Path, backend: str) -> None:
    # The largest stable step is proportional to Δx², so that time and space errors fall together.
    grids = (32, 40, 48, 64)
    errors = [rms_error(tmp_path, cells, backend) for cells in grids]
    order = -np.polyfit(np.log(grids), np.log(errors), 1)[0]
    assert order == pytest.approx(2.0, abs=0.1)
    assert errors[-1] < 0.01
