"""The labels of a segmentation: what each is called and stands for, and which is the target."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.meshes import READERS
from gpu_ablate.library import load as library
from gpu_ablate.planning.names import BESIDE, FALLBACK, Meaning, meaning, read_names
from gpu_ablate.scene.body import ROLES

LONGEST_NAME = 40
MOST_LABELS = 250
"""A scene holds 256 regions, some of which a plan adds."""
RESERVED = ({*ROLES} - {"skin"}) | {"body"}
"""Names that a region cannot have: those of roles, and of the surface of the whole body."""

NOTHING = re.compile(r"background|outside|exterior|clear label|unlabel|not labelled|nothing", re.IGNORECASE)
"""Names of the value 0 that leave open whether it is body or air."""


@dataclass(frozen=True)
class Label:
    """One value of the image as the scene will say it: name, meaning, and where the name is from."""

    value: int
    name: str
    means: Meaning


def require_segmentation(file: Path, image: LabelImage, present: list[int]) -> None:
    """Demand that an image is one that a plan can be made in: some slices of labels from 0, not too many of them.

    Raises
    ------
    SceneError
        It is not.
    """
    if min(image.lattice.shape) < 2:
        raise SceneError(f"{file}: is a single slice\n  remedy: give the whole segmentation")
    if len(present) > MOST_LABELS:
        raise SceneError(
            f"{file}: holds {len(present)} values, more than the {MOST_LABELS} of a scene: hardly a segmentation\n"
            "  remedy: give the labels here, and the image that they were drawn on as --ct or --mr"
        )
    if min(present) < 0:
        raise SceneError(
            f"{file}: is no label image: it has values from {min(present)} to {max(present)}, as a CT has\n"
            "  remedy: give the segmentation with --from, and the CT with --ct"
        )


def label_names(file: Path, image: LabelImage, names: Path | None) -> tuple[dict[int, str], str]:
    """Label -> name, and where they are from."""
    if names is not None:
        return read_names(names), f"names from {names.name}"
    if image.names:
        return dict(image.names), "names from the image file"
    beside = file.parent / BESIDE
    if beside.is_file():
        return read_names(beside), f"names from {BESIDE} beside the image"
    return {}, "the image names no label; --names FILE.csv can"


def meanings(present: list[int], known: dict[int, str]) -> list[Label]:
    """The labels of an image; 0 without a name is air where another label fills the body, else body."""
    found = []
    for value in present:
        name = _tidy(known[value]) if value in known else f"label {value}"
        found.append(Label(value, name, meaning(name)))
    if 0 in present and (0 not in known or NOTHING.search(known[0])):
        filled = any(label.means.rest and label.means.tissue != "air" for label in found)
        note = "" if filled else f"CHECK: body and air without a label alike; {FALLBACK} stands for both"
        means = Meaning("air" if filled else FALLBACK, "tissue", note=note)
        found[present.index(0)] = Label(0, "air" if filled else "not labelled", means)
    if any(label.means.tissue.startswith("breast") for label in found):
        found = [replace(each, means=replace(each.means, tissue="breast_fat"))
                 if each.means.tissue == "subcutaneous_fat" else each for each in found]  # fmt: skip
    return found


def _tidy(name: str) -> str:
    """A name as a scene can hold it: without what stands in brackets, no role, not too long."""
    plain = " ".join(name.split("(")[0].replace('"', "").replace("\\", "").replace("_", " ").split())
    plain = plain[:LONGEST_NAME].strip() or "unnamed"
    return f"{plain} tissue" if plain in RESERVED else plain


def not_target(label: Label) -> Label:
    """A label that is not the target: one whose name says tumour is tissue of its own, to be checked."""
    if label.means.role != "target":
        return label
    note = "CHECK: named as a tumour, but not the target of this plan"
    return replace(label, means=Meaning("soft_tissue_tumour", "tissue", note=note))


def chosen_label(file: Path, labels: list[Label], tumour: str | None) -> Label:
    """The label that is the target."""
    listed = ", ".join(f"{label.value} {label.name}" for label in labels[:20])
    if tumour is not None:
        asked = tumour.strip().replace("_", " ").casefold()
        fits = [each for each in labels if asked in (str(each.value), each.name.casefold())]
        if not fits:
            kinds = ", ".join(READERS)
            raise SceneError(
                f'--tumour: {file} has no label "{tumour}", nor is it a mesh ({kinds})\n  labels here: {listed}'
            )
        if len(fits) > 1:
            several = ", ".join(f"{label.value} {label.name}" for label in fits)
            raise SceneError(f'{file}: "{tumour}" may be several labels: {several}\n  remedy: give the number of one')
        if library.tissue(fits[0].means.tissue).phase == "gas":
            raise SceneError(f'{file}: --tumour "{tumour}" is {fits[0].means.tissue}\n  labels here: {listed}')
        return fits[0]
    fits = [label for label in labels if label.means.role == "target"]
    if len(fits) == 1:
        return fits[0]
    if fits:
        several = ", ".join(f"{label.value} {label.name}" for label in fits)
        raise SceneError(f"{file}: several labels are named as a tumour: {several}\n  remedy: choose one with --tumour")
    raise SceneError(
        f"{file}: no label is named as a tumour\n"
        f"  remedy: give --tumour a mesh, or the value or name of a label; labels here: {listed}"
    )


def told_apart(labels: list[Label]) -> list[Label]:
    """The labels, with their value in the name where several have one name and not one meaning; the target keeps its
    own."""
    meant: dict[str, set[tuple[str, str]]] = {}
    for each in labels:
        meant.setdefault(each.name, set()).add((each.means.tissue, each.means.role))
    return [
        replace(each, name=f"{each.name} {each.value}")
        if len(meant[each.name]) > 1 and each.means.role != "target"
        else each
        for each in labels
    ]
