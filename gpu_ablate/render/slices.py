"""Three slices through one point: anatomy, dead zone, isotherms, needle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.render import marks, style
from gpu_ablate.render.slice_marks import Plane, draw_key, draw_sensors, draw_track, tissue_colours
from gpu_ablate.render.view import View, drawn_tracks, surfaces_of
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

WIDTH_INCHES, MOST_HEIGHT_INCHES = 13.0, 13.5
EDGE_INCHES = (0.75, 0.2, 0.75, 1.05)
"""Left, right, bottom and top of the panels."""

GAP_INCHES = (0.75, 0.85)
LEAST_KEY_INCHES = (4.2, 2.9)
"""Width and height that the legend needs in the fourth corner."""


AXIAL = Plane(2, 0, 1, "Axial")
CORONAL = Plane(1, 0, 2, "Coronal")
SAGITTAL = Plane(0, 1, 2, "Sagittal")


def draw_slices(
    result: Result,
    view: View,
    zone: Surface | None,
    at: NDArray[np.float64],
    where: str,
    title: str,
    subtitle: str,
    path: Path,
) -> None:
    """Write the picture of three slices.

    Parameters
    ----------
    at : xyz of the point that all three go through [m]
    where : what that point is, in words
    zone : surface of the killed tissue [m], None if nothing died
    title, subtitle : first and second line of the picture
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    setup = result.setup
    lower, upper = np.minimum(view.lower, at) / MM, np.maximum(view.upper, at) / MM
    height, places = _layout(upper - lower)
    with rc_context(style.FONT):
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=style.DPI)
        for plane, place in places.items():
            axes = figure.add_axes(place)
            _draw_plane(axes, result, view, zone, plane, at)
            axes.set_xlim(lower[plane.across], upper[plane.across])
            axes.set_ylim(lower[plane.up], upper[plane.up])
            if setup.frame == "patient" and plane is AXIAL:
                axes.invert_yaxis()
            _orient(axes, plane, setup.frame)
            axes.set_title(_plane_title(plane, at, setup.frame), loc="left", fontsize=11, pad=5)
            marks.scale_bar(axes, unit=1.0)
        marks.heading(figure, title, subtitle)
        left, axial = places[SAGITTAL][0], places[AXIAL]
        draw_key(
            figure,
            (left, axial[1] + axial[3]),
            setup,
            view,
            zone is not None,
            where,
            labels_seen(setup, lower * MM, upper * MM, at),
        )
        marks.orientation(figure, setup.frame)
        marks.disclaimer(figure)
        figure.savefig(path)


def labels_seen(
    setup: Setup, lower: NDArray[np.float64], upper: NDArray[np.float64], at: NDArray[np.float64]
) -> set[int]:
    """Labels in the three slices through a point, between two corners; all xyz [m]."""
    grid = setup.grid
    shape = np.array(grid.shape[::-1])
    first, last, here = (
        np.clip(np.floor((corner - grid.origin) / grid.spacing).astype(int), 0, shape - 1)
        for corner in (lower, upper, at)
    )
    seen: set[int] = set()
    for axis in range(3):
        (x0, y0, z0), (x1, y1, z1) = np.where(np.arange(3) == axis, here, (first, last))
        seen |= set(np.unique(setup.labels[z0 : z1 + 1, y0 : y1 + 1, x0 : x1 + 1]).tolist())
    return seen


def loops(surface: Surface, axis: int, position: float) -> list[NDArray[np.float64]]:
    """Curves (n, 3) xyz in which a triangle mesh meets the plane at `position` of an axis [m].

    Every crossed triangle gives a segment between two of its edges; segments that share an edge are joined.
    """
    points = surface.points.astype(float)
    height = points[:, axis] - position
    above = height >= 0
    crossed = surface.faces[above[surface.faces].any(axis=1) & ~above[surface.faces].all(axis=1)]
    ends: dict[tuple[int, int], list[int]] = {}
    segments = []
    for face in np.sort(crossed, axis=1).tolist():
        edges = [(i, j) for i, j in ((face[0], face[1]), (face[0], face[2]), (face[1], face[2]))]
        segments.append(tuple(edge for edge in edges if above[edge[0]] != above[edge[1]]))
        for edge in segments[-1]:
            ends.setdefault(edge, []).append(len(segments) - 1)
    unused = set(range(len(segments)))
    curves = []
    while unused:
        start = unused.pop()
        chain = list(segments[start])
        while following := [i for i in ends[chain[-1]] if i in unused]:
            unused.discard(following[0])
            first, second = segments[following[0]]
            chain.append(second if first == chain[-1] else first)
        i, j = np.array(chain).T
        share = (height[i] / (height[i] - height[j]))[:, None]
        curves.append(points[i] + share * (points[j] - points[i]))
    return curves


def _draw_plane(
    axes: Any, result: Result, view: View, zone: Surface | None, plane: Plane, at: NDArray[np.float64]
) -> None:
    """One slice in millimetres."""
    from matplotlib.colors import ListedColormap

    setup = result.setup
    grid = setup.grid
    x, y = grid.axes()[plane.across] / MM, grid.axes()[plane.up] / MM
    box = [limit / MM for axis in (plane.across, plane.up) for limit in (grid.origin[axis], grid.upper[axis])]
    index = grid.cell_at(tuple(at))[2 - plane.normal]
    labels = _slice(setup.labels, plane, index)
    colours = ListedColormap(tissue_colours(setup.regions))
    axes.imshow(labels, cmap=colours, vmin=-0.5, vmax=len(setup.regions) - 0.5, extent=box, origin="lower",
                interpolation="nearest", alpha=0.75)  # fmt: skip
    if zone is not None:
        _add_path(axes, loops(zone, plane.normal, at[plane.normal]), plane, style.ZONE, 2.2, fill=0.38)
    for role, width in (("isolation", 1.0), ("skin", 1.0), ("involved_skin", 1.0), ("target", 2.4)):
        for _, surface in surfaces_of(setup, role):
            curves = loops(surface, plane.normal, at[plane.normal])
            fill = 0.30 if role == "target" else 0.0
            _add_path(axes, curves, plane, style.ROLE[role], width, fill=fill)
    temperature = _slice(view.temperature, plane, index)
    for isotherm in view.isotherms:
        if temperature.min() < isotherm.temperature_c < temperature.max():
            axes.contour(x, y, temperature, [isotherm.temperature_c], colors=isotherm.colour, linewidths=1.8,
                         linestyles=isotherm.line)  # fmt: skip
    for track in drawn_tracks(setup, view.stations):
        draw_track(axes, track, view, plane, at)
    draw_sensors(axes, setup, plane, at)
    axes.plot(at[plane.across] / MM, at[plane.up] / MM, marker="+", ms=15, mew=1.6, color=style.INK)
    axes.tick_params(labelsize=9, colors="#555555")


def _add_path(
    axes: Any, curves: list[NDArray[np.float64]], plane: Plane, colour: str, width: float, fill: float
) -> None:
    """Closed curves as one shape, filled and outlined."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if not curves:
        return
    flat = [curve[:, (plane.across, plane.up)] / MM for curve in curves]
    shape = Outline.make_compound_path(*(Outline(curve, closed=False) for curve in flat))
    if fill > 0:
        axes.add_patch(PathPatch(shape, facecolor=(colour, fill), edgecolor="none"))
    axes.add_patch(PathPatch(shape, facecolor="none", edgecolor=colour, lw=width))


def _slice(field: NDArray[Any], plane: Plane, index: int) -> NDArray[Any]:
    """One layer of (nz, ny, nx) with rows upwards and columns to the right."""
    return np.take(field, index, axis=2 - plane.normal)


def _layout(size: NDArray[np.float64]) -> tuple[float, dict[Plane, tuple[float, float, float, float]]]:
    """Height of the figure [inches] and places of the panels in it, one scale for all.

    Sagittal right of coronal, axial below coronal, the legend in the fourth corner.
    """
    left, right, bottom, top = EDGE_INCHES
    x, y, z = size
    free_x, free_y = WIDTH_INCHES - left - right - GAP_INCHES[0], MOST_HEIGHT_INCHES - bottom - top - GAP_INCHES[1]
    scale = min(free_x / (x + y), (free_x - LEAST_KEY_INCHES[0]) / x, free_y / (y + z))
    lower = max(y * scale, LEAST_KEY_INCHES[1])
    height = z * scale + lower + bottom + top + GAP_INCHES[1]
    start = left + (free_x - max((x + y) * scale, x * scale + LEAST_KEY_INCHES[0])) / 2
    second = start + x * scale + GAP_INCHES[0]
    boxes = {
        CORONAL: (start, height - top - z * scale, x, z),
        SAGITTAL: (second, height - top - z * scale, y, z),
        AXIAL: (start, bottom + lower - y * scale, x, y),
    }
    return height, {
        plane: (i / WIDTH_INCHES, j / height, w * scale / WIDTH_INCHES, h * scale / height)
        for plane, (i, j, w, h) in boxes.items()
    }


def _plane_title(plane: Plane, at: NDArray[np.float64], frame: str) -> str:
    name = f"{plane.patient}, " if frame == "patient" else ""
    return f"{name}{'xyz'[plane.normal]} = {at[plane.normal] / MM:.1f} mm"


def _orient(axes: Any, plane: Plane, frame: str) -> None:
    """Letters of the body at the edges in a patient's frame, else the axis names."""
    if frame == "patient":
        ends = (marks.PATIENT_LETTERS[plane.across], marks.PATIENT_LETTERS[plane.up])
        low, high = ends[1][::-1] if axes.yaxis_inverted() else ends[1]
        left, right = ends[0]
        for text, x, y in ((left, 0.02, 0.5), (right, 0.98, 0.5), (low, 0.5, 0.03), (high, 0.5, 0.97)):
            axes.text(x, y, text, transform=axes.transAxes, weight="bold", ha="center", va="center")
    axes.set_xlabel(f"{'xyz'[plane.across]} [mm]", fontsize=9, labelpad=1)
    axes.set_ylabel(f"{'xyz'[plane.up]} [mm]", fontsize=9, labelpad=1)
