"""Views in the manner of ultrasound at each power station: skin on top, depth ruler, needle, liquid as a dark band.

Drawn, not simulated: each tissue has a grey of its own, with speckle. The order of the greys follows what breast
ultrasound shows (fat dark, gland bright, tumour darker than both, liquid black; from memory, not re-read).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gpu_ablate.case.cold import FROZEN_C
from gpu_ablate.case.setup import Region, Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.bone import is_bone
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.moments import KeyTime, moment_at, most_telling, own_needle
from gpu_ablate.render.plane import Plane, along_probe, loops, sampled
from gpu_ablate.render.slice_panel import Moment, add_path
from gpu_ablate.render.view import PAD, DrawnTrack, View, surfaces_of
from gpu_ablate.result.result import Result
from gpu_ablate.units import BODY_C, MM

GREYS = {"skin": 0.78, "gland": 0.62, "fat": 0.40, "tumour": 0.24, "metastasis": 0.24, "muscle": 0.46, "lung": 0.9}
"""Part of a tissue's name -> its grey; the first that fits counts."""

OTHER_GREY, FLUID_GREY, BONE_GREY = 0.5, 0.03, 0.95
STEAM_C, STEAM_GREY = 95.0, 0.97
"""Above this bubbles rise and shine [°C]."""

ICE_GREY = 0.06
"""Behind its bright edge ice is black: it throws the sound back."""

STEP_MM = 0.2
WIDTH_INCHES, PANEL_TOP_INCHES, TOP_INCHES, FOOT_INCHES = 13.0, 0.45, 0.85, 0.8
MOST = 9
COLUMNS = 3


def draw_ultrasound(
    result: Result, view: View, times: tuple[KeyTime, ...], title: str, subtitle: str, path: Path
) -> None:
    """Write the picture of all views.

    Parameters
    ----------
    times : at least one; the ends of the steps that heat or freeze
    title, subtitle : first and second line of the picture
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shown = most_telling(times, MOST)
    columns = min(COLUMNS, max(len(shown), 2))
    wide = (WIDTH_INCHES - 0.3) / columns - 0.55
    moments = [moment_at(result, key.time_s) for key in shown]
    tracks = [own_needle(view, key, moment) for key, moment in zip(shown, moments, strict=True)]
    planes = [along_probe(view, track) for track in tracks]
    boxes = [_window(view, plane) for plane in planes]
    tall = max(wide * float((high - low)[1] / (high - low)[0]) for low, high in boxes)
    rows = -(-len(shown) // columns)
    height = TOP_INCHES + rows * (tall + PANEL_TOP_INCHES) + FOOT_INCHES
    with rc_context(font.settings()):
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=style.DPI)
        for number, key in enumerate(shown):
            row, column = divmod(number, columns)
            left, bottom = (
                0.45 + column * (wide + 0.55),
                height - TOP_INCHES - (row + 1) * (tall + PANEL_TOP_INCHES) + 0.1,
            )
            axes = figure.add_axes((left / WIDTH_INCHES, bottom / height, wide / WIDTH_INCHES, tall / height))
            _draw(axes, result.setup, view, moments[number], tracks[number], planes[number], boxes[number])
            axes.set_title(key.words, loc="left", fontsize=11, pad=4)
        note = say("In the manner of ultrasound, drawn and not simulated. Depth below the skin in mm.")
        if len(shown) < len(times):
            note += "  " + say("{n} of {m} steps.", n=len(shown), m=len(times))
        marks.heading(figure, title, f"{note}  {subtitle}")
        entries = [(say("tumour"), style.TUMOUR_ON_DARK), (say("killed so far"), style.ZONE_ON_DARK)]
        marks.legend(figure, entries, [], y=0.6 / height)
        marks.disclaimer(figure)
        figure.savefig(path)


def echoes(
    labels: NDArray[np.float32], temperature: NDArray[np.float32], regions: tuple[Region, ...]
) -> NDArray[np.float32]:
    """Grey (rows, columns), 0 to 1, of labels and temperatures [°C] on a raster with its first row at the bottom.

    Nothing is seen behind bone, gas or ice (in the direction away from the skin).
    """
    greys = np.array([_grey(region) for region in regions], np.float32)
    gas = np.array([region.phase == "gas" for region in regions])
    bone = np.array([is_bone(region.tissue) for region in regions])
    known = np.nan_to_num(labels, nan=0.0).astype(int)
    outside = ~np.isfinite(labels)
    body = ~gas[known] & ~outside
    picture = np.where(body, greys[known], 0.0).astype(np.float32)
    picture = gaussian_filter(picture, 1.0)
    steam = np.nan_to_num(temperature, nan=0.0) > STEAM_C
    picture[steam & body] = STEAM_GREY
    ice = (np.nan_to_num(temperature, nan=BODY_C) < FROZEN_C) & body
    below_skin = np.cumsum(body[::-1], axis=0)[::-1] > 0
    lost = gas[known] & below_skin & ~outside
    hard = (bone[known] & body) | ice | lost
    behind = np.cumsum(hard[::-1], axis=0)[::-1]  # cells of it at and above each place
    edge = hard & (behind <= 4)
    picture[ice & ~edge] = ICE_GREY
    shadow = (behind > 4) & ~edge
    picture[shadow] = np.minimum(picture[shadow], ICE_GREY)
    picture[edge] = BONE_GREY
    speckle = gaussian_filter(np.random.default_rng(0).rayleigh(1.0, labels.shape).astype(np.float32), (0.7, 1.3))
    return np.clip(picture * speckle / speckle.mean(), 0.0, 1.0)


def _grey(region: Region) -> float:
    if region.phase != "body":
        return FLUID_GREY
    if is_bone(region.tissue):
        return BONE_GREY
    return next((grey for part, grey in GREYS.items() if part in region.tissue), OTHER_GREY)


def _window(view: View, plane: Plane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners (right, up) [mm]: from the highest skin to below what must be seen."""
    seen = plane.flat(view.points)
    low, high = seen.min(axis=0) - 0.5 * PAD / MM, seen.max(axis=0) + 0.5 * PAD / MM
    top = skin_top(view, plane, low[0], high[0])
    return low, np.array([high[0], high[1] if top is None else top + 1.0])


def skin_top(view: View, plane: Plane, left: float, right: float) -> float | None:
    """Height of the skin's highest point in a plane between two places [mm]; None without skin there."""
    if view.skin is None:
        return None
    curves = [curve[(curve[:, 0] >= left) & (curve[:, 0] <= right)] for curve in loops(view.skin, plane)]
    heights = [float(curve[:, 1].max()) for curve in curves if len(curve)]
    return max(heights, default=None)


def _draw(
    axes: Any, setup: Setup, view: View, moment: Moment, track: DrawnTrack, plane: Plane, box: tuple[Any, Any]
) -> None:
    """One view."""
    low, high = box
    _, _, points = plane.raster(low, high, STEP_MM)
    labels = sampled(setup.labels, setup.grid, points, 0, np.nan)
    picture = echoes(labels, sampled(moment.temperature, setup.grid, points, 1, np.nan), setup.regions)
    axes.set_facecolor("black")
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, origin="lower", extent=(low[0], high[0], low[1], high[1]),
                interpolation="bilinear")  # fmt: skip
    if moment.zone is not None:
        add_path(axes, loops(moment.zone, plane), style.ZONE_ON_DARK, 1.8, fill=0.0)
    for _, surface in surfaces_of(setup, "target"):
        add_path(axes, loops(surface, plane), style.TUMOUR_ON_DARK, 1.8, fill=0.0)
    shaft = plane.flat(np.array([track.tip, track.tip + 0.5 * track.direction]))
    axes.plot(*shaft.T, color="#FFF7C2", lw=2.6, solid_capstyle="round")
    heat = plane.flat(track.tip + track.probe.emission_offset * track.direction)[0]
    axes.plot(*heat, "o", ms=5, mfc="#FFF7C2", mec="black")
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[])
    top = skin_top(view, plane, low[0], high[0])
    top = high[1] if top is None else top
    depths = np.arange(0.0, top - low[1], 5.0)
    axes.set_yticks(top - depths, [f"{depth:g}" if depth % 10 == 0 else "" for depth in depths])
    axes.tick_params(labelsize=9, colors="#555555")
    marks.scale_bar(axes, unit=1.0)
    if setup.frame == "patient":
        marks.directions(axes, plane.right, plane.up, setup.frame)
