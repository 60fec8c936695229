"""The first screen of the report: what was broken, what was killed, by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gpu_ablate.language import say
from gpu_ablate.outcome.verdict import is_cold
from gpu_ablate.render.words import endpoint_words, plain, seconds
from gpu_ablate.report.extremes import cable_efficiencies, film_coefficients, hottest_tissue, still_growing
from gpu_ablate.report.text import measured, number, percent, quantity_words, unit_of, xyz_mm
from gpu_ablate.result.result import Result
from gpu_ablate.spec.limit import LESS_IS_WORSE
from gpu_ablate.units import MM

OUTCOME_STATUS = {
    "radical": "ok",
    "effective": "ok",
    "covered, margin short": "warning",
    "undetermined": "warning",
    "incomplete": "broken",
    "not effective": "broken",
}
"""How good an outcome of the verdict is; any other has no colour."""

COLONS = (":", "：")
"""A verdict with a number reads "what: how much"."""

DRY_C = 120.0
"""Above this the highest temperature says only that the water is gone [°C]; chosen here, above any boiling point."""


@dataclass(frozen=True)
class Line:
    """A line of the headline with its state: "ok", "warning", "broken" or ""."""

    words: str
    status: str


@dataclass(frozen=True)
class Tile:
    """One of the numbers of the first screen."""

    label: str
    value: str
    detail: str
    status: str


def headline(metrics: dict[str, Any]) -> tuple[Line, ...]:
    """What to read first: each broken limit, then the verdict, then the warnings."""
    outcome = metrics["verdict"]["outcome"]
    reads = metrics["verdict"].get("reads", outcome)
    words = reads if any(mark in reads for mark in COLONS) else outcome_words(outcome)
    verdict = Line(words[:1].upper() + words[1:], OUTCOME_STATUS.get(outcome, ""))
    broken = [Line(broken_words(limit), "broken") for limit in metrics["limits"] if limit["status"] == "broken"]
    warned = [Line(warning_words(limit), "warning") for limit in metrics["limits"] if limit["status"] == "warning"]
    if broken and verdict.status == "ok":
        verdict = Line(verdict.words, "")
    return (*broken, verdict, *warned)


def outcome_words(outcome: str) -> str:
    """An outcome of the verdict as a headline."""
    words = {
        "radical": say("Tumour killed with the margin asked for"),
        "covered, margin short": say("Tumour killed, margin too thin"),
        "incomplete": say("Tumour not wholly killed"),
        "effective": say("Enough of the tumour killed"),
        "undetermined": say("Part of the tumour killed, neither effective nor not"),
        "not effective": say("Too little of the tumour killed"),
        "no target": say("No target in this scene: temperatures and zones only"),
    }
    return words.get(outcome, outcome)


def broken_words(limit: dict[str, Any]) -> str:
    """A broken limit, for example "Skin limit broken: CEM43 > 10⁴ min (limit 16 min)"."""
    value, allowed = (measured(limit["quantity"], limit[key]) for key in ("value", "fail"))
    return say(
        "{where} limit broken: {quantity} {value} (limit {allowed})",
        where=capital(plain(limit["where"])),
        quantity=quantity_words(limit["quantity"]),
        value=value,
        allowed=allowed,
    )


def warning_words(limit: dict[str, Any]) -> str:
    """A limit that warns, in words."""
    value, allowed = (measured(limit["quantity"], limit[key]) for key in ("value", "warn"))
    words = say(
        "{where} warning: {quantity} {value}",
        where=capital(plain(limit["where"])),
        quantity=quantity_words(limit["quantity"]),
        value=value,
    )
    return words if limit["warn"] is None else say("{words} ({warns})", words=words, warns=warns_words(limit, allowed))


def capital(words: str) -> str:
    """The same words with a capital letter first."""
    return words[:1].upper() + words[1:]


def warns_words(limit: dict[str, Any], threshold: str) -> str:
    """From where a limit warns."""
    if limit["quantity"] in LESS_IS_WORSE:
        return say("warns below {threshold}", threshold=threshold)
    return say("warns above {threshold}", threshold=threshold)


def breaks_words(limit: dict[str, Any], threshold: str) -> str:
    """From where a limit is broken."""
    if limit["quantity"] in LESS_IS_WORSE:
        return say("broken below {threshold}", threshold=threshold)
    return say("broken above {threshold}", threshold=threshold)


def allowed_words(limit: dict[str, Any]) -> str:
    """From where a limit warns and is broken."""
    unit = unit_of(limit["quantity"])
    words = [
        told(limit, f"{limit[key]:g} {unit}".strip())
        for told, key in ((warns_words, "warn"), (breaks_words, "fail"))
        if limit[key] is not None
    ]
    return say(", ").join(words)


def worst(limits: list[dict[str, Any]]) -> str:
    """The worst state of some limits; empty without limits."""
    states = [limit["status"] for limit in limits]
    return next((state for state in ("broken", "warning", "ok") if state in states), "")


def safety_words(metrics: dict[str, Any]) -> str:
    """What became of the safety limits, where none was passed."""
    words = {"": say("No safety limit applies here"), "ok": say("All safety limits kept")}
    return words.get(worst(metrics["limits"]), "")


def unfinished_words(result: Result) -> str:
    """That something still grew at the end of a run; empty if nothing did."""
    growing = still_growing(result)
    if result.status != "done" or not growing:
        return ""
    return say(
        "Not finished at the end of the run: {what} still grew over the last tenth of the time.",
        what=say(" and ").join(growing),
    )


def tiles(result: Result, metrics: dict[str, Any]) -> tuple[Tile, ...]:
    """The numbers of the first screen."""
    return (
        *target_tiles(result, metrics),
        *skin_tile(result, metrics),
        zone_tile(result, metrics),
        *peak_tile(result, metrics),
    )


def target_tiles(result: Result, metrics: dict[str, Any]) -> tuple[Tile, ...]:
    """Coverage and thinnest margin, each of the worst target."""
    targets = [target for target in metrics["targets"] if target["ablated_percent"] is not None]
    if not targets:
        return ()
    least = min(targets, key=lambda target: float(target["ablated_percent"]))
    killed = Tile(
        say("Tumour killed"),
        percent(float(least["ablated_percent"])),
        say("{name}, {cm3} cm³", name=plain(least["name"]), cm3=number(least["volume_cm3"], 2)),
        "ok" if OUTCOME_STATUS.get(metrics["verdict"]["outcome"]) != "broken" else "broken",
    )
    asked = [target for target in targets if target.get("role", "target") == "target"]
    margins = [target for target in asked if target["min_margin_mm"] is not None]
    if not asked:
        return (killed,)
    if not margins:
        return (killed, Tile(say("Thinnest margin"), say("none"), say("nothing was killed"), "broken"))
    key = "boundary_margin_mm" if is_cold(result.setup.endpoint) else "min_margin_mm"
    thin = min(margins, key=lambda target: float(target[key]))
    return (killed, margin_tile(result, thin))


def margin_tile(result: Result, target: dict[str, Any]) -> Tile:
    """Thinnest margin of a target with what makes it uncertain; of cold that of the ice, by which a plan is judged."""
    goal_mm = result.setup.plan.margin_goal / MM
    own = margin = float(target["min_margin_mm"])
    if is_cold(result.setup.endpoint):
        margin = float(target["boundary_margin_mm"])
    palliative = result.setup.plan.intent == "palliative"
    details = [say("below 0: tumour left")] if own < 0 and not palliative else []
    details += [] if palliative else [say("aim {mm:g} mm", mm=goal_mm)]
    at = [say("at {place}", place=xyz_mm(target["min_margin_at_mm"]))] if target["min_margin_at_mm"] else []
    if is_cold(result.setup.endpoint):
        killed = say("{rule}: {mm} mm", rule=endpoint_words(result.setup.endpoint), mm=number(own, 1))
        details.append(say(" ").join([killed, *at]))
    else:
        details += at
    for low, high in antenna_power_ranges(result):
        details.append(say("power uncertain: {low:.0f}–{high:.0f} %", low=low, high=high))
    if target.get("across_fluid_percent"):
        share = percent(target["across_fluid_percent"])
        details.append(say("on {share} of the surface across fluid or gas", share=share))
    state = "broken" if own < 0 else ("ok" if margin >= goal_mm else "warning")
    state = "" if palliative else state
    title = say("Ice beyond the tumour") if is_cold(result.setup.endpoint) else say("Thinnest margin")
    return Tile(title, f"{number(margin, 1)} mm", say("; ").join(details), state)


def antenna_power_ranges(result: Result) -> list[tuple[float, float]]:
    """For each device least and most power at the antenna by its cable, of what was computed with [%]."""
    return [(100 * low / value, 100 * high / value) for low, value, high in cable_efficiencies(result)]


def uncertainty_words(result: Result) -> str:
    """How uncertain the devices are, in a sentence for each; empty where no range is known."""
    films = [
        say(
            "The film coefficient of {device} may lie between {low:g} and {high:g} W/m²K ({value:g} taken here), the "
            "largest unknown of a cryoprobe: between such ends the diameter at −40 °C of one probe differs almost "
            "threefold (docs/physics.md; --bracket computes both ends).",
            device=plain(name),
            low=low,
            high=high,
            value=value,
        )
        for name, low, value, high in film_coefficients(result)
    ]
    cables = [
        say(
            "The cable may pass {low:.0f}–{high:.0f} % of the generator's power ({value:.0f} % taken here): margins "
            "and temperatures are as uncertain as a power of {least:.0f}–{most:.0f} % of the computed one.",
            low=100 * low,
            high=100 * high,
            value=100 * value,
            least=100 * low / value,
            most=100 * high / value,
        )
        for low, value, high in cable_efficiencies(result)
    ]
    return say(" ").join(cables + films)


def skin_tile(result: Result, metrics: dict[str, Any]) -> tuple[Tile, ...]:
    """Hottest skin, of cold coldest; as bad as the worst of the skin's limits."""
    cold = is_cold(result.setup.endpoint)
    asked = "min_temperature_c" if cold else "max_temperature_c"
    title = say("Coldest skin") if cold else say("Hottest skin")
    skin = [limit for limit in metrics["limits"] if limit["where"] == "skin"]
    for limit in skin:
        if limit["quantity"] == asked and limit["value"] is not None:
            details = [allowed_words(limit)]
            details += [] if limit["at_s"] is None else [say("at {s} s", s=seconds(limit["at_s"]))]
            return (Tile(title, f"{number(limit['value'], 1)} °C", say("; ").join(details), worst(skin)),)
    return ()


def zone_tile(result: Result, metrics: dict[str, Any]) -> Tile:
    """Volume of the dead zone, where anything lives."""
    endpoint = result.setup.endpoint
    if not result.setup.phase_mask("body").any():
        return Tile(say("Killed tissue"), "–", say("no tissue that lives"), "")
    zone = metrics["zones"][endpoint.name]
    return Tile(say("Killed tissue"), f"{number(zone['volume_cm3'], 2)} cm³", endpoint_words(endpoint), "")


def peak_tile(result: Result, metrics: dict[str, Any]) -> tuple[Tile, ...]:
    """Highest temperature anywhere, and where; of cold the ice and the heat that was drawn for it."""
    if is_cold(result.setup.endpoint):
        drawn = sum(probe["drawn_kj"] for probe in metrics.get("cryoprobes", []))
        detail = say("{kj} kJ drawn by the probes", kj=number(drawn, 0)) if drawn else say("ever below 0 °C")
        return (Tile(say("Ice"), f"{number(metrics['zones']['below_0c']['volume_cm3'], 1)} cm³", detail, ""),)
    found = hottest_tissue(result)
    if found is None:
        return ()
    value, place = found
    details = [say("at {place}", place=xyz_mm([p / MM for p in place]))]
    if value > DRY_C:
        details.append(
            say("too hot to be real: above {dry:g} °C tissue dries and chars, which is not modelled", dry=DRY_C)
        )
    state = "warning" if value > DRY_C else ""
    return (Tile(say("Hottest place"), f"{number(value, 1)} °C", say("; ").join(details), state),)
