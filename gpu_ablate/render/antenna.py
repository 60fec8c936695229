"""A library antenna at a glance: its needle to scale, the SAR around it, and where a watt goes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.antenna_powers import BEHIND, Powers, enclosing, heat_centre
from gpu_ablate.case.antennas import WINDOW
from gpu_ablate.physics.maxwell import AntennaField
from gpu_ablate.physics.maxwell_geometry import Ring
from gpu_ablate.render import font, marks, style
from gpu_ablate.spec.device import MicrowaveDevice
from gpu_ablate.spec.tissue import Tissue
from gpu_ablate.units import MM

Array = NDArray[np.float64]

WIDTH_INCHES, HEIGHT_INCHES = 13.0, 8.8
DRAWN_MM = (-22.0, 48.0)
"""Along the axis, from the tip."""
OUT_MM = 26.0
"""On either side of the axis."""

LEVELS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Isolines of the SAR for one watt at the generator [W/kg]."""
HEAT = ("#FFF3DC", "#FEDDA4", "#FDBB6B", "#FB8D4A", "#E6562F", "#BE2018", "#7A0010")
"""From each level to the next, the last one beyond."""

SHARES = ((0.5, "-"), (0.9, (0, (5, 2))))
"""Share of the absorbed power inside a contour, and its line."""

METALS = ("#5A5A5A", "#8C8C8C", "#3C3C3C", "#A8A8A8", "#707070", "#B9B9B9")
DIELECTRICS = ("#F3E3BF", "#E9C9A0", "#CFE3C4", "#DCCBE6", "#F2C6C6")
LOSSY_S_M = 0.05
"""Dielectrics that conduct better than this are drawn as liquid [S m⁻¹]."""

TABLE_LEFT = 8.2
"""Left edge of the table [inches]."""


def draw_antenna(
    device: MicrowaveDevice, tissue: Tissue, field: AntennaField, where_it_goes: dict[str, Powers], path: Path
) -> None:
    """Write the picture of a device.

    Parameters
    ----------
    tissue, field : what the SAR is drawn in, and the field there for one watt at the antenna
    where_it_goes : of one watt at the generator, by the name of the tissue, in the order of the table
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(font.settings()):
        figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), dpi=style.DPI)
        title = f"{device.name} in {_words(tissue.name)}"
        marks.heading(figure, title, device.description or "")
        _needle(figure, device, field)
        _sar(figure, device, tissue, field)
        _table(figure, where_it_goes)
        marks.disclaimer(figure)
        figure.savefig(path)


def _axes(figure: Any, left: float, bottom: float, width: float, height: float) -> Any:
    """Axes at a place given in inches."""
    return figure.add_axes((left / WIDTH_INCHES, bottom / HEIGHT_INCHES, width / WIDTH_INCHES, height / HEIGHT_INCHES))


def _needle(figure: Any, device: MicrowaveDevice, field: AntennaField) -> None:
    """The section of the needle's front, both directions in one scale, with a legend of its parts."""
    from matplotlib.patches import Patch

    radius = 0.5 * device.shaft_diameter_mm.value
    shown = max(34.0, max(ring.end / MM for ring in field.antenna.rings if math.isfinite(ring.end)) + 3.0)
    width = WIDTH_INCHES - 0.4
    height = width * 2.0 * (radius + 0.15) / (shown + 1.0)
    axes = _axes(figure, 0.2, HEIGHT_INCHES - 1.0 - height, width, height)
    colours = _colours(field.antenna.rings)
    _rings(axes, field.antenna.rings, colours)
    axes.set(xlim=(-1.0, shown), ylim=(-radius - 0.15, radius + 0.15), yticks=[])
    axes.set_xticks(range(0, int(shown) + 1, 5 if shown > 20 else 2))
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("section of the needle, to scale; mm from the tip", fontsize=10, labelpad=1)
    if device.cooled_from_mm is not None and device.coolant_temperature_c is not None:
        start = device.cooled_from_mm.value
        axes.plot([start, shown], [radius + 0.1] * 2, color=style.VESSEL, lw=2.5, clip_on=False)
        axes.annotate(
            f"cooled from here, {device.coolant_temperature_c.value:g} °C", (start, radius + 0.1), xytext=(0, 4),
            textcoords="offset points", fontsize=10, color=style.VESSEL, annotation_clip=False,
        )  # fmt: skip
    names = list(dict.fromkeys(ring.name for ring in field.antenna.rings))
    last = {ring.name: ring for ring in field.antenna.rings}
    handles = [
        Patch(facecolor=colours[name], edgecolor=style.INK, lw=0.5, label=f"{name} ({_matter(last[name])})")
        for name in names
    ]
    below = (HEIGHT_INCHES - 1.5 - height) / HEIGHT_INCHES
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.01, below), frameon=False,
        ncols=math.ceil(len(handles) / 2), fontsize=10, handlelength=1.4, columnspacing=1.4,
    )  # fmt: skip


def _colours(rings: tuple[Ring, ...]) -> dict[str, str]:
    """A colour for each name: greys for metals, blue for liquid, pale tints for other dielectrics."""
    found: dict[str, str] = {}
    metals, tints = iter(METALS * len(rings)), iter(DIELECTRICS * len(rings))
    for ring in rings:
        if ring.name not in found:
            lossy = style.FLUID if ring.conductivity > LOSSY_S_M else None
            found[ring.name] = next(metals) if ring.conducts else lossy or next(tints)
    return found


def _matter(ring: Ring) -> str:
    if ring.conducts:
        return "metal"
    loss = f", σ {ring.conductivity:g} S/m" if ring.conductivity else ""
    return f"ε {ring.relative_permittivity:g}{loss}"


def _rings(axes: Any, rings: tuple[Ring, ...], colours: dict[str, str]) -> None:
    """Each ring as rectangles on both sides of the axis, later ones over earlier ones."""
    from matplotlib.patches import Rectangle

    for ring in rings:
        end = min(ring.end / MM, 200.0)
        for side in (-1.0, 1.0):
            axes.add_patch(
                Rectangle(
                    (ring.start / MM, side * ring.inner / MM), end - ring.start / MM,
                    side * (ring.outer - ring.inner) / MM, facecolor=colours[ring.name], edgecolor="none", zorder=4,
                )
            )  # fmt: skip


def _sar(figure: Any, device: MicrowaveDevice, tissue: Tissue, field: AntennaField) -> None:
    """SAR in logarithmic steps, contours of half of the power, tip, heat centre and a scale bar."""
    from matplotlib.lines import Line2D

    width = 6.9
    height = width * 2.0 * OUT_MM / (DRAWN_MM[1] - DRAWN_MM[0])
    axes = _axes(figure, 0.25, 0.62, width, height)
    out, along, density = _section(field)
    per_kg = device.cable_efficiency.value / tissue.density_kg_m3.value
    filled = axes.contourf(along, out, density.T * per_kg, levels=LEVELS, colors=HEAT, extend="max", zorder=1)
    axes.contour(along, out, density.T * per_kg, levels=LEVELS, colors=style.INK, linewidths=0.5, zorder=2)
    handles = []
    for share, line in SHARES:
        axes.contour(
            along, out, density.T, levels=[enclosing(field, share)], colors=style.SERIES[0], linewidths=2.2,
            linestyles=[line], zorder=3,
        )  # fmt: skip
        handles.append(
            Line2D(
                [],
                [],
                color=style.SERIES[0],
                lw=2.2,
                ls=line,
                label=f"{100 * share:.0f} % of the absorbed power inside",
            )
        )
    _rings(axes, field.antenna.rings, _colours(field.antenna.rings))
    centre = heat_centre(field) / MM
    axes.plot([centre], [0.0], marker="x", ms=11, mew=2.6, color="white", zorder=6)
    axes.plot([centre], [0.0], marker="x", ms=9, mew=1.6, color=style.INK, zorder=7)
    for place, height_mm, words in ((centre, 17.0, f"heat centre, {centre:.1f} mm"), (0.0, -17.0, "tip")):
        axes.annotate(
            words, (place, math.copysign(0.9, height_mm)), xytext=(place, height_mm), ha="center", va="center",
            fontsize=11, zorder=8, arrowprops={"arrowstyle": "-", "color": style.INK, "lw": 0.9},
            bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        )  # fmt: skip
    axes.set(xlim=DRAWN_MM, ylim=(-OUT_MM, OUT_MM), xlabel="mm from the tip; handle →", yticks=[])
    axes.set_title(f"SAR [W/kg] in {_words(tissue.name)} for 1 W at the generator", loc="left", fontsize=11)
    axes.legend(handles=handles, loc="lower left", framealpha=0.9, fontsize=10)
    marks.scale_bar(axes, 1.0)
    bar = figure.colorbar(filled, cax=_axes(figure, 0.4 + width, 0.62, 0.16, height - 0.3), ticks=LEVELS)
    bar.ax.set_yticklabels([f"{level:g}" for level in LEVELS])
    bar.ax.set_title("W/kg", fontsize=10)


def _section(field: AntennaField) -> tuple[Array, Array, Array]:
    """Distances from the axis on both sides and heights [mm], and the power density there [W m⁻³] (nz, 2 nr)."""
    density = field.in_medium / field.grid.volumes
    density = np.where(field.piece < 0, density, np.nan)
    out = field.grid.radii / MM
    return np.append(-out[::-1], out), field.grid.heights / MM, np.hstack([density[:, ::-1], density])


def _table(figure: Any, where_it_goes: dict[str, Powers]) -> None:
    """Where one watt at the generator goes, one tissue to a column."""
    columns = list(where_it_goes.values())
    rows: list[tuple[str, list[str]]] = [
        ("", [_words(name).replace(" ", "\n") for name in where_it_goes]),
        ("cable, needle's metal", [f"{100 * p.cable:.1f}" for p in columns]),
        ("reflected", [f"{100 * p.reflected:.1f}" for p in columns]),
        ("needle, its water", [f"{100 * p.needle:.1f}" for p in columns]),
        (f"tissue within {WINDOW.radius / MM:g} mm", [f"{100 * p.absorbed:.1f}" for p in columns]),
        ("further away", [f"{100 * p.escaped:.1f}" for p in columns]),
        ("", []),
        ("heat centre from tip [mm]", [f"{p.heat_centre / MM:.1f}" for p in columns]),
        (f"heat > {BEHIND / MM:g} mm behind it [%]", [f"{100 * p.behind:.1f}" for p in columns]),
    ]
    axes = _axes(figure, TABLE_LEFT, 1.2, WIDTH_INCHES - TABLE_LEFT - 0.15, 3.9)
    axes.axis("off")
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    axes.set_title("Where 1 W at the generator goes [%]", loc="left", fontsize=11)
    for y, (name, cells) in enumerate(rows):
        weight = "bold" if name.startswith("tissue") else "normal"
        axes.text(0.0, y, name, va="center", fontsize=10, weight=weight)
        for i, cell in enumerate(cells):
            x = 1.0 - 0.135 * (len(cells) - 1 - i)
            axes.text(x, y, cell, ha="right", va="center", fontsize=10, weight=weight, linespacing=1.1)
    axes.plot([0, 1], [0.5, 0.5], color=style.FAINT, lw=0.8)


def _words(name: str) -> str:
    return name.replace("_", " ")
