"""Tables and sentences of the report about a freeze: probes, ice over time, cold load, bone."""

from __future__ import annotations

from typing import Any

from gpu_ablate.case.cold import REWARMED_C
from gpu_ablate.render.words import plain, seconds
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import number, xyz_mm


def cryoprobe_table(metrics: dict[str, Any]) -> Table:
    """What each cryoprobe drew from the tissue."""
    rows = tuple(
        (
            probe["name"],
            number(probe["drawn_kj"], 1),
            number(probe["peak_w"], 1),
            plausibility(probe),
            "–" if probe.get("free_at_s") is None else seconds(probe["free_at_s"]),
        )
        for probe in metrics.get("cryoprobes", [])
    )
    return Table("Cryoprobes", ("probe", "heat drawn [kJ]", "at most [W]", "", "free at [s]"), rows)


def plausibility(probe: dict[str, Any]) -> str:
    """Whether a probe of its kind could have drawn what it drew."""
    return f"implausible: more than {probe['plausible_w']:g} W" if probe["implausible"] else "plausible"


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
    head = ("time [s]", "ice, below 0 °C [cm³]", "below −20 °C [cm³]", "below −40 °C [cm³]")
    return Table("Ice at each image", head, tuple(rows), "Volumes at that time, not what was ever reached.")


def refreeze_table(metrics: dict[str, Any]) -> Table:
    """What was still frozen when probes froze again."""
    course = metrics.get("ice_course") or {"refreezes": []}
    rows = [
        (
            seconds(row["time_s"]),
            ", ".join(row["probes"]),
            number(row["ice_left_percent"], 0),
            number(row["target_frozen_percent"], 0),
        )
        for row in course["refreezes"]
    ]
    head = ("time [s]", "probes", "ice left [%]", "of the tumour frozen [%]")
    note = (
        f"A further cycle counts where tissue was warmer than {number(REWARMED_C, 0)} °C in between, and in a second "
        "count where it was fully thawed (above 0 °C): docs/physics.md."
    )
    return Table("Left frozen at each refreeze", head, tuple(rows), note)


def cycle_table(metrics: dict[str, Any]) -> Table:
    """What was cold twice, by both rules."""
    head = (
        "colder than",
        "once or more [cm³]",
        "twice, rewarmed in between [cm³]",
        "twice, fully thawed in between [cm³]",
    )
    note = f"Rewarmed: above {number(REWARMED_C, 0)} °C; fully thawed: above 0 °C. Whole voxels."
    return Table("Second cycles, by both rules", head, cycle_rows(metrics), note)


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
    if not load:
        return Table("Cold load", ("what", "value"), ())
    rows = (
        ("drawn by all probes", f"{number(load['drawn_kj'], 1)} kJ"),
        ("brought by vessels meanwhile", f"{number(load['from_vessels_kj'], 1)} kJ"),
        ("brought by perfusion meanwhile", f"{number(load['from_perfusion_kj'], 1)} kJ"),
        ("through the skin and its patches", f"{number(load['from_skin_kj'], 1)} kJ"),
        (f"core of {load['body_mass_kg']:g} kg cools by at most", f"{number(load['core_fall_c'], 2)} °C"),
    )
    note = "At most: as if the body made no heat and all that was drawn came from it evenly."
    return Table("Cold load", ("what", "value"), rows, note)


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
    head = ("bone", "cortex frozen [%]", "in the worst slice [%]", "cortex there [cm²]", "its middle")
    note = "Slices across the bone's long axis, or the body's where the frame is a patient's; within the box only."
    return Table("Frozen cortex", head, tuple(rows), note)


def cold_notes(metrics: dict[str, Any]) -> str:
    """What the board must think of: weak bone, a large lesion; empty without either."""
    notes = [bone["note"] for bone in metrics.get("bones", [])]
    notes.append((metrics.get("cold_load") or {}).get("note"))
    return " ".join(note for note in notes if note)
