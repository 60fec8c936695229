"""What is drawn on and below the slices: needles, sensors, legend, stations."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Region, Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.bone import is_bone
from gpu_ablate.render import marks, style
from gpu_ablate.render.plane import Plane
from gpu_ablate.render.view import DrawnTrack, View
from gpu_ablate.render.words import own, plain
from gpu_ablate.units import MM

IN_PLANE = 1.5 * MM
NEAR_PLANE = 6.0 * MM
"""Needle and sensors nearer to a slice than the first are in it; up to the second they are drawn as projected."""


def within(start: NDArray[np.float64], end: NDArray[np.float64], plane: Plane, reach: float) -> Any:
    """The part (2, 3) of a line whose distance to a plane is at most `reach` [m]; None without one."""
    first, last = (float(plane.before(point)[0]) for point in (start, end))
    rise = last - first
    if abs(rise) < 1e-9:
        return np.array([start, end]) if abs(first) <= reach else None
    low, high = sorted(((-reach - first) / rise, (reach - first) / rise))
    low, high = max(low, 0.0), min(high, 1.0)
    return np.array([start + low * (end - start), start + high * (end - start)]) if low < high else None


def draw_track(axes: Any, track: DrawnTrack, view: View, plane: Plane) -> None:
    """A needle with its stations: a line in the slice, dashed where only near it."""
    end = track.tip + 1.5 * track.direction * np.linalg.norm(view.upper - view.lower)
    for reach, line, wide in ((NEAR_PLANE, (0, (4, 3)), 1.6), (IN_PLANE, "-", 2.4)):
        part = within(track.tip, end, plane, reach)
        if part is not None:
            axes.plot(*plane.flat(part).T, color="white", lw=wide + 2.5, alpha=0.6, solid_capstyle="round")
            axes.plot(*plane.flat(part).T, color=style.PROBE, lw=wide, ls=line)
    for station in track.stations:
        if abs(float(plane.before(station.heat)[0])) <= NEAR_PLANE:
            ((x, y),) = plane.flat(station.heat)
            marks.number(axes, x, y, station.number)


def draw_sensors(axes: Any, setup: Setup, plane: Plane) -> None:
    """The sensors in or near the slice, with their letters; hollow where only near it."""
    for i, sensor in enumerate(setup.sensors):
        off = abs(float(plane.before(np.array(sensor.point))[0]))
        if off <= NEAR_PLANE:
            ((x, y),) = plane.flat(np.array([sensor.point]))
            fill = style.SENSOR if off <= IN_PLANE else "white"
            axes.plot(x, y, "D", ms=6.5, mfc=fill, mec=style.INK, mew=1.2, zorder=6)
            axes.annotate(letter(i), (x, y), xytext=(7, 5), textcoords="offset points", fontsize=10, weight="bold",
                          annotation_clip=True)  # fmt: skip


def letter(i: int) -> str:
    """Name of the i-th sensor on a slice: a, b and so on, then numbers."""
    return "abcdefghijklmnopqrstuvwxyz"[i] if i < 26 else str(i + 1)


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
        elif is_bone(region.tissue):
            colours.append(style.BONE_TINTS["cortical" in region.tissue])
        elif region.phase == "fluid":
            colours.append(style.FLUID)
        else:
            colours.append(next(greys))
    return colours


def draw_key(
    figure: Any,
    foot: float,
    setup: Setup,
    view: View,
    zone: bool,
    where: str,
    seen: set[int],
    more: Sequence[Any] = (),
) -> None:
    """Legend, stations and sensors below the slices; foot : their lower edge (share of the figure).

    seen : labels in the slices; where : what the cross marks, in words; more : further handles
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = tumour_handles(setup)
    handles += more
    if zone:
        handles.append(Patch(facecolor=(style.ZONE, 0.38), edgecolor=style.ZONE, lw=2, label=say("killed tissue")))
    if view.isotherms is style.COLD:
        handles.append(Patch(facecolor=(style.ICE, style.ICE_OPACITY), label=say("visible ice (below 0 °C)")))
    body = view.temperature[~setup.phase_mask("gas")]
    for i in view.isotherms:
        if body.min() < i.temperature_c < body.max():
            handles.append(Line2D([], [], color=i.colour, ls=i.line, lw=1.8, label=style.isotherm_label(i)))
    handles += [*needle_handles(setup), cross_handle(where), *region_handles(setup, seen)]
    write_legend(figure, foot, handles)
    lines = []
    if view.stations:
        lines.append(say("Stations (middle of the heat):") + "  " + "   ".join(marks.station_words(view.stations)))
    if setup.sensors:
        names = "   ".join(f"{letter(i)} = {own(sensor.name)}" for i, sensor in enumerate(setup.sensors[:8]))
        lines.append(say("Sensors (hollow: up to {mm:g} mm off the slice):", mm=NEAR_PLANE / MM) + "  " + names)
    below = foot - (ROW_INCHES * key_rows(len(handles)) + 0.15) / figure.get_figheight()
    text = "\n".join("\n".join(wrap(line, LINE_LETTERS)) for line in lines)
    figure.text(0.012, below, text, fontsize=10, va="top", parse_math=False, linespacing=1.35)


def tumour_handles(setup: Setup) -> list[Any]:
    """The tumour, for a legend."""
    from matplotlib.patches import Patch

    if not any(region.role == "target" for region in setup.regions):
        return []
    edge, fill = (style.TUMOUR, 0.22) if setup.backdrop is None else (style.TUMOUR_ON_DARK, 0.0)
    return [Patch(facecolor=(edge, fill), edgecolor=edge, lw=2, label=say("tumour"))]


def needle_handles(setup: Setup) -> list[Any]:
    """Needles in a slice and near it, for a legend."""
    from matplotlib.lines import Line2D

    if not setup.probes:
        return []
    near = say("needle up to {mm:g} mm off", mm=NEAR_PLANE / MM)
    return [
        Line2D([], [], color=style.PROBE, lw=2.4, label=say("needle in the slice")),
        Line2D([], [], color=style.PROBE, lw=1.6, ls=(0, (4, 3)), label=near),
    ]


def cross_handle(where: str) -> Any:
    """What the cross marks, for a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.INK, marker="+", ms=11, mew=1.6, ls="", label=where)


def region_handles(setup: Setup, seen: set[int]) -> list[Any]:
    """Thin vessels, and the regions with these labels, for a legend."""
    from matplotlib.patches import Patch

    handles = []
    if setup.vessels:
        handles.append(Patch(facecolor=(style.VESSEL, 0.6), edgecolor=style.VESSEL, label=say("vessel")))
    for label, (region, colour) in enumerate(zip(setup.regions, tissue_colours(setup.regions), strict=True)):
        if region.role == "target" or label not in seen:
            continue
        if setup.backdrop is None:
            handles.append(Patch(facecolor=(colour, 0.75), edgecolor=style.FAINT, lw=0.5, label=plain(region.name)))
        elif region.role in style.ROLE:
            edge = style.ROLE[region.role]
            handles.append(Patch(facecolor="none", edgecolor=edge, lw=1.4, label=plain(region.name)))
    return handles


def write_legend(figure: Any, foot: float, handles: list[Any]) -> None:
    """A legend whose upper edge is at a height (share of the figure)."""
    legend = figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.004, foot), ncols=KEY_COLUMNS, frameon=False, fontsize=10,
        handlelength=2.2, columnspacing=1.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


KEY_COLUMNS = 5
ROW_INCHES = 0.215
LINE_LETTERS = 165


def key_rows(entries: int) -> int:
    """Rows of the legend."""
    return -(-entries // KEY_COLUMNS)
