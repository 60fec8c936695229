"""The tables of the report: rows of text from the result and its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gpu_ablate.case.surroundings import Surroundings
from gpu_ablate.language import retell, say
from gpu_ablate.render.words import action_words, own, plain, seconds, span
from gpu_ablate.report.text import energy_words, joined, number, property_words, xyz_mm, zone_words
from gpu_ablate.result.result import Result, Station
from gpu_ablate.units import MM


@dataclass(frozen=True)
class Table:
    """A table of text; the first column names the rows.

    english : numbers of the columns whose text stays English in every language
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    english: tuple[int, ...] = ()


def place_columns() -> dict[str, str]:
    """Columns of the table of steps that say where the needle stood at their end, and what each means."""
    return {
        say("tip depth [mm]"): say("Depth: below the skin, square to it where the shaft enters."),
        say("heat depth [mm]"): say("Heat: the middle of the heat."),
        say("heat to deep edge [mm]"): say(
            "To deep edge: how much deeper than the heat the deepest point of the tumour lies, along the inward normal "
            "of the skin nearest to the tumour's centre; negative where the heat lies deeper."
        ),
        say("heat to skin [mm]"): say("To skin: to the nearest cell of spared skin."),
    }


def steps_table(result: Result) -> Table:
    """The steps as they were carried out; columns that the scene has nothing for are left out."""
    around = Surroundings(result.setup)
    places = place_columns()
    rows = [_step_row(around, station, list(places)) for station in result.stations]
    idle = {say("track"): "1", say("generator [W]"): say("off"), **dict.fromkeys((say("output [%]"), *places), "–")}
    head = [column for column in rows[0] if any(row[column] != idle.get(column) for row in rows)] if rows else []
    note = say(" ").join(text for column, text in places.items() if column in head)
    cells = tuple(tuple(row[column] for column in head) for row in rows)
    return Table(say("Plan as carried out"), tuple(head), cells, note)


def _step_row(around: Surroundings, station: Station, places: list[str]) -> dict[str, str]:
    """Column -> text of one step; places : the columns of `place_columns`."""
    probe = next(probe for probe in around.setup.probes if probe.name == station.probe)
    net = probe.steps[station.step - 1].net
    track = probe.track_after(station.step)
    place = around.place(probe, track, station.tip_end)
    found = (place.tip_depth, place.heat_depth, place.to_deep_edge, place.to_skin)
    depths = (number(value / MM if np.isfinite(value) else None, 1) for value in found)
    watts = say("{watts:g} net", watts=station.power_w) if net else f"{station.power_w:g}"
    return {
        say("probe, step"): f"{own(station.probe)}, {station.step}",
        say("track"): str(track + 1),
        say("action"): action_words(station.action),
        say("time [s]"): span(station.start_s, station.end_s),
        say("generator [W]"): watts if station.power_w > 0 else say("off"),
        say("output [%]"): f"{station.output_percent:g}" if station.action == "freeze" else "–",
        **dict(zip(places, depths, strict=True)),
        say("tip at"): xyz_mm([p / MM for p in station.tip_end]),
        say("ended by"): retell(station.ended_by),
    }


def beside_vessels_table(metrics: dict[str, Any], goal_mm: float) -> Table:
    """The margin where vessels lie beside a target; no rows where none does."""
    rows = [
        (
            plain(target["name"]),
            plain(beside["vessel"]),
            number(beside["area_cm2"], 1),
            number(beside["min_margin_mm"], 1),
            number(beside["goal_percent"], 0),
        )
        for target in metrics["targets"]
        for beside in target.get("beside_vessels", [])
    ]
    head = (
        say("target"),
        say("vessel"),
        say("surface within 5 mm of it [cm²]"),
        say("thinnest margin there [mm]"),
        say("of it with the {mm:g} mm aimed at [%]", mm=goal_mm),
    )
    note = say(
        "Blood that flows takes heat and cold away, so tissue beside a vessel is the first to survive; the rows are by "
        "where the margin begins, on the surface of the target."
    )
    return Table(say("Margins beside vessels"), head, tuple(rows), note)


def target_table(metrics: dict[str, Any]) -> Table:
    """The targets."""
    errors = {found["name"]: found for found in estimated(metrics, "targets")}
    rows = [
        (
            plain(target["name"]),
            number(target["volume_cm3"], 2),
            number(target["ablated_percent"], 2) + give_or_take(errors.get(target["name"]), "ablated_error_percent"),
            number(target["min_margin_mm"], 2) + give_or_take(errors.get(target["name"]), "error_mm"),
            number(target["margin_5mm_percent"], 2),
            number(target["margin_10mm_percent"], 2),
            number(target["at_surface_cm2"], 2),
        )
        for target in metrics["targets"]
    ]
    head = (
        say("target"),
        say("volume [cm³]"),
        say("killed [%]"),
        say("thinnest margin [mm]"),
        say("surface with ≥ 5 mm [%]"),
        say("surface with ≥ 10 mm [%]"),
        say("at the surface [cm²]"),
    )
    note = say(
        "Margin: from the surface of the tumour to the nearest viable tissue; of involved skin none is asked. At the "
        "surface: area nearer to the air than the margin aimed at, where there can be no such margin."
    )
    error = grid_error_words(metrics)
    return Table(say("Targets"), head, tuple(rows), say(" ").join([note, error] if error else [note]))


def estimated(metrics: dict[str, Any], what: str) -> Any:
    """The "zones" or "targets" of the numerical error; empty where none was estimated."""
    return (metrics.get("numerical_error") or {}).get(what, ())


def give_or_take(found: dict[str, Any] | None, key: str) -> str:
    """The error of the grid after its number; nothing where it was not estimated."""
    return "" if found is None or found[key] is None else f" ± {number(found[key], 2)}"


def grid_error_words(metrics: dict[str, Any]) -> str:
    """What ± stands for, or why there is none; nothing where it was not asked for."""
    found = metrics.get("numerical_error")
    if not found:
        return ""
    if found["reason"]:
        return say("The error of the grid was not estimated: {reason}.", reason=found["reason"])
    fine_mm, coarse_mm = found["spacing_mm"]
    return say(
        "±: error of the grid, estimated from {fine:g} and {coarse:g} mm; nothing else is in it.",
        fine=fine_mm,
        coarse=coarse_mm,
    )


def zone_table(result: Result, metrics: dict[str, Any]) -> Table:
    """The zones that are not empty."""
    errors = estimated(metrics, "zones")
    rows = [
        (
            zone_words(name, result.setup.endpoint),
            number(zone["volume_cm3"], 2) + give_or_take(errors[name] if errors else None, "error_cm3"),
            " × ".join(number(extent, 1) for extent in zone["extent_mm"]),
            number(zone["equivalent_diameter_mm"], 1),
            *needle_extents(result, zone),
        )
        for name, zone in metrics["zones"].items()
        if zone["volume_cm3"]
    ]
    by_needle = (say("along needle [mm]"), say("across needle [mm]"), say("beyond tip [mm]"))
    head = (
        say("zone"),
        say("volume [cm³]"),
        say("extent x × y × z [mm]"),
        say("sphere of this volume, diameter [mm]"),
        *(by_needle if result.setup.probes else ()),
    )
    return Table(say("Zones"), head, tuple(rows), grid_error_words(metrics))


def needle_extents(result: Result, zone: dict[str, Any]) -> tuple[str, ...]:
    """How far a zone reaches along, across and beyond the needle; nothing without one."""
    if not result.setup.probes:
        return ()
    across = " × ".join(number(width, 1) for width in zone["across_probe_mm"] or ())
    return number(zone["along_probe_mm"], 1), across or "–", number(zone["beyond_tip_mm"], 1)


def other_measures(metrics: dict[str, Any]) -> tuple[Table, ...]:
    """Killed healthy tissue, and the sensors."""
    killed = [(plain(name), number(entry["killed_cm3"], 2)) for name, entry in metrics["collateral"].items()]
    sensors = [
        (own(name), *(number(sensor[key], 1) for key in ("final_c", "min_c", "max_c")))
        for name, sensor in metrics["sensors"].items()
    ]
    tables = []
    if killed:
        title = say("Healthy tissue killed, outside the targets") if metrics["targets"] else say("Killed")
        tables.append(Table(title, (say("tissue"), say("killed [cm³]")), tuple(killed)))
    if sensors:
        head = (say("sensor"), say("end [°C]"), say("lowest [°C]"), say("highest [°C]"))
        tables.append(Table(say("Sensors"), head, tuple(sensors)))
    return tuple(tables)


def energy_table(metrics: dict[str, Any]) -> Table:
    """The energy balance; terms that are nought are left out."""
    energy = metrics["energy"]
    terms = {key: value for key, value in energy.items() if key.endswith("_j") and value}
    rows = [(energy_words(key), number(value, 1)) for key, value in terms.items()]
    imbalance = energy["relative_imbalance"]
    note = "" if imbalance is None else say("Relative imbalance {share:.1e}.", share=imbalance)
    return Table(say("Energy balance"), (say("term"), say("energy [J]")), tuple(rows), note)


def value_table(result: Result) -> Table:
    """Each number of each tissue or device with its range and source."""
    rows = [
        (
            joined(plain(row.name)),
            property_words(key, found.unit),
            f"{found.value:.4g}",
            "" if found.low is None or found.high is None else joined(f"{found.low:.4g}–{found.high:.4g}"),
            found.source,
        )
        for row in result.setup.tissues
        for key, found in row.values.items()
    ]
    head = (say("tissue or device"), say("property"), say("value"), say("range"), say("source"))
    return Table(say("Values used"), head, tuple(rows), english=(4,))


def provenance_table(result: Result, metrics: dict[str, Any]) -> Table:
    """How the result came about."""
    grid, time = metrics["grid"], metrics["time"]
    shape = " × ".join(str(n) for n in reversed(grid["shape"]))
    rows = [
        (say("scene"), metrics["scene"]),
        (say("backend"), ", ".join(str(metrics[key]) for key in ("backend", "precision", "device") if metrics[key])),
        (
            say("grid"),
            say(
                "{shape} cells (x × y × z) of {mm:g} mm, {cells:,} in all",
                shape=shape,
                mm=grid["spacing_mm"][0],
                cells=grid["cells"],
            ),
        ),
        (say("simulated"), say("{time} s", time=seconds(time["simulated_s"]))),
        (
            say("computed in"),
            say(
                "{wall} s, of it {solve} s in the solver",
                wall=number(time["wall_s"], 1),
                solve=number(time["solve_s"], 1),
            ),
        ),
        *((name, str(value)) for name, value in result.provenance.items()),
        *input_rows(result.setup.inputs),
    ]
    return Table(say("Provenance"), (say("item"), say("value")), tuple(rows))


IMAGE_ENDS = (".gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".raw")
"""Ends of the names of images; of earlier runs it is .vtkhdf, and anything else is a mesh."""


def input_rows(inputs: dict[str, str]) -> list[tuple[str, str]]:
    """The input files by what they are and in the order of the scene, with their fingerprints.

    Their names are not told: those of imported images are often those of patients.
    """
    rows = []
    for number_of, (name, digest) in enumerate(inputs.items(), start=1):
        kind = say("mesh")
        if name.lower().endswith(IMAGE_ENDS):
            kind = say("image")
        elif name.lower().endswith(".vtkhdf"):
            kind = say("earlier run")
        rows.append((say("input {n}, {kind}", n=number_of, kind=kind), f"SHA-256 {digest}"))
    return rows
