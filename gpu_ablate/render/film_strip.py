"""A film strip: the slice along the needle at the end of each step of the procedure."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gpu_ablate.language import say
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.moments import KeyTime, killed_cm3, moment_at, most_telling, own_needle
from gpu_ablate.render.plane import along_probe
from gpu_ablate.render.slice_panel import bounds, draw_panel
from gpu_ablate.render.view import View
from gpu_ablate.result.result import Result

WIDTH_INCHES = 13.0
IN_A_ROW, MOST = 4, 12
"""Panels in a row, and at most in all."""

TOP_INCHES, TITLE_INCHES, FOOT_INCHES, SIDE_INCHES = 0.85, 0.5, 0.85, 0.15


def draw_film_strip(
    result: Result, view: View, times: tuple[KeyTime, ...], title: str, subtitle: str, path: Path
) -> None:
    """Write the film strip.

    Parameters
    ----------
    times : at least one
    title, subtitle : first and second line of the picture
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shown = most_telling(times, MOST)
    moments = [moment_at(result, key.time_s) for key in shown]
    planes = [along_probe(view, own_needle(view, key, moment)) for key, moment in zip(shown, moments, strict=True)]
    boxes = [bounds(view, plane, plane.origin) for plane in planes]
    size = np.max([high - low for low, high in boxes], axis=0)
    boxes = [((low + high - size) / 2, (low + high + size) / 2) for low, high in boxes]
    columns = min(len(shown), IN_A_ROW)
    wide = (WIDTH_INCHES - 2 * SIDE_INCHES) / max(columns, 2) - 0.12
    tall = min(wide * float(size[1] / size[0]), 5.5)
    wide = tall * float(size[0] / size[1])
    rows = -(-len(shown) // columns)
    height = TOP_INCHES + rows * (tall + TITLE_INCHES) + FOOT_INCHES
    with rc_context(font.settings()):
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=style.DPI)
        for number, key in enumerate(shown):
            row, column = divmod(number, columns)
            left = SIDE_INCHES + column * (wide + 0.12)
            bottom = height - TOP_INCHES - (row + 1) * (tall + TITLE_INCHES)
            axes = figure.add_axes((left / WIDTH_INCHES, bottom / height, wide / WIDTH_INCHES, tall / height))
            draw_panel(axes, result.setup, view, moments[number], planes[number], *boxes[number])
            axes.set(xticks=[], yticks=[])
            words = say("killed {cm3:.2f} cm³", cm3=killed_cm3(result, key.time_s))
            axes.set_title(f"{key.words}\n{words}", loc="left", fontsize=10, pad=4)
            if number == 0:
                marks.scale_bar(axes, unit=1.0)
            marks.directions(axes, planes[number].right, planes[number].up, result.setup.frame)
        told = say("Slice along the needle at the end of each step.")
        if len(shown) < len(times):
            told = say("Slice along the needle at the end of {n} of {m} steps.", n=len(shown), m=len(times))
        marks.heading(figure, title, told + "  " + subtitle)
        seen = [i for i in view.isotherms if _reached(view, i.temperature_c)]
        marks.legend(figure, marks.slice_entries(result.setup), seen, y=0.62 / height)
        marks.orientation(figure, result.setup.frame)
        marks.disclaimer(figure)
        figure.savefig(path)


def _reached(view: View, level: float) -> bool:
    return bool(np.nanmin(view.temperature) < level < np.nanmax(view.temperature))
