"""The run folder: where it is made, how a result is written to it and read back."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Collection, Iterable
from errno import EACCES
from pathlib import Path
from typing import Any

from gpu_ablate.errors import ResultError
from gpu_ablate.library.load import bibliography
from gpu_ablate.result.files import write_text, written_aside
from gpu_ablate.result.result import Result
from gpu_ablate.result.vtkhdf import read_vtkhdf, replace_metrics, write_vtkhdf

CHECKPOINT = "checkpoint.h5"
"""There as long as a run can go on."""

RESUME = "wait for it, or `gpu-ablate resume {folder}` if it was stopped"

AGAIN = "give a folder that `gpu-ablate run` wrote, or run its scene.toml again into another one"

METRICS: dict[str, type] = {
    "schema_version": int, "status": str, "scene": str, "grid": dict, "time": dict, "energy": dict, "zones": dict,
    "targets": list, "collateral": dict, "limits": list, "verdict": dict, "sensors": dict,
}  # fmt: skip
"""Keys that metrics.json always has, and what they hold."""

REPORTS = ("report.html", "report.pdf")
DRAWN = (".png", ".webp", ".mp4")
"""What is drawn of a run: its reports, and the suffixes of its figures."""

RUNS = Path("runs")
"""Where run folders are made, relative to the working folder."""


def folder_for(scene_name: str, out: Path | None) -> Path:
    """Make the folder of a new run.

    Without ``out`` it is the first of ``runs/<scene>``, ``runs/<scene>-2`` and so on that is not there yet.

    Raises
    ------
    ResultError
        ``out`` is a file, or a folder that is not empty, or no folder can be made there.
    """
    place = RUNS if out is None else out
    try:
        return _new_folder(scene_name) if out is None else _given_folder(out)
    except OSError as error:
        what = f"no run folder can be made there ({error.strerror})"
        raise ResultError(f"{place}: {what}\n  give another --out, in a folder that can be written") from error


def _given_folder(out: Path) -> Path:
    _refuse_used(out)
    out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK | os.X_OK):
        raise PermissionError(EACCES, os.strerror(EACCES))
    return out


def _new_folder(scene_name: str) -> Path:
    number = 1
    while True:
        folder = RUNS / (scene_name if number == 1 else f"{scene_name}-{number}")
        RUNS.mkdir(exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _refuse_used(out: Path) -> None:
    if not (out.exists() or out.is_symlink()) or (out.is_dir() and not any(out.iterdir())):
        return
    if out.is_symlink() and not out.exists():
        what = "is a link to nothing"
    elif not out.is_dir():
        what = "is a file"
    elif (out / CHECKPOINT).exists():
        what = "already holds a run that has not ended"
        remedy = f"go on with it (`gpu-ablate resume {out}`), or give another --out"
        raise ResultError(f"{out}: {what}; nothing is overwritten\n  {remedy}")
    elif (out / "result.vtkhdf").exists():
        what = "already holds a finished run"
    else:
        what = "is not empty"
    raise ResultError(f"{out}: {what}; nothing is overwritten\n  give another --out, or remove it first")


def write_result(result: Result, metrics: dict[str, Any], folder: Path) -> None:
    """Write result.vtkhdf, metrics.json, traces.csv and references.bib.

    Then the checkpoint and the records are removed, unless the run was interrupted and can be resumed. The text of
    ``scene.toml``, where the folder has one, is kept in result.vtkhdf too.

    Raises
    ------
    ValueError
        The metrics hold a number that is not finite (result.vtkhdf is already written then).
    """
    scene = folder / "scene.toml"
    with written_aside(folder / "result.vtkhdf") as aside:
        write_vtkhdf(result, metrics, scene.read_text(encoding="utf-8") if scene.exists() else "", aside)
    _write_metrics(metrics, folder)
    write_text(folder / "traces.csv", _traces_csv(result))
    write_text(folder / "references.bib", _cited(result.setup.citations))
    if result.status != "interrupted":
        (folder / CHECKPOINT).unlink(missing_ok=True)
        shutil.rmtree(folder / "records", ignore_errors=True)


def rewrite_metrics(metrics: dict[str, Any], folder: Path) -> None:
    """Replace the metrics of a written result, in metrics.json and in result.vtkhdf."""
    with written_aside(folder / "result.vtkhdf") as aside:
        shutil.copyfile(folder / "result.vtkhdf", aside)
        replace_metrics(metrics, aside)
    _write_metrics(metrics, folder)


def _write_metrics(metrics: dict[str, Any], folder: Path) -> None:
    text = json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(folder / "metrics.json", text + "\n")


def remove_drawn(folder: Path) -> None:
    """Remove the figures and the report of a run that goes on: they show where it was stopped."""
    drawn = [path for suffix in DRAWN for path in (folder / "figures").glob(f"*{suffix}")]
    for path in [*drawn, *(folder / name for name in REPORTS)]:
        path.unlink(missing_ok=True)
    if (folder / "figures").is_dir() and not any((folder / "figures").iterdir()):
        (folder / "figures").rmdir()


def load_result(folder: Path) -> Result:
    """Read the result of a run folder; records are read from the file when asked for.

    Raises
    ------
    ResultError
        The folder holds no finished run, or its result.vtkhdf cannot be read.
    """
    path = folder / "result.vtkhdf"
    require_run(folder)
    if path.exists():
        return read_vtkhdf(path)
    if (folder / CHECKPOINT).exists():
        raise ResultError(f"{folder}: the run has not ended\n  {RESUME.format(folder=folder)}")
    raise ResultError(f"{folder}: holds no result.vtkhdf\n  give a folder that `gpu-ablate run` wrote")


def require_run(folder: Path) -> None:
    """Demand that a run folder is there.

    Raises
    ------
    ResultError
        There is no such folder.
    """
    if not os.path.isdir(folder):
        raise ResultError(f"{folder}: no such run folder\n  give a folder that `gpu-ablate run` wrote")


def load_metrics(folder: Path) -> dict[str, Any]:
    """Read metrics.json of a run folder.

    Raises
    ------
    ResultError
        It is missing, not JSON, or empty because measuring failed.
    """
    require_run(folder)
    path = folder / "metrics.json"
    if not path.exists() and (folder / CHECKPOINT).exists():
        raise ResultError(f"{folder}: the run has not ended\n  {RESUME.format(folder=folder)}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({error.strerror})\n  {AGAIN}") from error
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{path}: is damaged ({error})\n  {AGAIN}") from error
    if found == {}:
        raise ResultError(f"{path}: is empty, the run could not be measured\n  log.txt beside it says why")
    if not isinstance(found, dict):
        raise ResultError(f"{path}: is damaged (it holds no JSON object)\n  {AGAIN}")
    wrong = [key for key, kind in METRICS.items() if not isinstance(found.get(key), kind)]
    if wrong:
        raise ResultError(f"{path}: is damaged (lacking or of the wrong type: {', '.join(wrong)})\n  {AGAIN}")
    return found


def require_free(folder: Path) -> None:
    """Demand that figures and report can be written into a run folder.

    Raises
    ------
    ResultError
        ``figures`` is not a folder, a report is not a file, or they cannot be written.
    """
    figures = folder / "figures"
    if figures.exists() and not figures.is_dir():
        raise ResultError(f"{figures}: is not a folder, so no figure can be written there\n  remove it")
    for report in (folder / name for name in REPORTS):
        if report.exists() and not report.is_file():
            raise ResultError(f"{report}: is not a file, so no report can be written there\n  remove it")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ResultError(f"{folder}: cannot be written\n  change its permissions, or copy it elsewhere")


def require_replaceable(folder: Path, files: Collection[str]) -> None:
    """Demand that a folder can be written: it is new, or holds nothing but such files.

    Raises
    ------
    ResultError
        It is a file, or holds something else.
    """
    if not (folder.exists() or folder.is_symlink()):
        return
    others = [] if not folder.is_dir() else sorted(path.name for path in folder.iterdir() if path.name not in files)
    if folder.is_symlink() or not folder.is_dir():
        raise ResultError(f"{folder}: is no folder; nothing is overwritten\n  give another --out")
    if others:
        raise ResultError(f"{folder}: holds {others[0]}; nothing is overwritten\n  give another --out, or an empty one")


def _traces_csv(result: Result) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(result.traces)
    for row in zip(*result.traces.values(), strict=True):
        writer.writerow([f"{value:.6g}" for value in row])
    return text.getvalue()


def _cited(citations: Iterable[str]) -> str:
    entries = bibliography()
    missing = "% {}: no entry in the library's bibliography"
    return "\n\n".join(entries.get(key, missing.format(key)) for key in dict.fromkeys(citations)) + "\n"
