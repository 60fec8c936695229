"""Measure the errors of the integration in time: python -m bench.accuracy [--quick] [--out FILE].

Prints Markdown tables for docs/numerics.md and writes JSON. The freezing case is that of `problems.freezing`; its
reference is Euler in float64 at a constant step, the stable one of the coldest ice; a converged result (RKL2 with steps
of at most 0.05 s) shows what that is worth. The heating case is `problems.heating`, against a converged result.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import numpy as np

from bench.measure import machine
from bench.problems import freezing, heating
from bench.steps import (
    coldest_limit,
    compute,
    converged,
    difference,
    euler_at_the_limit,
    right_hand_sides,
)
from gpu_ablate.case.case import Accuracy
from gpu_ablate.result.result import Result

CONVERGED_S = 0.05
"""Longest step of the converged references [s]."""

ISOTHERMS = (0.0, -20.0, -40.0)
TIMES = (300.0, 600.0, 780.0, 960.0)

ACCURACIES: tuple[Accuracy, ...] = get_args(Accuracy)


def _row(found: Result, expected: Result, euler: Result, times: list[float]) -> dict[str, Any]:
    """Work and errors of a result of the freezing case."""
    coldest = found.final["min_temperature"] - expected.final["min_temperature"]
    return {
        "right_hand_sides": right_hand_sides(found),
        "gain": right_hand_sides(euler) / right_hand_sides(found),
        "at": {f"{time:g}": asdict(difference(found, expected, time, ISOTHERMS)) for time in times},
        "coldest_k": float(np.abs(coldest).max()),
        "coldest_rms_k": float(np.sqrt(np.mean(coldest.astype(np.float64) ** 2))),
        "relative_imbalance": found.energy["relative_imbalance"],
    }


def freezing_errors(n: int, duration: float, cold_ice: bool) -> dict[str, Any]:
    """Each accuracy against Euler, and all of them against a converged result."""
    times = [time for time in TIMES if time <= duration]
    exact_case = freezing(n, duration, "standard", "float64", cold_ice)
    limit = coldest_limit(exact_case)
    with euler_at_the_limit(limit):
        euler = compute(exact_case)
    with euler_at_the_limit():
        free = compute(exact_case)
    with converged(CONVERGED_S):
        truth = compute(exact_case)
    results: dict[str, Result] = {
        accuracy: compute(freezing(n, duration, accuracy, cold_ice=cold_ice)) for accuracy in ACCURACIES
    }
    everything = {"euler, constant step": euler, "euler, longest stable steps": free, **results}
    return {
        "n": n,
        "duration_s": duration,
        "cold_ice": cold_ice,
        "step_s": limit,
        "against_euler": {name: _row(result, euler, euler, times) for name, result in results.items()},
        "against_converged": {name: _row(result, truth, euler, times) for name, result in everything.items()},
    }


def heating_errors(n: int) -> dict[str, Any]:
    """Temperature, CEM43 where it lies between 1 and 10⁴ min, and the volume of 240 min and more."""
    with converged(CONVERGED_S):
        truth = compute(heating(n, "fine", "float64"))
    dose = truth.final["cem43"].astype(np.float64)
    counts = (dose > 1.0) & (dose < 1e4)
    found: dict[str, Any] = {"n": n, "cells": int(counts.sum()), "dead_cells": _dead(dose)}
    for accuracy in ACCURACIES:
        result = compute(heating(n, accuracy, "float32"))
        own = result.final["cem43"].astype(np.float64)
        error = own[counts] / dose[counts] - 1.0
        found[accuracy] = {
            "right_hand_sides": right_hand_sides(result),
            "at": {f"{time:g}": asdict(difference(result, truth, time, ())) for time in (60.0, 180.0)},
            "dose": {"greatest": float(np.abs(error).max()), "rms": float(np.sqrt(np.mean(error**2)))},
            "volume": _dead(own) / _dead(dose) - 1.0,
        }
    return found


def _dead(dose: np.ndarray) -> float:
    """Cells of 240 min and more; within a factor of √2 of it a cell counts in part."""
    return float(np.clip(np.log2(np.maximum(dose, 1e-30) / 240.0) + 0.5, 0.0, 1.0).sum())


def freezing_tables(found: dict[str, Any]) -> str:
    """The errors of the freezing case as Markdown."""
    ice = "cold ice" if found["cold_ice"] else "constant frozen values"
    lines = []
    for title, against in (("Euler", "against_euler"), ("the converged result", "against_converged")):
        lines += [
            f"Freezing, {ice}, {found['n']}³, {found['duration_s']:g} s, against {title}"
            f" (constant Euler step {found['step_s']:.4f} s):",
            "",
            "| | right-hand sides | gain | time [s] | max [K] | rms [K] | V 0 °C | V -20 °C | V -40 °C | coldest [K] |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for name, row in found[against].items():
            for time, error in row["at"].items():
                below = [error["volumes"].get(f"{isotherm:g}") for isotherm in ISOTHERMS]
                volumes = " | ".join("-" if value is None else f"{100 * value:+.3f} %" for value in below)
                lines.append(
                    f"| {name} | {row['right_hand_sides']} | {row['gain']:.2f} | {time} | {error['greatest']:.3f} "
                    f"| {error['rms']:.4f} | {volumes} | {row['coldest_k']:.3f} |"
                )
        lines.append("")
    return "\n".join(lines)


def heating_table(found: dict[str, Any]) -> str:
    """The errors of the heating case as Markdown."""
    lines = [
        f"Heating, 30 W for 60 s and 120 s of rest, {found['n']}³, against the converged result; "
        f"{found['cells']} cells with 1 < CEM43 < 10⁴ min, {found['dead_cells']:.0f} of 240 min and more:",
        "",
        "| | right-hand sides | max / rms at 60 s [K] | at 180 s [K] | CEM43, max / rms | V 240 min |",
        "|---|---|---|---|---|---|",
    ]
    for name in ACCURACIES:
        row = found[name]
        first, last = (f"{row['at'][t]['greatest']:.4f} / {row['at'][t]['rms']:.5f}" for t in ("60", "180"))
        dose = f"{100 * row['dose']['greatest']:.2f} / {100 * row['dose']['rms']:.2f} %"
        lines.append(
            f"| {name} | {row['right_hand_sides']} | {first} | {last} | {dose} | {100 * row['volume']:+.3f} % |"
        )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small box and 300 s")
    parser.add_argument("--out", type=Path, help="JSON file; default bench/results/accuracy-DATE.json")
    options = parser.parse_args()
    n, duration = (24, 300.0) if options.quick else (44, 960.0)
    date = datetime.now(UTC).date().isoformat()
    found: dict[str, Any] = {"date": date, "machine": machine(), "freezing": []}
    for cold_ice in (True, False):
        found["freezing"].append(freezing_errors(n, duration, cold_ice))
        print(freezing_tables(found["freezing"][-1]), flush=True)
    found["heating"] = heating_errors(24 if options.quick else 64)
    print(heating_table(found["heating"]))
    out = options.out or Path(__file__).parent / "results" / f"accuracy-{date}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
