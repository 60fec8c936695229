"""Several cryoprobes kill more together than alone; the laboratory's block, of which an eighth is computed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from gpu_ablate.library.load import tissue
from gpu_ablate.scene.load import load_scene
from gpu_ablate.verification.ice import Layout, area, diameter, frozen, layout, lethal_cm3, mixture, outward, plane
from gpu_ablate.verification.runner import SCENES, Run, Runner

COARSE = "domain.spacing_mm=2"


@cache
def in_muscle(count: int, spacing: float) -> float:
    """Volume below -40 °C after 10 minutes [cm³]."""
    run = frozen(Runner("numba"), layout(count, spacing), 'tissue.block={ like = "muscle" }', COARSE, side=48.0)
    return lethal_cm3(run, 600.0)


@pytest.mark.parametrize("spacing", [10.0, 15.0, 20.0])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_probes_kill_more_together_than_alone(count: int, spacing: float) -> None:
    """By a quarter and more than as many single ones."""
    assert in_muscle(count, spacing) > 1.25 * count * in_muscle(1, 0.0)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_neighbours_are_as_far_apart_as_asked_for(count: int) -> None:
    points = np.array(layout(count, 15.0).points)
    if count != 3:
        points = np.unique(np.concatenate([points * signs for signs in ((1, 1), (-1, 1), (1, -1), (-1, -1))]), axis=0)
    apart = np.linalg.norm(points[:, None] - points[None, :], axis=2)[~np.eye(count, dtype=bool)]
    assert len(points) == count
    assert apart.reshape(count, count - 1).min(axis=1) == pytest.approx(15.0)


@pytest.fixture(scope="module")
def halves() -> tuple[Run, Run]:
    """A pair of probes, of which an eighth is computed, and of which the half below z = 0 is left out."""
    whole = Layout(((-8.0, 0.0), (8.0, 0.0)), symmetric=False)
    runner, short = Runner("numba"), {"minutes": 3.0, "side": 28.0}
    return frozen(runner, layout(2, 16.0), COARSE, **short), frozen(runner, whole, COARSE, **short)


def test_an_eighth_with_mirrors_is_as_good_as_the_whole(halves: tuple[Run, Run]) -> None:
    eighth, half = halves
    assert plane(eighth, 180.0) == pytest.approx(plane(half, 180.0), abs=0.05)
    assert area(eighth, 180.0, -20.0) == pytest.approx(area(half, 180.0, -20.0), rel=1e-3)
    assert lethal_cm3(eighth, 180.0) == pytest.approx(lethal_cm3(half, 180.0), rel=1e-3)


def test_distances_from_the_needle_are_those_of_the_plane(halves: tuple[Run, Run]) -> None:
    """Along x, away from the other needle, the temperature is interpolated between the cells."""
    eighth, _ = halves
    x = eighth.grid.axes()[0] * 1e3
    row = eighth.result.temperature(180.0)[0, 0]
    for place, distance in zip((-20.0, 0.0), outward(eighth, 180.0, (-20.0, 0.0)), strict=True):
        assert np.interp(8.0 + distance, x, row) == pytest.approx(place, abs=0.3)


def test_a_circle_has_its_diameter() -> None:
    assert diameter(np.pi * 36.0) == pytest.approx(12.0)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_mixture_holds_the_heat_of_its_parts(share: float) -> None:
    """ρ c and latent heat by volume; conductivities between those of both, and theirs at the ends."""
    block = load_scene(SCENES / "bench_gel.toml", [f"tissue.block={mixture('agar', 'breast_fat', share)}"]).tissue
    mixed, agar, fat = tissue("block", block), tissue("agar"), tissue("breast_fat")
    parts = ((1.0 - share, agar), (share, fat))
    for key in ("heat_capacity_j_kgk", "frozen_heat_capacity_j_kgk"):
        heat = sum(part * each.density_kg_m3.value * getattr(each, key).value for part, each in parts)
        assert mixed.density_kg_m3.value * getattr(mixed, key).value == pytest.approx(heat, rel=1e-4)
    for key in ("conductivity_w_mk", "frozen_conductivity_w_mk"):
        logs = sum(part * np.log(getattr(each, key).value) for part, each in parts)
        assert np.log(getattr(mixed, key).value) == pytest.approx(logs, abs=1e-4)
    assert mixed.latent_heat_j_m3 is not None
    assert mixed.latent_heat_j_m3.value == pytest.approx(
        sum(part * each.latent_heat_j_m3.value for part, each in parts if each.latent_heat_j_m3), rel=1e-4
    )
    assert mixed.perfusion_1_s.value == 0.0
