"""Text and marks that every picture carries: heading, legend, scale bar, directions, stations, disclaimer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.bone import is_bone
from gpu_ablate.render import style
from gpu_ablate.render.camera import Camera
from gpu_ablate.render.view import DrawnTrack, HeatedStation
from gpu_ablate.render.words import disclaimer_words, own, span
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
    figure.text(0.99, 0.008, disclaimer_words(), fontsize=9, ha="right", va="bottom", color="#555555")


def orientation(figure: Any, frame: str) -> None:
    """What the axes' letters mean, at the foot of a picture."""
    words = say("R/L right/left, A/P front/back, S/I head/feet of the patient")
    if frame == "local":
        words = say("x, y, z: axes of the scene, not a patient orientation")
    figure.text(0.012, 0.008, words, fontsize=9, va="bottom", color="#555555")


IN_A_LINE = 5
"""Stations that find room in one line."""


def surface_entries(setup: Setup, zone: bool, residual: bool) -> list[tuple[str, str]]:
    """(label, colour as it is seen) of the surfaces of a 3D picture."""
    roles = {region.role for region in setup.regions}
    veiled = style.through(style.ZONE, style.ZONE_OPACITY, style.TUMOUR) if zone else style.TUMOUR
    entries = [(say("tumour"), veiled)] if "target" in roles else []
    if residual:
        entries.append((say("tumour not covered"), style.RESIDUAL))
    if zone:
        entries.append((say("killed tissue"), style.shell(style.ZONE, style.ZONE_OPACITY)))
    if "involved_skin" in roles:
        entries.append((say("invaded skin"), style.shell(style.INVADED_SKIN, style.SOLID_OPACITY)))
    if "skin" in roles:
        entries.append((say("skin"), style.shell(style.SKIN, style.SKIN_OPACITY)))
    if "isolation" in roles:
        entries.append((say("isolation fluid"), style.shell(style.FLUID, style.FLUID_OPACITY)))
    if roles & {"risk", "nerve"}:
        entries.append((say("structure at risk"), style.shell(style.RISK, style.SOLID_OPACITY)))
    if "vessel" in roles or setup.vessels:
        entries.append((say("vessel"), style.shell(style.VESSEL, style.SOLID_OPACITY)))
    if any(is_bone(region.tissue) for region in setup.regions):
        entries.append((say("bone"), style.BONE))
    return [*entries, (say("needle"), style.PROBE)] if setup.probes else entries


def slice_entries(setup: Setup) -> list[tuple[str, str]]:
    """(label, colour) of the fills of a slice."""
    entries = [(say("tumour"), style.TUMOUR)] if any(region.role == "target" for region in setup.regions) else []
    return [*entries, (say("killed so far"), style.ZONE), (say("needle"), style.PROBE)]


LEGEND_COLUMNS = 7


def legend_rows(entries: int) -> int:
    """Rows of a legend."""
    return -(-entries // LEGEND_COLUMNS)


def legend(figure: Any, entries: list[tuple[str, str]], isotherms: list[style.Isotherm], y: float) -> None:
    """One row of coloured squares and lines with their meaning."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=colour, edgecolor=style.FAINT, lw=0.5, label=name) for name, colour in entries
    ]
    for isotherm in isotherms:
        label = say("{temperature} isotherm", temperature=style.isotherm_label(isotherm))
        handles.append(Line2D([], [], color=isotherm.colour, ls=isotherm.line, lw=2.2, label=label))
    if handles:
        figure.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0.005, y), ncols=min(len(handles), LEGEND_COLUMNS),
            frameon=False, handlelength=1.6, columnspacing=1.3, fontsize=11,
        )  # fmt: skip


def number(axes: Any, x: float, y: float, value: int) -> None:
    """A station's number in a white disc."""
    axes.text(
        x, y, str(value), fontsize=9, weight="bold", ha="center", va="center", clip_on=True,
        bbox={"boxstyle": "circle,pad=0.18", "facecolor": "white", "edgecolor": style.PROBE, "lw": 1.2},
    )  # fmt: skip


def probe_names(axes: Any, tracks: tuple[DrawnTrack, ...], camera: Camera, halves: tuple[float, float]) -> None:
    """The name of each probe at the handle's end of what is seen of its shaft.

    halves : half the width and height of the picture [m]
    """
    from matplotlib.patheffects import withStroke

    named: list[tuple[NDArray[np.float64], bool, list[str]]] = []
    for track in tracks:
        name = own(track.probe.name)
        tip = camera.project(track.tip)[0]
        along = np.array([track.direction @ camera.right, track.direction @ camera.up])
        steep = bool(np.hypot(*along) < 0.25)
        edge = 0.93 * np.array(halves)
        reach = [(np.sign(a) * e - t) / a for a, e, t in zip(along, edge, tip, strict=True) if abs(a) > 1e-6]
        place = tip if steep else tip + max(min(reach), 0.0) * along
        if steep and any(name in names for _, _, names in named):
            continue
        near = [names for other, _, names in named if np.abs(place - other).max() < 0.06 * halves[0]]
        if not near:
            named.append((place, steep, [name]))
        elif name not in near[0]:
            near[0].append(name)
    for place, steep, names in named:
        axes.annotate(
            ", ".join(names), place, xytext=(8, 6) if steep else (0, 0), textcoords="offset points", fontsize=10,
            weight="bold", color="white", ha="left" if steep else "center", va="center", annotation_clip=True,
            parse_math=False, path_effects=[withStroke(linewidth=3.5, foreground=style.PROBE)],
        )  # fmt: skip


def scale_bar(axes: Any, unit: float = MM) -> None:
    """A bar of round length in the lower left corner; `unit` is a millimetre in the axes' unit."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import offset_copy

    left, right = axes.get_xlim()
    wide = abs(right - left)
    length = next(mm for mm in (5, 10, 20, 50, 100) if mm * unit >= 0.12 * wide or mm == 100)
    inside = offset_copy(axes.transAxes, axes.figure, x=10.0, y=10.0, units="points")
    bar = Line2D([0.0, length * unit / wide], [0.0, 0.0], color=style.INK, lw=3, solid_capstyle="butt",
                 transform=inside, path_effects=halo(6))  # fmt: skip
    axes.add_artist(bar)
    axes.annotate(
        f"{length} mm", (0.0, 0.0), xycoords="axes fraction", xytext=(10, 14), textcoords="offset points", ha="left",
        va="bottom", fontsize=10, path_effects=halo(3),
    )  # fmt: skip


LABEL_POINTS = 13.0
"""Letters of two axes nearer than this would cover each other: the axis that is seen longer keeps its own."""


def directions(axes: Any, right: NDArray[np.float64], up: NDArray[np.float64], frame: str) -> None:
    """Arrows of the axes as seen, at the lower right; letters of the body only in a patient's frame."""

    seen = [(axis, np.array([right[axis], up[axis]])) for axis in range(3)]
    shown = sorted(((axis, arrow) for axis, arrow in seen if np.hypot(*arrow) >= 0.3), key=lambda s: -np.hypot(*s[1]))
    placed: list[NDArray[np.float64]] = []
    corner = axes.transAxes.transform((1.0, 0.0)) + np.array([-38.0, 38.0]) * axes.figure.dpi / 72
    for axis, arrow in shown:
        sign = -1 if frame == "patient" and axis == 1 else 1
        label = PATIENT_LETTERS[axis][(sign + 1) // 2] if frame == "patient" else "xyz"[axis]
        tip = sign * arrow * (27.0 if np.hypot(*arrow) > 0.6 else 42.0)
        if any(np.hypot(*(tip - other)) < LABEL_POINTS for other in placed):
            continue
        placed.append(tip)
        axes.annotate(
            label, xy=corner, xycoords="figure pixels", xytext=tip, textcoords="offset points", ha="center",
            va="center", fontsize=10, weight="bold", path_effects=halo(3),
            arrowprops={"arrowstyle": "<-", "color": style.INK, "lw": 1.3, "shrinkA": 5, "shrinkB": 0,
                        "path_effects": halo(3)},
        )  # fmt: skip


def halo(width: float) -> list[Any]:
    """A white rim around text or lines, so that they can be read on anything."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="white")]


def ring(axes: Any, x: float, y: float, front: bool) -> None:
    """A ring around a place, faint where that lies behind."""
    for edge, wide in (("white", 4.0), (style.INK, 1.8)):
        axes.plot(x, y, "o", ms=13, mfc="none", mec=edge, mew=wide, alpha=1.0 if front else 0.5)


def beside(axes: Any, place: tuple[float, float], name: str) -> None:
    """A name beside a place."""
    axes.annotate(name, place, xytext=(7, 6), textcoords="offset points", fontsize=9, weight="bold", parse_math=False,
                  path_effects=halo(3))  # fmt: skip


def skin_side(axes: Any) -> None:
    """Which way the skin lies: up."""
    axes.text(
        0.5, 0.985, say("▲ towards the skin"), transform=axes.transAxes, ha="center", va="top", fontsize=10,
        color=style.SKIN_INK, weight="bold",
    )  # fmt: skip


def skin_names(axes: Any, seen: NDArray[np.float64], halves: tuple[float, float]) -> bool:
    """The word "skin" on each side of the picture's middle where the skin crosses a line near its left edge; whether it
    could be written above the middle.

    Parameters
    ----------
    seen : (n, 2) right and up of points of the skin from the middle of the picture [m]
    halves : half the width and height of the picture [m]
    """
    half_width, half_height = halves
    near = seen[np.abs(seen[:, 0] + 0.82 * half_width) < 0.12 * half_width][:, 1]
    above = False
    for side, place, shift in ((near[near > 0], "bottom", 4), (-near[near <= 0], "top", -4)):
        if len(side) and (edge := float(side.max())) < 0.9 * half_height:
            above |= place == "bottom"
            height = edge if place == "bottom" else -edge
            axes.annotate(say("skin"), (-0.82 * half_width, height), xytext=(0, shift), textcoords="offset points",
                          ha="center", va=place, fontsize=10, color=style.SKIN_INK, weight="bold")  # fmt: skip
    return above


def station_words(heated: tuple[HeatedStation, ...]) -> list[str]:
    """What the numbers in a picture stand for: probe, track, power and time of each station (at most eight)."""
    words = []
    for each in heated[:8]:
        station = each.station
        track = " " + say("track {n},", n=each.track + 1) if len(each.probe.tracks) > 1 else ""
        times = f"{span(station.start_s, station.end_s)} s"
        words.append(f"{each.number} = {own(station.probe)}{track} {station.power_w:g} W, {times}")
    return [*words, say("and {n} more", n=len(heated) - 8)] if len(heated) > 8 else words


def station_rows(heated: tuple[HeatedStation, ...]) -> int:
    """Lines that the stations take."""
    return -(-len(station_words(heated)) // IN_A_LINE)


def stations(figure: Any, heated: tuple[HeatedStation, ...], y: float) -> None:
    """The stations below a height (share of the figure), IN_A_LINE of them in each line."""
    if heated:
        words = station_words(heated)
        rows = ["   ".join(words[first : first + IN_A_LINE]) for first in range(0, len(words), IN_A_LINE)]
        text = say("Stations (middle of the heat):") + "  " + "\n".join(rows)
        figure.text(0.012, y, text, fontsize=10 if len(rows) == 1 else 9, va="top", parse_math=False)
