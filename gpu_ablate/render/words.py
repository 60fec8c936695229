"""Words that pictures and report share."""

from __future__ import annotations

from gpu_ablate.case.setup import Endpoint, Setup
from gpu_ablate.result.result import Result


def endpoint_words(endpoint: Endpoint) -> str:
    """The endpoint's rule as people write it."""
    words = {
        "cem43": f"CEM43 ≥ {endpoint.threshold:g} min",
        "arrhenius": f"Arrhenius Ω ≥ {endpoint.threshold:g}",
        "max_temperature": f"hotter than {endpoint.threshold:g} °C",
        "min_temperature": f"colder than {endpoint.threshold:g} °C",
        "cycles_m20c": "colder than -20 °C in two cycles",
    }
    return words.get(endpoint.field, plain(endpoint.name))


def zone_sentence(setup: Setup) -> str:
    """What the killed zone of a picture is, for its second line; empty where nothing lives."""
    return f"  Killed tissue: {endpoint_words(setup.endpoint)}." if setup.phase_mask("body").any() else ""


def time_words(result: Result) -> str:
    """How far the run got."""
    ended = f"{seconds(float(result.run['simulated_s']))} s"
    return f"After {ended}" if result.status == "done" else f"RUN {result.status.upper()} at {ended}"


def plain(name: str) -> str:
    """A name of the library as people write it, for example "breast tumour"."""
    return name.replace("_", " ")


def seconds(time_s: float) -> str:
    """A time, to a tenth where it is no whole second."""
    return f"{round(time_s, 1):g}" if time_s < 1e5 else f"{time_s:.0f}"


def span(start_s: float, end_s: float) -> str:
    """From when to when [s]."""
    return seconds(start_s) if start_s == end_s else f"{seconds(start_s)}–{seconds(end_s)}"
