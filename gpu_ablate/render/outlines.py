"""A zone or lesions that were seen, beside the zone that was computed: slices with both outlines, and both in 3D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.language import say
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.camera import Camera, cameras, opposite
from gpu_ablate.render.margin_map import band_pieces
from gpu_ablate.render.plane import Plane, along_probe, loops, through
from gpu_ablate.render.scene3d import Piece, needles, photograph, surface_mesh
from gpu_ablate.render.slice_marks import (
    ROW_INCHES,
    cross_handle,
    draw_track,
    key_rows,
    needle_handles,
    region_handles,
    tumour_handles,
    write_legend,
)
from gpu_ablate.render.slice_panel import add_path, bounds, draw_ground, draw_structures, set_rulers
from gpu_ablate.render.slices import (
    FOOT_INCHES,
    WIDTH_INCHES,
    labels_seen,
    layout,
    orient,
    plane_title,
    window_words,
)
from gpu_ablate.render.view import PAD, View, nearest_track, surfaces_of

TOP_INCHES = 1.2
"""Above the slices: title, and two lines below it."""

VIEW_INCHES = (4.17, 3.6)
"""Width and height of a picture in 3D."""

COLOURS_INCHES, TITLE_INCHES = 0.62, 0.27
"""What the meaning of the colours takes above the pictures in 3D, and a title."""

VIEWS_INCHES = COLOURS_INCHES + TITLE_INCHES + VIEW_INCHES[1] + 0.2
"""What they take together."""

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Outlines:
    """What is drawn of a comparison.

    simulated, observed : surfaces [m]
    away : (n,) [m], how far the points of the observed one lie outside of the simulated; None of lesions
    at, where : the place that the slices go through [m], and what it is, in words
    observed_words : what was seen, in words
    numbered : places that carry a number in 3D [m]
    """

    simulated: Surface
    observed: Surface
    away: Points | None
    at: Points
    where: str
    observed_words: str
    numbered: tuple[Points, ...] = ()


def draw_outlines(setup: Setup, view: View, drawn: Outlines, title: str, subtitle: str, path: Path, gl: bool) -> None:
    """Write the picture.

    view : of the run; title, subtitle : first and second line; path : PNG file; gl : whether 3D can be drawn
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    view = around(setup, view, drawn)
    planes: list[Plane] = list(through(drawn.at))
    if view.tracks:
        planes.append(along_probe(view, nearest_track(view.tracks, drawn.at)))
    corners = [bounds(view, plane, drawn.at if plane.axes else plane.origin) for plane in planes]
    rows, places = layout([high - low for low, high in corners])
    handles = legend_handles(setup, drawn, labels_seen(setup, planes, corners))
    below = FOOT_INCHES + ROW_INCHES * key_rows(len(handles)) + 0.25
    height = TOP_INCHES + rows + below + (VIEWS_INCHES if gl else 0.0) + 0.35
    with rc_context(font.settings()):
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=style.DPI)
        for plane, (low, high), (x, y, wide, tall) in zip(planes, corners, places, strict=True):
            bottom = height - TOP_INCHES - y - tall
            axes = figure.add_axes((x / WIDTH_INCHES, bottom / height, wide / WIDTH_INCHES, tall / height))
            draw_slice(axes, setup, view, drawn, plane, low, high)
        marks.heading(figure, title, subtitle)
        write_legend(figure, (height - TOP_INCHES - rows - FOOT_INCHES) / height, handles)
        if gl:
            draw_views(figure, setup, view, drawn, TOP_INCHES + rows + below)
        marks.orientation(figure, setup.frame)
        marks.disclaimer(figure)
        figure.savefig(path)


def around(setup: Setup, view: View, drawn: Outlines) -> View:
    """The view of all that is compared, with the targets; it may go on beyond the box of the model."""
    bodies = [drawn.simulated, drawn.observed, *(surface for _, surface in surfaces_of(setup, "target"))]
    points = np.concatenate([body.points.astype(np.float64) for body in bodies])
    lower, upper = points.min(axis=0), points.max(axis=0)
    return replace(
        view, focus=(lower + upper) / 2, points=points, lower=lower - PAD, upper=upper + PAD, notice=drawn.at
    )


def draw_slice(axes: Any, setup: Setup, view: View, drawn: Outlines, plane: Plane, low: Points, high: Points) -> None:
    """One slice from corner to corner (right, up) [mm]."""
    draw_ground(axes, setup, plane, low, high)
    draw_structures(axes, setup, plane)
    for track in view.tracks:
        draw_track(axes, track, view, plane)
    rim = style.PAPER if setup.backdrop is None else style.INK
    for surface, (colour, line) in zip((drawn.simulated, drawn.observed), line_looks(setup), strict=True):
        curves = loops(surface, plane)
        add_path(axes, curves, rim, 4.6, fill=0.0)
        add_path(axes, curves, colour, 2.6, fill=0.0, line=line)
    set_rulers(axes, low, high)
    if plane.axes is not None:
        ((across, rise),) = plane.flat(drawn.at)
        axes.plot(across, rise, marker="+", ms=15, mew=1.6, color=style.INK, path_effects=marks.halo(3.5))
    if setup.frame == "patient" and plane.axes == (0, 1, 2):
        axes.invert_yaxis()
    orient(axes, plane, setup, view)
    axes.set_title(f"{plane_title(plane, drawn.at, setup)}{window_words(setup)}", loc="left", fontsize=11, pad=5)
    marks.scale_bar(axes, unit=1.0)


def line_looks(setup: Setup) -> tuple[tuple[str, Any], tuple[str, Any]]:
    """Colour and style of the outlines of the simulated and of the observed."""
    if setup.backdrop is None:
        return (style.SIMULATED, "-"), (style.OBSERVED, style.OBSERVED_LINE)
    return (style.SIMULATED_ON_DARK, "-"), (style.OBSERVED_ON_DARK, style.OBSERVED_LINE)


def legend_handles(setup: Setup, drawn: Outlines, seen: set[int]) -> list[Any]:
    """What lines and fills mean."""
    from matplotlib.lines import Line2D

    names = say("simulated zone"), drawn.observed_words
    lines = [
        Line2D([], [], color=colour, ls=line, lw=2.6, label=name)
        for name, (colour, line) in zip(names, line_looks(setup), strict=True)
    ]
    needle = needle_handles(setup)
    return [*lines, *tumour_handles(setup), *needle, cross_handle(drawn.where), *region_handles(setup, seen)]


def draw_views(figure: Any, setup: Setup, view: View, drawn: Outlines, top: float) -> None:
    """The bodies from three sides from a height downwards [inches from the top], and what the colours mean."""
    height = figure.get_figheight()
    wide, tall = VIEW_INCHES
    aspect = wide / tall
    side, skin, _ = cameras(view, (aspect, aspect, aspect))
    chosen = side, opposite(side, say("From the other side"), setup.frame), skin
    size = round(wide * style.DPI), round(tall * style.DPI)
    title, entries = colours(setup, drawn)
    figure.text(0.012, 1 - top / height, title, fontsize=11, weight="bold", va="center")
    write_colours(figure, entries, 1 - (top + COLOURS_INCHES / 2) / height)
    pictures = photograph(pieces(setup, view, drawn), chosen, [size] * 3)
    bottom = 1 - (top + COLOURS_INCHES + TITLE_INCHES + tall) / height
    for i, (camera, picture) in enumerate(zip(chosen, pictures, strict=True)):
        axes = figure.add_axes(((0.13 + i * (wide + 0.12)) / WIDTH_INCHES, bottom, wide / WIDTH_INCHES, tall / height))
        half = camera.height / 2
        axes.imshow(picture, extent=(-half * aspect, half * aspect, -half, half), interpolation="none")
        axes.set(xlim=(-half * aspect, half * aspect), ylim=(-half, half), xticks=[], yticks=[])
        axes.set_title(camera.title, loc="left", fontsize=10, pad=5)
        mark(axes, camera, view.focus, drawn)
        marks.scale_bar(axes)
        marks.directions(axes, camera.right, camera.up, setup.frame)


def mark(axes: Any, camera: Camera, focus: Points, drawn: Outlines) -> None:
    """The numbered places; where there are none a ring at the place of the slices, faint where it lies behind."""
    for i, place in enumerate(drawn.numbered, start=1):
        x, y = camera.project(place)[0]
        marks.number(axes, x, y, i)
    if not drawn.numbered:
        x, y = camera.project(drawn.at)[0]
        marks.ring(axes, x, y, float((drawn.at - focus) @ camera.towards) >= 0)


def pieces(setup: Setup, view: View, drawn: Outlines) -> list[Piece]:
    """The observed zone in the colours of its distance; of lesions, they in the simulated zone around the tumour."""
    shafts = [Piece(mesh, style.PROBE, 1.0) for mesh in needles(view)]
    if drawn.away is not None:
        return [*band_pieces(drawn.observed, drawn.away, style.APART_BANDS), *shafts]
    targets = [surface_mesh(surface) for _, surface in surfaces_of(setup, "target")]
    bodies = [Piece(mesh, style.TUMOUR, style.SOLID_OPACITY) for mesh in targets]
    bodies.append(Piece(surface_mesh(drawn.observed), style.OBSERVED, 1.0))
    return [*bodies, Piece(surface_mesh(drawn.simulated), style.SIMULATED, style.ZONE_OPACITY), *shafts]


def colours(setup: Setup, drawn: Outlines) -> tuple[str, list[tuple[str, str]]]:
    """A title, and (colour, meaning) of what is seen in 3D."""
    if drawn.away is None:
        zone = style.shell(style.SIMULATED, style.ZONE_OPACITY)
        entries = [(style.OBSERVED, drawn.observed_words), (zone, say("simulated zone"))]
        if any(region.role == "target" for region in setup.regions):
            entries.append((style.TUMOUR, say("tumour")))
        return say("In 3D"), entries
    limits = [bound for bound, _ in style.APART_BANDS[:-1]]
    middle = [apart_words(low, high) for low, high in pairwise(limits)]
    names = [say("inside > {mm:g} mm", mm=limits[-1]), *middle, say("outside > {mm:g} mm", mm=limits[-1])]
    shades = [colour for _, colour in style.APART_BANDS]
    return say("Observed surface against the simulated one"), list(zip(shades, names, strict=True))


def apart_words(low: float, high: float) -> str:
    """A band of distances [mm] in words."""
    if low < 0 < high:
        return say("within {mm:g} mm", mm=high)
    if low > 0:
        return say("outside {low:g}–{high:g} mm", low=low, high=high)
    return say("inside {low:g}–{high:g} mm", low=-high, high=-low)


def write_colours(figure: Any, entries: Sequence[tuple[str, str]], y: float) -> None:
    """Squares of colour with their meaning, in a row at a height (share of the figure)."""
    for i, (colour, name) in enumerate(entries):
        left = 0.012 + i * 0.14
        figure.text(left, y, "■", color=colour, fontsize=17, va="center", path_effects=rim(style.FAINT))
        figure.text(left + 0.018, y, name, fontsize=10, va="center", parse_math=False)


def rim(colour: str) -> list[Any]:
    """A thin edge, by which a pale square is seen on paper."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.5, foreground=colour)]
