"""What plans do differently: their steps, needles and the rest of their scenes, side by side."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gpu_ablate.language import say
from gpu_ablate.render.words import action_words, plain, span
from gpu_ablate.report.one_run import OneRun
from gpu_ablate.report.text import xyz_mm
from gpu_ablate.result.result import Station
from gpu_ablate.scene.inputs import sha256_of
from gpu_ablate.units import MM


@dataclass(frozen=True)
class Part:
    """A piece of a cell, and whether it differs between the plans."""

    words: str
    differs: bool


@dataclass(frozen=True)
class Difference:
    """What one thing is in each plan; no parts where a plan hasn't got it."""

    what: str
    cells: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True)
class Differences:
    """Rows that differ, with what is said of those left out."""

    title: str
    rows: tuple[Difference, ...]
    note: str


Words = tuple[str, ...]
Row = tuple[str, tuple[Words | None, ...]]
"""What a row is, and its pieces in each plan."""

MOST_KEYS = 30
"""Rows of keys that differ, at most: beyond these the scenes are of different things."""


def step_differences(runs: Sequence[OneRun]) -> Differences:
    """The steps that differ in action, time, power, output or what ended them; probes that do the same, together."""
    plans = [{(station.step, station.probe): _step(station) for station in run.result.stations} for run in runs]
    alike: dict[tuple[int, tuple[Words | None, ...]], list[str]] = {}
    names = list(dict.fromkeys(probe.name for run in runs for probe in run.setup.probes))
    for step, probe in sorted({key for plan in plans for key in plan}, key=lambda key: (key[0], names.index(key[1]))):
        alike.setdefault((step, tuple(plan.get((step, probe)) for plan in plans)), []).append(probe)
    rows = [(say("{probes}: step {n}", probes=", ".join(probes), n=step), cells)
            for (step, cells), probes in alike.items()]  # fmt: skip
    return _differences(say("Steps that differ"), rows, say("rows of steps"))


def needle_differences(runs: Sequence[OneRun]) -> Differences:
    """The needles that differ in device, place or direction."""
    return _differences(say("Needles that differ"), _side_by_side([needles(run) for run in runs]), say("tracks"))


def scene_differences(runs: Sequence[OneRun]) -> Differences:
    """Whatever else the scenes say differently: keys as they are written there."""
    title, note = say("What else the scenes say differently"), ""
    found = [scene_values(run) for run in runs]
    if any(values is None for values in found):
        return Differences(title, (), say("Not compared: a run folder has no scene.toml that can be read."))
    rows = _side_by_side([{key: (value,) for key, value in (values or {}).items()} for values in found])
    differing = _differences(title, rows, say("keys"))
    if len(differing.rows) > MOST_KEYS:
        note = say("The first {n} of {all}.", n=MOST_KEYS, all=len(differing.rows))
    return replace(differing, rows=differing.rows[:MOST_KEYS], note=note)


def _step(station: Station) -> Words:
    moved = float(np.linalg.norm(np.subtract(station.tip_end, station.tip_start))) / MM
    action = action_words(station.action)
    if station.action == "pull":
        action = say("{action} {mm:.1f} mm", action=action, mm=moved)
    if station.action == "reinsert":
        action = say("{action}, tip at {xyz}", action=action, xyz=xyz_mm([p / MM for p in station.tip_end]))
    power = f"{station.power_w:g} W" if station.power_w > 0 else ""
    output = f"{station.output_percent:g} %" if station.action == "freeze" else ""
    early = ""
    if station.ended_by != "duration":
        early = say("ended by: {condition}", condition=station.ended_by.partition(":")[0])
    return (action, f"{span(station.start_s, station.end_s)} s", power or output, early)


def needles(run: OneRun) -> dict[str, Words]:
    """Probe and track -> device, first tip and direction."""
    found: dict[str, Words] = {}
    for probe in run.setup.probes:
        for number, track in enumerate(probe.tracks, start=1):
            name = probe.name if len(probe.tracks) == 1 else say("{probe}, track {n}", probe=probe.name, n=number)
            tip = say("tip {xyz}", xyz=xyz_mm([p / MM for p in track.tip]))
            towards = ", ".join(f"{d:.2f}" for d in track.direction).replace("-", "−")
            found[name] = (plain(probe.device), tip, say("towards the handle ({xyz})", xyz=towards))
    return found


FILES = ("image", "ct", "mesh", "from_run")
"""Keys that name an imported file."""

LEFT_OUT = ("title", "probe", "schema_version")
"""Tables of a scene that are told elsewhere."""


def scene_values(run: OneRun) -> dict[str, str] | None:
    """Key -> value of a run's scene but its title and probes; None where it cannot be read."""
    try:
        document = tomllib.loads((run.folder / "scene.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    flat = _flat({key: value for key, value in document.items() if key not in LEFT_OUT}, "")
    return {path: _file_words(run, value) if path.split(".")[-1] in FILES else value for path, value in flat}


def _file_words(run: OneRun, name: str) -> str:
    """An imported file by its fingerprint: its name may be a patient's."""
    digest = run.setup.inputs.get(name) or (sha256_of(run.folder / name) if (run.folder / name).is_file() else "")
    return say("file, SHA-256 {digest}", digest=f"{digest[:12]}…" if digest else "–")


def _flat(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, entry in value.items() for pair in _flat(entry, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        return [pair for n, entry in enumerate(value) for pair in _flat(entry, f"{path} {_name(entry, n)}")]
    return [(path, str(value).lower() if isinstance(value, bool) else str(value))]


def _name(entry: Any, number: int) -> str:
    named = entry.get("name", entry.get("where")) if isinstance(entry, dict) else None
    if named is None:
        return str(number + 1)
    return f'"{named}" {entry["quantity"]}' if "quantity" in entry else f'"{named}"'


def _side_by_side(plans: Sequence[Mapping[str, Words]]) -> list[Row]:
    """A row for each name, in the order of the plans."""
    names = dict.fromkeys(name for plan in plans for name in plan)
    return [(name, tuple(plan.get(name) for plan in plans)) for name in names]


def _differences(title: str, rows: Sequence[Row], things: str) -> Differences:
    """The rows in which the plans are not all alike."""
    kept = [(what, cells) for what, cells in rows if len(set(cells)) > 1]
    same = len(rows) - len(kept)
    note = say("Left out, as the same in all plans: {n} {things}.", n=same, things=things) if same else ""
    found = tuple(Difference(what, tuple(_parts(words, cells) for words in cells)) for what, cells in kept)
    return Differences(title, found, note)


def _parts(words: Words | None, plans: Sequence[Words | None]) -> tuple[Part, ...]:
    return tuple(
        Part(text, any(plan is None or plan[place] != text for plan in plans))
        for place, text in enumerate(words or ())
        if text
    )
