"""Three slices through the thinnest margin: anatomy, dead zone, isotherms, needle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Probe, Region, Setup, Surface
from gpu_ablate.render import marks, style
from gpu_ablate.render.view import View, surfaces_of
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

WIDTH_INCHES, LEAST_HEIGHT_INCHES, MOST_HEIGHT_INCHES = 13.0, 7.0, 10.6
EDGE_INCHES = (0.75, 0.2, 0.75, 0.95)
"""Left, right, bottom and top of the panels."""

GAP_INCHES = 0.75
KEY_INCHES = 4.2
"""Width that the legend needs beside the axial slice."""


@dataclass(frozen=True)
class Plane:
    """A slice: the axis (0 x, 1 y, 2 z) at a right angle to it, and the axes to the right and up."""

    normal: int
    across: int
    up: int
    patient: str


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
        _key(figure, places[SAGITTAL], setup, view, zone is not None, where)
        marks.disclaimer(figure)
        figure.savefig(path)


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


def tissue_colours(regions: tuple[Region, ...]) -> list[str]:
    """A colour for each label: by role, white for gas, blue for fluid, else a grey (targets the first)."""
    greys = iter(style.TISSUE_TINTS * len(regions))
    colours = []
    for region in regions:
        if region.phase == "gas":
            colours.append(style.GAS)
        elif region.role in ("skin", "involved_skin", "risk", "nerve", "vessel", "isolation"):
            colours.append(style.ROLE[region.role])
        elif region.role == "target":
            colours.append(style.TISSUE_TINTS[0])
        elif region.phase == "fluid":
            colours.append(style.FLUID)
        else:
            colours.append(next(greys))
    return colours


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
    for isotherm in style.HEAT:
        if temperature.min() < isotherm.temperature_c < temperature.max():
            axes.contour(x, y, temperature, [isotherm.temperature_c], colors=isotherm.colour, linewidths=1.8,
                         linestyles=isotherm.line)  # fmt: skip
    for probe in setup.probes:
        _draw_needle(axes, probe, view, plane)
    axes.plot(at[plane.across] / MM, at[plane.up] / MM, marker="+", ms=15, mew=1.6, color=style.INK)
    axes.tick_params(labelsize=9, colors="#555555")


def _draw_needle(axes: Any, probe: Probe, view: View, plane: Plane) -> None:
    """The needle at its deepest place and its stations, projected on the slice."""
    stations = [s for s in view.stations if s.probe is probe]
    axis = np.array(probe.direction)
    deepest = min([s.tip for s in stations] or [np.array(probe.tip)], key=lambda tip: float(tip @ axis))
    shaft = np.array([deepest, deepest + axis * np.linalg.norm(view.upper - view.lower)]) / MM
    axes.plot(*shaft[:, (plane.across, plane.up)].T, color="white", lw=4.5, solid_capstyle="round", alpha=0.6)
    axes.plot(*shaft[:, (plane.across, plane.up)].T, color=style.PROBE, lw=2.0, solid_capstyle="round")
    for station in stations:
        marks.number(axes, station.heat[plane.across] / MM, station.heat[plane.up] / MM, station.number)


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

    Sagittal right of coronal, axial below coronal.
    """
    left, right, bottom, top = EDGE_INCHES
    x, y, z = size
    free_x, free_y = WIDTH_INCHES - left - right - GAP_INCHES, MOST_HEIGHT_INCHES - bottom - top - GAP_INCHES
    scale = min(free_x / (x + y), (free_x - KEY_INCHES) / x, free_y / (y + z))
    height = max(LEAST_HEIGHT_INCHES, (y + z) * scale + bottom + top + GAP_INCHES)
    boxes = {
        CORONAL: (left, height - top - z * scale, x, z),
        SAGITTAL: (left + x * scale + GAP_INCHES, height - top - z * scale, y, z),
        AXIAL: (left, height - top - (z + y) * scale - GAP_INCHES, x, y),
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


def _key(
    figure: Any, sagittal: tuple[float, float, float, float], setup: Setup, view: View, zone: bool, where: str
) -> None:
    """Legend and stations in the free corner."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(facecolor=(style.TUMOUR, 0.3), edgecolor=style.TUMOUR, lw=2, label="tumour")]
    if zone:
        handles.append(Patch(facecolor=(style.ZONE, 0.38), edgecolor=style.ZONE, lw=2, label="killed tissue"))
    handles += [Line2D([], [], color=i.colour, ls=i.line, lw=1.8, label=style.isotherm_label(i)) for i in style.HEAT]
    handles += [Line2D([], [], color=style.PROBE, lw=2, label="needle (projected)")] if setup.probes else []
    handles.append(Line2D([], [], color=style.INK, marker="+", ms=11, mew=1.6, ls="", label=where))
    for region, colour in zip(setup.regions, tissue_colours(setup.regions), strict=True):
        if region.role != "target" and (setup.labels == setup.regions.index(region)).any():
            handles.append(Patch(facecolor=(colour, 0.75), edgecolor=style.FAINT, lw=0.5, label=region.name))
    left, bottom = sagittal[0] - 0.01, sagittal[1] - 0.5 / figure.get_figheight()
    legend = figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(left, bottom), ncols=2, frameon=False, fontsize=10,
        handlelength=1.8, columnspacing=1.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    rows = marks.station_words(view.stations)
    if rows:
        text = "\n".join(["Stations (middle of the heat)", *rows])
        foot = EDGE_INCHES[2] / figure.get_figheight()
        figure.text(left + 0.008, foot, text, fontsize=10, va="bottom", parse_math=False)
