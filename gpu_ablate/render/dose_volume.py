"""Dose-volume histograms of the targets and of what is to be spared."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.dose_volume import SCALES
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.words import endpoint_words, listed, plain
from gpu_ablate.result.result import Result

SIZE_INCHES = (13.0, 5.0)
EDGE_INCHES = (0.95, 3.0, 0.85, 0.95)
"""Left, right (for the legend), bottom and top of the panels."""

GAP_INCHES = 0.75
LEGEND_LETTERS = 26
"""Longer names in the legend go on in a second line."""

MOST_REGIONS = 9
"""Curves that can be told apart in one panel."""

FLAT_PERCENT = 0.5
"""A scale ends where less than this share of any region is beyond."""

LINES = ("-", "--", ":", "-.")
COLOURS = {
    "target": style.TUMOUR,
    "involved_skin": style.INVADED_SKIN,
    "skin": style.SKIN_INK,
    "vessel": style.VESSEL,
    "nerve": "#E69F00",
    "risk": "#D55E00",
}
"""Role -> colour of a curve: that of its surface where it is dark enough for a line. Others are grey."""


def draw_dose_volume(result: Result, metrics: dict[str, Any], title: str, subtitle: str, path: Path) -> None:
    """Write the picture of the histograms: of heat by thermal dose and highest temperature, of cold by the lowest.

    Parameters
    ----------
    metrics : metrics.json, with at least one region in `dose_volume`
    title, subtitle : first and second line of the picture
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    found = metrics["dose_volume"]
    cold = is_cold(result.setup.endpoint)
    wanted = ("min_temperature_c",) if cold else ("cem43_minutes", "max_temperature_c")
    drawn = [quantity for quantity in wanted if quantity in found["thresholds"]]
    left, right, bottom, top = EDGE_INCHES
    width, height = SIZE_INCHES
    wide = (width - left - right - GAP_INCHES * (len(drawn) - 1)) / max(1, len(drawn))
    with rc_context(font.settings()):
        figure = Figure(figsize=SIZE_INCHES, dpi=style.DPI)
        for place, quantity in enumerate(drawn):
            corner = (left + place * (wide + GAP_INCHES)) / width
            axes = figure.add_axes((corner, bottom / height, wide / width, (height - bottom - top) / height))
            _curves(axes, found, quantity)
            _thresholds(axes, found, quantity, result.setup)
            if place == 0:
                axes.set_ylabel(say("share of the volume [%]"))
        entries = {
            label: handle
            for each in figure.axes
            for handle, label in zip(*each.get_legend_handles_labels(), strict=True)
        }
        legend = axes.legend(
            entries.values(), entries.keys(), loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
            text.set_text(fill(text.get_text(), LEGEND_LETTERS))
        marks.heading(figure, title, subtitle)
        marks.disclaimer(figure)
        figure.savefig(path)


def _curves(axes: Any, found: dict[str, Any], quantity: str) -> None:
    """The curve of each region for one quantity."""
    thresholds = found["thresholds"][quantity]
    regions = found["regions"][:MOST_REGIONS]
    used: dict[str, int] = {}
    for region in regions:
        role = region["role"]
        line = LINES[used.setdefault(role, 0) % len(LINES)]
        used[role] += 1
        bold = role == "target"
        axes.plot(thresholds, region[quantity]["percent"], color=COLOURS.get(role, style.FAINT), ls=line,
                  lw=3.2 if bold else 1.8, zorder=3 if bold else 2, label=plain(region["name"]))  # fmt: skip
    percents = [max(region[quantity]["percent"][i] for region in regions) for i in range(len(thresholds))]
    last = max((i for i, percent in enumerate(percents) if percent >= FLAT_PERCENT), default=0)
    names = {
        "cem43_minutes": say("got a thermal dose CEM43 of at least [min]"),
        "max_temperature_c": say("was ever as hot as [°C]"),
        "min_temperature_c": say("was ever as cold as [°C]"),
    }
    if quantity == "cem43_minutes":
        axes.set_xscale("log")
        last = len(thresholds) - 1
    axes.set(
        xlabel=names[quantity], xlim=(thresholds[0], thresholds[min(last + 1, len(thresholds) - 1)]), ylim=(0, 103)
    )
    axes.grid(color="#E4E4E4", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=10)


def _thresholds(axes: Any, found: dict[str, Any], quantity: str, setup: Setup) -> None:
    """The endpoint's threshold, dashed, and the limits of the regions drawn, dotted, where they are on the scale."""
    endpoint = setup.endpoint
    if SCALES[quantity].field == endpoint.field:
        axes.axvline(endpoint.threshold, color=style.INK, lw=1.4, ls=(0, (4, 2)), label=endpoint_words(endpoint))
    drawn = {place: region["role"] for region in found["regions"] for place in (region["role"], region["name"])}
    ends = axes.get_xlim()
    places: dict[float, list[str]] = {}
    for limit in setup.limits:
        known = limit.quantity == quantity and limit.fail is not None and limit.where in drawn
        if known and min(ends) <= float(limit.fail or 0.0) <= max(ends):
            places.setdefault(float(limit.fail or 0.0), []).append(limit.where)
    for value, where in places.items():
        words = say("limit of {where}: {value:g} {unit}", where=listed(plain(place) for place in where), value=value,
                    unit="min" if quantity == "cem43_minutes" else "°C")  # fmt: skip
        axes.axvline(value, color=COLOURS.get(drawn[where[0]], style.FAINT), lw=1.6, ls=":", label=words)
