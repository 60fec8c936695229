"""All pictures of a run, into its folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.margins import margin_map
from gpu_ablate.outcome.zones import zone_field, zone_surface
from gpu_ablate.render import font, gl
from gpu_ablate.render.curves import draw_curves, panels
from gpu_ablate.render.dose_volume import draw_dose_volume
from gpu_ablate.render.film_strip import draw_film_strip
from gpu_ablate.render.moments import key_times
from gpu_ablate.render.movie import write_movie
from gpu_ablate.render.slices import draw_slices
from gpu_ablate.render.ultrasound import draw_ultrasound
from gpu_ablate.render.view import View, look_at, surfaces_of
from gpu_ablate.render.words import time_words, zone_sentence
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM


def write_figures(result: Result, metrics: dict[str, Any], folder: Path, log: Callable[[str], None]) -> dict[str, Path]:
    """Draw what this machine can draw.

    Parameters
    ----------
    result : the run
    metrics : its metrics.json
    folder : where the PNG files go; made if missing
    log : takes the lines that say why there are no 3D pictures, or that no font has a character, if so

    Returns
    -------
    dict
        "scene3d", "margin_map", "slices", "film_strip", "movie", "ultrasound", "curves", "dose_volume" -> file, in
        the order in which a report shows them. Without OpenGL not the first two; "margin_map" only where a target
        exists and something was killed, "film_strip" and "movie" where a needle did something, "ultrasound" where
        there is skin too, "curves" where the run has a probe or a trace, "dose_volume" where metrics.json holds one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    setup = result.setup
    unknown = font.missing(own_texts(setup))
    if unknown:
        log(f"no font here has {unknown}: boxes stand for them in the pictures; {FONT_REMEDY}")
    phi = zone_field(result, setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    body = setup.phase_mask("body")
    surface = zone_surface(phi, body, setup.grid)
    zone = surface if len(surface.faces) else None
    thinnest = thinnest_margin(metrics)
    view = look_at(result, body & (phi >= 0), None if thinnest is None else thinnest[0])
    title = setup.title or setup.name
    subtitle = f"{time_words(result)}.{zone_sentence(setup)}  "
    written: dict[str, Path] = {}

    reason = gl.missing_gl()
    if reason is not None:
        log(reason)
    else:
        os.environ.update(gl.offscreen_environment())
        written |= _three_dimensional(result, view, zone, thinnest, title, subtitle, folder)
    where = thinnest or (view.focus, middle_words(setup))
    written["slices"] = folder / "slices.png"
    isotherms = say("Isotherms: {what}.", what=view.temperature_label)
    draw_slices(result, view, zone, *where, title, subtitle + isotherms, written["slices"])
    written |= _over_time(result, view, title, subtitle, folder)
    curves = panels(result, (metrics.get("ice_course") or {"records": []})["records"])
    if curves:
        written["curves"] = folder / "curves.png"
        draw_curves(result, curves, title, subtitle, written["curves"])
    if (metrics.get("dose_volume") or {"regions": []})["regions"]:
        written["dose_volume"] = folder / "dose_volume.png"
        draw_dose_volume(result, metrics, title, subtitle, written["dose_volume"])
    return written


def _over_time(result: Result, view: View, title: str, subtitle: str, folder: Path) -> dict[str, Path]:
    """The pictures of the procedure; none where no needle did anything."""
    times = key_times(result, view) if view.tracks else ()
    if not times:
        return {}
    written = {"film_strip": folder / "film_strip.png"}
    draw_film_strip(result, view, times, title, subtitle, written["film_strip"])
    written["movie"], *_ = write_movie(result, view, title, folder / "procedure.webp", folder / "procedure.mp4")
    driven = tuple(key for key in times if key.drives)
    if driven and view.skin is not None:
        written["ultrasound"] = folder / "ultrasound.png"
        draw_ultrasound(result, view, driven, title, subtitle, written["ultrasound"])
    return written


def _three_dimensional(
    result: Result,
    view: View,
    zone: Any,
    thinnest: tuple[NDArray[np.float64], str] | None,
    title: str,
    subtitle: str,
    folder: Path,
) -> dict[str, Path]:
    """The pictures that need OpenGL."""
    from gpu_ablate.render.margin_map import draw_margin_map
    from gpu_ablate.render.scene3d import draw_scene3d

    written = {"scene3d": folder / "scene3d.png"}
    maps = {name: margin_map(result, name) for name, _ in surfaces_of(result.setup, "target")}
    margins = {name: found[2] for name, found in maps.items()}
    across = {name: found[3] for name, found in maps.items()}
    isotherms = say("Isotherms: {what}.", what=view.temperature_label)
    draw_scene3d(result, view, zone, margins, title, subtitle + isotherms, written["scene3d"])
    if zone is not None and margins:
        written["margin_map"] = folder / "margin_map.png"
        draw_margin_map(result, view, margins, across, thinnest, title, subtitle, written["margin_map"])
    return written


FONT_REMEDY = "on Debian or Ubuntu fonts come with sudo apt-get install -y fonts-noto-cjk"


def own_texts(setup: Setup) -> list[str]:
    """The user's own words that pictures carry."""
    named = [region.name for region in setup.regions] + [probe.name for probe in setup.probes]
    named += [sensor.name for sensor in setup.sensors] + [vessel.name for vessel in setup.vessels]
    return [setup.title, setup.name, *named]


def middle_words(setup: Setup) -> str:
    """What the pictures go through where no margin is known."""
    return say("middle of the target") if surfaces_of(setup, "target") else say("hottest point")


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
    return np.array(at_mm, dtype=float) * MM, say("thinnest margin {mm:.1f} mm", mm=margin).replace("-", "−")
