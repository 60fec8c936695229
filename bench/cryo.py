"""Measure freezing with several cryoprobes: python -m bench.cryo [--only speed synergy rotation] [--out FILE].

How long a whole plan takes and what a coarse preview of it loses; how much more several probes kill than as many single
ones; and what turning a plan changes. Prints Markdown tables and writes JSON; parts left out stay as the file has them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from bench.measure import machine
from gpu_ablate.case.build import build_case
from gpu_ablate.outcome.metrics import measure
from gpu_ablate.scene.load import load_scene
from gpu_ablate.simulation import simulate
from gpu_ablate.verification.ice import frozen, layout, lethal_cm3
from gpu_ablate.verification.runner import Runner

ROUNDS = 3
"""The shortest of so many runs counts."""

PLAN = """
schema_version = 1
title = "Four probes, two cycles"
[plan]
intent = "radical"
margin_goal_mm = 10
[domain]
spacing_mm = 1
min_mm = [-50, -50, -50]
max_mm = [50, 50, 50]
background = "muscle"
[[region]]
name = "tumour"
role = "target"
tissue = "soft_tissue_tumour"
shape = { kind = "ellipsoid", center_mm = [0, 0, 0], radii_mm = [12, 12, 14] }
[run]
record_every_s = 300
"""
CYCLES = """repeat = 2
steps = [
  { action = "freeze", duration_s = 720 },
  { action = "thaw", by = "helium", duration_s = 240 },
]"""
"""12 minutes of freezing and 4 of helium, twice."""

RESOLUTIONS = {
    "1 mm, standard": (),
    "1.5 mm, preview": ("domain.spacing_mm=1.5", 'run.accuracy="preview"'),
}

TISSUES = ("muscle", "soft_tissue_tumour")
SPACINGS = (10.0, 15.0, 20.0, 25.0, 30.0)
"""Between neighbouring probes [mm]."""

BLOCK = """
schema_version = 1
[domain]
min_mm = [-34, -34, -34]
max_mm = [34, 34, 34]
background = "muscle"
[device.short]
like = "cryo_17g"
active_length_mm = 16
[run]
record_every_s = 300
trace_every_s = 10
"""
ONE_FREEZE = 'steps = [{ action = "freeze", duration_s = 300 }]'

TURNS: dict[str, tuple[str, list[float]]] = {
    "as it is": ("z", [0.0]),
    "45° about y": ("y", [45.0]),
    "30° about x, 20° about z": ("xz", [30.0, 20.0]),
    "45° about x, 35.3° about y": ("xy", [45.0, 35.26]),
    "22.5° about z": ("z", [22.5]),
    "8° about y": ("y", [8.0]),
}
"""Axes and angles [°] by which a plan is turned."""


def probe(name: str, device: str, tip: list[float], direction: list[float], steps: str) -> str:
    """A probe in a scene."""
    return f'[[probe]]\nname = "{name}"\ndevice = "{device}"\ntip_mm = {tip}\nshaft_direction = {direction}\n{steps}\n'


def computed(text: str, *changes: str) -> tuple[dict[str, Any], float]:
    """Metrics of a scene given as text, and how long it took to solve [s]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.toml"
        path.write_text(text, encoding="utf-8")
        case = build_case(load_scene(path, changes))
        result = simulate(case, "numba")
        return measure(result), float(result.run["solve_s"])


def speed() -> dict[str, Any]:
    """A plan of four probes in two cycles, at the resolution of a result and of a preview."""
    corners = [(x, y) for y in (-7.5, 7.5) for x in (-7.5, 7.5)]
    text = PLAN + "".join(
        probe(str(number), "cryo_17g", [x, y, -19.5], [0.0, 0.0, 1.0], CYCLES)
        for number, (x, y) in enumerate(corners, 1)
    )
    computed(text, "domain.spacing_mm=4")  # so that everything is compiled
    rounds = [{name: computed(text, *changes) for name, changes in RESOLUTIONS.items()} for _ in range(ROUNDS)]
    found: dict[str, Any] = {}
    for name in RESOLUTIONS:
        metrics = rounds[0][name][0]
        (target,) = metrics["targets"]
        found[name] = {
            "cells": metrics["grid"]["cells"],
            "solve_s": min(each[name][1] for each in rounds),
            "right_hand_sides": round(metrics["time"]["cell_steps"] / metrics["grid"]["cells"]),
            "below_0c_cm3": metrics["zones"]["below_0c"]["volume_cm3"],
            "below_m20c_cm3": metrics["zones"]["below_m20c"]["volume_cm3"],
            "below_m40c_cm3": metrics["zones"]["below_m40c"]["volume_cm3"],
            "ablated_percent": target["ablated_percent"],
            "margin_mm": target["min_margin_mm"],
            "ice_beyond_mm": target["boundary_margin_mm"],
        }
    return found


def synergy() -> dict[str, Any]:
    """Volume below -40 °C after 10 minutes of 1 to 4 probes of 17 G, by their spacing, 1 mm, and what it is over as
    many times that of one probe."""
    runner, found = Runner("numba"), {}
    for tissue in TISSUES:
        block = f'tissue.block={{ like = "{tissue}" }}'
        single = lethal_cm3(frozen(runner, layout(1, 0.0), block), 600.0)
        rows: dict[str, Any] = {"1": {"volume_cm3": single}}
        for count in (2, 3, 4):
            for spacing in SPACINGS:
                volume = lethal_cm3(frozen(runner, layout(count, spacing), block), 600.0)
                rows[f"{count} at {spacing:g} mm"] = {"volume_cm3": volume, "gain": volume / (count * single)}
        found[tissue] = rows
    return found


def rotation() -> dict[str, Any]:
    """Volume below -40 °C of three probes 15 mm apart, freezing length 16 mm, after 5 minutes, the plan turned."""
    around, found = 15.0 / math.sqrt(3.0), {}
    angles = np.radians([90.0, 210.0, 330.0])
    tips = np.column_stack([around * np.cos(angles), around * np.sin(angles), np.full(3, -10.0)])
    for spacing in (0.8, 0.5):
        volumes: dict[str, float] = {}
        for name, (axes, degrees) in TURNS.items():
            turn = Rotation.from_euler(axes, degrees, degrees=True)
            along = turn.apply([0.0, 0.0, 1.0]).tolist()
            probes = (probe(str(n), "short", tip, along, ONE_FREEZE) for n, tip in enumerate(turn.apply(tips).tolist()))
            metrics, _ = computed(BLOCK + "".join(probes), f"domain.spacing_mm={spacing}")
            volumes[name] = metrics["zones"]["below_m40c"]["volume_cm3"]
        changes = {name: volume / volumes["as it is"] - 1.0 for name, volume in volumes.items()}
        found[f"{spacing:g} mm"] = {"volume_cm3": volumes, "change": changes}
    return found


def speed_table(found: dict[str, Any]) -> str:
    """Markdown: each resolution beside the first."""
    first = next(iter(found.values()))
    keys = ("below_0c_cm3", "below_m20c_cm3", "below_m40c_cm3", "margin_mm", "ice_beyond_mm")
    lines = [
        "| resolution | cells | solving | below 0 °C | -20 °C | -40 °C | margin of -40 °C | ice beyond the tumour |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        cells = [
            f"{row[key]:.2f} {key[-3:].strip('_').replace('cm3', 'cm³')} ({row[key] - first[key]:+.2f})" for key in keys
        ]
        lines.append(f"| {name} | {row['cells']} | {row['solve_s']:.1f} s | {' | '.join(cells)} |")
    return "\n".join(lines)


def synergy_table(found: dict[str, Any]) -> str:
    """Markdown: volume and gain by tissue, number and spacing."""
    heads = " | ".join(f"{spacing:g} mm" for spacing in SPACINGS)
    lines = [f"| tissue | probes | {heads} |", "|---|---|" + "---|" * len(SPACINGS)]
    for tissue, rows in found.items():
        for count in (2, 3, 4):
            each = [rows[f"{count} at {spacing:g} mm"] for spacing in SPACINGS]
            cells = " | ".join(f"{row['volume_cm3']:.1f} cm³, {row['gain']:.2f}" for row in each)
            lines.append(f"| {tissue} (one probe {rows['1']['volume_cm3']:.2f} cm³) | {count} | {cells} |")
    return "\n".join(lines)


def rotation_table(found: dict[str, Any]) -> str:
    """Markdown: change of the volume by turn and voxel."""
    lines = [f"| turn | {' | '.join(found)} |", "|---|" + "---|" * len(found)]
    for name in TURNS:
        cells = (f"{row['volume_cm3'][name]:.3f} cm³ ({100.0 * row['change'][name]:+.2f} %)" for row in found.values())
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


PARTS: dict[str, tuple[Callable[[], dict[str, Any]], Callable[[dict[str, Any]], str]]] = {
    "speed": (speed, speed_table),
    "synergy": (synergy, synergy_table),
    "rotation": (rotation, rotation_table),
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="parts; default all")
    parser.add_argument("--out", type=Path, help="JSON file; default bench/results/cryo-DATE.json")
    options = parser.parse_args()
    date = datetime.now(UTC).date().isoformat()
    out = options.out or Path(__file__).parent / "results" / f"cryo-{date}.json"
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    found |= {"date": date, "machine": machine()}
    for name in options.only:
        compute, table = PARTS[name]
        load = os.getloadavg()[0]
        found[name] = compute()
        found.setdefault("load_before", {})[name] = load
        print(f"{name}:\n\n{table(found[name])}\n", flush=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
