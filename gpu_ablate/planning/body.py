"""The body that a plan is made for: what each label means, where the target is, what a needle meets."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.structures import CANAL_TISSUES
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.imaging import read_intensities, read_segmentation
from gpu_ablate.geometry.meshes import READERS, read_mesh
from gpu_ablate.library import load as library
from gpu_ablate.outcome.bone import TUMOURS_IN_BONE, is_bone
from gpu_ablate.planning.canal import likely_canal
from gpu_ablate.planning.labels import (
    Label,
    chosen_label,
    label_names,
    meanings,
    not_target,
    require_segmentation,
    told_apart,
)
from gpu_ablate.planning.names import FALLBACK, Meaning
from gpu_ablate.planning.outline import with_body
from gpu_ablate.planning.target import Inside, Points, Target, from_label, from_mesh
from gpu_ablate.units import MM

BEYOND, AIR, BODY, BONE, LUNG, KEEP_OFF, TARGET = range(7)
"""What lies at a point: not in the image, gas, tissue, bone, lung, what no needle may cross, the target."""


LEAST_AIR = 0.02
"""Share of an image that is gas where it shows the air around the body; chosen here."""


@dataclass(frozen=True)
class Body:
    """A label image with its meaning and a target in it.

    file : the image; source : where the names are from, in words
    completed : whether the body around its labels was added from a CT
    modality : "ct" or "mr", of the image that slices are drawn on if there is one
    inside : whether points (n, 3) [m] lie in the target
    """

    file: Path
    image: LabelImage
    labels: tuple[Label, ...]
    source: str
    target: Target
    inside: Inside
    completed: bool
    modality: str = "ct"

    @property
    def in_bone(self) -> bool:
        """Whether the target lies in bone."""
        return self.target.tissue.startswith(TUMOURS_IN_BONE)

    @cached_property
    def canal(self) -> LabelImage | None:
        """Where an image of a spine that names no canal is likely to have one (1)."""
        return likely_canal(self.image, self.labels)

    @cached_property
    def gas(self) -> float:
        """Share of the image that is gas."""
        return float(np.isin(self.image.values, [label.value for label in self.labels if _kind(label) == AIR]).mean())

    @property
    def has_air(self) -> bool:
        """Whether the image shows where the body ends. Less gas is in bowel or lung: none can come in through it."""
        return self.gas >= LEAST_AIR

    def at(self, points: Points) -> NDArray[np.int8]:
        """What lies at points (n, 3) [m]: BEYOND to TARGET, (n,)."""
        values, within = self.image.sample(points)
        order = np.array([label.value for label in self.labels])
        kinds = np.array([_kind(label) for label in self.labels], np.int8)[np.argsort(order)]
        if not self.has_air:
            kinds[kinds == AIR] = KEEP_OFF
        found = np.where(within, kinds[np.searchsorted(np.sort(order), values)], np.int8(BEYOND))
        if self.canal is not None:
            enclosed, seen = self.canal.sample(points)
            found[(enclosed == 1) & seen] = KEEP_OFF
        found[self.inside(points)] = TARGET
        return found.astype(np.int8)


def _kind(label: Label) -> int:
    tissue, role = label.means.tissue, label.means.role
    if role == "target":
        return TARGET
    if role in ("risk", "nerve", "vessel", "isolation") or tissue.startswith(CANAL_TISSUES):
        return KEEP_OFF
    if library.tissue(tissue).phase == "gas":
        return AIR
    if is_bone(tissue):
        return BONE
    return LUNG if tissue == "lung" else BODY


def read_body(file: Path, tumour: str | None, names: Path | None, ct: Path | None, mr: Path | None = None) -> Body:
    """The body in a label image.

    Parameters
    ----------
    tumour : mesh file, value or name of a label; None for the label whose name says tumour
    names : CSV of value,name; None for the names in the file, or in a labels.csv beside it
    ct : of the same body; where no label is air or body, they are told apart on it
    mr : or an MR; both an image or the folder of a DICOM series, which contours (RTSTRUCT) need

    Raises
    ------
    SceneError
        A file cannot be read, there is no target, or it does not lie in the body.
    """
    image = read_segmentation(file, (), ct or mr)
    known, source = label_names(file, image, names)
    present = image.labels_present()
    require_segmentation(file, image, present)
    if image.names:  # where segments overlap, those later in the scene win as they did here
        named = [value for value in image.names if value in present]
        present = [value for value in present if value not in image.names] + named
    labels = meanings(present, known)
    background = None if ct is None else read_intensities(ct, "CT")
    completed = background is not None and not any(label.means.rest for label in labels)
    if background is not None and completed:
        image, labels = with_body(image, labels, background)
    mesh_file = Path(tumour) if tumour is not None and Path(tumour).suffix.lower() in READERS else None
    if mesh_file is not None:
        labels = [not_target(label) for label in labels]
        inside, target = from_mesh(mesh_file, read_mesh(mesh_file), file, image, labels)
    else:
        chosen = chosen_label(file, labels, tumour)
        labels = [replace(label, means=Meaning(FALLBACK, "target")) if label is chosen else not_target(label)
                  for label in labels]  # fmt: skip
        inside, target = from_label(image, chosen)
    body = Body(file, image, tuple(labels), source, target, inside, completed, "ct" if mr is None else "mr")
    tissue = target_tissue(body)
    labels = [replace(each, means=replace(each.means, tissue=tissue)) if each.means.role == "target" else each
              for each in labels]  # fmt: skip
    return replace(body, labels=tuple(told_apart(labels)), target=replace(target, tissue=tissue))


def target_tissue(body: Body) -> str:
    """Tissue of a target by what it mostly lies in: liver, bone, breast, else soft tissue."""
    offsets = np.array(
        [[x, y, z] for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) != (0, 0, 0)]
    )
    shell = (body.target.points[:: max(1, len(body.target.points) // 2000), None] + 6 * MM * offsets).reshape(-1, 3)
    values, within = body.image.sample(shell[~body.inside(shell)])
    around = dict.fromkeys(("liver", "bone", "breast", "other"), 0)
    for label in body.labels:
        tissue = label.means.tissue
        group = "bone" if is_bone(tissue) else tissue.split("_")[0]
        around[group if group in around else "other"] += int(np.count_nonzero((values == label.value) & within))
    around["other"] //= 2
    mostly = max(around, key=lambda group: around[group])
    return {"liver": "liver_tumour", "bone": "lytic_metastasis", "breast": "breast_tumour"}.get(
        mostly, "soft_tissue_tumour"
    )


def relative(file: Path, folder: Path) -> str:
    """A file as a scene in a folder names it."""
    return Path(os.path.relpath(os.path.realpath(file), os.path.realpath(folder))).as_posix()
