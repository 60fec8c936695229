"""The tables of a comparison: each measure of metrics.json in one row, a cell for each plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gpu_ablate.language import say
from gpu_ablate.render.words import endpoint_words, plain, seconds
from gpu_ablate.report.bracket import span_words
from gpu_ablate.report.headline import allowed_words, worst
from gpu_ablate.report.one_run import (
    NOTHING,
    Cell,
    OneRun,
    judged_margin,
    killed_cm3,
    limit_words,
    margin_status,
    notes,
    procedure_s,
)
from gpu_ablate.report.tables import estimated, give_or_take
from gpu_ablate.report.text import measured, number, percent
from gpu_ablate.report.thinnest import thinnest_words
from gpu_ablate.units import KJ

WORST_TISSUES = 3
"""Healthy tissues of each plan that get a row, those with the largest killed volume first."""

SEEN_CM3 = 0.005
"""Less killed tissue than this reads 0.00 cm³."""


@dataclass(frozen=True)
class Row:
    """A measure in each plan, and whether it reads the same in all."""

    measure: str
    cells: tuple[Cell, ...]
    same: bool


@dataclass(frozen=True)
class Block:
    """Rows under a title."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


def blocks(runs: Sequence[OneRun]) -> tuple[Block, ...]:
    """All tables, without empty ones."""
    found = (targets_block(runs), tissue_block(runs), limits_block(runs), procedure_block(runs), computed_block(runs))
    return tuple(block for block in found if block.rows)


def row(measure: str, runs: Sequence[OneRun], cell: Callable[[OneRun], Cell]) -> Row:
    """A measure of each plan."""
    cells = tuple(cell(run) for run in runs)
    return Row(measure, cells, all(found == cells[0] for found in cells))


def block(title: str, rows: Sequence[Row], note: str = "") -> Block:
    """Rows under a title, without those that no plan has a value for."""
    return Block(title, tuple(row for row in rows if any(cell.words != NOTHING.words for cell in row.cells)), note)


def with_unit(value: float | None, decimals: int, unit: str) -> Cell:
    """A number with its unit."""
    return NOTHING if value is None else Cell(f"{number(value, decimals)} {unit}")


def targets_block(runs: Sequence[OneRun]) -> Block:
    """Volume, killed share and margins of each target."""
    names = dict.fromkeys(target["name"] for run in runs for target in run.metrics["targets"])
    rows = [found for name in names for found in target_rows(name, runs)]
    rows.append(row(say("Where it is thinnest"), runs, lambda run: Cell(thinnest_words(run.setup, run.metrics) or "–")))
    note = say("Margin: from the surface of the target to the nearest viable tissue; below 0 part of it is left.")
    if any(run.cold for run in runs):
        note += " " + say("Plans by cold are judged by the edge of the ice beyond the target.")
    return block(say("Targets"), rows, note)


def target_rows(name: str, runs: Sequence[OneRun]) -> tuple[Row, ...]:
    """The rows of one target."""

    def of(cell: Callable[[OneRun, dict[str, Any]], Cell]) -> Callable[[OneRun], Cell]:
        def found(run: OneRun) -> Cell:
            target = next((target for target in run.metrics["targets"] if target["name"] == name), None)
            return NOTHING if target is None else cell(run, target)

        return found

    def share(key: str) -> Callable[[OneRun], Cell]:
        return of(lambda _, target: with_unit(target[key], 1, "%"))

    words = plain(name)
    ice = (row(say("{name}: ice beyond it", name=words), runs, of(ice_cell)),) if any(run.cold for run in runs) else ()
    return (
        row(say("{name}: volume", name=words), runs, of(lambda _, target: with_unit(target["volume_cm3"], 2, "cm³"))),
        row(say("{name}: killed", name=words), runs, of(killed_cell)),
        row(say("{name}: thinnest margin", name=words), runs, of(margin_cell)),
        *ice,
        row(say("{name}: surface with ≥ 5 mm", name=words), runs, share("margin_5mm_percent")),
        row(say("{name}: surface with ≥ 10 mm", name=words), runs, share("margin_10mm_percent")),
    )


def killed_cell(run: OneRun, target: dict[str, Any]) -> Cell:
    """Share of a target that was killed, with the error of the grid where it was estimated."""
    share = target["ablated_percent"]
    return NOTHING if share is None else Cell(percent(float(share)) + error_of(run, target, "ablated_error_percent"))


def margin_cell(run: OneRun, target: dict[str, Any]) -> Cell:
    """The margin of the killed tissue; it has a state where the plan is judged by it."""
    value = target["min_margin_mm"]
    if value is None:
        return NOTHING
    state = margin_status(run, target) if not run.cold or value < 0 else ""
    return Cell(f"{number(value, 1)} mm" + error_of(run, target, "error_mm"), state)


def ice_cell(run: OneRun, target: dict[str, Any]) -> Cell:
    """The margin of the ice, of plans by cold."""
    return judged_margin(run, target) if run.cold else NOTHING


def error_of(run: OneRun, target: dict[str, Any], key: str) -> str:
    """The error of the grid of a target's number; nothing where it was not estimated."""
    errors = {found["name"]: found for found in estimated(run.metrics, "targets")}
    return give_or_take(errors.get(target["name"]), key)


def tissue_block(runs: Sequence[OneRun]) -> Block:
    """Killed tissue, healthy tissue in it, the worst tissues, and bone and skin."""
    worst_names: dict[str, None] = {}
    for run in runs:
        killed = sorted(run.metrics["collateral"].items(), key=lambda entry: -entry[1]["killed_cm3"])
        worst_names |= dict.fromkeys(n for n, entry in killed[:WORST_TISSUES] if entry["killed_cm3"] >= SEEN_CM3)

    def of(name: str) -> Callable[[OneRun], Cell]:
        return lambda run: with_unit(run.metrics["collateral"].get(name, {}).get("killed_cm3"), 2, "cm³")

    rows = [
        row(say("Killed tissue"), runs, lambda run: with_unit(killed_cm3(run), 2, "cm³")),
        row(say("Healthy tissue killed, outside the targets"), runs, lambda run: with_unit(collateral(run), 2, "cm³")),
        *(row(say("of it {tissue}", tissue=plain(name)), runs, of(name)) for name in worst_names),
    ]
    return block(say("Tissue killed"), rows)


def collateral(run: OneRun) -> float:
    """Healthy tissue that was killed [cm³]."""
    return float(sum(entry["killed_cm3"] for entry in run.metrics["collateral"].values()))


def limits_block(runs: Sequence[OneRun]) -> Block:
    """Hottest and coldest skin, each safety limit, and what else the reports tell first."""
    asked = dict.fromkeys((limit["where"], limit["quantity"]) for run in runs for limit in run.metrics["limits"])
    rows = [
        row(say("Hottest skin"), runs, hottest_skin),
        row(say("Coldest skin"), runs, coldest_skin),
        *(limit_row(where, quantity, runs) for where, quantity in asked),
        row(say("To think of"), runs, lambda run: Cell(" ".join(notes(run)) or "–")),
    ]
    return block(say("Safety"), rows)


def hottest_skin(run: OneRun) -> Cell:
    """The hottest place of any skin, as bad as the skin's limits on heat."""
    found = [skin["max_c"] for skin in run.metrics.get("skin", ()) if skin["max_c"] is not None]
    return with_unit(max(found, default=None), 1, "°C")


def coldest_skin(run: OneRun) -> Cell:
    """The coldest place of the skin that a limit is set on, where something freezes."""
    found = [
        limit["value"]
        for limit in run.metrics["limits"]
        if limit["where"] == "skin" and limit["quantity"] == "min_temperature_c" and limit["value"] is not None
    ]
    return with_unit(min(found, default=None), 1, "°C") if run.metrics.get("cold_load") else NOTHING


def limit_row(where: str, quantity: str, runs: Sequence[OneRun]) -> Row:
    """A safety limit in each plan; what is allowed stands beside the name, or in the cells where it differs."""
    found = [limit_of(run, where, quantity) for run in runs]
    allowed = {allowed_words(limit) for limit in found if limit is not None}
    words = limit_words({"where": where, "quantity": quantity})

    def cell(run: OneRun) -> Cell:
        limit = limit_of(run, where, quantity)
        if limit is None:
            return NOTHING
        value = say("not measured") if limit["value"] is None else measured(quantity, limit["value"])
        return Cell(value if len(allowed) == 1 else f"{value} ({allowed_words(limit)})", limit["status"])

    return row(f"{words} ({', '.join(allowed)})" if len(allowed) == 1 else words, runs, cell)


def limit_of(run: OneRun, where: str, quantity: str) -> dict[str, Any] | None:
    """A limit of a run, the worst where several are set on the same; None without one."""
    found = [limit for limit in run.metrics["limits"] if (limit["where"], limit["quantity"]) == (where, quantity)]
    return next((limit for limit in found if limit["status"] == worst(found)), None)


def procedure_block(runs: Sequence[OneRun]) -> Block:
    """Time, needles, stations, energy."""
    rows = [
        row(say("Last step ends at"), runs, lambda run: Cell(f"{seconds(procedure_s(run))} s")),
        row(say("Simulated until"), runs, lambda run: Cell(f"{seconds(run.metrics['time']['simulated_s'])} s")),
        row(say("Needles"), runs, lambda run: Cell(str(len(run.setup.probes)))),
        row(say("Tracks"), runs, lambda run: Cell(str(sum(len(probe.tracks) for probe in run.setup.probes)))),
        row(say("Stations with power"), runs, lambda run: count(run, lambda station: station.power_w > 0)),
        row(say("Freezes, over all needles"), runs, lambda run: count(run, lambda s: s.action == "freeze")),
        row(say("Energy from the generators"), runs, generator_energy),
        row(say("of it taken up by tissue in the box"), runs, absorbed_energy),
        row(say("Heat drawn by the cryoprobes"), runs, heat_drawn),
        row(say("Core of the body cools by at most"), runs, core_fall),
    ]
    return block(say("Procedure"), rows)


def count(run: OneRun, wanted: Callable[[Any], bool]) -> Cell:
    """How many steps were of a kind."""
    found = sum(wanted(station) for station in run.result.stations)
    return Cell(str(found)) if found else NOTHING


def generator_energy(run: OneRun) -> Cell:
    """What antennas were given: into tissue, lost in cables, reflected, escaped."""
    energy = run.metrics["energy"]
    total = sum(energy.get(f"{term}_j", 0.0) for term in ("sources", "cable", "reflected", "escaped"))
    return with_unit(total / KJ, 2, "kJ") if total > 0 else NOTHING


def absorbed_energy(run: OneRun) -> Cell:
    """What sources brought to tissue of the box."""
    brought = run.metrics["energy"].get("sources_j", 0.0)
    return with_unit(brought / KJ, 2, "kJ") if brought else NOTHING


def heat_drawn(run: OneRun) -> Cell:
    """What cryoprobes drew."""
    load = run.metrics.get("cold_load")
    return with_unit(load["drawn_kj"], 1, "kJ") if load else NOTHING


def core_fall(run: OneRun) -> Cell:
    """Upper bound of the fall of the core temperature."""
    load = run.metrics.get("cold_load")
    return with_unit(load["core_fall_c"], 2, "°C") if load else NOTHING


def computed_block(runs: Sequence[OneRun]) -> Block:
    """What the numbers rest on."""
    rows = [
        row(say("Counts as killed"), runs, lambda run: Cell(endpoint_words(run.setup.endpoint))),
        row(say("Voxel"), runs, lambda run: Cell(f"{run.metrics['grid']['spacing_mm'][0]:g} mm")),
        row(say("Over the bracket [least .. most]"), runs, lambda run: Cell(span_words(run.metrics) or "–")),
    ]
    return block(say("What the numbers rest on"), rows)
