"""What is measured in a process of its own: start-up, compiling, whole runs and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import forget_peak, peak_bytes, resident_bytes
from bench.problems import block, heat, two_cycle_freeze
from gpu_ablate.engine.cpu import Cpu
from gpu_ablate.engine.superstep import Scheme, SuperStep
from gpu_ablate.simulation import simulate

ROOT = Path(__file__).parent.parent

STEPS = {"euler": SuperStep("euler", 0.12, 4), "rkl1": SuperStep("rkl1", 0.2, 7), "rkl2": SuperStep("rkl2", 0.2, 9)}
"""A stable super-step of each scheme for `problems.block`."""


def _child(arguments: list[str], environment: dict[str, str] | None = None) -> tuple[str, float]:
    """What a Python process prints, and the wall time it takes [s]."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, time.perf_counter() - began


def _call(expression: str, environment: dict[str, str] | None = None) -> Any:
    """Value of an expression of functions of this file, worked out in a fresh process."""
    text, _ = _child(["-c", f"import json; from bench.apart import *; print(json.dumps({expression}))"], environment)
    return json.loads(text.splitlines()[-1])


def start_up(rounds: int) -> dict[str, float]:
    """Wall time of a Python process that does nothing, imports the package, prints the help [s]; least of some."""
    jobs = {
        "python_s": ["-c", ""],
        "import_s": ["-c", "import gpu_ablate"],
        "help_s": ["-m", "gpu_ablate", "--help"],
    }
    return {name: min(_child(arguments)[1] for _ in range(rounds)) for name, arguments in jobs.items()}


def first_steps() -> dict[str, float]:
    """Time until every kernel has run once on a small block [s], imports not counted: wall, and of the CPU."""
    case, _, source = block(16, damage=True)
    began, used = time.perf_counter(), time.process_time()
    engine = Cpu(case)
    heat(engine, source)
    for step in STEPS.values():
        engine.advance(step)
        engine.keep()
    engine.ranges()
    return {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - used}


def compiling() -> dict[str, dict[str, float]]:
    """`first_steps` without anything compiled, and again with what that left on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        first, later = (_call("first_steps()", {"NUMBA_CACHE_DIR": folder}) for _ in range(2))
    return {"first": first, "later": later}


def state_bytes(n: int, scheme: Scheme) -> float:
    """Bytes per cell by which the process grows for the state and the stages of a scheme; no source, no history."""
    case, _, _ = block(n, damage=False)
    Cpu(block(16, damage=False)[0]).advance(STEPS[scheme])  # so that no kernel is loaded in between
    before = resident_bytes()
    engine = Cpu(case)
    engine.advance(STEPS[scheme])
    return (resident_bytes() - before) / case.setup.grid.cells


def whole_freeze(n: int, duration: float) -> dict[str, float]:
    """Two cycles of freezing (or the first seconds of them) at n³: wall time, right-hand sides, most memory."""
    case = two_cycle_freeze(n, duration)
    forget_peak()
    before = resident_bytes()
    result = simulate(case, "numba")
    return {
        "n": n,
        "simulated_s": float(result.run["simulated_s"]),
        "wall_s": float(result.run["wall_s"]),
        "right_hand_sides": int(result.run["cell_steps"]) // n**3,
        "before_gb": before / 1e9,
        "peak_gb": peak_bytes() / 1e9,
        "relative_imbalance": result.energy["relative_imbalance"],
        "coldest_c": float(np.min(result.final["min_temperature"])),
    }


def whole_cases(quick: bool) -> dict[str, Any]:
    """Wall time of the shipped breast case, with its figures and without, and of two cycles of freezing."""
    found: dict[str, Any] = {}
    spacing = ["--spacing-mm", "1.5"] if quick else []
    for name, options in (("breast_pullback", []), ("breast_pullback, no figures", ["--no-figures"])):
        with tempfile.TemporaryDirectory() as folder:
            command = ["-m", "gpu_ablate", "run", "breast_pullback", "--quiet", "--out", f"{folder}/run"]
            _, wall = _child([*command, *spacing, *options])
        found[name] = {"wall_s": wall}
    found["two-cycle freeze"] = _call(f"whole_freeze({48 if quick else 96}, 1680.0)")
    return found


def memory(quick: bool) -> dict[str, Any]:
    """Bytes per cell of each scheme, and the most memory of the first seconds of a large two-cycle freeze."""
    large = 128 if quick else 256
    returned = {"MALLOC_MMAP_THRESHOLD_": "1000000"}  # what is freed goes back to the system and is not counted
    return {
        "state_bytes_per_cell": {scheme: _call(f"state_bytes(192, {scheme!r})", returned) for scheme in STEPS},
        "freeze": _call(f"whole_freeze({large}, 10.0)"),
    }
