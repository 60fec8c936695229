"""From a label image to a scene file to start from, built once to be sure that it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gpu_ablate.case.build import build_case
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import write_image
from gpu_ablate.outcome.needles import measure_needles
from gpu_ablate.outcome.ways import ways_planned
from gpu_ablate.planning.body import Body, read_body
from gpu_ablate.planning.box import Box, choose_box
from gpu_ablate.planning.propose import Modality, Proposal, propose, usual_modality
from gpu_ablate.planning.target import Points
from gpu_ablate.planning.write import scene_text
from gpu_ablate.scene.load import load_scene
from gpu_ablate.units import MM


def write_new(
    image: Path,
    out: Path,
    tumour: str | None,
    modality: Modality | None,
    names: Path | None,
    ct: Path | None,
    mr: Path | None,
    spacing_mm: float | None,
    intent: str,
    tell: Callable[[str], None],
) -> tuple[Body, Proposal, Box]:
    """Write the scene, whole or not at all; what stands in it is returned.

    tell : takes a line at each stage

    Raises
    ------
    SceneError
        There is such a file, an input cannot be used, there is no target or no way to it.
    """
    if out.exists() or out.is_symlink():
        raise SceneError(f"{out}: there is such a file\n  remedy: remove it, or name another with --out")
    if not out.parent.is_dir():
        raise SceneError(f"--out {out}: there is no folder {out.parent}\n  remedy: make it first")
    tell(f"reading {image.name}")
    body = read_body(image, tumour, names, ct, mr)
    copy = out.with_name(f"{out.stem}_labels.nii.gz") if body.completed else None
    if copy is not None and copy.exists():
        raise SceneError(f"{copy}: there is such a file\n  remedy: remove it, or name another scene with --out")
    tell(f"looking for ways to {body.target.name}")
    proposal = propose(body, modality or usual_modality(body.target.tissue))
    box = choose_box(body, _heat(proposal), spacing_mm)
    tell("building the scene")

    with TemporaryDirectory(dir=out.parent) as folder:
        draft, labels = Path(folder) / out.name, image
        if copy is not None:
            labels = Path(folder) / copy.name
            write_image(labels, body.image.values, body.image.lattice)
        text = scene_text(body, proposal, box, intent, ct or mr, draft.parent, None, labels)
        draft.write_text(text, encoding="utf-8")
        try:
            setup = build_case(load_scene(draft)).setup
        except SceneError as error:
            raise SceneError(str(error).replace(str(draft), str(out))) from error
        needles = measure_needles(setup, ways_planned(setup))
        draft.write_text(
            scene_text(body, proposal, box, intent, ct or mr, out.parent, needles, copy or image), encoding="utf-8"
        )
        if copy is not None:
            labels.replace(copy)
        draft.replace(out)
    return body, proposal, box


def _heat(proposal: Proposal) -> Points:
    """Tips, and places as far behind them as heat or cold reaches (n, 3) [m]."""
    tips = np.array([needle.tip for needle in proposal.layout.needles])
    direction = proposal.layout.needles[0].direction
    behind = (proposal.layout.active_mm or 35.0) * MM if proposal.modality == "cryo" else 25 * MM
    return np.vstack([tips, tips + behind * direction])
