"""All pictures of a run, into its folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.margins import margin_map
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.outcome.zones import zone_field, zone_surface
from gpu_ablate.render import font, gl
from gpu_ablate.render.curves import draw_curves, panels
from gpu_ablate.render.dose_volume import draw_dose_volume
from gpu_ablate.render.film_strip import draw_film_strip
from gpu_ablate.render.moments import key_times, station_times
from gpu_ablate.render.movie import write_movie
from gpu_ablate.render.slices import draw_slices
from gpu_ablate.render.ultrasound import draw_ultrasound
from gpu_ablate.render.view import look_at, surfaces_of
from gpu_ablate.render.words import time_words, zone_sentence
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM


@dataclass(frozen=True)
class Figure:
    """A picture that can be drawn: its name in a report, its file, and what draws it there."""

    name: str
    file: Path
    draw: Callable[[Path], object]


def write_figures(result: Result, metrics: dict[str, Any], folder: Path, log: Callable[[str], None]) -> dict[str, Path]:
    """Draw what this machine can draw.

    Parameters
    ----------
    result : the run
    metrics : its metrics.json
    folder : where the files go; made if missing
    log : takes the lines that say why there are no 3D pictures, that no font has a character, what went wrong

    Returns
    -------
    dict
        Name -> file of each of `figures_of`, in the order in which a report shows them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unknown = font.missing(own_texts(result.setup))
    if unknown:
        log(f"no font here has {unknown}: boxes stand for them in the pictures; {FONT_REMEDY}")
    reason = gl.missing_gl()
    if reason is None:
        os.environ.update(gl.offscreen_environment())
    else:
        log(reason)
    written = {}
    for figure in figures_of(result, metrics, folder, reason is None):
        try:
            figure.draw(figure.file)
        except Exception as error:
            log(f"the picture {figure.name} could not be drawn: {type(error).__name__}: {error}")
        else:
            written[figure.name] = figure.file
    return written


def figures_of(result: Result, metrics: dict[str, Any], folder: Path, with_gl: bool) -> list[Figure]:
    """What there is to draw of a run.

    "scene3d", "margin_map", "slices", "film_strip", "movie", "ultrasound", "curves", "dose_volume": the first two need
    OpenGL, "margin_map" a target and something that was killed, "film_strip" and "movie" a needle that did something,
    "ultrasound" skin too, "curves" a probe or a trace, "dose_volume" the key of metrics.json.
    """
    setup = result.setup
    phi = zone_field(result, setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    body = setup.phase_mask("body")
    surface = zone_surface(phi, body, setup.grid)
    zone = surface if len(surface.faces) else None
    thinnest = thinnest_margin(metrics)
    view = look_at(result, body & (phi >= 0), None if thinnest is None else thinnest[0])
    title = setup.title or setup.name
    subtitle = say("{sentence}.", sentence=time_words(result)) + f"{zone_sentence(setup)}  "
    isotherms = subtitle + say("Isotherms: {what}.", what=view.temperature_label)
    times = key_times(result, view) if view.tracks else ()
    driven = station_times(times)
    curves = panels(result, (metrics.get("ice_course") or {"records": []})["records"])
    figures = []

    def add(name: str, wanted: bool, draw: Callable[..., object], *told: Any, file: str | None = None) -> None:
        if wanted:
            figures.append(Figure(name, folder / (file or f"{name}.png"), partial(draw, *told)))

    if with_gl:
        from gpu_ablate.render.margin_map import draw_margin_map
        from gpu_ablate.render.scene3d import draw_scene3d

        maps = {name: margin_map(result, name) for name, _ in surfaces_of(setup, "target")}
        margins, across = ({name: found[i] for name, found in maps.items()} for i in (2, 3))
        add("scene3d", True, draw_scene3d, result, view, zone, margins, title, isotherms)
        told = (result, view, margins, across, thinnest, title, subtitle)
        add("margin_map", zone is not None and bool(margins), draw_margin_map, *told)
    where = thinnest or (view.focus, middle_words(setup))
    add("slices", True, draw_slices, setup, view, zone, *where, title, isotherms)
    add("film_strip", bool(times), draw_film_strip, result, view, times, title, subtitle)
    add("movie", bool(times), write_movie, result, view, title, file="procedure.webp")
    seen = bool(driven) and view.skin is not None
    add("ultrasound", seen, draw_ultrasound, result, view, driven, title, subtitle)
    add("curves", bool(curves), draw_curves, result, curves, title, subtitle)
    dosed = bool((metrics.get("dose_volume") or {"regions": []})["regions"])
    add("dose_volume", dosed, draw_dose_volume, result, metrics, title, subtitle)
    return figures


FONT_REMEDY = "on Debian or Ubuntu fonts come with sudo apt-get install -y fonts-noto-cjk"


def own_texts(setup: Setup) -> list[str]:
    """The user's own words that pictures carry."""
    named = [region.name for region in setup.regions] + [probe.name for probe in setup.probes]
    named += [sensor.name for sensor in setup.sensors] + [vessel.name for vessel in setup.vessels]
    return [setup.title, setup.name, *named]


def middle_words(setup: Setup) -> str:
    """What the pictures go through where no margin is known."""
    if surfaces_of(setup, "target"):
        return say("middle of the target")
    return say("coldest point") if is_cold(setup.endpoint) else say("hottest point")


def thinnest_margin(metrics: dict[str, Any]) -> tuple[NDArray[np.float64], str] | None:
    """Where the thinnest margin over all targets is [m], and its value in words; None if there is none."""
    found = [
        (target["min_margin_mm"], target["min_margin_at_mm"])
        for target in metrics["targets"]
        if target.get("min_margin_mm") is not None and target.get("min_margin_at_mm") is not None
    ]
    if not found:
        return None
    margin, at_mm = min(found)
    words = say("thinnest margin {mm:.1f} mm", mm=round(margin, 1) + 0.0)
    return np.array(at_mm, dtype=float) * MM, words.replace("-", "−")
