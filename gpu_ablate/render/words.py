"""Words that pictures and report share."""

from __future__ import annotations

from gpu_ablate.case.setup import Endpoint
from gpu_ablate.result.result import Result


def endpoint_words(endpoint: Endpoint) -> str:
    """The endpoint's rule as people write it."""
    words = {
        "cem43": f"CEM43 ≥ {endpoint.threshold:g} min",
        "arrhenius": f"Arrhenius Ω ≥ {endpoint.threshold:g}",
        "max_temperature": f"hotter than {endpoint.threshold:g} °C",
        "min_temperature": f"colder than {endpoint.threshold:g} °C",
    }
    return words.get(endpoint.field, endpoint.name)


def time_words(result: Result) -> str:
    """How far the run got."""
    seconds = f"{float(result.run['simulated_s']):.0f} s"
    return f"After {seconds}" if result.status == "done" else f"RUN {result.status.upper()} at {seconds}"
