"""Measure how fast the engine is here: python -m bench.run [--quick] [--backend NAME] [--device N] [--out FOLDER].

Prints tables and writes JSON, one file for the CPU and one for the GPU; bench/README.md says what each number means.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad_vec

from bench import gpu
from bench.apart import STEPS, compiling, memory, start_up, whole_cases
from bench.gpu_device import describe, nvidia
from bench.measure import all_threads, clock_name, copy_bandwidth, machine, shortest
from bench.problems import LINEAR_MEDIUM, LINEAR_POWER, LINEAR_SIGMA, SPACING, block, heat, linear
from gpu_ablate.case.case import Case
from gpu_ablate.engine.backend import Backend
from gpu_ablate.engine.choose import BACKENDS, choose_backend, open_backend
from gpu_ablate.engine.cpu import Cpu
from gpu_ablate.engine.superstep import SuperStep
from gpu_ablate.errors import BackendError
from gpu_ablate.physics.analytic import gaussian_decay
from gpu_ablate.units import BODY_C

BYTES_PER_STEP = 13
"""Least traffic of a cell and step in float32: u in, u out, the power density, the label."""

SIZES = {"numpy": (96, 128)}
"""Of the backends that are too slow for all sizes."""

ALL_SIZES = (96, 128, 192, 256)

RESULTS = Path(__file__).parent / "results"


def engine_of(name: str, case: Case, threads: int) -> Backend:
    """A backend on so many threads; only that on Numba can be told."""
    return Cpu(case, threads) if name == "numba" else open_backend(name, case)


def full_physics(name: str, n: int, threads: int, rounds: int) -> dict[str, float]:
    """Mcell-steps/s of each scheme with damage off and on at n³; a step is one evaluation of the right-hand side.

    Doses are taken once per super-step: 4 steps of Euler, 7 stages of RKL1, 9 of RKL2.
    """
    jobs = {}
    for damage in (False, True):
        case, u, source = block(n, damage)
        engine = engine_of(name, case, threads)
        engine.restore({**engine.save(), "u": u})
        heat(engine, source)
        for scheme, step in STEPS.items():
            jobs[f"{scheme} {'damage' if damage else 'plain'}"] = partial(engine.advance, step)
    seconds = shortest(jobs, threads, rounds)
    return {job: n**3 * STEPS[job.split()[0]].count / best / 1e6 for job, best in seconds.items()}


def linear_speed(name: str, n: int, threads: int, rounds: int) -> float:
    """Mcell-steps/s of 60 Euler steps of 1 s of the linear problem."""
    case, source = linear(n)
    engine = engine_of(name, case, threads)
    heat(engine, source)
    job = partial(engine.advance, SuperStep("euler", 60.0, 60))
    return 60 * n**3 / shortest({"steps": job}, threads, rounds)["steps"] / 1e6


def linear_error(name: str, n: int) -> dict[str, float]:
    """Rise of the hottest cell after 60 steps of 1 s, and greatest error against the closed form [K].

    T = ∫ P/ρc G(σ, s) ds over s = 0 .. t: the source is a rain of Gaussians, each of which spreads and is perfused.
    """
    case, source = linear(n)
    engine = engine_of(name, case, all_threads())
    heat(engine, source)
    engine.advance(SuperStep("euler", 60.0, 60))
    engine.keep()
    found = engine.temperature() - BODY_C
    axis = SPACING * (np.arange(n) - 0.5 * (n - 1))
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    near = np.linspace(0.0, radius.max(), 4001)
    peak = LINEAR_POWER / (2.0 * np.pi * LINEAR_SIGMA**2) ** 1.5 / LINEAR_MEDIUM.heat_capacity

    def spread(s: float) -> NDArray[np.float64]:
        return gaussian_decay(LINEAR_MEDIUM, peak, LINEAR_SIGMA, near, s)

    exact, _ = quad_vec(spread, 0.0, 60.0, epsrel=1e-9)
    error = found - np.interp(radius, near, exact)
    return {"rise_k": float(found.max()), "error_k": float(np.abs(error).max())}


def measure(backends: list[str], quick: bool) -> dict[str, Any]:
    """All of it, on the CPU."""
    rounds = 4 if quick else 12
    load = os.getloadavg()[0]
    counts = sorted({1, min(2, all_threads()), all_threads()})
    bandwidth = {threads: copy_bandwidth(threads, rounds) for threads in counts}
    rates, linears = [], []
    for name in backends:
        for n in SIZES.get(name, ALL_SIZES)[: 2 if quick else None]:
            for threads in counts if name == "numba" else [1]:
                found = full_physics(name, n, threads, max(2, rounds // 6) if name == "numpy" else rounds)
                for job, rate in found.items():
                    scheme, damage = job.split()
                    share = rate * 1e6 * BYTES_PER_STEP / bandwidth[threads]
                    rates.append(
                        {
                            "backend": name,
                            "n": n,
                            "threads": threads,
                            "clock": clock_name(threads),
                            "scheme": scheme,
                            "damage": damage == "damage",
                            "mcell_steps_s": rate,
                            "share_of_copy": share,
                        }
                    )
        for n in (128,) if quick or name == "numpy" else (128, 256):
            for threads in counts if name == "numba" else [1]:
                rate = linear_speed(name, n, threads, 1 if name == "numpy" else max(2, rounds // 3))
                linears.append({"backend": name, "n": n, "threads": threads, "mcell_steps_s": rate})
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "quick": quick,
        "machine": machine(),
        "load_before": load,
        "copy_gb_s": {str(threads): value / 1e9 for threads, value in bandwidth.items()},
        "full_physics": rates,
        "linear": linears,
        "linear_error": {name: linear_error(name, 128) for name in backends if name != "numpy"},
        "start_up": start_up(3),
        "compiling": compiling(),
        "memory": memory(quick),
        "whole_cases": whole_cases(quick),
    }


def table(found: dict[str, Any]) -> str:
    """The results of the CPU as Markdown."""
    machine_ = found["machine"]
    lines = [
        f"{machine_['cpu']}, {machine_['cores']} cores, {machine_['ram_gib']} GiB; Python {machine_['python']}, "
        f"NumPy {machine_['numpy']}, Numba {machine_['numba']}; {found['date']}; "
        f"load before the start {found['load_before']:.1f}",
        "",
        "Copy bandwidth: " + ", ".join(f"{v:.1f} GB/s on {k} thread(s)" for k, v in found["copy_gb_s"].items()),
        "",
        "| backend | size | threads | clock | scheme | plain | share of copy | with damage |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = found["full_physics"]
    for row in (row for row in rows if not row["damage"]):
        same = ("backend", "n", "threads", "scheme")
        other = next(r for r in rows if r["damage"] and all(r[key] == row[key] for key in same))
        slower = row["mcell_steps_s"] / other["mcell_steps_s"] - 1.0
        lines.append(
            f"| {row['backend']} | {row['n']}³ | {row['threads']} | {row['clock']} | {row['scheme']} "
            f"| {row['mcell_steps_s']:.0f} | {100 * row['share_of_copy']:.1f} % "
            f"| {other['mcell_steps_s']:.0f} ({100 * slower:+.0f} % time) |"
        )
    lines += ["", "| linear problem | size | threads | Mcell-steps/s |", "|---|---|---|---|"]
    lines += [f"| {r['backend']} | {r['n']}³ | {r['threads']} | {r['mcell_steps_s']:.0f} |" for r in found["linear"]]
    lines += [""]
    for name, error in found["linear_error"].items():
        lines.append(f"{name}: rise {error['rise_k']:.2f} K, error against the closed form {error['error_k']:.3f} K")
    start, first, freeze = found["start_up"], found["compiling"], found["memory"]["freeze"]
    states = found["memory"]["state_bytes_per_cell"]
    lines += [
        "",
        "| what | found |",
        "|---|---|",
        f"| `import gpu_ablate` (Python alone) | {start['import_s']:.2f} s ({start['python_s']:.2f} s) |",
        f"| `gpu-ablate --help` | {start['help_s']:.2f} s |",
        *(
            f"| compiling and first steps, {when} | {cost['wall_s']:.1f} s ({cost['cpu_s']:.1f} s of CPU) |"
            for when, cost in first.items()
        ),
        "| bytes per cell of state and stages | " + ", ".join(f"{k} {v:.1f}" for k, v in states.items()) + " |",
        f"| most memory, {freeze['n']}³ freeze of {freeze['simulated_s']:g} s | {freeze['peak_gb']:.2f} GB "
        f"({freeze['before_gb']:.2f} GB before it) |",
    ]
    lines += [f"| {name} | {case['wall_s']:.1f} s |" for name, case in found["whole_cases"].items()]
    return "\n".join(lines)


def on_gpu(number: int, quick: bool, folder: Path) -> bool:
    """Measure a GPU and print its tables; whether all went well.

    Raises
    ------
    BackendError
        It can't be used.
    """
    choose_backend("cuda", number)
    about: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "gpu": describe(number),
    }
    out = folder / _file_name(about["gpu"]["name"], about["date"])
    found = gpu.measure(nvidia(number), gpu.programme(quick), lambda found: _write(out, {**about, **found}))
    print(gpu.tables({**about, **found}))
    return not found["failed"]


def _file_name(what: str, date: str) -> str:
    return f"{re.sub(r'[^a-z0-9]+', '-', what.lower()).strip('-')}-{date}.json"


def _write(out: Path, found: dict[str, Any]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes and few repetitions")
    parser.add_argument(
        "--backend", action="append", choices=BACKENDS, help="only this; may be repeated; default those of the CPU"
    )
    parser.add_argument("--device", type=int, default=0, help="which GPU; default 0")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON files; default bench/results")
    options = parser.parse_args()
    backends = options.backend or ["numba", "numpy"]
    try:
        well = "cuda" not in backends or on_gpu(options.device, options.quick, options.out)
    except BackendError as error:
        sys.exit(str(error))
    if on_cpu := [name for name in backends if name != "cuda"]:
        found = measure(on_cpu, options.quick)
        what = f"{found['machine']['cpu']} {found['machine']['cores']} cores"
        _write(options.out / _file_name(what, found["date"]), found)
        print(table(found))
    sys.exit(not well)


if __name__ == "__main__":
    main()
