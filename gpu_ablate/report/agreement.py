"""compare.json in words: what it suggests, where it lies, how far observed and simulated agree."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpu_ablate.case.setup import Setup
from gpu_ablate.language import say
from gpu_ablate.outcome.compared import EARLY
from gpu_ablate.outcome.completeness import COMPLETE
from gpu_ablate.outcome.follow_up import AT_EDGE_MM, EDGE, INSIDE, NEW
from gpu_ablate.outcome.perfusion import NONPERFUSED
from gpu_ablate.outcome.verdict import COVERED_PERCENT, is_cold
from gpu_ablate.render.words import listed, plain
from gpu_ablate.report.text import number, zone_words
from gpu_ablate.report.thinnest import local_sides, patient_sides, probe_words, side_words

LEAST_SHIFT_MM = 0.1
"""A smaller shift has no direction."""


def suggestion_words(told: dict[str, Any]) -> str:
    """What the comparison suggests, in a line that says with which number."""
    if told["seen"] == "lesion":
        new = sum(lesion["class"] == NEW for lesion in told["lesions"])
        local = len(told["lesions"]) - new
        counts = [say("local progression ({n})", n=local)] if local else []
        return say("Suggests: {what}", what=listed([*counts, say("new lesion ({n})", n=new)] if new else counts))
    found = told["completeness"]
    if found is None:
        return say("No target in this scene: the zones are compared, nothing is suggested")
    percent = covered_words(found["covered_percent"])
    if found["class"] == COMPLETE:
        words = say("Suggests complete ablation: {percent} % of the tumour covered", percent=percent)
        margins = [target["min_margin_mm"] for target in found["targets"] if target["min_margin_mm"] is not None]
        if margins:
            words = say("{some}, thinnest margin {mm} mm", some=words, mm=number(min(margins), 1))
    else:
        words = say("Suggests partial ablation: {percent} % of the tumour covered", percent=percent)
    effects = {
        "effective": say("{some}, palliative: effective", some=words),
        "undetermined": say("{some}, palliative: undetermined", some=words),
        "not effective": say("{some}, palliative: not effective", some=words),
    }
    return effects.get(found["effect"], words)


def covered_words(percent: float) -> str:
    """A share of a target, rounded down: what falls short never reads 100 %."""
    return f"{math.floor(10.0 * percent) / 10.0:.1f}"


def cm3_words(volume_cm3: float) -> str:
    """A small volume, never as 0."""
    return number(volume_cm3, 2) if volume_cm3 >= 0.005 else "< 0.01"


def class_words(name: str) -> str:
    """The class of a lesion."""
    words = {
        INSIDE: say("local progression inside the treated zone"),
        EDGE: say("local progression at the edge of the treated zone"),
    }
    return words.get(name, say("new lesion outside the treated zone"))


def when_words(at: str) -> str:
    """When it was seen."""
    if at == "immediate":
        return say("right after the treatment")
    return say("after {months} months", months=at[:-1]) if at != "1m" else say("after one month")


def agreement_words(told: dict[str, Any], setup: Setup) -> str:
    """How far the zones agree, in a line; of lesions what they are held against."""
    found = told["agreement"]
    zone = zone_words(told["zone"], setup.endpoint)
    if found is None:
        return say("Held against the simulated zone: {zone}.", zone=zone)
    return say(
        "Observed {observed} cm³, simulated {simulated} cm³ ({zone}). Dice {dice}, mean surface distance {mean} mm, "
        "95 % within {far} mm.",
        observed=number(found["observed_cm3"], 1),
        simulated=number(found["simulated_cm3"], 1),
        zone=zone,
        dice=number(found["dice"], 2),
        mean=number(found["mean_surface_mm"], 1),
        far=number(found["hd95_mm"], 1),
    )


def apart_place_words(told: dict[str, Any]) -> str:
    """Where the surfaces are furthest apart, and which of them reaches further."""
    found = told["agreement"]["largest"]
    mm = number(found["mm"], 1)
    if found["further"] == "observed":
        return say("largest distance {mm} mm: the observed zone reaches further", mm=mm)
    return say("largest distance {mm} mm: the simulated zone reaches further", mm=mm)


def told_lines(told: dict[str, Any], setup: Setup) -> list[str]:
    """Everything that people need of compare.json, a line each."""
    file = told["observed"]
    if told["label"] is not None:
        file += f" {say('label {n}', n=told['label'])} {told['label_name']}".rstrip()
    head = f"{told['scene']}: {say(', ').join([file, when_words(told['at'])])}"
    lines = [head, suggestion_words(told), *target_lines(told, setup), *lesion_lines(told, setup)]
    return [*lines, *zone_lines(told, setup), *notes(told, setup)]


def target_lines(told: dict[str, Any], setup: Setup) -> list[str]:
    """Each target: its share in the observed zone, the thinnest margin, what was left and what the plan had there."""
    found = told["completeness"]
    if found is None:
        return []
    lines = []
    for target in found["targets"]:
        covered = say("{percent} % covered", percent=covered_words(target["covered_percent"]))
        words = [covered]
        if target["min_margin_mm"] is not None:
            goal = number(found["margin_goal_mm"], 0)
            words.append(
                say("thinnest observed margin {mm} mm ({goal} mm were aimed at)",
                    mm=number(target["min_margin_mm"], 1), goal=goal)
            )  # fmt: skip
        lines.append(f"  {plain(target['name'])}: {say('; ').join(words)}")
        for part in target["residuals"]:
            size = say("not covered: {cm3} cm³, up to {mm} mm deep", cm3=cm3_words(part["volume_cm3"]),
                       mm=number(part["depth_mm"], 1))  # fmt: skip
            lines.append(f"    {say('; ').join([size, *place_words(part, setup)])}")
        if target["residual_parts"] > len(target["residuals"]):
            lines.append("    " + say("and {n} more", n=target["residual_parts"] - len(target["residuals"])))
    return lines


def lesion_lines(told: dict[str, Any], setup: Setup) -> list[str]:
    """Each lesion: its class, where it lies, and what the plan had there."""
    lines = []
    for i, lesion in enumerate(told["lesions"], start=1):
        words = [say("{what}, {cm3} cm³", what=class_words(lesion["class"]), cm3=cm3_words(lesion["volume_cm3"]))]
        if lesion["inside_zone_percent"] > 0:
            percent = number(lesion["inside_zone_percent"], 0)
            words.append(say("{percent} % of it in the simulated zone", percent=percent))
        else:
            words.append(say("{mm} mm from the simulated zone", mm=number(lesion["to_zone_mm"], 1)))
        words.append(say("{mm} mm from the former target", mm=number(lesion["to_target_mm"], 1)))
        if lesion["beyond_box_percent"] > 0:
            percent = number(lesion["beyond_box_percent"], 0)
            words.append(say("{percent} % of it beyond the computed box", percent=percent))
        lines.append(f"  {i}. {say('; ').join([*words, *place_words(lesion, setup)])}")
    if told["lesions_left_out"]:
        lines.append("  " + say("and {n} more", n=told["lesions_left_out"]))
    return lines


def zone_lines(told: dict[str, Any], setup: Setup) -> list[str]:
    """How far the zones agree, and what to hold that against; nothing of lesions."""
    found = told["agreement"]
    if found is None:
        return [agreement_words(told, setup)]
    lines = [agreement_words(told, setup)]
    largest = [apart_place_words(told), *side_of(found["largest"], setup)]
    shift = say("centroid shifted by {mm} mm", mm=number(found["centroid_shift_mm"], 1))
    vector = np.array(found["centroid_shift"])
    length = float(np.linalg.norm(vector))
    if found["centroid_shift_mm"] >= LEAST_SHIFT_MM:
        towards = directions(vector / length, found["largest"]["outward"], setup)
        shift = say("centroid shifted by {mm} mm {towards}", mm=number(length, 1), towards=towards)
    volume = say("volume {percent} %", percent=f"{found['difference_percent']:+z.1f}".replace("-", "−"))
    lines.append("  " + say("; ").join([volume, say(", ").join(largest), shift]))
    if found["beyond_box_percent"] > 0.05:
        lines.append(
            "  "
            + say(
                "{percent} % of the observed zone ({cm3} cm³) lie beyond the computed box, about which the run says "
                "nothing; within the box Dice is {dice}.",
                percent=number(found["beyond_box_percent"], 1),
                cm3=number(found["beyond_box_cm3"], 2),
                dice=number(found["dice_in_box"], 2),
            )
        )
    if found["simulated_ends_at_box"]:
        lines.append("  " + say("The simulated zone is cut off by the computed box: distances there mean little."))
    return [*lines, scale_words()]


def scale_words() -> str:
    """What good simulators reach."""
    return say(
        "For scale: ice balls that another simulator computed for patients agreed with the CT by a Dice of 0.82 "
        "(kidney) and 0.63 (lung), mean surface distances of 2.6 and 3.1 mm, 11 mm at worst (Int J Hyperthermia "
        "2020, 37:1268)."
    )


def notes(told: dict[str, Any], setup: Setup) -> list[str]:
    """What the reader must know of these numbers."""
    cold, early = is_cold(setup.endpoint), told["at"] in EARLY
    lines = [say("Nothing was registered here: every error of the registration is in these numbers.")]
    if told["seen"] == "zone" and told["parts"] > 1:
        lines.append(say("{n} separate parts were labelled; each speck counts in every number.", n=told["parts"]))
    found = told["completeness"]
    if found is not None and found["class"] == COMPLETE and found["covered_percent"] < 100.0:
        lines.append(
            say("From {percent:g} % on a tumour counts as covered: voxels resolve no less.", percent=COVERED_PERCENT)
        )
    if told["status"] != "done":
        lines.append(say("The run did not end: the simulated zone is that of where it stopped."))
    if told["seen"] == "zone" and not early:
        lines.append(say("Treated tissue shrinks over months: a smaller zone now is no error of the simulation."))
    if cold and told["at"] == "immediate" and told["zone"] == NONPERFUSED:
        lines.append(say("While ice is there imaging shows its edge: compare that with --zone below_0c_now."))
    if told["seen"] == "lesion":
        lines.append(
            say(
                "The simulated zone stands for the treated one; a lesion up to {mm:g} mm from it counts as at its "
                "edge. It is progression only if an earlier image had shown complete ablation, else residual tumour.",
                mm=AT_EDGE_MM,
            )
        )
    if told["completeness"] is not None and cold:
        lines.append(say("The margin aimed at is that of the ice, which is wider than the zone without blood flow."))
    lines.append(say("A suggestion by geometry alone, no diagnosis."))
    return lines


def place_words(place: dict[str, Any], setup: Setup) -> list[str]:
    """Where something lies, and what the run had planned and reached there."""
    words = side_of(place, setup)
    if place["below_skin_mm"] is not None:
        words.append(say("{mm} mm below the skin", mm=number(place["below_skin_mm"], 0)))
    if place["planned_margin_mm"] is not None:
        words.append(say("planned margin there {mm} mm", mm=number(place["planned_margin_mm"], 1)))
    words += reached_words(place, setup)
    words += probe_words(place, setup)
    if place["vessel"] is not None:
        name, mm = plain(place["vessel"]["region"]), number(place["vessel"]["mm"], 1)
        words.append(say("{vessel} {mm} mm away, which may have held the temperature", vessel=name, mm=mm))
    return words


def reached_words(place: dict[str, Any], setup: Setup) -> list[str]:
    """The extreme temperatures that were reached in a part, and the dose."""
    key = "min_temperature_c" if is_cold(setup.endpoint) else "max_temperature_c"
    if place[key] is None:
        return []
    low, high = (number(value, 0).replace("-", "−") for value in place[key])
    if is_cold(setup.endpoint):
        return [say("coldest {low} to {high} °C", low=low, high=high)]
    words = [say("hottest {low} to {high} °C", low=low, high=high)]
    if place["cem43_minutes"] is not None:
        words.append(say("CEM43 from {minutes} min", minutes=f"{place['cem43_minutes'][0]:.3g}"))
    return words


def side_of(place: dict[str, Any], setup: Setup) -> list[str]:
    """On which side of its target a place lies; nothing without a target."""
    return [] if place["target"] is None else [side_words(setup.frame, place)]


def directions(direction: Any, outward: list[float] | None, setup: Setup) -> str:
    """A unit vector in at most two words."""
    words = patient_sides(direction) if setup.frame == "patient" else local_sides(direction, outward)
    return words[0] if len(words) == 1 else say("{first} and {second}", first=words[0], second=words[1])
