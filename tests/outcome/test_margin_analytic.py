"""Margins of balls and ellipsoids against the closed geometry, through the surfaces that a scene builds: within 0.1 mm
at 1 mm voxels, shares of the surface within 1 %."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.case.build import build_case
from gpu_ablate.outcome.margins import margin_map
from gpu_ablate.outcome.metrics import measure_targets
from gpu_ablate.outcome.outer import outer_surface
from gpu_ablate.result.records import MemoryRecords
from gpu_ablate.result.result import Result
from gpu_ablate.scene.load import load_scene

Points = NDArray[np.float64]
Level = Callable[[Points, Points], Points]

NEAR = 0.1
"""Tolerance of a margin [mm]."""

SHARE = 1.0
"""Tolerance of a share of the surface [%]."""

SCENE = """
schema_version = 1

[domain]
spacing_mm = 1.0
min_mm = [-24, -24, -24]
max_mm = [24, 24, 24]
background = "liver"

[[region]]
name = "tumour"
role = "target"
tissue = "liver_tumour"
shape = {{ kind = "ellipsoid", center_mm = {center}, radii_mm = {radii} }}

[[source]]
name = "heater"
shape = {{ kind = "point", point_mm = [0, 0, 0] }}
power_w = 1

[run]
duration_s = 1
endpoint = "cem43_240"
"""


def cone(away: Points, radii: Points) -> Points:
    """A level set of an ellipsoid [mm], linear from its middle outwards; away (..., 3) from the middle [mm]."""
    return np.asarray(radii.min() * (1 - np.linalg.norm(away / radii, axis=-1)))


def bowl(away: Points, radii: Points) -> Points:
    """The same, quadratic."""
    return np.asarray(0.5 * radii.min() * (1 - np.sum((away / radii) ** 2, axis=-1)))


def distance(points: Points, radii: Points) -> Points:
    """Distance of points (n, 3) to the surface of an ellipsoid around the origin, positive inside [mm].

    Its foot is r² p / (t + r²) with the greatest root t of Σ (r p / (t + r²))² = 1 (Eberly 2013, Geometric Tools,
    "Distance from a point to an ellipse, an ellipsoid, or a hyperellipsoid"), found by halving.
    """
    folded = np.abs(points)
    low = np.full(len(points), -(float(radii.min()) ** 2) + 1e-9)
    high = np.linalg.norm(folded * radii, axis=1) + 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        beyond = np.sum((radii * folded / (middle[:, None] + radii**2)) ** 2, axis=1) > 1
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
    feet = radii**2 * folded / (0.5 * (low + high)[:, None] + radii**2)
    inside = np.sum((points / radii) ** 2, axis=1) < 1
    return np.where(inside, 1, -1) * np.linalg.norm(feet - folded, axis=1)


def on_ellipsoid(radii: Points, rings: int = 200) -> tuple[Points, Points]:
    """Points (n, 3) on an ellipsoid around the origin, and the area of each up to a factor (n,)."""
    height, turn = np.meshgrid((np.arange(rings) + 0.5) / rings * 2 - 1, np.arange(2 * rings) / rings * np.pi)
    flat = np.sqrt(1 - height**2)
    unit = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=-1).reshape(-1, 3)
    return unit * radii, np.asarray(np.linalg.norm(unit / radii, axis=1))


def treated(tmp_path: Path, center: Points, radii: Points, zone: Points, zone_radii: Points, level: Level) -> Result:
    """A run whose dose is 240 min on an ellipsoid and doubles with each mm of the level set inwards."""
    (tmp_path / "plan.toml").write_text(SCENE.format(center=center.tolist(), radii=radii.tolist()))
    setup = build_case(load_scene(tmp_path / "plan.toml")).setup
    cells = setup.grid.centres().reshape(*setup.grid.shape, 3) / 1e-3
    dose = 240 * 2.0 ** np.clip(level(cells - zone, zone_radii), -60, 22)
    return Result(setup, MemoryRecords(), "done", {"cem43": dose.astype(np.float32)}, {}, {}, [], {})


CASES = {
    "concentric balls": ((0, 0, 0), (8, 8, 8), (0, 0, 0), (14.3, 14.3, 14.3)),
    "concentric balls off the grid": ((0.3, -0.2, 0.4), (8, 8, 8), (0.3, -0.2, 0.4), (16, 16, 16)),
    "offset balls": ((3, -2, 1), (8, 8, 8), (0, 0, 0), (16, 16, 16)),
    "offset balls, not covered": ((5, 3, -4), (8, 8, 8), (0, 0, 0), (13, 13, 13)),
    "concentric ellipsoids": ((0, 0, 0), (10, 7, 8), (0, 0, 0), (18, 13, 15)),
    "offset ellipsoids": ((2.2, 1.3, -1.7), (10, 7, 8), (0, 0, 0), (18, 13, 15)),
    "slender ellipsoids": ((1.2, -0.7, 2.1), (12, 5, 6), (0.2, 0.3, 0.1), (20, 11, 14)),
    "crossed ellipsoids": ((0, 0, 3), (6, 5, 9), (0.2, 0.3, 0.1), (15, 12, 14)),
}


@pytest.mark.parametrize("level", [cone, bowl])
@pytest.mark.parametrize("name", CASES)
def test_margin_of_a_zone_around_a_tumour(tmp_path: Path, name: str, level: Level) -> None:
    center, radii, zone, zone_radii = (np.array(values, float) for values in CASES[name])
    result = treated(tmp_path, center, radii, zone, zone_radii, level)
    ((target,), _) = measure_targets(result, outer_surface(result.setup))

    points, area = on_ellipsoid(radii)
    exact = distance(points + center - zone, zone_radii)
    assert target["min_margin_mm"] == pytest.approx(exact.min(), abs=NEAR)
    place = np.array([target["min_margin_at_mm"]])
    assert distance(place - zone, zone_radii)[0] == pytest.approx(exact.min(), abs=NEAR)
    assert distance(place - center, radii)[0] == pytest.approx(0, abs=NEAR)
    for goal in (5, 10):
        share = 100 * area[exact >= goal].sum() / area.sum()
        assert target[f"margin_{goal}mm_percent"] == pytest.approx(share, abs=SHARE)

    found, _, margin, _ = margin_map(result, "tumour")
    own = distance(found.astype(float) / 1e-3 - zone, zone_radii)
    assert margin / 1e-3 == pytest.approx(own, abs=NEAR)
    assert distance(found.astype(float) / 1e-3 - center, radii) == pytest.approx(np.zeros(len(found)), abs=NEAR)


def test_the_thinnest_place_of_offset_balls_is_on_the_line_of_their_middles(tmp_path: Path) -> None:
    offset = np.array([3.0, -2.0, 1.0])
    ball = np.full(3, 8.0)
    result = treated(tmp_path, offset, ball, np.zeros(3), 2 * ball, cone)
    ((target,), _) = measure_targets(result, outer_surface(result.setup))
    apart = float(np.linalg.norm(offset))
    assert target["min_margin_mm"] == pytest.approx(8 - apart, abs=NEAR)
    assert target["min_margin_at_mm"] == pytest.approx((offset * (1 + 8 / apart)).tolist(), abs=0.5)
