"""Power, skin temperature, sensors, zone volume and coverage over time."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from gpu_ablate.case.setup import Limit
from gpu_ablate.language import say
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.view import SKIN_ROLES
from gpu_ablate.render.words import action_words, degrees, own, plain
from gpu_ablate.result.result import Result, Station
from gpu_ablate.units import MM

WIDTH_INCHES = 13.0
EDGE_INCHES = (0.95, 3.0, 0.65, 0.95)
"""Left, right (for the legends), bottom and top of the panels."""

Panel = tuple[float, Callable[[Any], None]]
"""Height [inches] of a panel and what draws it into its axes."""

GAP_INCHES = 0.22
LEGEND_LETTERS = 26
"""Longer names in a legend go on in a second line."""

NEAR_C = 10.0
"""Limits further than this from any skin temperature are not drawn [°C]."""


def draw_curves(result: Result, drawn: list[Panel], title: str, subtitle: str, path: Path) -> None:
    """Write the picture of all curves, one time axis for all.

    Parameters
    ----------
    drawn : at least one, from `panels`
    title, subtitle : first and second line of the picture
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    left, right, bottom, top = EDGE_INCHES
    heights = [height for height, _ in drawn]
    height = sum(heights) + GAP_INCHES * (len(heights) - 1) + bottom + top
    end = float(result.run["simulated_s"])
    with rc_context(font.settings()):
        figure = Figure(figsize=(WIDTH_INCHES, height), dpi=style.DPI)
        upper = height - top
        for place, (tall, draw) in enumerate(drawn):
            width = (WIDTH_INCHES - left - right) / WIDTH_INCHES
            axes = figure.add_axes((left / WIDTH_INCHES, (upper - tall) / height, width, tall / height))
            upper -= tall + GAP_INCHES
            draw(axes)
            axes.set_xlim(0.0, max(end, 1.0))
            axes.grid(axis="x", color="#E4E4E4", lw=0.8)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(labelsize=10, labelbottom=place == len(drawn) - 1)
            if axes.get_legend_handles_labels()[0]:
                legend = axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False)
                for text in legend.get_texts():
                    text.set_parse_math(False)
                    text.set_text(fill(text.get_text(), LEGEND_LETTERS))
        axes.set_xlabel(say("time [s]"))
        marks.heading(figure, title, subtitle)
        marks.disclaimer(figure)
        figure.savefig(path)


def panels(result: Result, ice: list[dict[str, float]]) -> list[Panel]:
    """The panels that have something to show, from top to bottom; none for a run without probes and traces.

    ice : `ice_course.records` of metrics.json; empty without cryoprobes
    """
    traces = {name: values for name, values in result.traces.items() if np.isfinite(values).any()}
    living = result.setup.phase_mask("body").any()
    found: list[Panel] = []
    freezing = [probe.name for probe in result.setup.probes if f"probe.{probe.name}.drawn_w" in traces]
    for probe in result.setup.probes:
        colour = _colour(result, probe.name)
        if probe.name in freezing:
            found.append((1.35, partial(_freezing, result=result, name=probe.name, colour=colour)))
        else:
            found.append((1.35, partial(_schedule, result=result, name=probe.name, colour=colour)))
    if freezing:
        found.append((1.35, partial(_drawn, result=result, names=freezing)))
    if "skin_max_c" in traces:
        found.append((2.1, lambda axes: _skin(axes, result)))
    sensors = [name for name in traces if name.startswith("sensor.")]
    if sensors:
        found.append((1.7, lambda axes: _sensors(axes, result, sensors)))
    zones = [name for name in traces if name.startswith("zone.")]
    if zones and living:
        found.append((1.7, lambda axes: _zones(axes, result, zones)))
    if ice:
        found.append((1.7, lambda axes: _ice(axes, ice)))
    covered = [name for name in traces if name.startswith("target.")]
    if covered:
        found.append((1.5, lambda axes: _coverage(axes, result, covered)))
    return found


def _schedule(axes: Any, result: Result, name: str, colour: str) -> None:
    """Power of one probe as a filled strip, each heated step with its watts, the rest as they are called."""
    stations = [s for s in result.stations if s.probe == name]
    top = max([s.power_w for s in stations] + [1.0])
    span = max(float(result.run["simulated_s"]), 1.0)
    for station in stations:
        length = station.end_s - station.start_s
        middle = (station.start_s + station.end_s) / 2
        if station.power_w > 0:
            times = [station.start_s, station.end_s]
            axes.fill_between(times, 0, station.power_w, color=colour, alpha=0.35, lw=0)
            axes.plot(times, [station.power_w] * 2, color=colour, lw=2)
        if length == 0:
            axes.axvline(station.start_s, color=style.INK, lw=1.2, ls=(0, (3, 2)))
            axes.text(station.start_s, 1.27 * top, _pull_words(station), fontsize=9, ha="center", va="bottom")
        elif length > 0.04 * span:
            words = f"{station.power_w:g} W" if station.power_w > 0 else action_words(station.action)
            axes.text(middle, station.power_w + 0.05 * top, words, fontsize=10, ha="center", va="bottom")
    escaped = result.traces.get(f"probe.{name}.escaped_w")
    axes.plot([], [], color=colour, lw=2, label=say("probe {name}", name=own(name)))
    if escaped is not None and np.nanmax(escaped, initial=0.0) > 0.01 * top:
        axes.plot(
            result.traces["time_s"], escaped, color=style.INK, lw=1.2, ls=":", label=say("radiated out of the tissue")
        )
    axes.set(ylim=(0, 1.25 * top), ylabel=say("generator [W]"))


def _freezing(axes: Any, result: Result, name: str, colour: str) -> None:
    """Temperature of a cryoprobe's gas and wall, each step with its name or output."""
    traces = result.traces
    times = traces["time_s"]
    axes.plot(
        times, traces[f"probe.{name}.wall_c"], color=colour, lw=2, label=say("probe {name}, wall", name=own(name))
    )
    axes.plot(
        times,
        traces[f"probe.{name}.cryogen_c"],
        color=colour,
        lw=1.2,
        ls=":",
        label=say("probe {name}, gas", name=own(name)),
    )
    axes.set(ylabel=say("probe [°C]"), ylim=(-170, 110))
    for station in (s for s in result.stations if s.probe == name):
        axes.axvspan(
            station.start_s, station.end_s, color=colour, alpha=0.10 if station.action == "freeze" else 0.0, lw=0
        )
        words = f"{station.output_percent:g} %" if station.action == "freeze" else action_words(station.action)
        if station.end_s - station.start_s > 0.05 * max(float(result.run["simulated_s"]), 1.0):
            axes.text((station.start_s + station.end_s) / 2, 60, words, fontsize=10, ha="center", va="bottom")


def _drawn(axes: Any, result: Result, names: list[str]) -> None:
    """Heat that the cryoprobes draw from the tissue; below 0 they warm it."""
    for name in names:
        values = result.traces[f"probe.{name}.drawn_w"]
        axes.plot(
            result.traces["time_s"],
            values,
            color=_colour(result, name),
            lw=2,
            label=say("probe {name}", name=own(name)),
        )
    axes.axhline(0.0, color=style.FAINT, lw=0.8)
    axes.set(ylabel=say("heat drawn [W]"))


def _colour(result: Result, name: str) -> str:
    """Of a probe's curves."""
    names = [probe.name for probe in result.setup.probes]
    return style.SERIES[names.index(name) % len(style.SERIES)]


def _pull_words(station: Station) -> str:
    """A step that takes no time, with how far the tip moved."""
    moved = math.dist(station.tip_start, station.tip_end) / MM
    return f"{action_words(station.action)} {moved:.0f} mm"


def _skin(axes: Any, result: Result) -> None:
    """Hottest (and coldest) skin with the limits that apply to it."""
    traces = result.traces
    axes.plot(traces["time_s"], traces["skin_max_c"], color=style.INK, lw=2, label=say("skin, hottest point"))
    values = [float(np.nanmax(traces["skin_max_c"])), float(np.nanmin(traces["skin_max_c"]))]
    if "skin_min_c" in traces:
        cold = traces["skin_min_c"]
        axes.plot(traces["time_s"], cold, color=style.FAINT, lw=1.4, label=say("skin, coldest point"))
        values.append(float(np.nanmin(cold)))
    low, high = min(values), max(values)
    for limit in _skin_limits(result):
        for value, word, colour, line in ((limit.warn, say("warning"), style.WARNING, (0, (4, 2))),
                                          (limit.fail, say("limit"), style.BROKEN, "-")):  # fmt: skip
            if value is not None and low - NEAR_C < value < high + NEAR_C:
                axes.axhline(value, color=colour, lw=1.6, ls=line, label=f"{word} {value:g} °C")
                values.append(value)
    axes.set(ylabel=say("skin [°C]"), ylim=(min(values) - 1.0, max(values) + 1.5))


def _skin_limits(result: Result) -> list[Limit]:
    """Temperature limits on the skin, by role or by the name of a region of that role."""
    names = {*SKIN_ROLES, *(r.name for r in result.setup.regions if r.role in SKIN_ROLES)}
    return [
        limit
        for limit in result.setup.limits
        if limit.where in names and limit.quantity in ("max_temperature_c", "min_temperature_c")
    ]


def _sensors(axes: Any, result: Result, names: list[str]) -> None:
    for i, name in enumerate(names[:8]):
        label = own(name.removeprefix("sensor.").removesuffix("_c"))
        axes.plot(result.traces["time_s"], result.traces[name], color=style.SERIES[i % 6], lw=1.6,
                  ls=("-", "--")[i // 6], label=label)  # fmt: skip
    axes.set(ylabel=say("sensors [°C]"))


def _zones(axes: Any, result: Result, names: list[str]) -> None:
    for i, name in enumerate(names[:4]):
        label = name.removeprefix("zone.").removesuffix("_approx_cm3")
        main = label == result.setup.endpoint.name
        colour = style.ZONE if main else style.SERIES[(i + 3) % 6]
        axes.plot(result.traces["time_s"], result.traces[name], color=colour, lw=2.2 if main else 1.4,
                  label=say("killed tissue") if main else plain(label))  # fmt: skip
    axes.set(ylabel=say("volume [cm³]"), ylim=(0, None))


def _ice(axes: Any, ice: list[dict[str, float]]) -> None:
    """Volumes below each edge at the time of each image."""
    times = [row["time_s"] for row in ice]
    for isotherm in style.COLD:
        key = f"below_{isotherm.temperature_c:g}c_cm3".replace("-", "m")
        axes.plot(times, [row[key] for row in ice], color=isotherm.colour, ls=isotherm.line, lw=2, marker="o", ms=4,
                  label=say("colder than {degrees} °C", degrees=degrees(isotherm.temperature_c)))  # fmt: skip
    axes.set(ylabel=say("ice [cm³]"), ylim=(0, None))


def _coverage(axes: Any, result: Result, names: list[str]) -> None:
    for i, name in enumerate(names[:4]):
        label = name.removeprefix("target.").removesuffix("_covered_percent")
        axes.plot(result.traces["time_s"], result.traces[name], color=style.TUMOUR, lw=2.2,
                  ls=("-", "--", ":", "-.")[i], label=say("{name} killed", name=plain(label)))  # fmt: skip
    axes.axhline(100.0, color=style.FAINT, lw=0.8)
    axes.set(ylabel=say("covered [%]"), ylim=(0, 108))
