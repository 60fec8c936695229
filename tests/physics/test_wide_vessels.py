"""Vessels drawn as regions: their wall has its true area and its film, blood keeps its temperature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.case.faces import faces_towards
from gpu_ablate.errors import SceneError

BLOCK = """
schema_version = 1
[domain]
spacing_mm = {spacing}
{box}
background = "block"
[tissue.block]
like = "muscle"
perfusion_1_s = 0
metabolic_heat_w_m3 = 0
conductivity_slope_1_k = 0
[initial]
temperature_c = {start}
"""

SLAB = """
[boundary]
default = "insulated"
x_min = {{ temperature_c = 55 }}
[[region]]
name = "vein"
role = "vessel"
tissue = "blood"
shape = {{ kind = "box", min_mm = [12, -50, -50], max_mm = [100, 50, 50] }}
[[vessel]]
name = "flow"
region = "vein"
wall_h_w_m2k = {h}
temperature_c = 35
[run]
duration_s = 1500
record_every_s = 1500
"""

PIPE = 'name = "a"\npreset = "vein"\n'
LUMEN = """
[[region]]
name = "lumen"
role = "vessel"
tissue = "blood"
shape = { kind = "cylinder", from_mm = [-30, 0.4, 0.2], to_mm = [30, 0.4, 0.2], radius_mm = 4 }
"""


def solved(tmp_path: Path, text: str, backend: str = "numpy") -> ga.Result:
    path = tmp_path / "scene.toml"
    path.write_text(text)
    return ga.simulate(ga.build_case(ga.load_scene(path)), backend=backend)


@pytest.mark.parametrize("h", [230.0, 2000.0])
def test_heat_through_a_flat_wall_passes_tissue_and_film_in_series(tmp_path: Path, h: float) -> None:
    """q = (T1 - Tb) / (L/k + 1/h), T falls linearly."""
    box = "min_mm = [0, 0, 0]\nmax_mm = [20, 4, 4]"
    result = solved(tmp_path, BLOCK.format(spacing=1, box=box, start=45) + SLAB.format(h=h))
    k, length = 0.495, 12e-3
    flux = (55.0 - 35.0) / (length / k + 1.0 / h)
    x = (np.arange(12) + 0.5) * 1e-3
    temperature = result.temperature(1500.0)
    np.testing.assert_allclose(temperature[2, 2, :12], 55.0 - flux * x / k, atol=0.01)
    assert (temperature[:, :, 12:] == 35.0).all()


def test_blood_that_flows_is_not_computed_and_the_balance_closes(tmp_path: Path) -> None:
    box = "min_mm = [0, 0, 0]\nmax_mm = [20, 4, 4]"
    result = solved(tmp_path, BLOCK.format(spacing=1, box=box, start=45) + SLAB.format(h=230))
    assert result.energy["relative_imbalance"] < 1e-6
    assert result.energy["vessels_j"] < 0.0


@pytest.mark.parametrize(("radius", "within"), [(4.0, 0.02), (8.0, 0.01)])
def test_walls_have_their_true_area(radius: float, within: float) -> None:
    z, y, x = np.meshgrid(*[np.arange(40.0)] * 3, indexing="ij")
    ball = (x - 19.7) ** 2 + (y - 20.3) ** 2 + (z - 19.1) ** 2 < radius**2
    along = np.array([1.0, 2.0, 0.7]) / np.linalg.norm([1.0, 2.0, 0.7])
    offset = np.stack([x - 19.7, y - 20.3, z - 19.1], axis=-1)
    axial = offset @ along
    pipe = (np.linalg.norm(offset - axial[..., None] * along, axis=-1) < radius) & (np.abs(axial) < 14)
    side = np.abs(axial) < 8
    assert sum(w.sum() for _, _, w in faces_towards(~ball, ball)) == pytest.approx(4 * np.pi * radius**2, rel=within)
    wall = sum(w[side[tuple(f.T)]].sum() for f, _, w in faces_towards(~pipe, pipe))
    assert wall == pytest.approx(2 * np.pi * radius * 16, rel=2 * within)


@pytest.mark.parametrize(("spacing", "within"), [(2.0, 0.02), (1.0, 0.005)])
def test_a_pipe_takes_the_heat_of_the_closed_form(tmp_path: Path, spacing: float, within: float) -> None:
    """Steady heat per length from a square of half side a: 2πk ΔT / (ln(1.0787 a/r) + k/(hr)) (Incropera 2007)."""
    box = f"min_mm = [0, -24, -24]\nmax_mm = [{4 * spacing}, 24, 24]"
    faces = '[boundary]\ndefault = { temperature_c = 60 }\nx_min = "insulated"\nx_max = "insulated"\n'
    head = BLOCK.format(spacing=spacing, box=box, start=50) + faces + LUMEN + f'[[vessel]]\n{PIPE}region = "lumen"\n'
    taken = [
        solved(tmp_path, f"{head}[run]\nduration_s = {end}\nrecord_every_s = {end}\n", "numba").energy["vessels_j"]
        for end in (2500, 2800)
    ]
    k, h, radius, half = 0.495, 230.0, 4e-3, 24e-3
    per_length = 2 * np.pi * k * 23.0 / (np.log(1.0787 * half / radius) + k / (h * radius))
    assert (taken[0] - taken[1]) / 300.0 == pytest.approx(per_length * 4e-3 * spacing, rel=within)


@pytest.mark.parametrize(
    ("vessel", "words"),
    [
        ('region = "artery"', 'no region is called "artery"'),
        ('region = "block"', "no fluid"),
        ('region = "lumen"\nradius_mm = 2', "not both"),
        ("radius_mm = 2", "needs points_mm and radius_mm, or a region"),
    ],
)
def test_what_is_no_lumen_is_refused(tmp_path: Path, vessel: str, words: str) -> None:
    box = "min_mm = [-30, -24, -24]\nmax_mm = [30, 24, 24]"
    path = tmp_path / "scene.toml"
    path.write_text(BLOCK.format(spacing=3, box=box, start=37) + LUMEN + f"[[vessel]]\n{PIPE}{vessel}\n")
    with pytest.raises(SceneError, match=words):
        ga.load_scene(path)


def test_a_region_has_no_flow_and_one_vessel(tmp_path: Path) -> None:
    box = "min_mm = [-30, -24, -24]\nmax_mm = [30, 24, 24]"
    path = tmp_path / "scene.toml"
    head = BLOCK.format(spacing=3, box=box, start=37) + LUMEN
    path.write_text(head + '[[vessel]]\nname = "a"\nregion = "lumen"\nflow_ml_min = 100\n')
    with pytest.raises(SceneError, match="flow_ml_min is for a pipe"):
        ga.load_scene(path)
    path.write_text(
        head + f'[[vessel]]\n{PIPE}region = "lumen"\n[[vessel]]\nname = "b"\npreset = "vein"\nregion = "lumen"\n'
    )
    with pytest.raises(SceneError, match="the lumen of another vessel already"):
        ga.load_scene(path)
