"""The data of the interactive view: meshes come back as they went in, zones keep their volume, needles move."""

from __future__ import annotations

import zlib
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.case.setup import Endpoint, Region, Setup
from gpu_ablate.geometry.meshes import volume
from gpu_ablate.geometry.reduce import reduced
from gpu_ablate.outcome.levelset import excess
from gpu_ablate.outcome.zones import zone_field, zone_surface
from gpu_ablate.render.anatomy import bone_surfaces
from gpu_ablate.render.interactive import Interactive, chosen_records, doing, interactive_view
from gpu_ablate.render.layers import needle_mesh
from gpu_ablate.render.moments import place_at
from gpu_ablate.render.packing import Packer
from gpu_ablate.report.viewer_html import labelled_bands, viewer_html
from gpu_ablate.result.result import Result

MM = 1e-3
Unpacked = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64] | None]


def unpack(told: dict[str, Any], packed: bytes) -> list[Unpacked]:
    """Points [mm], faces and margins [mm] of each mesh, as the script in the page reads them."""
    planes = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(2, -1).astype(np.int64)
    changes, found, start = planes[0] + 256 * planes[1], [], 0

    def read(count: int) -> NDArray[np.int64]:
        nonlocal start
        start += count
        return np.cumsum(changes[start - count : start]) % 65536

    for points, faces, has_margins in told["meshes"]:
        columns = [read(points) for _ in range(3)]
        corners = read(3 * faces).reshape(-1, 3)
        margins = (read(points) - told["margin_zero"]) * told["margin_step_mm"] if has_margins else None
        found.append((np.stack(columns, axis=1) * told["step_mm"] + told["low_mm"], corners, margins))
    assert start == changes.size
    return found


def ball(radius: float, cells: int = 60) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """A sphere's surface around (3, 4, 5) mm [m]."""
    from gpu_ablate.geometry.meshes import contour

    axis = np.linspace(-1.2, 1.2, cells) * radius
    distance = np.sqrt(sum(a**2 for a in np.meshgrid(axis, axis, axis, indexing="ij")))
    return contour(-distance, -radius, np.full(3, axis[1] - axis[0]), axis[0] + np.array([3, 4, 5]) * MM)


@pytest.fixture(scope="module")
def view(result: Result, metrics: dict[str, Any]) -> Interactive:
    return interactive_view(result, metrics)


def layer(view: Interactive, label: str) -> dict[str, Any]:
    return next(found for found in view.facts["layers"] if found["label"].startswith(label))


def test_meshes_come_back_within_half_a_step() -> None:
    packer, rng = Packer(), np.random.default_rng(3)
    meshes = [(rng.uniform(-0.08, 0.2, (500, 3)), rng.integers(0, 500, (900, 3)).astype(np.int32)), ball(0.01)]
    margins = rng.uniform(-0.02, 0.03, 500)
    assert packer.add(*meshes[0], margins) == 0
    assert packer.add(*meshes[1]) == 1
    told, packed = packer.pack()
    back = unpack(told, packed)
    for (points, faces), (found, corners, _) in zip(meshes, back, strict=True):
        assert np.abs(found - points / MM).max() <= told["step_mm"] / 2 + 1e-6
        assert np.array_equal(corners, faces)
    assert back[0][2] is not None
    assert np.abs(back[0][2] - margins / MM).max() <= told["margin_step_mm"] / 2 + 1e-6
    assert back[1][2] is None


def test_equal_meshes_are_packed_once_and_empty_ones_not_at_all() -> None:
    packer = Packer()
    assert [packer.add(*ball(r)) for r in (0.01, 0.02, 0.01)] == [0, 1, 0]
    assert packer.add(np.zeros((0, 3)), np.zeros((0, 3), np.int32)) == -1
    assert len(packer.pack()[0]["meshes"]) == 2


@pytest.mark.parametrize("triangles", [800, 3000, 8000])
def test_a_reduced_mesh_keeps_volume_and_stays_closed(triangles: int) -> None:
    points, faces = ball(0.012)
    fewer, corners = reduced(points, faces, triangles)
    assert 0.6 * triangles < len(corners) < 1.3 * triangles
    assert volume(fewer, corners) == pytest.approx(volume(points, faces), rel=1e-3)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    there, back = {tuple(e) for e in edges.tolist()}, {tuple(e) for e in edges[:, ::-1].tolist()}
    assert there == back
    radii = np.linalg.norm(fewer - np.array([3, 4, 5]) * MM, axis=1)
    assert np.abs(radii - 0.012).max() < 0.03 * 0.012 * np.sqrt(8000 / triangles)


def test_a_small_mesh_is_left_alone() -> None:
    points, faces = ball(0.01, cells=12)
    same, corners = reduced(points, faces, len(faces))
    assert np.array_equal(same, points)
    assert np.array_equal(corners, faces)


def test_zones_keep_their_volume(result: Result, view: Interactive) -> None:
    """What is drawn against the surfaces that are measured."""
    back = unpack(view.facts["packed"], view.meshes)
    setup, grid = result.setup, result.setup.grid
    body, solved = setup.phase_mask("body"), ~setup.phase_mask("gas")
    hot = Endpoint("43", "max_temperature", 43.0)
    checked = 0
    for label, name, criterion, cells in (
        ("killed so far", "cem43", setup.endpoint, body),
        ("above 43", "temperature", hot, solved),
    ):
        for record, number in enumerate(layer(view, label)["meshes"]):
            surface = zone_surface(excess(result.records.read(record, name), criterion), cells, grid)
            assert (number < 0) == (len(surface.faces) == 0)
            if number >= 0:
                points, faces, _ = back[number]
                exact = volume(surface.points / MM, surface.faces)
                assert volume(points, faces) == pytest.approx(exact, rel=5e-3)
                checked += 1
    assert checked > 10


def test_the_last_zone_is_the_one_of_the_other_pictures(result: Result, view: Interactive) -> None:
    phi = zone_field(result, result.setup.endpoint.name)
    assert phi is not None
    zone = zone_surface(phi, result.setup.phase_mask("body"), result.setup.grid)
    points, faces, _ = unpack(view.facts["packed"], view.meshes)[layer(view, "killed so far")["meshes"][-1]]
    assert volume(points, faces) == pytest.approx(volume(zone.points / MM, zone.faces), rel=5e-3)


def test_all_corners_are_points_and_every_layer_has_a_mesh(view: Interactive) -> None:
    back = unpack(view.facts["packed"], view.meshes)
    for points, faces, _ in back:
        assert faces.min() >= 0
        assert faces.max() < len(points)
    for found in view.facts["layers"]:
        assert len(found["meshes"]) in (1, len(view.facts["times"]))
        assert max(found["meshes"]) >= 0
        assert max(found["meshes"]) < len(back)


def test_the_tumour_carries_the_margins_that_are_measured(result: Result, view: Interactive) -> None:
    from gpu_ablate.outcome.margins import margin_map

    margins = unpack(view.facts["packed"], view.meshes)[layer(view, "tumour")["meshes"][0]][2]
    assert margins is not None
    measured = margin_map(result, "tumour")[2] / MM
    assert margins.min() == pytest.approx(measured.min(), abs=0.2)
    assert np.median(margins) == pytest.approx(np.median(measured), abs=0.2)


def test_the_same_run_gives_the_same_bytes(result: Result, metrics: dict[str, Any], view: Interactive) -> None:
    again = interactive_view(result, metrics)
    assert again.meshes == view.meshes
    assert again.facts == view.facts


def test_needles_are_where_the_stations_say(two_tracks: Result) -> None:
    (probe,) = two_tracks.setup.probes
    first, moved = two_tracks.stations[0], two_tracks.stations[-2]
    tip, direction = place_at(probe, two_tracks.stations, 10.0) or (None, None)
    assert tip == pytest.approx(first.tip_start)
    assert direction == pytest.approx(first.direction_start)
    assert place_at(probe, two_tracks.stations, (moved.start_s + moved.end_s) / 2) is None
    tip, direction = place_at(probe, two_tracks.stations, moved.end_s) or (None, None)
    assert tip == pytest.approx(moved.tip_end)
    assert direction == pytest.approx(moved.direction_end)


def test_a_slow_pull_takes_the_needle_along(result: Result) -> None:
    (probe,) = result.setup.probes
    pull = replace(result.stations[1], start_s=100.0, end_s=140.0)
    tip, _ = place_at(probe, [pull], 110.0) or (None, None)
    expected = 0.75 * np.array(pull.tip_start) + 0.25 * np.array(pull.tip_end)
    assert tip == pytest.approx(expected)


def test_a_needle_is_as_thick_and_long_as_asked() -> None:
    tip, direction = np.array([1.0, 2.0, 3.0]) * MM, np.array([0.6, 0.0, 0.8])
    points, faces = needle_mesh(tip, direction, 0.8 * MM, 0.1)
    along = (points - tip) @ direction
    across = np.linalg.norm(points - tip - along[:, None] * direction, axis=1)
    assert along.min() == pytest.approx(0, abs=1e-12)
    assert along.max() == pytest.approx(0.1)
    assert across.max() == pytest.approx(0.8 * MM)
    outward = volume(points, faces)
    assert outward > 0


def test_recorded_times_are_thinned_with_first_and_last_and_the_ends_of_steps() -> None:
    assert chosen_records([], set()) == []
    assert chosen_records([0.0, 1.0], set()) == [0, 1]
    times = [float(t) for t in range(101)]
    found = chosen_records(times, {13.0, 57.0})
    assert len(found) == 16
    assert {0, 13, 57, 100} <= set(found)
    assert max(b - a for a, b in pairwise(found)) <= 15
    many = chosen_records(times, set(times))
    assert (many[0], many[-1], len(many)) == (0, 100, 16)


def boned(setup: Setup, tumour_outside: bool) -> Setup:
    """A slab of bone to the edge of the box around a tumour or beside it."""
    labels = np.ones(setup.grid.shape, np.uint8)
    labels[5:30, 10:40, :] = len(setup.regions)
    labels[(slice(32, 38), slice(50, 60), slice(20, 30)) if tumour_outside else (slice(14, 20),) * 3] = 3
    regions = (*setup.regions, Region("cortex", "tissue", "cortical_bone", "body"))
    return replace(setup, labels=labels, regions=regions)


@pytest.mark.parametrize("outside", [True, False])
def test_bone_has_the_volume_of_its_cells_and_no_hole_for_a_tumour(result: Result, outside: bool) -> None:
    setup = boned(result.setup, outside)
    ((_, surface),) = bone_surfaces(setup)
    cells = np.count_nonzero(setup.labels == len(setup.regions) - 1)
    cells += 0 if outside else np.count_nonzero(setup.labels == 3)
    assert volume(surface.points / MM, surface.faces) == pytest.approx(cells, rel=2e-3)
    assert surface.points[:, 0].max() == pytest.approx(setup.grid.upper[0], abs=1e-6)


def test_without_bone_there_is_none(result: Result) -> None:
    assert bone_surfaces(result.setup) == []


def test_bands_of_margin_meet(view: Interactive) -> None:
    words = [band["label"] for band in labelled_bands(view.facts["bands"])]
    assert words == ["below 0 mm", "0 to 5 mm", "5 to 10 mm", "10 mm and more"]


def test_agar_without_needle_or_target_has_its_isotherms(result: Result, metrics: dict[str, Any]) -> None:
    regions = tuple(replace(region, role="tissue", phase="fluid") for region in result.setup.regions)
    setup = replace(result.setup, regions=regions, surfaces={}, probes=(), limits=(), sensors=(), frame="patient")
    agar = interactive_view(replace(result, setup=setup, stations=[]), metrics | {"targets": []})
    assert {found["group"] for found in agar.facts["layers"]} == {"temperature"}
    assert agar.facts["axes"] == [["R", "L"], ["A", "P"], ["I", "S"]]
    viewer_html(agar)


def test_a_run_without_the_history_of_its_endpoint_shows_what_is_killed_at_the_end(
    result: Result, metrics: dict[str, Any]
) -> None:
    setup = replace(result.setup, endpoint=Endpoint("hot", "max_temperature", 60.0))
    found = layer(interactive_view(replace(result, setup=setup), metrics), "killed")
    assert found["label"].startswith("killed at the end")
    assert len(found["meshes"]) == 1


def test_a_run_that_kept_no_record_is_shown_at_its_end(result: Result, metrics: dict[str, Any]) -> None:
    class NoRecords:
        times: tuple[float, ...] = ()
        names: tuple[str, ...] = ()

    view = interactive_view(replace(result, records=NoRecords()), metrics)  # type: ignore[arg-type]
    assert view.facts["times"] == ["292 s (4 min 52 s)"]
    assert layer(view, "killed at the end")["meshes"][0] >= 0
    assert {found["group"] for found in view.facts["layers"]} == {"anatomy", "zone", "needle"}


def test_where_nothing_died_the_tumour_has_no_margin(result: Result, metrics: dict[str, Any]) -> None:
    cold = {name: np.full_like(values, 37.0 if "temp" in name else 0.0) for name, values in result.final.items()}
    setup = replace(result.setup, endpoint=Endpoint("hot", "max_temperature", 60.0))
    targets = [metrics["targets"][0] | {"min_margin_mm": None, "min_margin_at_mm": None}]
    view = interactive_view(replace(result, setup=setup, final=cold), metrics | {"targets": targets})
    assert not layer(view, "tumour")["margins"]
    assert not [found for found in view.facts["layers"] if found["group"] == "zone"]


def test_probes_that_do_the_same_are_named_together(result: Result) -> None:
    heats = result.stations[0]
    both = [heats, replace(heats, probe="B"), replace(heats, probe="C", power_w=0.0, action="thaw")]
    assert doing(both, 10.0) == "A, B: 60 W; C: thaws"
    assert doing(both, heats.end_s) == "A, B: 60 W; C: thaws"
    assert doing(both, heats.end_s + 1.0) == ""
