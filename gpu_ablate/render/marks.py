"""Text and marks that every picture carries: heading, legend, scale bar, directions, stations, disclaimer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.render import style
from gpu_ablate.render.view import HeatedStation
from gpu_ablate.render.words import span
from gpu_ablate.units import MM

PATIENT_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""Ends of the x, y and z axes of LPS space, negative first."""


def heading(figure: Any, title: str, subtitle: str) -> None:
    """Two lines at the top left; anything in them is drawn as it is, never as mathematics."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.13 / height, title, fontsize=15, weight="bold", va="top", parse_math=False)
    figure.text(0.012, 1 - 0.46 / height, subtitle, fontsize=11, va="top", color=style.INK, parse_math=False)


def disclaimer(figure: Any) -> None:
    """The line that no picture goes without."""
    figure.text(0.99, 0.008, style.DISCLAIMER, fontsize=9, ha="right", va="bottom", color="#555555")


def orientation(figure: Any, frame: str) -> None:
    """What the axes' letters mean, at the foot of a picture."""
    words = "R/L right/left, A/P front/back, S/I head/feet of the patient"
    if frame == "local":
        words = "x, y, z: axes of the scene, not a patient orientation"
    figure.text(0.012, 0.008, words, fontsize=9, va="bottom", color="#555555")


IN_A_LINE = 5
"""Stations that find room in one line."""


def surface_entries(setup: Setup, zone: bool, residual: bool) -> list[tuple[str, str]]:
    """(label, colour as it is seen) of the surfaces of a 3D picture."""
    roles = {region.role for region in setup.regions}
    veiled = style.through(style.ZONE, style.ZONE_OPACITY, style.TUMOUR) if zone else style.TUMOUR
    entries = [("tumour", veiled)] if "target" in roles else []
    if residual:
        entries.append(("tumour not covered", style.RESIDUAL))
    if zone:
        entries.append(("killed tissue", style.shell(style.ZONE, style.ZONE_OPACITY)))
    if "involved_skin" in roles:
        entries.append(("invaded skin", style.shell(style.INVADED_SKIN, style.SOLID_OPACITY)))
    if "skin" in roles:
        entries.append(("skin", style.shell(style.SKIN, style.SKIN_OPACITY)))
    if "isolation" in roles:
        entries.append(("isolation fluid", style.shell(style.FLUID, style.FLUID_OPACITY)))
    if roles & {"risk", "nerve"}:
        entries.append(("structure at risk", style.shell(style.RISK, style.SOLID_OPACITY)))
    if "vessel" in roles:
        entries.append(("vessel", style.shell(style.VESSEL, style.SOLID_OPACITY)))
    return [*entries, (say("needle"), style.PROBE)] if setup.probes else entries


def legend(figure: Any, entries: list[tuple[str, str]], isotherms: list[style.Isotherm], y: float) -> None:
    """One row of coloured squares and lines with their meaning."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=colour, edgecolor=style.FAINT, lw=0.5, label=name) for name, colour in entries
    ]
    for isotherm in isotherms:
        label = f"{style.isotherm_label(isotherm)} isotherm"
        handles.append(Line2D([], [], color=isotherm.colour, ls=isotherm.line, lw=2.2, label=label))
    if handles:
        figure.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.005, y), ncols=len(handles), frameon=False,
            handlelength=1.6, columnspacing=1.3, fontsize=11,
        )  # fmt: skip


def number(axes: Any, x: float, y: float, value: int) -> None:
    """A station's number in a white disc."""
    axes.text(
        x, y, str(value), fontsize=9, weight="bold", ha="center", va="center", clip_on=True,
        bbox={"boxstyle": "circle,pad=0.18", "facecolor": "white", "edgecolor": style.PROBE, "lw": 1.2},
    )  # fmt: skip


def scale_bar(axes: Any, unit: float = MM) -> None:
    """A bar of round length above the right end of the picture; `unit` is a millimetre in the axes' unit."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import offset_copy

    left, right = axes.get_xlim()
    wide = abs(right - left)
    length = next(mm for mm in (5, 10, 20, 50, 100) if mm * unit >= 0.09 * wide or mm == 100)
    share = length * unit / wide
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    above = offset_copy(axes.transAxes, axes.figure, x=0.0, y=8.0, units="points")
    bar = Line2D([1.0 - share, 1.0], [1.0, 1.0], color=style.INK, lw=3, solid_capstyle="butt", transform=above)
    axes.add_artist(bar)
    bar.set_clip_on(False)
    axes.annotate(f"{length} mm", (1.0 - share, 1.0), xytext=(-5, 8), ha="right", va="center", fontsize=10, **place)


def directions(axes: Any, right: NDArray[np.float64], up: NDArray[np.float64], frame: str) -> None:
    """Arrows of the axes as seen, at the lower right; letters of the body only in a patient's frame."""
    from matplotlib.patheffects import withStroke

    seen = [(axis, np.array([right[axis], up[axis]])) for axis in range(3)]
    shown = sorted(((axis, arrow) for axis, arrow in seen if np.hypot(*arrow) >= 0.3), key=lambda s: -np.hypot(*s[1]))
    corner = axes.transAxes.transform((1.0, 0.0)) + np.array([-38.0, 38.0]) * axes.figure.dpi / 72
    for axis, arrow in shown:
        sign = -1 if frame == "patient" and axis == 1 else 1
        label = PATIENT_LETTERS[axis][(sign + 1) // 2] if frame == "patient" else "xyz"[axis]
        tip = sign * arrow * (27.0 if np.hypot(*arrow) > 0.6 else 42.0)
        axes.annotate(
            label, xy=corner, xycoords="figure pixels", xytext=tip, textcoords="offset points", ha="center",
            va="center", fontsize=10, weight="bold", path_effects=[withStroke(linewidth=3, foreground="white")],
            arrowprops={"arrowstyle": "<-", "color": style.INK, "lw": 1.3, "shrinkA": 5, "shrinkB": 0},
        )  # fmt: skip


def skin_side(axes: Any) -> None:
    """Which way the skin lies: up."""
    axes.text(
        0.5, 0.985, "▲ towards the skin", transform=axes.transAxes, ha="center", va="top", fontsize=10,
        color=style.SKIN_INK, weight="bold",
    )  # fmt: skip


def skin_names(axes: Any, seen: NDArray[np.float64], halves: tuple[float, float]) -> None:
    """The word "skin" on each side of the picture's middle where the skin crosses a line near its left edge.

    Parameters
    ----------
    seen : (n, 2) right and up of points of the skin from the middle of the picture [m]
    halves : half the width and height of the picture [m]
    """
    half_width, half_height = halves
    near = seen[np.abs(seen[:, 0] + 0.82 * half_width) < 0.12 * half_width][:, 1]
    for side, place, shift in ((near[near > 0], "bottom", 4), (-near[near <= 0], "top", -4)):
        if len(side) and (edge := float(side.max())) < 0.9 * half_height:
            height = edge if place == "bottom" else -edge
            axes.annotate("skin", (-0.82 * half_width, height), xytext=(0, shift), textcoords="offset points",
                          ha="center", va=place, fontsize=10, color=style.SKIN_INK, weight="bold")  # fmt: skip


def station_words(heated: tuple[HeatedStation, ...]) -> list[str]:
    """What the numbers in a picture stand for: probe, track, power and time of each station (at most eight)."""
    words = []
    for each in heated[:8]:
        station = each.station
        track = f" track {each.track + 1}," if len(each.probe.tracks) > 1 else ""
        times = f"{span(station.start_s, station.end_s)} s"
        words.append(f"{each.number} = {station.probe}{track} {station.power_w:g} W, {times}")
    return [*words, f"and {len(heated) - 8} more"] if len(heated) > 8 else words


def stations(figure: Any, heated: tuple[HeatedStation, ...], y: float) -> None:
    """The stations, IN_A_LINE of them in each line."""
    if heated:
        words = station_words(heated)
        rows = ["   ".join(words[first : first + IN_A_LINE]) for first in range(0, len(words), IN_A_LINE)]
        text = "Stations (middle of the heat):  " + "\n".join(rows)
        figure.text(0.012, y, text, fontsize=10 if len(rows) == 1 else 9, va="bottom", parse_math=False)
