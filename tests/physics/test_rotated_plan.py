"""A plan of several cryoprobes turned as a whole freezes as much: voxels have no preferred direction."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import gpu_ablate as ga

SCENE = """
schema_version = 1
[domain]
spacing_mm = {spacing}
min_mm = [-28, -28, -28]
max_mm = [28, 28, 28]
background = "muscle"
[device.short]
like = "cryo_17g"
active_from_mm = 2
active_length_mm = 16
[run]
duration_s = 240
record_every_s = 240
trace_every_s = 10
"""
PROBE = """
[[probe]]
name = "{name}"
device = "short"
tip_mm = {tip}
shaft_direction = {direction}
steps = [{{ action = "freeze", duration_s = 240 }}]
"""
TIPS = np.array([[-7.5, -4.33, -10.0], [7.5, -4.33, -10.0], [0.0, 8.66, -10.0]])
"""Three parallel probes 15 mm apart; the middle of what freezes lies around the origin [mm]."""

TURNS = {
    "45° about y": Rotation.from_euler("y", 45, degrees=True),
    "along a diagonal": Rotation.align_vectors([[1.0, 1.0, 1.0]], [[0.0, 0.0, 1.0]])[0],
    "30° about x, 20° about z": Rotation.from_euler("xz", [30, 20], degrees=True),
    "22.5° about z": Rotation.from_euler("z", 22.5, degrees=True),
}


@cache
def lethal_cm3(turn: str | None, spacing: float) -> float:
    """Volume that was below -40 °C with the plan turned about the origin [cm³]."""
    by = TURNS[turn] if turn else Rotation.identity()
    direction = by.apply([0.0, 0.0, 1.0]).tolist()
    probes = (PROBE.format(name=n, tip=tip.tolist(), direction=direction) for n, tip in enumerate(by.apply(TIPS)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scene.toml"
        path.write_text(SCENE.format(spacing=spacing) + "".join(probes), encoding="utf-8")
        result = ga.simulate(ga.build_case(ga.load_scene(path)), "numba")
    volume = ga.measure(result)["zones"]["below_m40c"]["volume_cm3"]
    assert isinstance(volume, float)
    return volume


@pytest.mark.parametrize("turn", ["45° about y", "30° about x, 20° about z"])
def test_turning_the_plan_changes_the_lethal_volume_by_less_than_5_percent(turn: str) -> None:
    assert lethal_cm3(turn, 0.8) == pytest.approx(lethal_cm3(None, 0.8), rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("turn", list(TURNS))
def test_by_less_than_3_percent_with_smaller_voxels(turn: str) -> None:
    assert lethal_cm3(turn, 0.5) == pytest.approx(lethal_cm3(None, 0.5), rel=0.03)
