"""Words that pictures and report share."""

from __future__ import annotations

from collections.abc import Iterable

from gpu_ablate.case.setup import Endpoint, Setup
from gpu_ablate.language import catalogue, say, spoken
from gpu_ablate.result.result import Result


def disclaimer_words() -> str:
    """The line that no picture and no report goes without."""
    return say("Research tool, not a medical device. Not for treatment decisions.")


def endpoint_words(endpoint: Endpoint) -> str:
    """The endpoint's rule as people write it."""
    words = {
        "cem43": say("CEM43 ≥ {minutes:g} min", minutes=endpoint.threshold),
        "arrhenius": say("Arrhenius Ω ≥ {omega:g}", omega=endpoint.threshold),
        "max_temperature": say("hotter than {degrees} °C", degrees=degrees(endpoint.threshold)),
        "min_temperature": say("colder than {degrees} °C", degrees=degrees(endpoint.threshold)),
        "cycles_m20c": say("colder than −20 °C in two cycles"),
    }
    return words.get(endpoint.field, plain(endpoint.name))


def action_words(action: str) -> str:
    """A step of a schedule."""
    words = {
        "hold": say("hold"),
        "pull": say("pull"),
        "rest": say("rest"),
        "reinsert": say("reinsert"),
        "freeze": say("freeze"),
        "thaw": say("thaw"),
    }
    return words[action]


def degrees(temperature_c: float) -> str:
    """A temperature with a real minus sign."""
    return f"{temperature_c:g}".replace("-", "−")


def zone_sentence(setup: Setup) -> str:
    """What the killed zone of a picture is, for its second line; empty where nothing lives."""
    if not setup.phase_mask("body").any():
        return ""
    return "  " + say("Killed tissue: {rule}.", rule=endpoint_words(setup.endpoint))


def time_words(result: Result) -> str:
    """How far the run got."""
    ended = seconds(float(result.run["simulated_s"]))
    if result.status == "done":
        return say("After {s} s", s=ended)
    if result.status == "failed":
        return say("RUN FAILED at {s} s", s=ended)
    return say("RUN INTERRUPTED at {s} s", s=ended)


def plain(name: str) -> str:
    """A name of the library as people write it, for example "breast tumour"."""
    words = name.replace("_", " ")
    return catalogue(spoken()).get(words, words)


def own(name: str) -> str:
    """A name of the scene's own, for a probe or a sensor: a common word is told in the language spoken now."""
    return catalogue(spoken()).get(name, name)


def listed(words: Iterable[str]) -> str:
    """Words in a list, for example "tumour, skin, needle"; empty without any."""
    first, *others = [*words] or [""]
    for word in others:
        first = say("{some}, {another}", some=first, another=word)
    return first


def seconds(time_s: float) -> str:
    """A time, to a tenth where it is no whole second."""
    return f"{round(time_s, 1):g}" if time_s < 1e5 else f"{time_s:.0f}"


def span(start_s: float, end_s: float) -> str:
    """From when to when [s]."""
    return seconds(start_s) if start_s == end_s else f"{seconds(start_s)}–{seconds(end_s)}"
