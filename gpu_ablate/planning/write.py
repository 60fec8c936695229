"""The scene of a proposal as commented TOML; every number is one to check."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from gpu_ablate.planning.body import Body, relative
from gpu_ablate.planning.box import Box
from gpu_ablate.planning.entry import pieces_of_way
from gpu_ablate.planning.needles import CRYO_DEVICE, Needle
from gpu_ablate.planning.outline import BODY_HU
from gpu_ablate.planning.propose import Proposal
from gpu_ablate.units import MM

WIDTH = 118
ARTERY = re.compile(r"aort|arter", re.IGNORECASE)
"""A vessel whose name says so is an artery; others are taken for veins, which take less heat."""

COMPLETED = (
    "CHECK: {name} names neither body nor air. The image below is a copy with the body added from the CT: what is not "
    "labelled above {hu:g} HU, fat and all else."
)
PLAUSIBLE_W_PER_MM = 40 / 35
"""Of a 17 G probe per length of its freezing part, as in the library's entry."""


def scene_text(
    body: Body,
    proposal: Proposal,
    box: Box,
    intent: str,
    backdrop: Path | None,
    folder: Path,
    needles: dict[str, Any] | None,
    image: Path,
) -> str:
    """The scene file.

    image : the label image that it names
    folder : where it will lie; needles : as measured on the built scene, for the comments at the probes
    """
    head = _comment(
        f"PROPOSAL by gpu-ablate new, from {body.file.name}: check and change every number. It is a scene to start "
        "from, no plan: tissues by name, box, needles and times are guessed by rules, and nothing has been computed. "
        "`gpu-ablate check FILE --figure` draws it, `gpu-ablate run FILE` computes it."
    )
    target = body.target
    title = f"{proposal.modality} of {target.name} in {body.file.name}: a proposal to check"
    parts = [
        *head,
        "schema_version = 1",
        f"title = {_quoted(title[:1].upper() + title[1:])}",
        "",
        "[plan]",
        f'intent = "{intent}"',
        f"margin_goal_mm = {proposal.margin / MM:g}",
        "",
        *_sentences(["Around target and needles.", *box.told]),
        "[domain]",
        f"spacing_mm = {box.spacing_mm:g}",
        f"min_mm = {_vector(box.low)}",
        f"max_mm = {_vector(box.high)}",
        'frame = "patient"                  # the axes of the image are taken as LPS; "local" if they are not',
        "",
        "[boundary]",
        'default = "body"                   # faces that cut the body',
        *(f'{name} = "insulated"              # air' for name in box.in_air),
        "",
        *_sentences(
            [
                f"Tissues and roles: {body.source}, by the table of names.",
                *([COMPLETED.format(name=body.file.name, hu=BODY_HU)] if body.completed else []),
            ]
        ),
        "[anatomy]",
        f"image = {_quoted(relative(image, folder))}",
        *([f"{body.modality} = {_quoted(relative(backdrop, folder))}"] if backdrop else []),
        f'outside = "{box.outside}"',
        "",
        "[anatomy.labels]",
        *_labels(body),
        *_target(body, folder),
        *_vessels(body, box),
        *_device(proposal),
        "",
        *_sentences([*proposal.layout.why, *proposal.why]),
        *_probes(body, proposal, needles),
        "",
        "[run]",
        f"record_every_s = {120 if proposal.modality == 'cryo' else 30}",
    ]
    return "\n".join(parts) + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH)]


def _sentences(told: Sequence[str]) -> list[str]:
    """Sentences as one comment, those to be checked each on a line of its own."""
    checks = [text for text in told if text.startswith("CHECK")]
    plain = " ".join(text for text in told if text not in checks)
    return [*_comment(plain), *(line for text in checks for line in _comment(text))]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _vector(values: Sequence[float]) -> str:
    return f"[{', '.join(f'{value:g}' for value in values)}]"


def _labels(body: Body) -> list[str]:
    lines = []
    for label in body.labels:
        means = label.means
        role = f', role = "{means.role}"' if means.role != "tissue" else ""
        entry = f'{{ tissue = "{means.tissue}"{role}, name = {_quoted(label.name)} }}'
        if label.name == means.tissue and not role:
            entry = _quoted(means.tissue)
        lines.append(f"{label.value} = {entry}" + (f"    # {means.note}" if means.note else ""))
    return lines


def _vessels(body: Body, box: Box) -> list[str]:
    """A wall for each vessel of the image in the box, so that it takes heat and cold away."""
    names = {}
    for label in body.labels:
        if label.means.role == "vessel":
            places = body.image.lattice.points(np.argwhere(body.image.values == label.value)[:, ::-1]) / MM
            if np.all((places > box.low) & (places < box.high), axis=1).any():
                names[label.name] = label
    lines = ["", *_comment("Blood that flows keeps its temperature: each vessel is a sink. CHECK the kinds.")]
    for name in names:
        kind = "artery" if ARTERY.search(name) else "vein"
        lines += ["[[vessel]]", f"name = {_quoted(f'flow in {name}')}", f"region = {_quoted(name)}"]
        lines += [f'preset = "{kind}"']
    return lines if names else []


def _target(body: Body, folder: Path) -> list[str]:
    target = body.target
    size = f"{target.longest / MM:.0f} mm long"
    if target.file is None:
        more = f"; it has {target.parts} pieces, the needles are for the largest" if target.parts > 1 else ""
        return ["", *_comment(f'Target: the label "{target.name}", {size}{more}. Its tissue is guessed from what lies '
                              "around it.")]  # fmt: skip
    return [
        "",
        *_comment(f"Target: {size}. Its tissue is guessed from what lies around it."),
        "[[region]]",
        f"name = {_quoted(target.name)}",
        'role = "target"',
        f'tissue = "{target.tissue}"',
        f"mesh = {_quoted(relative(target.file, folder))}",
    ]


def _device(proposal: Proposal) -> list[str]:
    active = proposal.layout.active_mm
    if active is None:
        return []
    return [
        "",
        f"[device.{proposal.layout.device}]",
        f'like = "{CRYO_DEVICE}"',
        f'description = "the generic 17 G probe with a freezing part of {active:g} mm"',
        f'active_length_mm = {{ value = {active:g}, source = "length of needles of this class [gosmart]" }}',
        f'plausible_power_w = {{ value = {PLAUSIBLE_W_PER_MM * active:.0f}, source = "40 W of cryo_17g times '
        f'{active:g}/35" }}',
    ]


def _probes(body: Body, proposal: Proposal, measured: dict[str, Any] | None) -> list[str]:
    layout, lines = proposal.layout, []
    tracks = {track["probe"]: track for track in measured["tracks"]} if measured else {}
    for number, needle in enumerate(layout.needles):
        lines += [""] if number else []
        if needle.name in tracks:
            lines += _comment(_way(body, needle, tracks[needle.name]))
        lines += [
            "[[probe]]",
            f'name = "{needle.name}"',
            f'device = "{layout.device}"',
            f"tip_mm = {_vector([round(float(value) / MM, 1) for value in needle.tip])}",
            f"shaft_direction = {_vector([round(float(value), 4) for value in needle.direction])}",
            *([f"repeat = {layout.repeat}"] if layout.repeat > 1 else []),
            "steps = [",
            *(f"  {step}" for step in needle.steps),
            "]",
        ]
    return lines


def _way(body: Body, needle: Needle, track: dict[str, Any]) -> str:
    """What a needle crosses in the image, and what of the box lies nearest to it."""
    pieces = pieces_of_way(body, needle.tip, needle.direction)
    ways = ", ".join(f"{length / MM:.0f} mm {name}" for name, length in pieces)
    text = f"{sum(length for _, length in pieces) / MM:.0f} mm from the entry to the tip: {ways}."
    found = {group: at for group, at in track["nearest"].items() if at is not None}
    near = ", ".join(f"{at['region']} {at['mm']:.0f} mm" for at in found.values())
    return f"{text} Nearest to the shaft: {near}." if near else text
