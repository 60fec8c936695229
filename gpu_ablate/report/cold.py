"""Tables and sentences of the report about a freeze: probes, ice over time, cold load, bone."""

from __future__ import annotations

from typing import Any

from gpu_ablate.case.cold import REWARMED_C
from gpu_ablate.language import say
from gpu_ablate.render.words import listed, own, plain, seconds
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import number, xyz_mm


def cryoprobe_table(metrics: dict[str, Any]) -> Table:
    """What each cryoprobe drew from the tissue."""
    rows = tuple(
        (
            own(probe["name"]),
            number(probe["drawn_kj"], 1),
            number(probe["peak_w"], 1),
            plausibility(probe),
            "–" if probe.get("free_at_s") is None else seconds(probe["free_at_s"]),
        )
        for probe in metrics.get("cryoprobes", [])
    )
    head = (say("probe"), say("heat drawn [kJ]"), say("at most [W]"), "", say("free at [s]"))
    return Table(say("Cryoprobes"), head, rows)


def plausibility(probe: dict[str, Any]) -> str:
    """Whether a probe of its kind could have drawn what it drew."""
    if probe["implausible"]:
        return say("implausible: more than {watts:g} W", watts=probe["plausible_w"])
    return say("plausible")


def ice_table(metrics: dict[str, Any]) -> Table:
    """Volumes of ice over time."""
    course = metrics.get("ice_course") or {"records": []}
    rows = [
        (
            seconds(row["time_s"]),
            *(number(row[key], 2) for key in ("below_0c_cm3", "below_m20c_cm3", "below_m40c_cm3")),
        )
        for row in course["records"]
    ]
    head = (say("time [s]"), say("ice, below 0 °C [cm³]"), say("below −20 °C [cm³]"), say("below −40 °C [cm³]"))
    return Table(say("Ice at each image"), head, tuple(rows), say("Volumes at that time, not what was ever reached."))


def refreeze_table(metrics: dict[str, Any]) -> Table:
    """What was still frozen when probes froze again."""
    course = metrics.get("ice_course") or {"refreezes": []}
    rows = [
        (
            seconds(row["time_s"]),
            listed(map(own, row["probes"])),
            number(row["ice_left_percent"], 0),
            number(row["target_frozen_percent"], 0),
        )
        for row in course["refreezes"]
    ]
    head = (say("time [s]"), say("probes"), say("ice left [%]"), say("of the tumour frozen [%]"))
    note = say(
        "A further cycle counts where tissue was warmer than {degrees} °C in between, and in a second count where it "
        "was fully thawed (above 0 °C): docs/physics.md.",
        degrees=number(REWARMED_C, 0),
    )
    return Table(say("Left frozen at each refreeze"), head, tuple(rows), note)


def cycle_table(metrics: dict[str, Any]) -> Table:
    """What was cold twice, by both rules."""
    head = (
        say("colder than"),
        say("once or more [cm³]"),
        say("twice, rewarmed in between [cm³]"),
        say("twice, fully thawed in between [cm³]"),
    )
    note = say("Rewarmed: above {degrees} °C; fully thawed: above 0 °C. Whole voxels.", degrees=number(REWARMED_C, 0))
    return Table(say("Second cycles, by both rules"), head, cycle_rows(metrics), note)


def cycle_rows(metrics: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Volume [cm³] that was as cold once, and twice by both rules; a row for -20 and for -40 °C."""
    cycles = (metrics.get("ice_course") or {}).get("cycles", {})
    return tuple(
        (words, *(number(found[key], 1) for key in ("once_cm3", "twice_rewarmed_cm3", "twice_thawed_cm3")))
        for edge, words in (("m20c", "−20 °C"), ("m40c", "−40 °C"))
        if (found := cycles.get(edge)) and found["once_cm3"] is not None
    )


def cold_load_table(metrics: dict[str, Any]) -> Table:
    """Heat drawn from the body, and what it could mean for the core."""
    load = metrics.get("cold_load")
    title, head = say("Cold load"), (say("what"), say("value"))
    if not load:
        return Table(title, head, ())
    rows = (
        (say("drawn by all probes"), f"{number(load['drawn_kj'], 1)} kJ"),
        (say("brought by vessels meanwhile"), f"{number(load['from_vessels_kj'], 1)} kJ"),
        (say("brought by perfusion meanwhile"), f"{number(load['from_perfusion_kj'], 1)} kJ"),
        (say("through the skin and its patches"), f"{number(load['from_skin_kj'], 1)} kJ"),
        (
            say("core of {kg:g} kg cools by at most", kg=load["body_mass_kg"]),
            f"{number(load['core_fall_c'], 2)} °C",
        ),
    )
    note = say("At most: as if the body made no heat and all that was drawn came from it evenly.")
    return Table(title, head, rows, note)


def bone_table(metrics: dict[str, Any]) -> Table:
    """How much of each bone's cortex was frozen."""
    rows = [
        (
            plain(bone["name"]),
            number(bone["frozen_percent"], 0),
            number(bone["worst_slice_percent"], 0),
            number(bone["worst_slice_cm2"], 1),
            xyz_mm(bone["worst_slice_mm"]),
        )
        for bone in metrics.get("bones", [])
        if bone["note"]
    ]
    head = (
        say("bone"),
        say("cortex frozen [%]"),
        say("in the worst slice [%]"),
        say("cortex there [cm²]"),
        say("its middle"),
    )
    note = say("Slices across the bone's long axis, or the body's where the frame is a patient's; within the box only.")
    return Table(say("Frozen cortex"), head, tuple(rows), note)


def cold_notes(metrics: dict[str, Any]) -> str:
    """What the board must think of: weak bone, a large lesion; empty without either."""
    notes = [bone["note"] for bone in metrics.get("bones", [])]
    notes.append((metrics.get("cold_load") or {}).get("note"))
    return say(" ").join(note for note in notes if note)
