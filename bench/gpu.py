"""Measure the CUDA backend on a GPU, the figures that matter most first: python -m bench.run --backend cuda.

bench/README.md says what each number means. `python -m bench.gpu FILE` prints the tables of a JSON file, also of a run
that was cut off.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import gpu_ablate as ga
from bench.gpu_cases import agreement, whole
from bench.gpu_device import Extent, Gpu
from bench.gpu_speed import copy_bandwidth, ensemble, full_physics, launches
from bench.problems import LONG_CYCLES, TWO_CYCLES, microwave, two_cycle_freeze
from gpu_ablate.case.case import Case
from gpu_ablate.errors import BackendError

Found = dict[str, Any]
Build = Callable[[], Case]


@dataclass(frozen=True)
class Programme:
    """What is measured.

    sizes : n of the blocks of full physics; the first comes first, the others last
    ensemble : how many members, and their n
    tiny : n of the grid that shows what launches cost
    timed, compared : whole cases by name, built when their turn comes
    """

    quick: bool
    extent: Extent
    sizes: tuple[int, ...]
    ensemble: tuple[int, int]
    tiny: int
    timed: dict[str, Build]
    compared: dict[str, Build]


def programme(quick: bool) -> Programme:
    """All of it, or small sizes and few repetitions."""
    n, smaller, spacing = (64, 64, 1.5e-3) if quick else (160, 128, 0.75e-3)
    return Programme(
        quick,
        Extent(2**28, 0.02, 5e8) if quick else Extent(2**30, 0.1, 5e9),
        (128, 64) if quick else (256, 128, 160, 64, 96, 192, 384, 512),
        (64, 32) if quick else (64, 64),
        16,
        {
            f"two-cycle freeze of 36 min, {n}³": lambda: two_cycle_freeze(n, LONG_CYCLES[-1][0], spacing, LONG_CYCLES),
            f"microwave, 10 min, {smaller}³": lambda: microwave(smaller, 600.0),
            "breast_pullback": lambda: breast(2.0 if quick else None),
        },
        {
            "breast_pullback": lambda: breast(2.0 if quick else 1.0),
            "two-cycle freeze": lambda: recorded_freeze(24, 2e-3) if quick else recorded_freeze(32, 1.5e-3),
        },
    )


def breast(spacing_mm: float | None) -> Case:
    """The shipped breast case; None leaves it its own spacing."""
    return ga.build_case(ga.load_scene("breast_pullback", spacing_mm=spacing_mm))


def recorded_freeze(n: int, spacing: float) -> Case:
    """Two cycles of freezing, recorded every two minutes."""
    case = two_cycle_freeze(n, TWO_CYCLES[-1][0], spacing)
    return replace(case, run=replace(case.run, record_every=120.0))


def measure(gpu: Gpu, wanted: Programme, write: Callable[[Found], None]) -> Found:
    """Measure; `write` gets what is there after each part. What does not fit is left out and named, and so is a part
    that goes wrong: the others go on."""
    empty: Found = {"full_physics": [], "whole_cases": {}, "agreement": {}, "left_out": {}, "failed": {}, "seconds": {}}
    found: Found = {"quick": wanted.quick, **empty}
    extent = wanted.extent

    def physics(n: int) -> None:
        found["full_physics"] += full_physics(gpu, n, max(found["copy_gb_s"].values()), extent)

    def timed(name: str, build: Build) -> None:
        found["whole_cases"][name] = whole(build(), gpu)

    def compared(name: str, build: Build) -> None:
        found["agreement"][name] = agreement(build(), gpu, "numpy")

    def kept(name: str, work: Callable[[], Any]) -> None:
        found[name] = work()

    first, *others = wanted.sizes
    parts: dict[str, Callable[[], None]] = {
        "copy": partial(kept, "copy_gb_s", partial(copy_bandwidth, gpu, extent)),
        f"full physics, {first}³": partial(physics, first),
        **{name: partial(timed, name, build) for name, build in wanted.timed.items()},
        "ensemble": partial(kept, "ensemble", partial(ensemble, gpu, *wanted.ensemble, extent)),
        "launches": partial(kept, "launches", partial(launches, gpu, wanted.tiny, extent)),
        **{f"agreement, {name}": partial(compared, name, build) for name, build in wanted.compared.items()},
        **{f"full physics, {n}³": partial(physics, n) for n in others},
    }
    for name, part in parts.items():
        began = time.perf_counter()
        try:
            part()
        except BackendError as error:
            found["left_out"][name] = str(error)
        except Exception as error:  # what else can be measured is still worth having
            found["failed"][name] = f"{type(error).__name__}: {error}"
            traceback.print_exc()
        found["seconds"][name] = time.perf_counter() - began
        print(f"{name}: {found['seconds'][name]:.1f} s", file=sys.stderr, flush=True)
        write(found)
    return found


def tables(found: Found) -> str:
    """The results as Markdown."""
    gpu, quick = found["gpu"], ", quick" if found["quick"] else ""
    lines = [
        f"{gpu['name']}, compute capability {gpu['compute_capability']}, {gpu['multiprocessors']} multiprocessors, "
        f"{gpu['memory_gib']} GiB; driver for CUDA {gpu['driver_cuda']}, NVRTC {gpu['nvrtc']}, CuPy {gpu['cupy']}; "
        f"host {found['machine']['cpu']}, {found['machine']['cores']} cores; {found['date']}{quick}",
        "",
        "Copy bandwidth: " + ", ".join(f"{rate:.0f} GB/s ({way})" for way, rate in found.get("copy_gb_s", {}).items()),
    ]
    lines += _speed_table(found["full_physics"])
    lines += _case_table(found["whole_cases"])
    lines += _agreement_table(found["agreement"])
    if "ensemble" in found:
        lines += ["", "| ensemble | scheme | ps per cell and step | one grid | ratio |", "|---|---|---|---|---|"]
        lines += [
            f"| {row['members']} x {row['n']}³ beside {row['large']}³ | {row['scheme']} | {1e12 * row['batch_s']:.2f} "
            f"| {1e12 * row['grid_s']:.2f} | {row['ratio']:.2f} |"
            for row in found["ensemble"]
        ]
    if "launches" in found:
        lines += ["", "| super-step of | stages | graph [µs] | one by one [µs] |", "|---|---|---|---|"]
        lines += [
            f"| {row['scheme']}, {row['n']}³ | {row['count']} | {row['graph_us']:.0f} | {row['one_by_one_us']:.0f} |"
            for row in found["launches"]
        ]
    for title, parts in (("Left out", found["left_out"]), ("Failed", found["failed"])):
        lines += ["", *(f"{title}: {name}: {' '.join(why.split())}" for name, why in parts.items())]
    return "\n".join(lines)


def _speed_table(rows: list[Found]) -> list[str]:
    lines = [
        "",
        "| size | scheme | steps | damage | Gcell-steps/s | bytes | share of copy | share at 13 bytes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: row["n"]):
        lines.append(
            f"| {row['n']}³ | {row['scheme']} | {row['count']} | {'yes' if row['damage'] else 'no'} "
            f"| {row['gcell_steps_s']:.1f} | {row['bytes']} | {100 * row['share_of_copy']:.0f} % "
            f"| {100 * row['share_of_copy_at_13']:.0f} % |"
        )
    return lines


def _case_table(cases: dict[str, Found]) -> list[str]:
    lines = [
        "",
        "| whole case | cells | wall [s] | of it solving [s] | first run [s] | right-hand sides | super-steps "
        "| µs each | imbalance |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, case in cases.items():
        wrong = "" if case["status"] == "done" else f" ({case['status']})"
        lines.append(
            f"| {name}{wrong} | {case['cells']} | {case['wall_s']:.3f} | {case['solve_s']:.3f} | {case['first_s']:.2f} "
            f"| {case['right_hand_sides']} | {case['super_steps']} | {case['super_step_us']:.0f} "
            f"| {case['relative_imbalance']:.1e} |"
        )
    return lines


def _agreement_table(cases: dict[str, Found]) -> list[str]:
    lines = [
        "",
        "| agreement | cells | against | greatest difference [K] | of zone volumes |",
        "|---|---|---|---|---|",
    ]
    for name, case in cases.items():
        lines.append(
            f"| {name}, {case['spacing_mm']:g} mm | {case['cells']} | {case['reference']} | {case['greatest_k']:.4f} "
            f"| {100 * case['greatest_of_zones']:.3f} % |"
        )
    return lines


if __name__ == "__main__":
    print(tables(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
