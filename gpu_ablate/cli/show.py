"""`gpu-ablate show`: the metrics of a run as text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gpu_ablate.cli.text import NONE, number, point, significant, table


def show(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Print verdict, targets, limits and zones of a run."""
    from gpu_ablate.errors import ResultError
    from gpu_ablate.result.store import AGAIN, load_metrics

    metrics = load_metrics(run)
    try:
        text = summary(metrics)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ResultError(f"{run / 'metrics.json'}: is damaged ({type(error).__name__}: {error})\n  {AGAIN}") from error
    typer.echo(text)


def findings(metrics: dict[str, Any]) -> str:
    """What matters first, as text: verdict, targets, limits."""
    verdict = metrics["verdict"]
    head = (
        f"{metrics['scene']}: {metrics['status']}\n"
        f"verdict  {verdict.get('reads', verdict['outcome'])} ({verdict['intent']} intent){_broken(metrics)}\n"
        f"         {verdict['why']}\n"
    )
    return "\n".join(part for part in (head, _targets(metrics), _limits(metrics)) if part)


def summary(metrics: dict[str, Any]) -> str:
    """All metrics as text: the findings, zones that exist, sensors, time and energy."""
    time, grid = metrics["time"], metrics["grid"]
    tail = (
        f"{number(time['simulated_s'], 0)} s simulated in {number(time['solve_s'])} s on "
        f"{metrics['backend']}, {grid['cells']:,} voxels, "
        f"relative energy imbalance {_short(metrics['energy']['relative_imbalance'])}"
    )
    parts = (
        findings(metrics),
        _zones(metrics),
        _sensors(metrics),
        _cryoprobes(metrics),
        _refreezes(metrics),
        _cold_load(metrics),
        _grid_error(metrics),
        _bracket(metrics),
        tail,
    )
    return "\n".join(part for part in parts if part)


def _broken(metrics: dict[str, Any]) -> str:
    """The broken limits, for the line of the verdict; nothing if all hold."""
    broken = [
        f"{limit['where']} {limit['quantity']} {significant(limit['value'])}, limit {significant(limit['fail'])}"
        for limit in metrics["limits"]
        if limit["status"] == "broken"
    ]
    return f"; LIMIT BROKEN: {'; '.join(broken)}" if broken else ""


def _targets(metrics: dict[str, Any]) -> str:
    errors = {found["name"]: found for found in _estimated(metrics, "targets")}
    pm = ["±"] if errors else []
    rows = [
        [
            target["name"],
            number(target["volume_cm3"], 2),
            number(target["ablated_percent"]),
            *(number(errors[target["name"]]["ablated_error_percent"]) for _ in pm),
            number(target["min_margin_mm"]),
            *(number(errors[target["name"]]["error_mm"]) for _ in pm),
            number(target["margin_5mm_percent"]),
            number(target["margin_10mm_percent"]),
        ]
        for target in metrics["targets"]
    ]
    header = ("name", "cm³", "ablated %", *pm, "least margin mm", *pm, "margin ≥ 5 mm %", "margin ≥ 10 mm %")
    return table("targets", header, rows)


def _estimated(metrics: dict[str, Any], what: str) -> Any:
    """The "zones" or "targets" of the numerical error; empty where none was estimated."""
    return (metrics.get("numerical_error") or {}).get(what, ())


def _grid_error(metrics: dict[str, Any]) -> str:
    """What ± stands for, and what has none."""
    found = metrics.get("numerical_error")
    if not found:
        return ""
    if found["reason"]:
        return f"error of the grid not estimated: {found['reason']}\n"
    fine_mm, coarse_mm = found["spacing_mm"]
    lines = [f"± error of the grid, estimated from {fine_mm:g} and {coarse_mm:g} mm"]
    without = [(name, zone["reason"]) for name, zone in found["zones"].items()]
    without += [(target["name"], target["reason"]) for target in found["targets"]]
    lines += [f"  no ± for {name}: {reason}" for name, reason in without if reason]
    return "\n".join(lines) + "\n"


def _bracket(metrics: dict[str, Any]) -> str:
    """The run and its variants, a row each."""
    from gpu_ablate.report.bracket import device_words, span_words

    found = metrics.get("bracket")
    if not found:
        return ""
    if found["reason"]:
        return f"no bracket: {found['reason']}\n"
    endpoint = next(iter(metrics["zones"]))
    rows = [
        [
            device_words(run),
            run["perfusion_preset"],
            number(run["zones"][endpoint]["volume_cm3"], 2),
            " / ".join(number(target["ablated_percent"]) for target in run["targets"]),
            " / ".join(number(target["min_margin_mm"]) for target in run["targets"]),
            run["outcome"],
            ", ".join(
                f"{limit['where']} {limit['quantity']}" for limit in run["limits"] if limit["status"] == "broken"
            ),
        ]
        for run in found["runs"]
    ]
    header = ("devices", "perfusion", f"{endpoint} cm³", "ablated %", "least margin mm", "outcome", "broken limits")
    spans = span_words(metrics)
    return table("bracket (the run itself first)", header, rows) + (f"  {spans}\n" if spans else "")


def _limits(metrics: dict[str, Any]) -> str:
    rows = [
        [
            limit["where"],
            limit["quantity"],
            significant(limit["value"]),
            number(limit["at_s"], 0),
            point(limit["at_mm"]),
            limit["status"],
        ]
        for limit in metrics["limits"]
    ]
    return table("limits", ("where", "quantity", "value", "at s", "at mm", "status"), rows)


def _zones(metrics: dict[str, Any]) -> str:
    errors = _estimated(metrics, "zones")
    pm = ["±"] if errors else []
    rows = [
        [
            name,
            number(zone["volume_cm3"], 2),
            *(number(errors[name]["error_cm3"], 2) for _ in pm),
            point(zone["extent_mm"]),
            number(zone["along_probe_mm"]),
            " x ".join(number(width) for width in zone["across_probe_mm"]),
        ]
        for name, zone in metrics["zones"].items()
        if zone["volume_cm3"]
    ]
    return table("zones", ("name", "cm³", *pm, "extent mm", "along probe mm", "across probe mm"), rows)


def _sensors(metrics: dict[str, Any]) -> str:
    rows = [
        [name, number(values["final_c"], 2), number(values["min_c"], 2), number(values["max_c"], 2)]
        for name, values in metrics["sensors"].items()
    ]
    return table("sensors", ("name", "final °C", "least °C", "highest °C"), rows)


def _cryoprobes(metrics: dict[str, Any]) -> str:
    from gpu_ablate.report.cold import plausibility

    rows = [
        [
            probe["name"],
            number(probe["drawn_kj"]),
            number(probe["peak_w"]),
            plausibility(probe),
            number(probe.get("free_at_s"), 0),
        ]
        for probe in metrics.get("cryoprobes", [])
    ]
    return table("cryoprobes", ("name", "heat drawn kJ", "at most W", "", "free at s"), rows)


def _refreezes(metrics: dict[str, Any]) -> str:
    from gpu_ablate.report.cold import cycle_rows

    rows = [
        [
            number(row["time_s"], 0),
            ", ".join(row["probes"]),
            number(row["ice_left_percent"], 0),
            number(row["target_frozen_percent"], 0),
        ]
        for row in (metrics.get("ice_course") or {"refreezes": []})["refreezes"]
    ]
    twice = [list(row) for row in cycle_rows(metrics)]
    again = table("refreezes", ("at s", "probes", "ice left %", "of the target frozen %"), rows)
    cycles = table("cycles", ("colder than", "once cm³", "twice, rewarmed cm³", "twice, fully thawed cm³"), twice)
    return "\n".join(part for part in (again, cycles) if part)


def _cold_load(metrics: dict[str, Any]) -> str:
    """Heat drawn and what it means for the core, and what the board must think of, a line each."""
    load = metrics.get("cold_load")
    lines = [bone["note"] for bone in metrics.get("bones", []) if bone["note"]]
    if load:
        lines.insert(
            0,
            f"cold load: {number(load['drawn_kj'])} kJ drawn; the core of {load['body_mass_kg']:g} kg cools by at most "
            f"{number(load['core_fall_c'], 2)} °C",
        )
        lines += [load["note"]] if load["note"] else []
    return "\n".join(lines) + "\n" if lines else ""


def _short(value: float | None) -> str:
    return NONE if value is None else f"{value:.1e}"
