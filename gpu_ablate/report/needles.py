"""The needles in words: where each goes in, how deep, at which angles, through what, and past what."""

from __future__ import annotations

from typing import Any

from gpu_ablate.language import say
from gpu_ablate.render.words import listed, own, plain
from gpu_ablate.report.tables import Table
from gpu_ablate.report.text import number, xyz_mm


def needle_table(metrics: dict[str, Any]) -> Table:
    """The needles, one row for each track that was taken; no row where metrics.json is of an older version."""
    tracks = (metrics.get("needles") or {}).get("tracks", [])
    rows = [
        (
            needle_words(track["probe"], track["track"], tracks),
            say("{device}, {mm:.2f} mm", device=plain(track["device"]), mm=track["diameter_mm"]),
            say("through the face of the box") if track["entry_mm"] is None else xyz_mm(track["entry_mm"]),
            xyz_mm(track["tip_mm"]),
            depth_words(track),
            angle_words(track),
            crossed_words(track),
            bone_words(track),
            nearest_words(track["nearest"]),
        )
        for track in tracks
    ]
    head = (
        say("needle"),
        say("device, diameter"),
        say("entry"),
        say("deepest tip"),
        say("depth of the tip"),
        say("angles"),
        say("crosses, from the entry to the tip"),
        say("bone needle"),
        say("nearest to its shaft"),
    )
    notes = []
    if any(track["entry_mm"] is None for track in tracks):
        notes.append(say("A needle through the face of the box: what it crosses before that is not in the model."))
    if any(track["bone_needle"] for track in tracks):
        notes.append(
            say(
                "A probe is put into bone through a bone needle or drill of 8-13G (consensus of 2018 on cryoablation); "
                "its bore must take the diameter of the probe, which is not checked here."
            )
        )
    return Table(say("Needles"), head, tuple(rows), say(" ").join(notes))


def needle_words(probe: str, track: int, tracks: list[dict[str, Any]]) -> str:
    """Name of a needle, with its track where it has several."""
    several = sum(each["probe"] == probe for each in tracks) > 1
    return say("{probe}, track {track}", probe=own(probe), track=track) if several else own(probe)


def depth_words(track: dict[str, Any]) -> str:
    """How deep the tip lies."""
    along = number(track["length_mm"], 0)
    if track["entry_mm"] is None:
        return say("{mm} mm along the shaft within the box", mm=along)
    if track["depth_mm"] is None:
        return say("{mm} mm along the shaft", mm=along)
    return say("{deep} mm below the skin, {mm} mm along the shaft", deep=number(track["depth_mm"], 0), mm=along)


def angle_words(track: dict[str, Any]) -> str:
    """The angles of a shaft: those set on a CT, and that to the skin."""
    words = []
    up, aside = track["craniocaudal_deg"], track["mediolateral_deg"]
    if up is not None:
        words.append(_tilt(say("handle {deg}° to the head", deg=number(up, 0)),
                           say("handle {deg}° to the feet", deg=number(-up, 0)),
                           say("in the axial plane"), up))  # fmt: skip
    if aside is not None:
        words.append(say("from the back") if track["handle_side"] == "back" else say("from the front"))
        words.append(_tilt(say("{deg}° to the left", deg=number(aside, 0)),
                           say("{deg}° to the right", deg=number(-aside, 0)),
                           say("in the sagittal plane"), aside))  # fmt: skip
    if track["to_skin_normal_deg"] is not None:
        words.append(say("{deg}° from square to the skin", deg=number(track["to_skin_normal_deg"], 0)))
    return say(", ").join(words) or "–"


def _tilt(positive: str, negative: str, level: str, degrees: float) -> str:
    if abs(degrees) < 0.5:
        return level
    return positive if degrees > 0 else negative


def crossed_words(track: dict[str, Any]) -> str:
    """What a needle goes through, for example "2 mm skin, 11 mm fat, 9 mm tumour"."""
    return say(", ").join(
        say("{mm} mm {what}", mm=number(piece["mm"], 0 if piece["mm"] >= 0.95 else 1), what=plain(piece["region"]))
        for piece in track["crossed"]
    )


def bone_words(track: dict[str, Any]) -> str:
    """Whether a bone needle is needed."""
    if track["bone_needle"] is None:
        return say("not needed")
    return say("{gauge}: {mm} mm of bone", gauge=track["bone_needle"], mm=number(track["bone_mm"], 0))


def nearest_words(nearest: dict[str, Any]) -> str:
    """The structures nearest to a shaft, with their distance from its surface."""
    groups = {
        "vessel": say("vessel"),
        "nerve": say("nerve"),
        "risk": say("structure at risk"),
        "pleura": say("pleura"),
        "isolation": say("isolation"),
    }
    found = []
    for group, words in groups.items():
        if nearest[group] is None:
            continue
        name, mm = plain(nearest[group]["region"]), nearest[group]["mm"]
        if mm > 0:
            found.append(say("{group}: {name}, {mm} mm", group=words, name=name, mm=number(mm, 1)))
        else:
            found.append(say("{group}: {name}, RUNS THROUGH IT", group=words, name=name))
    missing = [words for group, words in groups.items() if nearest[group] is None and group in MUST_BE_NAMED]
    if missing:
        found.append(say("not in the model: {groups}", groups=listed(missing)))
    return say("; ").join(found)


MUST_BE_NAMED = ("vessel", "nerve", "pleura")
"""Groups of which a reader must know that the model holds none."""


def pair_table(metrics: dict[str, Any]) -> Table:
    """How the needles lie to each other; no row with fewer than two."""
    found = metrics.get("needles") or {}
    tracks = found.get("tracks", [])
    rows = [
        (
            " – ".join(needle_words(*one, tracks) for one in zip(pair["probes"], pair["tracks"], strict=True)),
            number(pair["tips_mm"], 1),
            number(pair["active_mm"], 1),
            number(pair["shafts_mm"], 1),
            number(pair["not_parallel_deg"], 1),
        )
        for pair in found.get("pairs", [])
    ]
    head = (
        say("needles"),
        say("between the tips [mm]"),
        say("between the middles of the heating or freezing parts [mm]"),
        say("least between the shafts [mm]"),
        say("not parallel by [°]"),
    )
    note = say("Least between the shafts: from surface to surface; below 0 they would meet.") if rows else ""
    return Table(say("Spacing of the needles"), head, tuple(rows), note)
