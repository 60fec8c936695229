"""The picture of a plan before anything is computed: anatomy and needles in 3D and in slices, with the zone that
rules of thumb let expect."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.air import outside_air
from gpu_ablate.case.expected import expected_depth, expected_zones
from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.engine.clock import planned_stations
from gpu_ablate.geometry.meshes import contour
from gpu_ablate.language import say
from gpu_ablate.outcome.bone import is_bone
from gpu_ablate.render import font, gl, marks, style
from gpu_ablate.render.camera import Camera, cameras
from gpu_ablate.render.figures import middle_words
from gpu_ablate.render.plane import Plane, along_probe, loops, through
from gpu_ablate.render.slice_marks import IN_PLANE, ROW_INCHES, draw_key, key_rows, within
from gpu_ablate.render.slice_panel import Moment, add_path, bounds
from gpu_ablate.render.slices import draw_slice, labels_seen, plane_title, window_words
from gpu_ablate.render.view import DrawnTrack, View, look_at_plan, nearest_track, surfaces_of
from gpu_ablate.render.words import plain

WIDTH_INCHES, TOP_INCHES = 15.3, 1.1
SIDE, SMALL = (7.3, 4.9), ((3.6, 3.5), (3.6, 3.5))
"""Width and height of the 3D pictures, the large one and those below it [inches]."""

SLICE_INCHES, RULER_INCHES = (3.1, 3.75), 0.5
"""Room for a slice, and for its ruler."""

FLAT_INCHES = 2.7, 13.0
"""Where the slices begin, and the width, of a picture without 3D."""

ROWS_INCHES = SIDE[1] + 0.4 + SMALL[0][1]
ACTIVE = style.COLD[0].colour
OUTLINE = style.Isotherm(0.0, style.ZONE, "--", True)
"""How the edge of the expected zone is drawn: depth 0 in it."""

ZONE_OPACITY, ACTIVE_RADIUS = 0.10, 1.7
"""Of the expected zone in 3D; freezing parts are drawn so much thicker than the shaft."""

NAMED = ("target", "nerve", "risk", "vessel")
"""Roles whose structures carry their name in the large picture."""


def draw_plan(setup: Setup, start_c: float, path: Path) -> str | None:
    """Write the picture of a plan (PNG); why it has no 3D pictures, None if it has.

    start_c : temperature of the tissue at the start [°C]
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    reason = gl.missing_gl()
    if reason is None:
        os.environ.update(gl.offscreen_environment())
    zones = expected_zones(setup, start_c)
    depth = expected_depth(setup, zones)
    view = look_at_plan(setup, depth, [station for probe in setup.probes for station in planned_stations(probe)])
    zone = _zone_surface(setup, depth) if zones else None
    at = view.focus
    planes: list[Plane] = [*through(at)]
    if view.tracks:
        planes.append(along_probe(view, nearest_track(view.tracks, at)))
    corners = [bounds(view, plane, at if plane.axes else plane.origin) for plane in planes]
    seen = labels_seen(setup, planes, corners)
    left, wide = FLAT_INCHES if reason else (SIDE[0] + 0.35, WIDTH_INCHES)
    rows = ROW_INCHES * key_rows(len(seen) + 9) + 0.30 * (bool(view.stations) + bool(setup.sensors)) + 0.5
    height = TOP_INCHES + ROWS_INCHES + 0.6 + rows + 0.2 * max(0, len(view.stations) - 4)
    with rc_context(font.settings()):
        figure = Figure(figsize=(wide, height), dpi=style.DPI)
        if reason is None:
            _draw_3d(figure, setup, view, zone, height)
        moment = Moment(view.temperature, None, view.tracks)
        for number, (plane, (low, high)) in enumerate(zip(planes, corners, strict=True)):
            axes = figure.add_axes(_cell(number, left, (high - low), (wide, height)))
            draw_slice(axes, setup, view, moment, plane, (low, high), at)
            axes.set_title(plane_title(plane, at, setup), loc="left", fontsize=11, pad=5)
            if zone is not None:
                add_path(axes, loops(zone, plane), style.ZONE, 2.0, fill=0.0, line="--")
            for track in view.tracks:
                _freezing_part(axes, track, plane)
        zone_words = say("Dashed: the zone to be expected by rule of thumb, ± 30 %; nothing has been computed.")
        marks.heading(figure, setup.title or setup.name, f"{say('Plan')}. {zone_words}{window_words(setup)}")
        foot = (height - TOP_INCHES - ROWS_INCHES - 0.6) / height
        draw_key(figure, foot, setup, view, False, middle_words(setup), seen, _handles(setup, zone is not None))
        marks.orientation(figure, setup.frame)
        marks.disclaimer(figure)
        figure.savefig(path, format="png")
    return reason


def _zone_surface(setup: Setup, depth: NDArray[np.float32]) -> Surface | None:
    """The edge of the expected zone, but for the air outside the body; None where it is too small for the grid."""
    grid = setup.grid
    field = np.where(outside_air(setup.phase_mask("gas")), np.minimum(depth, -grid.spacing), depth)
    first = np.array(grid.origin) + 0.5 * grid.spacing
    points, faces = contour(field, 0.0, np.full(3, grid.spacing), first)
    return Surface(points.astype(np.float32), faces) if len(faces) else None


def _draw_3d(figure: Any, setup: Setup, view: View, zone: Surface | None, height: float) -> None:
    """The large picture from the side, and below it two smaller ones."""
    from gpu_ablate.render.scene3d import annotate, body_pieces, photograph, place_picture, skin_pieces
    from gpu_ablate.render.silhouette import draw_isotherms

    sizes = (SIDE, *SMALL)
    first, second, third = (width / tall for width, tall in sizes)
    chosen = cameras(view, (first, second, third))
    pieces = [*body_pieces(setup, view, None, {}), *_plan_pieces(view, zone)]
    pixels = [(round(width * style.DPI), round(tall * style.DPI)) for width, tall in sizes]
    pictures = photograph(pieces, chosen, pixels, [skin_pieces(view, camera) for camera in chosen])
    lower = TOP_INCHES + SIDE[1] + 0.4
    corners = ((0.15, TOP_INCHES), (0.15, lower), (0.25 + SMALL[0][0], lower))
    field = np.where(outside_air(setup.phase_mask("gas")), -1.0, view.temperature)
    for camera, picture, (left, top), (width, tall) in zip(chosen, pictures, corners, sizes, strict=True):
        place = left / WIDTH_INCHES, 1 - (top + tall) / height, width / WIDTH_INCHES, tall / height
        axes = figure.add_axes(place)
        across = place_picture(axes, picture, camera)
        if zone is not None:
            draw_isotherms(axes, field, [OUTLINE], setup.grid, camera, across)
        annotate(axes, camera, view, setup, across)
        if camera is chosen[0]:
            _names(axes, setup, view, camera, across)
        elif camera.sight:
            axes.set_title(camera.place, loc="left", fontsize=11, pad=5)
            axes.text(
                0.02, 0.98, camera.sight, transform=axes.transAxes, fontsize=9, va="top", path_effects=marks.halo(3)
            )


def _plan_pieces(view: View, zone: Surface | None) -> list[Any]:
    """The expected zone, faint, and the freezing parts of the needles."""
    import pyvista as pv

    from gpu_ablate.render.scene3d import Piece, surface_mesh

    pieces = [] if zone is None else [Piece(surface_mesh(zone), style.ZONE, ZONE_OPACITY)]
    for track in view.tracks:
        start, end = _active(track)
        length = float(np.linalg.norm(end - start))
        if length > 0.0:
            part = pv.Cylinder(center=(start + end) / 2, direction=track.direction, height=length,
                               radius=ACTIVE_RADIUS * track.probe.radius, resolution=24)  # fmt: skip
            pieces.append(Piece(part, ACTIVE, 1.0))
    return pieces


def _active(track: DrawnTrack) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the freezing part of a needle [m]; the same place twice for an antenna."""
    probe = track.probe
    begin = probe.emission_offset - 0.5 * probe.active_length
    return track.tip + begin * track.direction, track.tip + (begin + probe.active_length) * track.direction


def _freezing_part(axes: Any, track: DrawnTrack, plane: Plane) -> None:
    """The freezing part of a needle where it lies in a slice."""
    if track.probe.active_length > 0.0:
        part = within(*_active(track), plane, IN_PLANE)
        if part is not None:
            axes.plot(*plane.flat(part).T, color=ACTIVE, lw=4.0, solid_capstyle="butt")


def _names(axes: Any, setup: Setup, view: View, camera: Camera, across: float) -> None:
    """Names of targets and of what is kept away from, each in the middle of what is seen of it."""
    placed: list[NDArray[np.float64]] = []
    named = [(name, surface) for role in NAMED for name, surface in dict(surfaces_of(setup, role)).items()]
    for name, surface in named:
        shown = surface.points[((surface.points >= view.lower) & (surface.points <= view.upper)).all(axis=1)]
        flat = camera.project(shown.astype(float)) if len(shown) else np.zeros((0, 2))
        flat = flat[(np.abs(flat) < 0.9 * np.array([across, camera.height / 2])).all(axis=1)]
        if not len(flat):
            continue
        place = flat[np.argmin(((flat - np.median(flat, axis=0)) ** 2).sum(axis=1))]
        if any(np.abs(place - other).max() < 0.07 * across for other in placed):
            continue
        placed.append(place)
        marks.beside(axes, (float(place[0]), float(place[1])), plain(name))


def _cell(number: int, left: float, size: NDArray[np.float64], figure: tuple[float, float]) -> Any:
    """Place of a slice in the figure: two columns and two rows, each slice as large as fits.

    size : of the slice [mm]; left : of the columns [inches]; figure : width and height [inches]
    """
    wide, height = figure
    scale = float(min(np.array(SLICE_INCHES) / size))
    width, tall = size * scale
    cell = SLICE_INCHES[0] + RULER_INCHES + 0.2
    x = left + RULER_INCHES + (number % 2) * cell + 0.5 * (SLICE_INCHES[0] - width)
    y = TOP_INCHES + (number // 2) * (SLICE_INCHES[1] + 0.9) + 0.5 * (SLICE_INCHES[1] - tall)
    return x / wide, 1 - (y + tall) / height, width / wide, tall / height


def _handles(setup: Setup, zone: bool) -> list[Any]:
    """Legend of what only a plan shows."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    bones = [number for number, region in enumerate(setup.regions) if is_bone(region.tissue)]
    if setup.backdrop is not None and np.isin(setup.labels, bones).any():
        handles.append(Patch(facecolor=style.BONE, edgecolor=style.FAINT, lw=0.5, label=say("bone")))
    if zone:
        handles.append(Line2D([], [], color=style.ZONE, lw=2.0, ls="--", label=say("expected zone (rule of thumb)")))
    if any(probe.active_length > 0.0 for probe in setup.probes):
        handles.append(Line2D([], [], color=ACTIVE, lw=4.0, label=say("freezing part")))
    return handles
