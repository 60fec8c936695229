"""Measure pictures and report: python -m bench.pictures RUN [--out FILE].

How long each picture of a finished run takes, the interactive view, the page and the PDF, and how large they are; the
shortest of ROUNDS runs counts. Prints a Markdown table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.measure import machine
from gpu_ablate.library.load import bibliography
from gpu_ablate.outcome.margins import margin_map
from gpu_ablate.outcome.metrics import measure
from gpu_ablate.render import gl
from gpu_ablate.render.figures import figures_of, write_figures
from gpu_ablate.render.interactive import interactive_view
from gpu_ablate.render.view import surfaces_of
from gpu_ablate.report.content import collect
from gpu_ablate.report.html import write_html
from gpu_ablate.report.pdf import write_pdf
from gpu_ablate.report.viewer_html import viewer_html
from gpu_ablate.report.write import write_reports
from gpu_ablate.result.store import load_result

ROUNDS = 3


def timed(parts: dict[str, float], name: str, work: Any) -> Any:
    """Do some work; the least time that it took is kept [s]."""
    start = time.perf_counter()
    found = work()
    parts[name] = min(parts.get(name, float("inf")), time.perf_counter() - start)
    return found


def pictures(run: Path) -> dict[str, Any]:
    """Times [s] and sizes [MB] of all that is drawn and written of a run."""
    os.environ.update(gl.offscreen_environment())
    seconds: dict[str, float] = {}
    sizes: dict[str, float] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            one_round(run, Path(folder), seconds, sizes)
    return {"seconds": seconds, "megabytes": sizes, "together_s": together(run)}


def one_round(run: Path, place: Path, seconds: dict[str, float], sizes: dict[str, float]) -> None:
    """All of it once."""
    result = timed(seconds, "reading the result", lambda: load_result(run))
    metrics = timed(seconds, "measuring", lambda: measure(result))
    targets = [name for name, _ in surfaces_of(result.setup, "target")]
    timed(seconds, "margins on the targets", lambda: [margin_map(result, name) for name in targets])
    figures = timed(seconds, "choosing the view", lambda: figures_of(result, metrics, place, with_gl=True))
    for figure in figures:
        timed(seconds, figure.name, partial(figure.draw, figure.file))
        sizes[figure.name] = figure.file.stat().st_size / 1e6
    view = timed(seconds, "interactive view", lambda: viewer_html(interactive_view(result, metrics)))
    content = collect(result, metrics, {figure.name: figure.file for figure in figures}, bibliography())
    timed(seconds, "report.html", lambda: write_html(content, view, place / "report.html"))
    timed(seconds, "report.pdf", lambda: write_pdf(content, place / "report.pdf"))
    for name in ("report.html", "report.pdf"):
        sizes[name] = (place / name).stat().st_size / 1e6


def together(run: Path) -> float:
    """All pictures and both reports of a run as a user gets them, with all that is loaded for them [s]."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        result = load_result(run)
        metrics = measure(result)
        start = time.perf_counter()
        write_reports(result, metrics, write_figures(result, metrics, place / "figures", print), place)
        return time.perf_counter() - start


def table(found: dict[str, Any]) -> str:
    """A Markdown table."""
    lines = ["| | s | MB |", "|---|---|---|"]
    for name, seconds in found["seconds"].items():
        size = found["megabytes"].get(name)
        lines.append(f"| {name} | {seconds:.2f} | {'' if size is None else f'{size:.2f}'} |")
    return "\n".join([*lines, f"| **pictures and reports together** | {found['together_s']:.1f} | |"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a finished run folder")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    asked = parser.parse_args()
    measured = {"machine": machine(), "date": datetime.now(UTC).date().isoformat(), **pictures(asked.run)}
    print(table(measured))
    if asked.out:
        asked.out.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
