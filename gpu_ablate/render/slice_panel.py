"""One slice: tissue in grey or the CT, killed tissue, visible ice, isotherms, outlines, needles, sensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.render import marks, style
from gpu_ablate.render.anatomy import vessel_surfaces
from gpu_ablate.render.plane import Plane, loops, sampled
from gpu_ablate.render.slice_marks import draw_sensors, draw_track, tissue_colours
from gpu_ablate.render.view import PAD, DrawnTrack, View, surfaces_of
from gpu_ablate.units import MM

RASTER_MM = 0.25
"""Finest raster of a slice [mm]."""

MOST_POINTS = 360
"""Of a raster along its longer side."""

OUTLINED = (("isolation", 1.0), ("skin", 1.0), ("involved_skin", 1.2), ("nerve", 1.4), ("risk", 1.4), ("vessel", 1.4))
"""Roles whose outline is drawn, and how wide."""

Corner = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moment:
    """What is drawn of one time, or of what was ever reached.

    temperature : (nz, ny, nx) [°C]; zone : surface of the killed tissue [m], None if nothing died; tracks : needles
    """

    temperature: NDArray[np.float32]
    zone: Surface | None
    tracks: tuple[DrawnTrack, ...]


def draw_panel(axes: Any, setup: Setup, view: View, moment: Moment, plane: Plane, low: Corner, high: Corner) -> None:
    """Draw a slice from corner to corner (right, up) [mm]."""
    on_ct = setup.backdrop is not None
    right, up, points, labels = draw_ground(axes, setup, plane, low, high)
    gas = np.isin(labels, [i for i, region in enumerate(setup.regions) if region.phase == "gas"])
    temperature = np.where(gas, np.nan, sampled(moment.temperature, setup.grid, points, 1, np.nan))
    if view.isotherms is style.COLD and _crosses(temperature, 0.0):
        axes.contourf(
            right, up, temperature, [-1e3, 0.0], colors=[style.ICE], alpha=(0.5 if on_ct else 1.0) * style.ICE_OPACITY
        )
    if moment.zone is not None:
        add_path(axes, loops(moment.zone, plane), style.ZONE, 2.2, fill=0.20 if on_ct else 0.38)
    draw_structures(axes, setup, plane)
    for isotherm in view.isotherms:
        if _crosses(temperature, isotherm.temperature_c):
            line = axes.contour(right, up, temperature, [isotherm.temperature_c], colors=isotherm.colour,
                                linewidths=1.8, linestyles=isotherm.line)  # fmt: skip
            if on_ct:
                line.set_path_effects(marks.halo(3.0))
    for track in moment.tracks:
        draw_track(axes, track, view, plane)
    draw_sensors(axes, setup, plane)
    set_rulers(axes, low, high)


def draw_ground(
    axes: Any, setup: Setup, plane: Plane, low: Corner, high: Corner
) -> tuple[Corner, Corner, NDArray[np.float64], NDArray[np.float32]]:
    """Tissue or the CT from corner to corner (right, up) [mm]; returns what `Plane.raster` does, and the labels."""
    step_mm = max(RASTER_MM, float((high - low).max()) / MOST_POINTS)
    right, up, points = plane.raster(low, high, step_mm)
    box = [right[0] - step_mm / 2, right[-1] + step_mm / 2, up[0] - step_mm / 2, up[-1] + step_mm / 2]
    labels = sampled(setup.labels, setup.grid, points, 0, np.nan)
    draw_tissue(axes, setup, labels, points, box)
    return right, up, points, labels


def draw_structures(axes: Any, setup: Setup, plane: Plane) -> None:
    """Outlines of what is at risk, of thin vessels and of the tumour."""
    for role, width in OUTLINED:
        for _, surface in surfaces_of(setup, role):
            add_path(axes, loops(surface, plane), style.ROLE[role], width, fill=0.0)
    for _, surface in vessel_surfaces(setup):
        add_path(axes, loops(surface, plane), style.VESSEL, 1.4, fill=0.6)
    tumour = (style.TUMOUR_ON_DARK, 2.2, 0.0) if setup.backdrop is not None else (style.TUMOUR, 2.6, 0.22)
    for _, surface in surfaces_of(setup, "target"):
        add_path(axes, loops(surface, plane), *tumour)


def set_rulers(axes: Any, low: Corner, high: Corner) -> None:
    """End the panel at two corners (right, up) [mm]."""
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.tick_params(labelsize=9, colors="#555555")


def bounds(view: View, plane: Plane, at: NDArray[np.float64]) -> tuple[Corner, Corner]:
    """Corners (right, up) [mm] of what a plane shows: what must be seen, with some space around; `at` always [m].

    Planes along the axes end where the view's box does, which lies in the grid.
    """
    if plane.axes is not None:
        seen = plane.flat(np.array([view.lower, view.upper, at]))
        return seen.min(axis=0), seen.max(axis=0)
    seen = plane.flat(np.vstack([view.points, at]))
    return seen.min(axis=0) - PAD / MM, seen.max(axis=0) + PAD / MM


def add_path(
    axes: Any, curves: list[NDArray[np.float64]], colour: str, width: float, fill: float, line: Any = "-"
) -> None:
    """Closed curves [mm] as one shape, filled and outlined."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    if not curves:
        return
    shape = Outline.make_compound_path(*(Outline(curve, closed=False) for curve in curves))
    if fill > 0:
        axes.add_patch(PathPatch(shape, facecolor=(colour, fill), edgecolor="none"))
    axes.add_patch(PathPatch(shape, facecolor="none", edgecolor=colour, lw=width, ls=line))


def draw_tissue(
    axes: Any, setup: Setup, labels: NDArray[np.float32], points: NDArray[np.float64], box: list[float]
) -> None:
    """The CT or MR in its window, or tissue in its tints; nothing beyond the grid."""
    from matplotlib.colors import ListedColormap

    axes.set_facecolor(style.BEYOND)
    if setup.backdrop is not None:
        level, width = style.window(setup)
        grey = sampled(setup.backdrop, setup.grid, points, 1, np.nan)
        axes.imshow(grey, cmap="gray", vmin=level - width / 2, vmax=level + width / 2, extent=box, origin="lower",
                    interpolation="nearest")  # fmt: skip
        return
    colours = ListedColormap(tissue_colours(setup.regions))
    axes.imshow(labels, cmap=colours, vmin=-0.5, vmax=len(setup.regions) - 0.5, extent=box, origin="lower",
                interpolation="nearest", alpha=0.75 * np.isfinite(labels))  # fmt: skip


def _crosses(temperature: NDArray[np.float32], level: float) -> bool:
    known = temperature[np.isfinite(temperature)]
    return bool(known.size and known.min() < level < known.max())
