"""The 3D picture: dead zone and isotherms against tumour, skin, isolation fluid and needle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid
from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import contour
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.anatomy import bone_surfaces, vessel_surfaces
from gpu_ablate.render.camera import Camera, cameras
from gpu_ablate.render.plane import Plane, loops
from gpu_ablate.render.silhouette import draw_isotherms
from gpu_ablate.render.view import View, surfaces_of
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

Margins = NDArray[np.float64]
SHADING = {"smooth_shading": True, "ambient": 0.45, "diffuse": 0.6, "specular": 0.0}
PANELS = (
    # left, top, width, height of each picture [inches]
    (0.13, 0.945, 7.735, 7.02),
    (7.995, 0.945, 4.875, 3.33),
    (7.995, 4.635, 4.875, 3.33),
)
WIDTH_INCHES, KEY_INCHES = 13.0, 8.08
"""Width of the figure, and how far from its top the legend begins."""

ROW_INCHES, STATIONS_INCHES, FOOT_INCHES = 0.255, 0.20, 0.45
"""A row of the legend, a row of stations, and what is left below."""


def draw_scene3d(
    result: Result,
    view: View,
    zone: Surface | None,
    margins: dict[str, Margins],
    title: str,
    subtitle: str,
    path: Path,
) -> None:
    """Write the 3D picture.

    Parameters
    ----------
    result : the run
    view : what to look at
    zone : surface of the killed tissue [m], None if nothing died
    margins : target name -> signed margin (n,) at the points of its surface [m]
    title, subtitle : first and second line of the picture
    path : PNG file

    Notes
    -----
    Surfaces come from VTK, all text and marks from matplotlib on top, placed by the camera's own projection.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    first, second, third = (width / height for _, _, width, height in PANELS)
    chosen = cameras(view, (first, second, third))
    sizes = [(round(width * style.DPI), round(height * style.DPI)) for _, _, width, height in PANELS]
    skins = [skin_pieces(view, camera) for camera in chosen]
    gas = result.setup.phase_mask("gas")
    mildest = view.temperature.max() if view.isotherms is style.COLD else view.temperature.min()
    temperature = np.where(gas, mildest, view.temperature)
    edge = result.setup.endpoint.threshold if result.setup.endpoint.field == "min_temperature" else None
    outlined = [i for i in view.isotherms if i.outlined and i.temperature_c != edge]  # else it is the zone's own edge
    isotherms = [i for i in outlined if temperature.min() < i.temperature_c < temperature.max()]
    pieces = [
        *body_pieces(result.setup, view, zone, margins),
        *isotherm_pieces(temperature, isotherms, result.setup.grid),
    ]
    pictures = photograph(pieces, chosen, sizes, skins)
    residual = any((np.nan_to_num(m, nan=-1.0) < 0).any() for m in margins.values())
    entries = marks.surface_entries(result.setup, zone is not None, residual)
    below = KEY_INCHES + ROW_INCHES * marks.legend_rows(len(entries) + len(isotherms)) + 0.1
    tall = below + STATIONS_INCHES * marks.station_rows(view.stations) + FOOT_INCHES
    with rc_context(font.settings()):
        figure = Figure(figsize=(WIDTH_INCHES, tall), dpi=style.DPI)
        for (left, top, width, height), camera, picture in zip(PANELS, chosen, pictures, strict=True):
            place = left / WIDTH_INCHES, 1 - (top + height) / tall, width / WIDTH_INCHES, height / tall
            axes = figure.add_axes(place)
            across = place_picture(axes, picture, camera)
            draw_isotherms(axes, temperature, isotherms, result.setup.grid, camera, across)
            annotate(axes, camera, view, result.setup, across)
        marks.heading(figure, title, subtitle)
        marks.legend(figure, entries, isotherms, y=1 - KEY_INCHES / tall)
        marks.stations(figure, view.stations, y=1 - below / tall)
        marks.orientation(figure, result.setup.frame)
        marks.disclaimer(figure)
        figure.savefig(path)


def place_picture(axes: Any, picture: NDArray[np.uint8], camera: Camera) -> float:
    """Put what a camera saw into axes that count metres in its plane; half the width of what is seen [m]."""
    half = camera.height / 2
    across = half * picture.shape[1] / picture.shape[0]
    axes.imshow(picture, extent=(-across, across, -half, half), aspect="auto", interpolation="none")
    axes.set(xlim=(-across, across), ylim=(-half, half), xticks=[], yticks=[])
    axes.set_title(camera.title, loc="left", fontsize=11, pad=5)
    return across


@dataclass(frozen=True)
class Piece:
    """A surface of the picture; a veil is thinned where the camera looks through it."""

    mesh: Any
    colour: str
    opacity: float
    veil: bool = False


def body_pieces(setup: Setup, view: View, zone: Surface | None, margins: dict[str, Margins]) -> list[Piece]:
    """Everything in the picture; `margins` of a target [m] paint what is not covered in its own colour."""
    bounds = [value for pair in zip(view.lower, view.upper, strict=True) for value in pair]
    pieces: list[Piece] = []
    for _, surface in surfaces_of(setup, "isolation"):
        pieces.append(Piece(surface_mesh(surface), style.FLUID, style.FLUID_OPACITY, veil=True))
    for role in ("risk", "nerve", "vessel", "involved_skin"):
        for _, surface in surfaces_of(setup, role):
            pieces.append(
                Piece(surface_mesh(surface).clip_box(bounds, invert=False), style.ROLE[role], style.SOLID_OPACITY)
            )
    for _, surface in vessel_surfaces(setup):
        pieces.append(Piece(surface_mesh(surface).clip_box(bounds, invert=False), style.VESSEL, style.SOLID_OPACITY))
    for _, bone in bone_surfaces(setup):
        pieces.append(Piece(surface_mesh(bone).clip_box(bounds, invert=False), style.BONE, style.BONE_OPACITY))
    for name, surface in surfaces_of(setup, "target"):
        pieces += target_pieces(surface, margins.get(name))
    if zone is not None:
        pieces.append(Piece(surface_mesh(zone), style.ZONE, style.ZONE_OPACITY))
    pieces += [Piece(mesh, style.PROBE, 1.0) for mesh in needles(view)]
    return [piece for piece in pieces if piece.mesh.n_points]


def isotherm_pieces(temperature: NDArray[np.floating], isotherms: list[style.Isotherm], grid: Grid) -> list[Piece]:
    """Faint surfaces around all that was beyond [°C]; their outlines are drawn on top in full colour."""
    pieces = []
    first = np.array(grid.origin) + 0.5 * grid.spacing
    for isotherm in isotherms:
        sign = -1.0 if isotherm in style.COLD else 1.0
        points, faces = contour(sign * temperature, sign * isotherm.temperature_c, np.full(3, grid.spacing), first)
        surface = Surface(points.astype(np.float32), faces)
        pieces.append(Piece(surface_mesh(surface), isotherm.colour, style.ISOTHERM_OPACITY))
    return pieces


def skin_pieces(view: View, camera: Camera) -> list[Piece]:
    """The skin near what is looked at, and on to the picture's edges where it runs across the line of sight."""
    if view.skin is None:
        return []
    reach = camera.height * np.maximum(np.abs(camera.right), np.abs(camera.up))
    bounds = [value for pair in zip(view.lower - reach, view.upper + reach, strict=True) for value in pair]
    cropped = surface_mesh(view.skin).clip_box(bounds, invert=False)
    return [Piece(cropped, style.SKIN, style.SKIN_OPACITY, veil=True)] if cropped.n_points else []


def target_pieces(surface: Surface, margins: Margins | None) -> list[Piece]:
    """A target's surface, split along margin 0 into what is covered and what is not."""
    mesh = surface_mesh(surface)
    if margins is None or not (np.nan_to_num(margins, nan=-1.0) < 0).any():
        return [Piece(mesh, style.TUMOUR, 1.0)]
    mesh["margin"] = np.nan_to_num(margins, nan=-1.0)
    covered = mesh.clip_scalar(scalars="margin", value=0.0, invert=False)
    residual = mesh.clip_scalar(scalars="margin", value=0.0, invert=True)
    for part in (covered, residual):
        part.clear_data()
    return [Piece(covered, style.TUMOUR, 1.0), Piece(residual, style.RESIDUAL, 1.0)]


def needles(view: View) -> list[Any]:
    """Shaft of each probe at its deepest place on each track, with a conical tip and a ball at each station's heat."""
    import pyvista as pv

    meshes: list[Any] = []
    length = 1.5 * float(np.linalg.norm(view.upper - view.lower))
    for track in view.tracks:
        radius, axis, cone = track.probe.radius, track.direction, 4 * track.probe.radius
        start, end = track.tip + cone * axis, track.tip + length * axis
        tube = pv.Cylinder(center=(start + end) / 2, direction=axis, radius=radius, height=length - cone, resolution=24)
        point = pv.Cone(center=track.tip + cone / 2 * axis, direction=-axis, radius=radius, height=cone, resolution=24)
        meshes += [tube, point, *(pv.Sphere(radius=1.8 * radius, center=s.heat) for s in track.stations)]
    return meshes


def photograph(
    pieces: list[Piece], views: tuple[Camera, ...], sizes: list[tuple[int, int]], own: Sequence[list[Piece]] = ()
) -> list[NDArray[np.uint8]]:
    """One picture (height, width, 3) for each camera, drawn at twice its size and shrunk.

    own : for each camera the pieces that it alone sees
    """
    from PIL import Image

    plotter = exact_plotter()
    drawn = [_actor(plotter, piece) for piece in pieces]
    pictures = []
    for camera, (width, height), alone in zip(views, sizes, own or [[]] * len(views), strict=True):
        passing = [_actor(plotter, piece) for piece in alone]
        plotter.window_size = [2 * width, 2 * height]
        plotter.camera.focal_point = camera.focus
        plotter.camera.position = camera.focus + 0.5 * camera.towards
        plotter.camera.up = camera.up
        plotter.enable_parallel_projection()
        for piece, actor in zip([*pieces, *alone], [*drawn, *passing], strict=True):
            veiled = piece.veil and camera.through_skin
            actor.GetProperty().SetOpacity(piece.opacity * (style.VEIL if veiled else 1.0))
        plotter.camera.parallel_scale = camera.height / 2
        plotter.renderer.ResetCameraClippingRange()
        large = Image.fromarray(pixels(plotter.render_window))
        pictures.append(np.asarray(large.resize((width, height), Image.Resampling.BOX)))
        for actor in passing:
            plotter.remove_actor(actor, render=False)
    plotter.close()
    return pictures


def _actor(plotter: Any, piece: Piece) -> Any:
    """A piece as VTK draws it."""
    return plotter.add_mesh(piece.mesh, color=piece.colour, opacity=piece.opacity, reset_camera=False, **SHADING)


def exact_plotter() -> Any:
    """A VTK picture, off the screen, in which translucent surfaces cover each other exactly.

    Depth peeling of 10 layers with occlusion ratio 0: exact up to 10 surfaces in line. Anti-aliasing and
    multi-sampling would break it, silently, so they are off. One light, over the viewer's left shoulder: in
    software each light is paid for at every pixel of every layer.
    """
    import pyvista as pv

    plotter = pv.Plotter(off_screen=True, lighting="none")
    plotter.add_light(pv.Light(position=(-0.4, 0.6, 1.0), light_type="camera light"))
    plotter.set_background(style.PAPER)
    plotter.disable_anti_aliasing()
    plotter.render_window.SetMultiSamples(0)
    plotter.enable_depth_peeling(10, occlusion_ratio=0.0)
    return plotter


def annotate(axes: Any, camera: Camera, view: View, setup: Setup, across: float) -> None:
    """Needle line and station numbers, skin, scale bar and direction cross, in the camera's plane [m].

    across : half the picture's width [m]
    """
    for track in view.tracks:
        if track.stations:
            line = camera.project(np.array([track.stations[0].tip, track.stations[-1].tip]))
            axes.plot(*line.T, color="white", lw=1.2, ls=(0, (2, 2)))
    marks.probe_names(axes, view.tracks, camera, (across, camera.height / 2))
    for station in view.stations:
        x, y = camera.project(station.heat)[0]
        marks.number(axes, x, y, station.number)
    marks.scale_bar(axes)
    marks.directions(axes, camera.right, camera.up, setup.frame)
    if view.skin is None or camera.up @ view.outward <= 0.7:
        return
    cut = [] if camera.through_skin else loops(view.skin, Plane(camera.focus, camera.right, camera.up))
    for curve in cut:
        axes.plot(*(curve * MM).T, color=style.SKIN_INK, lw=1.4)
    halves = across, camera.height / 2
    if not (cut and marks.skin_names(axes, MM * np.concatenate(cut), halves)):
        marks.skin_side(axes)


def surface_mesh(surface: Surface) -> Any:
    """A surface as VTK holds it."""
    import pyvista as pv

    return pv.PolyData.from_regular_faces(surface.points, surface.faces)


def pixels(window: Any) -> NDArray[np.uint8]:
    """Draw, and read the picture (height, width, 3), first row on top."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter

    window.Render()
    reader = vtkWindowToImageFilter()
    reader.SetInput(window)
    reader.SetInputBufferTypeToRGB()
    reader.ReadFrontBufferOff()
    reader.ShouldRerenderOff()
    reader.Update()
    image = reader.GetOutput()
    width, height, _ = image.GetDimensions()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3)[::-1]
