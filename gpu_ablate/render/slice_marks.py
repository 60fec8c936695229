"""What is drawn on and beside the slices: needle, sensors, legend, stations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Region, Setup
from gpu_ablate.render import marks, style
from gpu_ablate.render.view import DrawnTrack, View
from gpu_ablate.render.words import plain
from gpu_ablate.units import MM

IN_PLANE = 1.5 * MM
NEAR_PLANE = 6.0 * MM
"""Needle and sensors nearer to a slice than the first are in it; up to the second they are drawn as projected."""


@dataclass(frozen=True)
class Plane:
    """A slice: the axis (0 x, 1 y, 2 z) at a right angle to it, and the axes to the right and up."""

    normal: int
    across: int
    up: int
    patient: str

    def flat(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Right and up (n, 2) [mm] of points (n, 3) [m]."""
        return np.asarray(points)[:, (self.across, self.up)] / MM


def within(start: NDArray[np.float64], end: NDArray[np.float64], axis: int, position: float, reach: float) -> Any:
    """The part (2, 3) of a line from start to end whose distance to a plane is at most `reach`; None without one."""
    first, rise = start[axis] - position, end[axis] - start[axis]
    if rise == 0.0:
        return np.array([start, end]) if abs(first) <= reach else None
    low, high = sorted(((-reach - first) / rise, (reach - first) / rise))
    low, high = max(low, 0.0), min(high, 1.0)
    return np.array([start + low * (end - start), start + high * (end - start)]) if low < high else None


def draw_track(axes: Any, track: DrawnTrack, view: View, plane: Plane, at: NDArray[np.float64]) -> None:
    """The needle at its deepest place on a track and its stations: a line in the slice, dashed where only near it."""
    position = at[plane.normal]
    end = track.tip + 1.5 * track.direction * np.linalg.norm(view.upper - view.lower)
    for reach, line, wide in ((NEAR_PLANE, (0, (4, 3)), 1.6), (IN_PLANE, "-", 2.4)):
        part = within(track.tip, end, plane.normal, position, reach)
        if part is not None:
            axes.plot(*plane.flat(part).T, color="white", lw=wide + 2.5, alpha=0.6, solid_capstyle="round")
            axes.plot(*plane.flat(part).T, color=style.PROBE, lw=wide, ls=line)
    for station in track.stations:
        if abs(station.heat[plane.normal] - position) <= NEAR_PLANE:
            ((x, y),) = plane.flat(station.heat[None])
            marks.number(axes, x, y, station.number)


def draw_sensors(axes: Any, setup: Setup, plane: Plane, at: NDArray[np.float64]) -> None:
    """The sensors in or near the slice, with their letters; hollow where only near it."""
    for i, sensor in enumerate(setup.sensors):
        off = abs(sensor.point[plane.normal] - at[plane.normal])
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
        elif region.phase == "fluid":
            colours.append(style.FLUID)
        else:
            colours.append(next(greys))
    return colours


def draw_key(
    figure: Any, corner: tuple[float, float], setup: Setup, view: View, zone: bool, where: str, seen: set[int]
) -> None:
    """Legend, stations and sensors, downwards from a corner (shares of the figure); seen: labels in the slices."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if any(region.role == "target" for region in setup.regions):
        handles.append(Patch(facecolor=(style.TUMOUR, 0.3), edgecolor=style.TUMOUR, lw=2, label="tumour"))
    if zone:
        handles.append(Patch(facecolor=(style.ZONE, 0.38), edgecolor=style.ZONE, lw=2, label="killed tissue"))
    body = view.temperature[~setup.phase_mask("gas")]
    for i in view.isotherms:
        if body.min() < i.temperature_c < body.max():
            handles.append(Line2D([], [], color=i.colour, ls=i.line, lw=1.8, label=style.isotherm_label(i)))
    if setup.probes:
        handles.append(Line2D([], [], color=style.PROBE, lw=2.4, label="needle in the slice"))
        near = f"needle up to {NEAR_PLANE / MM:g} mm off"
        handles.append(Line2D([], [], color=style.PROBE, lw=1.6, ls=(0, (4, 3)), label=near))
    handles.append(Line2D([], [], color=style.INK, marker="+", ms=11, mew=1.6, ls="", label=where))
    for label, (region, colour) in enumerate(zip(setup.regions, tissue_colours(setup.regions), strict=True)):
        if region.role != "target" and label in seen:
            handles.append(Patch(facecolor=(colour, 0.75), edgecolor=style.FAINT, lw=0.5, label=plain(region.name)))
    legend = figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(corner[0] - 0.008, corner[1] + 0.008), ncols=2,
        frameon=False, fontsize=10, handlelength=2.2, columnspacing=1.2,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    lines = marks.station_words(view.stations)
    lines = ["Stations (middle of the heat)", *lines, ""] if lines else []
    if setup.sensors:
        lines += [f"Sensors (hollow: up to {NEAR_PLANE / MM:g} mm off the slice)"]
        lines += [f"{letter(i)} = {sensor.name}" for i, sensor in enumerate(setup.sensors[:8])]
    rows = -(-len(handles) // 2)
    below = corner[1] - (0.22 * rows + 0.25) / figure.get_figheight()
    figure.text(corner[0], below, "\n".join(lines), fontsize=10, va="top", parse_math=False, linespacing=1.35)
