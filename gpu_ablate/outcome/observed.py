"""What was seen on imaging after the treatment, from a label image or a mesh in the patient's frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gpu_ablate.case.grid import Grid
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.dicom_files import is_dicom
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.imaging import read_segmentation
from gpu_ablate.geometry.label_surface import label_parts
from gpu_ablate.geometry.meshes import READERS, Mesh, read_mesh, volume
from gpu_ablate.units import MM

FLIPPED = np.array([-1.0, -1.0, 1.0])
"""From LPS to RAS and back: a turn by 180° about the long axis of the body."""

SETS = "registration: the tool moves nothing; register the image to the planning image first and resample it"


@dataclass(frozen=True, eq=False)
class Observed:
    """What was seen.

    file : name of the file without its folder
    label, label_name : of an image: the label and what the file calls it; None of a mesh, "" where the file is silent
    parts : its closed surfaces, the largest first; never empty
    field : corners (lower, upper) [m] of what the image shows; of a mesh its own
    """

    file: str
    label: int | None
    label_name: str | None
    parts: tuple[Mesh, ...]
    field: tuple[NDArray[np.float64], NDArray[np.float64]]

    @cached_property
    def whole(self) -> Mesh:
        """All parts together."""
        return merged(self.parts)


def read_observed(path: Path, label: str | None, series: Path | None = None) -> Observed:
    """Read a segmentation, or a closed mesh.

    label : number or name of the label that was seen; needed where an image holds several
    series : folder of the DICOM series on which an RTSTRUCT was drawn

    Raises
    ------
    SceneError
        The file cannot be used, or it is not clear or not true that it holds the label.
    """
    if path.suffix.lower() not in READERS:
        return _from_image(path, label, series)
    if series is not None:
        raise SceneError(f"{path}: --series {series}: a mesh was drawn on no series\n  remedy: leave it out")
    if label is not None:
        raise SceneError(
            f'{path}: --label "{label}" names a label of an image, and this is a mesh\n  remedy: leave it out'
        )
    mesh = read_mesh(path)
    return Observed(path.name, None, None, shells(mesh), mesh.bounds())


def _from_image(path: Path, label: str | None, series: Path | None) -> Observed:
    if series is not None and not (series.is_dir() and is_dicom(path)):
        raise SceneError(
            f"{path}: --series {series} takes the folder of the DICOM series that a SEG or RTSTRUCT was drawn on\n"
            "  remedy: leave it out for any other file"
        )
    image = read_segmentation(path, (), series)
    present = [value for value in image.labels_present() if value != 0]
    if not present:
        raise SceneError(f"{path}: no voxel carries a label, all are 0\n  remedy: export the segmentation again")
    listed = ", ".join(f'{value} "{image.names[value]}"' if value in image.names else str(value) for value in present)
    if label is None:
        if len(present) > 1:
            raise SceneError(f"{path}: holds several labels: {listed}\n  remedy: choose one with --label")
        chosen = present[0]
    else:
        chosen = _chosen(path, image, label, listed)
    if image.names and chosen in image.names:  # on top of all segments that overlap it
        image = read_segmentation(path, (chosen,), series)
        present = image.labels_present()
    if chosen not in present:
        raise SceneError(f"{path}: no voxel carries label {chosen}\n  labels here: {listed}")
    parts = label_parts(image.values == chosen, image.lattice)
    return Observed(path.name, chosen, image.names.get(chosen, ""), tuple(parts), image.lattice.bounds())


def _chosen(path: Path, image: LabelImage, label: str, listed: str) -> int:
    """The label that a number or a name stands for; a name goes first."""
    named = [value for value, name in image.names.items() if name.casefold() == label.casefold()]
    if len(named) > 1:
        raise SceneError(f'{path}: {len(named)} labels are called "{label}"\n  remedy: give the number: {listed}')
    if named:
        return named[0]
    if not label.lstrip("-").isdecimal() or int(label) == 0:
        raise SceneError(f'{path}: no label "{label}"\n  labels here: {listed}')
    return int(label)


def merged(parts: tuple[Mesh, ...]) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    faces = [part.faces + start for part, start in zip(parts, starts, strict=False)]
    return Mesh(np.concatenate([part.points for part in parts]), np.concatenate(faces).astype(np.int32))


def shells(mesh: Mesh) -> tuple[Mesh, ...]:
    """The parts of a mesh that do not touch, the largest first; a cavity belongs to the least part around it."""
    count = len(mesh.points)
    edges = np.concatenate([mesh.faces[:, :2], mesh.faces[:, 1:]])
    links = coo_array((np.ones(len(edges)), edges.T), shape=(count, count))
    _, number = connected_components(links, directed=False)
    own = number[mesh.faces[:, 0]]
    solids: list[tuple[float, Mesh]] = []
    cavities: list[Mesh] = []
    for one in np.unique(own):
        used, corners = np.unique(mesh.faces[own == one], return_inverse=True)
        part = Mesh(mesh.points[used], corners.reshape(-1, 3).astype(np.int32))
        size = volume(part.points, part.faces)
        if size > 0:
            solids.append((size, part))
        else:
            cavities.append(part)
    solids.sort(key=lambda each: each[0])
    parts = [[part] for _, part in solids]
    for cavity in cavities:
        around = [i for i, (_, solid) in enumerate(solids) if solid.contains(cavity.points[:1]).all()]
        parts[around[0] if around else -1].append(cavity)
    return tuple(merged(tuple(part)) for part in reversed(parts))


def require_overlap(observed: Observed, path: Path, grid: Grid, lesion: bool) -> None:
    """Refuse what does not lie where the run was computed.

    A lesion may lie outside of the box as long as its image shows some of it; a zone must reach into the box.

    Raises
    ------
    SceneError
        Nothing overlaps.
    """
    own = observed.whole.bounds()
    if _meets(own, grid):
        return
    turned = _meets(_flipped(own), grid)
    if lesion and not turned and (observed.label is None or _meets(observed.field, grid)):
        return
    hint = "  what lies in the wrong place by 180° is usually RAS where LPS is meant, or the reverse"
    if _meets((own[0] / MM, own[1] / MM), grid):
        hint = "  its numbers look like metres; export it in millimetres"
    elif turned:
        hint = "  with x and y negated it would overlap: RAS was taken for LPS, or the reverse; export it in LPS"
    raise SceneError(
        f"{path}: what was observed does not reach into the computed box\n"
        f"  observed: {_spans(own)}\n  box: {grid.describe()}\n{hint}\n  {SETS}"
    )


def _flipped(box: tuple[NDArray[np.float64], NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ends = np.array([corner * FLIPPED for corner in box])
    return ends.min(axis=0), ends.max(axis=0)


def _meets(box: tuple[NDArray[np.float64], NDArray[np.float64]], grid: Grid) -> bool:
    return bool((box[0] < np.array(grid.upper)).all() and (box[1] > np.array(grid.origin)).all())


def _spans(box: tuple[NDArray[np.float64], NDArray[np.float64]]) -> str:
    spans = zip("xyz", *box, strict=True)
    return ", ".join(f"{axis} {low / MM:.1f} to {high / MM:.1f} mm" for axis, low, high in spans)
