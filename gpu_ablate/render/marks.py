"""Text and marks that every picture carries: heading, legend, scale bar, directions, stations, disclaimer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.render import style
from gpu_ablate.render.view import HeatedStation
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


def surface_entries(setup: Setup, zone: bool, residual: bool) -> list[tuple[str, str, float]]:
    """(label, colour, opacity) of what a 3D picture shows."""
    roles = {region.role for region in setup.regions}
    entries = [("tumour", style.TUMOUR, 1.0)] if "target" in roles else []
    if residual:
        entries.append(("tumour not covered", style.RESIDUAL, 1.0))
    if zone:
        entries.append(("killed tissue", style.ZONE, 0.55))
    entries += [
        (f"{style.isotherm_label(isotherm)}", isotherm.colour, 0.35 + isotherm.opacity)
        for isotherm in style.HEAT
        if isotherm.opacity > 0
    ]
    if roles & {"skin", "involved_skin"}:
        entries.append(("skin", style.SKIN, 0.6))
    if "isolation" in roles:
        entries.append(("isolation fluid", style.FLUID, 0.6))
    if roles & {"risk", "nerve"}:
        entries.append(("structure at risk", style.RISK, 0.8))
    if "vessel" in roles:
        entries.append(("vessel", style.VESSEL, 0.8))
    return [*entries, ("needle", style.PROBE, 1.0)] if setup.probes else entries


def legend(figure: Any, entries: list[tuple[str, str, float]], y: float) -> None:
    """One row of coloured squares with their meaning."""
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=(colour, alpha), edgecolor=colour, label=label) for label, colour, alpha in entries]
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.005, y), ncols=len(handles), frameon=False,
        handlelength=1.2, columnspacing=1.4, fontsize=11,
    )  # fmt: skip


def number(axes: Any, x: float, y: float, value: int) -> None:
    """A station's number in a white disc."""
    axes.text(
        x, y, str(value), fontsize=9, weight="bold", ha="center", va="center", clip_on=True,
        bbox={"boxstyle": "circle,pad=0.18", "facecolor": "white", "edgecolor": style.PROBE, "lw": 1.2},
    )  # fmt: skip


def scale_bar(axes: Any, unit: float = MM) -> None:
    """A bar of round length at the lower left; `unit` is a millimetre in the axes' unit."""
    from matplotlib.patheffects import withStroke

    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    length = next(mm for mm in (5, 10, 20, 50, 100) if mm * unit >= 0.09 * (right - left) or mm == 100)
    x, y = left + 0.03 * (right - left), bottom + 0.045 * (top - bottom)
    halo = [withStroke(linewidth=4, foreground="white")]
    axes.plot([x, x + length * unit], [y, y], color="white", lw=6, solid_capstyle="projecting", zorder=5)
    axes.plot([x, x + length * unit], [y, y], color=style.INK, lw=3, solid_capstyle="butt", zorder=6)
    axes.annotate(
        f"{length} mm", (x + length * unit / 2, y), xytext=(0, 4), textcoords="offset points",
        ha="center", va="bottom", fontsize=10, path_effects=halo, zorder=6,
    )  # fmt: skip


def directions(axes: Any, right: NDArray[np.float64], up: NDArray[np.float64], frame: str) -> None:
    """Arrows of the axes as seen, at the lower right; letters of the body only in a patient's frame."""
    lengths = np.array([right, up]).T
    corner = axes.transAxes.transform((1.0, 0.0)) + np.array([-44.0, 44.0]) * axes.figure.dpi / 72
    for axis, (dx, dy) in enumerate(lengths):
        size = float(np.hypot(dx, dy))
        if size < 0.3:
            continue
        sign = -1 if frame == "patient" and axis == 1 else 1
        label = PATIENT_LETTERS[axis][(sign + 1) // 2] if frame == "patient" else "xyz"[axis]
        axes.annotate(
            label, xy=corner, xycoords="figure pixels", xytext=(sign * 32 * dx, sign * 32 * dy),
            textcoords="offset points", ha="center", va="center", fontsize=10, weight="bold",
            arrowprops={"arrowstyle": "<-", "color": style.INK, "lw": 1.3, "shrinkA": 5, "shrinkB": 0},
        )  # fmt: skip


def skin_side(axes: Any) -> None:
    """Which way the skin lies: up."""
    axes.text(
        0.5, 0.985, "▲ towards the skin", transform=axes.transAxes, ha="center", va="top", fontsize=10,
        color=style.SKIN_INK, weight="bold",
    )  # fmt: skip


def station_words(heated: tuple[HeatedStation, ...]) -> list[str]:
    """What the numbers in a picture stand for: probe, power and time of each station (at most eight)."""
    words = []
    for number, station in ((h.number, h.station) for h in heated[:8]):
        times = f"{station.start_s:.0f}-{station.end_s:.0f} s"
        words.append(f"{number} = {station.probe} {station.power_w:g} W, {times}")
    return [*words, f"and {len(heated) - 8} more"] if len(heated) > 8 else words


def stations(figure: Any, heated: tuple[HeatedStation, ...], y: float) -> None:
    """The stations in one line."""
    if heated:
        text = "Stations (middle of the heat):  " + "   ".join(station_words(heated))
        figure.text(0.012, y, text, fontsize=10, va="bottom", parse_math=False)
