"""The interactive 3D view as part of a page: its words, data, script and style, all inside."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from itertools import pairwise
from typing import Any

from gpu_ablate.language import say
from gpu_ablate.render.interactive import Interactive
from gpu_ablate.render.words import disclaimer_words

TEMPLATE = "viewer.html.j2"
SCRIPTS = ("drawing.js", "viewer.js")


def viewer_html(view: Interactive) -> str:
    """The view as a section of a page; all text of the scene is escaped, and can't end its script."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    folder = files("gpu_ablate.report")
    source = (folder / "templates" / TEMPLATE).read_text(encoding="utf-8")
    words = page_words(view)
    facts = view.facts | {"words": words, "bands": labelled_bands(view.facts["bands"])}
    told = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return environment.from_string(source).render(
        words=words,
        disclaimer=disclaimer_words(),
        facts=Markup(told.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")),
        meshes=Markup(base64.b64encode(view.meshes).decode("ascii")),
        script=Markup("".join((folder / "viewer" / name).read_text(encoding="utf-8") for name in SCRIPTS)),
        style=Markup((folder / "viewer" / "viewer.css").read_text(encoding="utf-8")),
    )


def page_words(view: Interactive) -> dict[str, Any]:
    """The words of the controls."""
    local = not view.facts["axes"][0][0]
    return {
        "title": say("Interactive 3D view"),
        "no_script": say("The interactive view needs JavaScript. The pictures below show the same."),
        "no_webgl": say(
            "The interactive view needs a browser with WebGL 2, which this one lacks or has switched off. "
            "The pictures below show the same."
        ),
        "picture": say("3D picture of anatomy, needles, killed tissue and temperatures; the controls change it"),
        "help": say(
            "Drag to turn, with Shift or the right button to shift, Ctrl and wheel or two fingers to zoom. Keys, with "
            "the picture chosen: arrows turn, Shift and arrows shift, + and - zoom, Home resets the camera."
        ),
        "frame": say("x, y, z: axes of the scene, not a patient orientation")
        if local
        else say("R/L right/left, A/P front/back, S/I head/feet of the patient"),
        "time": say("Time"),
        "play": say("Play"),
        "pause": say("Pause"),
        "cameras": say("Camera"),
        "camera_names": [camera["name"] for camera in view.facts["cameras"]],
        "reset": say("Reset"),
        "more": say("Picture"),
        "banded": say("Tumour coloured by its margin at the end"),
        "labels": say("Labels"),
        "opacity": say("Opacity"),
        "absent": say("none now"),
        "anatomy": say("Anatomy"),
        "zone": say("Killed tissue"),
        "temperature": say("Temperature at this time"),
        "needle": say("Needles"),
    }


def labelled_bands(bands: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bands of margin with their words, lowest first."""
    ends = [band["below_mm"] for band in bands]
    words = [say("below {mm:g} mm", mm=ends[0])]
    words += [say("{low:g} to {high:g} mm", low=low, high=high) for low, high in pairwise(ends[:-1])]
    words.append(say("{mm:g} mm and more", mm=ends[-2]))
    return [band | {"label": text} for band, text in zip(bands, words, strict=True)]
