"""The schedule of all probes as one strip: power or output over time."""

from __future__ import annotations

from typing import Any

from gpu_ablate.render import style
from gpu_ablate.render.words import own
from gpu_ablate.result.result import Result

WORDS_FROM = 0.06
"""Steps longer than this share of the procedure carry their words."""


def draw_strip(axes: Any, result: Result) -> None:
    """A row for each probe, each step that heats or freezes as a bar with its watts or output."""
    end = max(float(result.run["simulated_s"]), 1.0)
    names = [probe.name for probe in result.setup.probes]
    most = max([station.power_w for station in result.stations] + [1.0])
    for station in result.stations:
        row = len(names) - 1 - names.index(station.probe)
        freezes = station.action == "freeze"
        level = station.output_percent / 100.0 if freezes else station.power_w / most
        if level <= 0 and station.action != "thaw":
            continue
        colour = style.COLD[0].colour if freezes else style.HEAT[1].colour
        tall = 0.8 * level if level > 0 else 0.12
        length = station.end_s - station.start_s
        axes.barh(row - 0.4 + tall / 2, length, tall, left=station.start_s, color=colour, alpha=0.75, lw=0)
        if length > WORDS_FROM * end and level > 0 and len(names) <= 3:
            words = f"{station.output_percent:g} %" if freezes else f"{station.power_w:g} W"
            axes.text(station.start_s + length / 2, row, words, ha="center", va="center", fontsize=9)
    axes.set(ylim=(-0.5, len(names) - 0.5), xlabel="s")
    axes.set_yticks(range(len(names)), [own(name) for name in names[::-1]], fontsize=9 if len(names) <= 3 else 7)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.tick_params(axis="x", labelsize=9)
    axes.xaxis.set_label_coords(1.0, -0.18)
    axes.spines[["top", "right"]].set_visible(False)
