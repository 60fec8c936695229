"""The numbers of a run as CSV tables; units stand in the names of the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gpu_ablate.exchange.content import Content, file_names
from gpu_ablate.exchange.files import Written
from gpu_ablate.outcome.margins import margin_map
from gpu_ablate.units import MM

AXES = "xyz"


def write_tables(content: Content, folder: Path) -> Iterator[Written]:
    """Write the tables that the run has something for, and tell of each."""
    metrics = content.metrics
    tables: list[tuple[str, str, list[dict[str, Any]]]] = [
        ("zones", "zones: sizes", [{"name": name, **zone} for name, zone in metrics["zones"].items()]),
        ("targets", "targets: coverage and margins", metrics["targets"]),
        ("limits", "safety limits: worst value, when and where", metrics["limits"]),
        ("sensors", "sensors: temperatures", [{"name": name, **one} for name, one in metrics["sensors"].items()]),
        ("needles", "needles: one row for each track", needle_rows(metrics)),
    ]
    for name, what, found in tables:
        rows = [flat(row) for row in found]
        if rows:
            _write(folder / f"{name}.csv", list(dict.fromkeys(key for row in rows for key in row)), rows)
            yield Written(f"{name}.csv", what)
    targets = [solid.region.name for solid in content.solids if solid.region.role == "target"]
    for name, stem in file_names(targets).items():
        points, _, margin, across = margin_map(content.result, name)
        rows = [
            {"x_mm": x, "y_mm": y, "z_mm": z, "margin_mm": thick, "across_fluid": int(through)}
            for (x, y, z), thick, through in zip(points.astype(np.float64) / MM, margin / MM, across, strict=True)
        ]
        _write(folder / f"margins_{stem}.csv", list(rows[0]), rows)
        yield Written(f"margins_{stem}.csv", f"margin at each point of the surface of {name}", "mm")


def needle_rows(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row for each track: place, angles, what it crosses in words, and how far it is from what must be spared."""
    rows = []
    for track in (metrics.get("needles") or {"tracks": []})["tracks"]:
        row = {key: value for key, value in track.items() if key not in ("crossed", "nearest")}
        row["crossed"] = "; ".join(f"{piece['region']} {piece['mm']:.1f} mm" for piece in track["crossed"])
        for group, found in track["nearest"].items():
            row[f"nearest_{group}"] = None if found is None else found["region"]
            row[f"nearest_{group}_mm"] = None if found is None else found["mm"]
        rows.append(row)
    return rows


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same row with points as x, y and z, other lists and tables as one column for each of their entries."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        stem, unit = key.removesuffix("_mm"), "_mm" if key.endswith("_mm") else ""
        if isinstance(value, list) and len(value) == len(AXES) and not isinstance(value[0], dict):
            found |= {f"{stem}_{axis}{unit}": part for axis, part in zip(AXES, value, strict=True)}
        elif isinstance(value, list) and value and not isinstance(value[0], dict):
            found |= {f"{stem}_{number}{unit}": part for number, part in enumerate(value, start=1)}
        elif isinstance(value, list):
            found[key] = "; ".join(" ".join(_text(part) for part in one.values()) for one in value)
        else:
            found[key] = value
    return found


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_text(row.get(column)) for column in columns])


def _text(value: Any) -> str:
    """Six digits of a number, nothing for None and NaN."""
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)
