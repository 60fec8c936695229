"""Where two tissues meet: against the same column on a much finer grid.

A Laplacian of T for each label, which some published codes use, errs by 37 °C in the first of these cases.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.result.result import Result

COLUMN = """
schema_version = 1
[domain]
spacing_mm = {spacing}
min_mm = [-20, 0, 0]
max_mm = [20, {spacing}, {spacing}]
background = "left"
[boundary]
default = "insulated"
[model]
perfusion_heat = "none"
[tissue.left]
like = "{left}"
perfusion_1_s = 0
metabolic_heat_w_m3 = 0
[tissue.right]
like = "{right}"
perfusion_1_s = 0
metabolic_heat_w_m3 = 0
[[region]]
name = "other"
tissue = "right"
initial_temperature_c = {right_c}
shape = {{ kind = "box", min_mm = [0, -1, -1], max_mm = [21, 1, 1] }}
[initial]
temperature_c = {left_c}
[run]
duration_s = 60
record_every_s = 60
trace_every_s = 60
accuracy = "fine"
precision = "float64"
endpoint = "{endpoint}"
"""

CASES = {
    "fat beside ice": ("breast_fat", 37, "breast_tumour", -40),
    "muscle beside bone, frozen": ("muscle", 37, "cortical_bone", -40),
    "bone beside muscle, frozen": ("cortical_bone", 37, "muscle", -40),
    "muscle beside bone, warm": ("muscle", 80, "cortical_bone", 37),
}


def column(folder: Path, case: str, spacing: float, backend: str) -> Result:
    left, left_c, right, right_c = CASES[case]
    path = folder / f"column_{spacing}.toml"
    endpoint = "ice" if right_c < 0 else "cem43_240"
    path.write_text(
        COLUMN.format(spacing=spacing, left=left, left_c=left_c, right=right, right_c=right_c, endpoint=endpoint)
    )
    return ga.simulate(ga.build_case(ga.load_scene(path)), backend)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize("case", CASES)
def test_interface_after_a_minute(tmp_path: Path, case: str, backend: str) -> None:
    """At 0.5 mm within 0.3 °C of the column at 0.1 mm, in every cell; heat is conserved."""
    fine = column(tmp_path, case, 0.1, "numba").temperature(60.0)[0, 0]
    result = column(tmp_path, case, 0.5, backend)
    found = result.temperature(60.0)[0, 0]
    exact = fine.reshape(-1, 5)[:, 2]
    assert np.ptp(exact) > 30.0
    assert np.abs(found - exact).max() < 0.3
    # nothing enters the column: what one side gives the other takes
    assert abs(result.energy["stored_j"]) < 1e-9 * result.setup.grid.cells * result.setup.grid.cell_volume * 1e8
