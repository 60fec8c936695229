"""Four slices: three through one point, and one along the needle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.language import say
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.plane import Plane, along_probe, sampled, through
from gpu_ablate.render.slice_marks import ROW_INCHES, draw_key, key_rows
from gpu_ablate.render.slice_panel import Moment, bounds, draw_panel
from gpu_ablate.render.view import View, nearest_track
from gpu_ablate.units import MM

WIDTH_INCHES, MOST_ROWS_INCHES = 13.0, 11.5
EDGE_INCHES = (0.75, 0.2, 1.05)
"""Left, right and top of the panels."""

GAP_INCHES = (0.75, 0.85)
FOOT_INCHES = 0.55
"""From the last row of panels to the legend."""

Corners = tuple[NDArray[np.float64], NDArray[np.float64]]


def draw_slices(
    setup: Setup,
    view: View,
    zone: Surface | None,
    at: NDArray[np.float64],
    where: str,
    title: str,
    subtitle: str,
    path: Path,
) -> None:
    """Write the picture of the slices.

    Parameters
    ----------
    at : xyz of the point that the first three go through [m]
    where : what that point is, in words
    zone : surface of the killed tissue [m], None if nothing died
    title, subtitle : first and second line of the picture
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    moment = Moment(view.temperature, zone, view.tracks)
    planes: list[Plane] = list(through(at))
    if view.tracks:
        planes.append(along_probe(view, nearest_track(view.tracks, at)))
    corners = [bounds(view, plane, at if plane.axes else plane.origin) for plane in planes]
    seen = labels_seen(setup, planes, corners)
    rows, places = layout([high - low for low, high in corners])
    entries = len(seen) + 9
    below = FOOT_INCHES + ROW_INCHES * key_rows(entries) + 0.30 * (bool(view.stations) + bool(setup.sensors)) + 0.35
    height = rows + EDGE_INCHES[2] + below + 0.2 * max(0, len(view.stations) - 4)
    with rc_context(font.settings()):
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=style.DPI)
        for plane, (low, high), (x, y, wide, tall) in zip(planes, corners, places, strict=True):
            bottom = height - EDGE_INCHES[2] - y - tall
            axes = figure.add_axes((x / WIDTH_INCHES, bottom / height, wide / WIDTH_INCHES, tall / height))
            draw_slice(axes, setup, view, moment, plane, (low, high), at)
            axes.set_title(f"{plane_title(plane, at, setup)}{window_words(setup)}", loc="left", fontsize=11, pad=5)
        marks.heading(figure, title, subtitle)
        foot = (height - EDGE_INCHES[2] - rows - FOOT_INCHES) / height
        draw_key(figure, foot, setup, view, zone is not None, where, seen)
        marks.orientation(figure, setup.frame)
        marks.disclaimer(figure)
        figure.savefig(path)


def draw_slice(
    axes: Any, setup: Setup, view: View, moment: Moment, plane: Plane, corners: Corners, at: NDArray[np.float64]
) -> None:
    """A slice with its rulers, letters and scale bar; a cross marks `at` [m] in the planes along the axes."""
    draw_panel(axes, setup, view, moment, plane, *corners)
    if plane.axes is not None:
        ((across, rise),) = plane.flat(at)
        axes.plot(across, rise, marker="+", ms=15, mew=1.6, color=style.INK, path_effects=marks.halo(3.5))
    if setup.frame == "patient" and plane.axes == (0, 1, 2):
        axes.invert_yaxis()
    orient(axes, plane, setup, view)
    marks.scale_bar(axes, unit=1.0)


def labels_seen(setup: Setup, planes: list[Plane], corners: list[Corners]) -> set[int]:
    """Labels in some planes, each between two corners (right, up) [mm]."""
    seen: set[int] = set()
    for plane, (low, high) in zip(planes, corners, strict=True):
        _, _, points = plane.raster(low, high, setup.grid.spacing / MM)
        labels = sampled(setup.labels, setup.grid, points, 0, -1.0)
        seen |= {int(label) for label in np.unique(labels) if label >= 0}
    return seen


def layout(sizes: list[NDArray[np.float64]]) -> tuple[float, list[tuple[float, float, float, float]]]:
    """Height of all panels and, for each, left, distance from the top, width and height [inches].

    Coronal and sagittal in the first row, axial and the needle's plane in the second; one scale for the first three.
    """
    left, right, _ = EDGE_INCHES
    (x, z), (y, _), _ = sizes[:3]
    free = WIDTH_INCHES - left - right - GAP_INCHES[0]
    scale = min(free / (x + y), (MOST_ROWS_INCHES - GAP_INCHES[1]) / (y + z))
    start = left + (free - (x + y) * scale) / 2
    second, lower = start + x * scale + GAP_INCHES[0], z * scale + GAP_INCHES[1]
    boxes = [(start, 0.0, x * scale, z * scale), (second, 0.0, y * scale, z * scale)]
    boxes.append((start, lower, x * scale, y * scale))
    row = y * scale
    if len(sizes) > 3:
        wide, tall = sizes[3]
        own = min(scale, (WIDTH_INCHES - right - second) / wide)
        boxes.append((second, lower, wide * own, tall * own))
        row = max(row, tall * own)
    return lower + row, boxes


def plane_title(plane: Plane, at: NDArray[np.float64], setup: Setup) -> str:
    """Which slice it is, and where."""
    if plane.axes is None:
        return say("Along the needle")
    names = (say("Coronal"), say("Sagittal"), say("Axial"))
    name = f"{names[(1, 0, 2).index(plane.axes[2])]}, " if setup.frame == "patient" else ""
    return f"{name}{'xyz'[plane.axes[2]]} = {round(at[plane.axes[2]] / MM, 1) + 0.0:.1f} mm".replace("-", "−")


def window_words(setup: Setup) -> str:
    """What lies behind a slice, of a CT with its window; nothing without an image."""
    if setup.backdrop is None:
        return ""
    if setup.modality == "MR":
        return "   MR"
    level, width = style.window(setup)
    return f"   CT {level:g} / {width:g} HU"


def orient(axes: Any, plane: Plane, setup: Setup, view: View) -> None:
    """Letters of the body at the edges in a patient's frame, and what the rulers count."""
    if plane.axes is None:
        if view.skin is not None:
            axes.text(0.5, 0.97, say("▲ towards the skin"), transform=axes.transAxes, ha="center", va="top",
                      fontsize=10, color=style.SKIN_INK, weight="bold")  # fmt: skip
        axes.set_xlabel(say("from the tip [mm]"), fontsize=9, labelpad=1)
        marks.directions(axes, plane.right, plane.up, setup.frame)
        return
    across, up, _ = plane.axes
    if setup.frame == "patient":
        ends = (marks.PATIENT_LETTERS[across], marks.PATIENT_LETTERS[up])
        low, high = ends[1][::-1] if axes.yaxis_inverted() else ends[1]
        left, right = ends[0]
        for text, x, y in ((left, 0.02, 0.5), (right, 0.98, 0.5), (low, 0.5, 0.03), (high, 0.5, 0.97)):
            axes.text(x, y, text, transform=axes.transAxes, weight="bold", ha="center", va="center",
                      color="white" if setup.backdrop is not None else style.INK)  # fmt: skip
    axes.set_xlabel(f"{'xyz'[across]} [mm]", fontsize=9, labelpad=1)
    axes.set_ylabel(f"{'xyz'[up]} [mm]", fontsize=9, labelpad=1)
