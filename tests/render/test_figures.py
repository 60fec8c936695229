"""The pictures: exact transparency, honest geometry, and a way out where OpenGL is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Surface
from gpu_ablate.render import gl, marks, style
from gpu_ablate.render.camera import Camera, cameras, opposite
from gpu_ablate.render.figures import write_figures
from gpu_ablate.render.margin_map import band_names, band_shares, dots
from gpu_ablate.render.plane import Plane, loops, through
from gpu_ablate.render.scene3d import exact_plotter, needles, pixels
from gpu_ablate.render.silhouette import hottest_behind
from gpu_ablate.render.slice_marks import within
from gpu_ablate.render.view import drawn_tracks, look_at, skin_sheet
from gpu_ablate.result.result import Result

NO_DRIVERS = "__EGL_VENDOR_LIBRARY_DIRS"
"""Pointed at a folder that does not exist, this hides every OpenGL driver from VTK, which then crashes."""


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = gl.missing_gl()
    if reason is not None:
        pytest.skip(reason)
    for name, value in gl.offscreen_environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def written(
    result: Result, metrics: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], list[str]]:
    lines: list[str] = []
    return write_figures(result, metrics, tmp_path_factory.mktemp("run") / "figures", lines.append), lines


def sphere(radius: float) -> Surface:
    import pyvista as pv

    mesh = pv.Icosphere(radius=radius, nsub=4)
    return Surface(np.asarray(mesh.points, np.float32), np.asarray(mesh.regular_faces, np.int32))


def two_planes(front_first: bool) -> NDArray[np.uint8]:
    """Middle pixel of half-transparent blue in front of half-transparent red on white."""
    import pyvista as pv

    red = (pv.Plane(center=(0, 0, 0), i_resolution=1, j_resolution=1), "#FF0000")
    blue = (pv.Plane(center=(0, 0, 0.1), i_resolution=1, j_resolution=1), "#0000FF")
    plotter = exact_plotter()
    plotter.window_size = [64, 64]
    for mesh, colour in (blue, red) if front_first else (red, blue):
        plotter.add_mesh(mesh, color=colour, opacity=0.5, lighting=False)
    plotter.view_xy()
    plotter.enable_parallel_projection()
    picture = pixels(plotter.render_window)
    plotter.close()
    return picture[32, 32]


@pytest.mark.usefixtures("drawing")
@pytest.mark.parametrize("front_first", [True, False])
def test_translucent_planes_blend_by_depth_not_by_order(front_first: bool) -> None:
    assert np.abs(two_planes(front_first).astype(int) - (127, 63, 191)).max() <= 1


@pytest.mark.usefixtures("drawing")
def test_all_pictures_are_drawn(written: tuple[dict[str, Path], list[str]]) -> None:
    files, lines = written
    assert list(files) == ["scene3d", "margin_map", "slices", "film_strip", "movie", "ultrasound", "curves"]
    assert lines == []
    for name, file in files.items():
        picture = Image.open(file)
        assert file.name == ("procedure.webp" if name == "movie" else f"{name}.png")
        assert picture.width == (round(9.0 * 88) if name == "movie" else round(13.0 * style.DPI))
        assert np.asarray(picture.convert("L")).std() > 10


@pytest.mark.usefixtures("drawing")
def test_what_is_not_covered_is_shown_in_its_colour(written: tuple[dict[str, Path], list[str]]) -> None:
    picture = np.asarray(Image.open(written[0]["scene3d"]).convert("RGB")).astype(int)
    main = picture[100:850, :880]
    yellow = (main[..., 0] > 200) & (main[..., 1] > 170) & (main[..., 2] < 60)
    assert yellow.sum() > 500


def test_without_opengl_the_rest_is_drawn_and_one_line_says_why(
    result: Result, metrics: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NO_DRIVERS, str(tmp_path / "none"))
    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    lines: list[str] = []
    files = write_figures(result, metrics, tmp_path, lines.append)
    assert list(files) == ["slices", "film_strip", "movie", "ultrasound", "curves"]
    assert all(file.stat().st_size > 10_000 for file in files.values())
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert gl.PACKAGES in lines[0]


@pytest.mark.usefixtures("drawing")
def test_a_run_that_kills_nothing_is_drawn_too(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    final = {name: np.full_like(field, 0 if name == "cem43" else 37) for name, field in result.final.items()}
    target = metrics["targets"][0] | {"min_margin_mm": None, "min_margin_at_mm": None}
    files = write_figures(replace(result, final=final), metrics | {"targets": [target]}, tmp_path, lambda line: None)
    assert list(files) == ["scene3d", "slices", "film_strip", "movie", "ultrasound", "curves"]


@pytest.mark.usefixtures("drawing")
def test_a_patient_without_probe_target_or_skin_is_drawn_too(
    result: Result, metrics: dict[str, Any], tmp_path: Path
) -> None:
    regions = tuple(replace(region, role="tissue") for region in result.setup.regions)
    setup = replace(result.setup, regions=regions, surfaces={}, probes=(), limits=(), frame="patient")
    bare = replace(result, setup=setup, stations=[], traces={"time_s": np.arange(3.0), "sensor.a_c": np.ones(3)})
    files = write_figures(bare, metrics | {"targets": []}, tmp_path, lambda line: None)
    assert list(files) == ["scene3d", "slices", "curves"]


@pytest.mark.usefixtures("drawing")
def test_a_run_stopped_before_its_first_step_is_drawn_too(
    result: Result, metrics: dict[str, Any], tmp_path: Path
) -> None:
    setup = replace(result.setup, probes=())
    run = result.run | {"simulated_s": 0.0}
    traces = {"time_s": np.zeros(0), "skin_max_c": np.zeros(0)}
    stopped = replace(result, setup=setup, stations=[], traces=traces, run=run, status="interrupted")
    assert "curves" not in write_figures(stopped, metrics, tmp_path, lambda line: None)


def test_cameras_keep_lengths_and_are_not_mirrored(result: Result) -> None:
    view = look_at(result, result.final["cem43"] >= 240, notice=np.array([0.0, 0.010, -0.012]))
    side, skin, along = cameras(view, (1.0, 1.0, 1.0))
    for camera in (side, skin, along, opposite(side, "", "local")):
        frame = np.array([camera.right, camera.up, camera.towards])
        assert np.allclose(frame @ frame.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(frame) == pytest.approx(1.0)
        seen = camera.project(view.points)
        assert np.abs(seen[:, 1]).max() <= camera.height / 2
        assert np.abs(seen[:, 0]).max() <= camera.height / 2
    assert abs(side.towards @ np.array(result.setup.probes[0].direction)) < 1e-6
    assert (view.notice - view.focus) @ side.towards > 0
    assert skin.through_skin
    assert not side.through_skin


def test_the_legend_mixes_colours_as_the_pictures_do() -> None:
    from matplotlib.colors import to_rgb

    mixed = to_rgb(style.through("#0000FF", 0.5, style.through("#FF0000", 0.5, "#FFFFFF")))
    assert 255 * np.array(mixed) == pytest.approx([127, 63, 191], abs=1.1)  # as VTK blends them, see two_planes
    assert style.through("#123456", 1.0, "#FFFFFF") == "#123456"
    assert style.shell("#123456", 0.0) == "#ffffff"


@pytest.mark.parametrize("towards", [(0.0, -1.0, 0.0), (0.6, 0.0, 0.8)])
def test_the_outline_of_a_hot_ball_is_its_disc_from_anywhere(towards: tuple[float, float, float]) -> None:
    grid = Grid((40, 44, 48), 1e-3, (-0.024, -0.022, -0.020))
    x, y, z = grid.axes()
    distance = np.sqrt(x**2 + (y**2)[:, None] + (z**2)[:, None, None])
    temperature = (60.0 + (0.008 - distance) / 1e-3).astype(np.float32)
    toward = np.array(towards)
    camera = Camera("", np.zeros(3), toward, np.cross(toward, np.cross((0.1, 0.2, 1.0), toward)), 0.04)
    camera = replace(camera, up=camera.up / np.linalg.norm(camera.up))
    right, up, hottest = hottest_behind(temperature, grid, camera, 0.02)
    seen = np.hypot(*np.meshgrid(right, up))
    ring = (seen > 0.004) & (seen < 0.012)  # away from the tip of the cone, which no grid holds
    assert np.abs(hottest - (60.0 + (0.008 - seen) / 1e-3))[ring].max() < 0.1  # of 1 °C per mm


def test_the_needle_is_drawn_only_near_the_slice() -> None:
    start, end = np.array([0.0, 0.0, -0.02]), np.array([0.03, 0.0, 0.02])
    coronal, _, axial = through(np.array([0.0, 0.003, 0.005]))
    part = within(start, end, axial, reach=0.002)
    assert np.allclose(part[:, 2], [0.003, 0.007])
    assert np.allclose(np.cross(part[1] - part[0], end - start), 0.0)
    assert np.allclose(within(start, end, through(np.array([0.0, 0.0, -0.02]))[2], 0.002)[0], start)
    assert within(start, end, through(np.array([0.0, 0.0, 0.03]))[2], reach=0.002) is None
    assert within(start, end, coronal, reach=0.002) is None
    assert np.allclose(within(start, end, coronal, reach=0.004), [start, end])


def test_every_track_is_drawn(two_tracks: Result) -> None:
    """A needle, and its stations, along each of its two tracks."""
    view = look_at(two_tracks, np.zeros(two_tracks.setup.grid.shape, bool), None)
    first, second = drawn_tracks(two_tracks.setup, view.stations)
    assert [s.number for s in first.stations] == [1, 2, 3]
    assert [s.number for s in second.stations] == [4]
    assert marks.station_words(view.stations)[-1] == "4 = A track 2, 40 W, 312–342 s"
    assert second.stations[0].heat == pytest.approx(np.array([4.2e-3, 0.0, -10.4e-3]))
    shafts = needles(view)[:2] + needles(view)[5:7]
    for track, (tube, cone) in zip((first, second), (shafts[:2], shafts[2:]), strict=True):
        points = np.concatenate([np.asarray(tube.points), np.asarray(cone.points)]) - track.tip
        beside = points - np.outer(points @ track.direction, track.direction)
        assert np.linalg.norm(beside, axis=1).max() == pytest.approx(track.probe.radius, rel=1e-3)
        assert (points @ track.direction).min() == pytest.approx(0.0, abs=1e-6)


def test_dots_lie_where_the_surface_is_marked() -> None:
    surface = sphere(0.01)
    balls = dots(surface, surface.points[:, 2] > 0.0)
    assert balls.n_points > 100
    assert balls.points[:, 2].min() > -0.3e-3


def test_skin_is_named_on_each_side_on_which_it_is_seen() -> None:
    from matplotlib.figure import Figure

    line = np.linspace(-0.03, 0.03, 200)
    above, below = np.column_stack([line, 0.01 + 0 * line]), np.column_stack([line, -0.015 + 0 * line])
    for seen, expected in ((above, [0.01]), (np.concatenate([above, below]), [0.01, -0.015])):
        axes = Figure().add_subplot()
        marks.skin_names(axes, seen, (0.03, 0.02))
        assert [text.xy[1] for text in axes.texts] == pytest.approx(expected)


@pytest.mark.usefixtures("drawing")
def test_a_block_of_agar_is_drawn_around_its_heat(result: Result, metrics: dict[str, Any], tmp_path: Path) -> None:
    regions = tuple(replace(region, role="tissue", phase="fluid") for region in result.setup.regions)
    setup = replace(result.setup, regions=regions, surfaces={}, probes=(), limits=(), sensors=())
    agar = replace(result, setup=setup, stations=[], traces={"time_s": np.arange(3.0)})
    view = look_at(agar, np.zeros(setup.grid.shape, bool), None)
    field = agar.final["max_temperature"]
    assert field[setup.grid.cell_at(tuple(view.focus))] == field.max()
    files = write_figures(agar, metrics | {"targets": []}, tmp_path, lambda line: None)
    assert list(files) == ["scene3d", "slices"]


def test_a_sphere_is_cut_in_a_closed_circle() -> None:
    surface = sphere(0.01)
    (curve,) = loops(surface, through(np.array([0.0, 0.0, 0.006]))[2])
    assert np.allclose(curve[0], curve[-1])
    assert np.hypot(curve[:, 0], curve[:, 1]) == pytest.approx(8.0, rel=5e-3)
    assert loops(surface, through(np.array([0.02, 0.0, 0.0]))[1]) == []


def test_an_oblique_plane_cuts_a_sphere_in_a_circle_too() -> None:
    right, up = np.array([0.6, 0.8, 0.0]), np.array([0.0, 0.0, 1.0])
    plane = Plane(0.006 * np.cross(right, up), right, up)
    (curve,) = loops(sphere(0.01), plane)
    assert np.hypot(curve[:, 0], curve[:, 1]) == pytest.approx(8.0, rel=5e-3)


def test_an_open_surface_is_cut_in_one_curve() -> None:
    surface = sphere(0.01)
    open_above = surface.faces[surface.points[surface.faces][:, :, 2].max(axis=1) < 0.004]
    (curve,) = loops(Surface(surface.points, open_above), through(np.array([0.0, 0.0, 0.0]))[0])
    assert curve[0, 1] == pytest.approx(4.0, abs=0.7)
    assert curve[-1, 1] == pytest.approx(4.0, abs=0.7)
    assert np.hypot(curve[:, 0], curve[:, 1]) == pytest.approx(10.0, rel=5e-3)


def test_the_skin_is_drawn_without_the_faces_of_the_box(result: Result) -> None:
    sheet = skin_sheet(result.setup)
    assert sheet is not None
    x, y, z = sheet.points[np.unique(sheet.faces)].T / 1e-3
    assert np.abs(z - np.minimum(5.0 * np.exp(-(x**2 + y**2) / 288.0), 4.0)).max() < 0.1
    assert len(sheet.faces) > 1000
    fat = tuple(replace(region, role="tissue") for region in result.setup.regions)
    assert skin_sheet(replace(result.setup, regions=fat)) is None


def test_bands_share_the_surface_by_area() -> None:
    surface = sphere(0.01)
    height = surface.points.astype(float) @ np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    assert len(band_names()) == len(style.MARGIN_BANDS)
    # a sphere's area is spread evenly along any axis (Archimedes): heights from -10 to 10 mm gives 50, 25, 25, 0 %
    assert band_shares([(surface, height)]) == pytest.approx([50.0, 25.0, 25.0, 0.0], abs=1.0)


# Machado, Oliveira and Fernandes 2009, IEEE Trans Vis Comput Graph 15:1291: severity 1.0, linear RGB
COLOUR_BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def lab(colour: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* (D65) of a colour as a colour-blind person sees it."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(matrix @ linear, 0, 1)
    to_xyz = np.array([[0.412456, 0.357576, 0.180437], [0.212673, 0.715152, 0.072175], [0.019334, 0.119192, 0.950304]])
    t = (to_xyz @ seen) / (0.95047, 1.0, 1.08883)
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", COLOUR_BLIND)
@pytest.mark.parametrize(
    "colours",
    [
        (
            style.TUMOUR,
            style.RESIDUAL,
            style.ZONE,
            style.SKIN,
            style.FLUID,
            style.PROBE,
            *(isotherm.colour for isotherm in style.HEAT if isotherm.outlined),
        ),
        tuple(colour for _, colour in style.MARGIN_BANDS),
        (style.TUMOUR, style.ZONE, style.BONE, style.VESSEL, style.RISK, style.PROBE, style.ICE),
        (style.TUMOUR, style.ZONE, *(isotherm.colour for isotherm in style.HEAT)),
        (style.TUMOUR, style.ZONE, *(isotherm.colour for isotherm in style.COLD)),
        (style.TUMOUR_ON_DARK, style.ZONE_ON_DARK),
        (style.OK, style.WARNING, style.BROKEN),
        style.SERIES,
    ],
    ids=["heat", "margin bands", "cold", "heat lines", "cold lines", "on dark", "states", "curves"],
)
def test_colours_differ_for_the_colour_blind(kind: str, colours: tuple[str, ...]) -> None:
    matrix = np.array(COLOUR_BLIND[kind])
    seen = [lab(colour, matrix) for colour in colours]
    least = min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i])
    assert least > 15
