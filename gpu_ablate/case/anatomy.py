"""From a scene's anatomy, regions and isolation layers to numbered regions, a painter and its grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.layers import inject, measure_layers
from gpu_ablate.case.resampling import close_skin, join_vessels, resampled_labels
from gpu_ablate.case.setup import IsolationLayer, Region, ResampledLabel
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry import shapes
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.meshes import read_mesh
from gpu_ablate.geometry.voxelize import (
    Background,
    Painter,
    PaintImage,
    PaintSolid,
    label_volume,
)
from gpu_ablate.library import load as library
from gpu_ablate.scene.body import Region as SceneRegion
from gpu_ablate.scene.body import Role
from gpu_ablate.scene.inputs import anatomy_image
from gpu_ablate.scene.schema import Scene
from gpu_ablate.spec import shape as spec
from gpu_ablate.spec.tissue import Tissue
from gpu_ablate.units import MM

Read = TypeVar("Read")
Corners = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Anatomy:
    """Regions of a scene (index = label), their tissues, and the painter that says which lies where."""

    regions: tuple[Region, ...]
    tissues: tuple[Tissue, ...]
    initial_c: tuple[float | None, ...]
    painter: Painter
    grid: Grid
    labels: NDArray[np.uint8]
    layers: tuple[IsolationLayer, ...]
    """What the layers that move tissue amount to."""
    resampled: tuple[ResampledLabel, ...]
    """What the grid made of the labels of the image."""
    outside_body: dict[str, float]
    """Of each region that the scene draws, the share of its cells where gas, or nothing of the image, lay before."""


def metres(vector_mm: Vector) -> Vector:
    """A point or vector from mm to m."""
    x, y, z = (v * MM for v in vector_mm)
    return (x, y, z)


def solid_of(shape: spec.Solid) -> shapes.Solid:
    """The SI solid of a shape of the scene."""
    match shape:
        case spec.Sphere():
            return shapes.Sphere(metres(shape.center_mm), shape.radius_mm * MM)
        case spec.Box():
            return shapes.Box(metres(shape.min_mm), metres(shape.max_mm))
        case spec.Ellipsoid():
            return shapes.Ellipsoid(metres(shape.center_mm), metres(shape.radii_mm))
        case spec.Cylinder():
            return shapes.Cylinder(metres(shape.from_mm), metres(shape.to_mm), shape.radius_mm * MM)
        case spec.Capsule():
            return shapes.Capsule(metres(shape.from_mm), metres(shape.to_mm), shape.radius_mm * MM)
        case spec.HalfSpace():
            return shapes.HalfSpace(metres(shape.point_mm), shape.normal)
        case spec.Shell():
            return shapes.Shell(metres(shape.center_mm), shape.inner_radius_mm * MM, shape.outer_radius_mm * MM)
        case spec.Ring():
            return shapes.Ring(
                metres(shape.center_mm),
                shape.normal,
                shape.radius_mm * MM,
                shape.width_mm * MM,
                shape.thickness_mm * MM,
            )


def _solid(scene: Scene, region: SceneRegion) -> shapes.Solid:
    """The solid of a region, from its shape or mesh file."""
    if region.shape is not None:
        return solid_of(region.shape)
    return in_scene(scene, f'region "{region.name}", mesh', read_mesh, scene.folder / str(region.mesh))


def in_scene(scene: Scene, where: str, read: Callable[[Path], Read], path: Path) -> Read:
    """Read a file; an error names the scene and the place in it that names the file."""
    try:
        return read(path)
    except SceneError as error:
        raise SceneError(f"{scene.path}: {where}: {error}") from error


class _Registry:
    """Numbers the regions in order of appearance."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.regions: list[Region] = []
        self.tissues: list[Tissue] = []
        self.initial_c: list[float | None] = []

    def labels_of(self, places: Sequence[str]) -> frozenset[int]:
        """Labels so far of the regions with these names or roles."""
        return frozenset(i for i, r in enumerate(self.regions) if r.name in places or r.role in places)

    def add(self, name: str, role: Role, tissue_name: str, initial_c: float | None = None) -> int:
        """Label of a region; one that exists already is shared."""
        tissue = library.tissue(tissue_name, self.scene.tissue)
        region = Region(name, role, tissue_name, tissue.phase)
        if region in self.regions and initial_c is None:
            return self.regions.index(region)
        if len(self.regions) == 256:
            raise SceneError(f"{self.scene.path}: more than 256 regions; join some of them")
        self.regions.append(region)
        self.tissues.append(tissue)
        self.initial_c.append(initial_c)
        return len(self.regions) - 1


def build_anatomy(scene: Scene, stations: list[Vector], check_size: Callable[[Grid], None]) -> Anatomy:
    """Read, number and voxelise all that a scene places.

    stations : points that probes reach [m], for a domain given by a margin
    check_size : called with the grid before anything of its size is made

    Raises
    ------
    SceneError
        A file cannot be used, a value has no tissue, a region lies outside the box.
    """
    registry = _Registry(scene)
    image = None if scene.anatomy is None else anatomy_image(scene)
    painter = of_image = _base(scene, registry, image)
    solids = {region.name: _solid(scene, region) for region in scene.region}
    grid = _grid(scene, image, solids, stations)
    check_size(grid)
    displacing = {layer.region: layer for layer in scene.isolation if layer.displaces != "none"}
    before, injected = painter, []
    for region in scene.region:
        within = None if region.within is None else registry.labels_of(region.within)
        label = registry.add(region.name, region.role, region.tissue, region.initial_temperature_c)
        solid = solids[region.name]
        if region.name in displacing:
            where = f'{scene.path}: [[isolation]] "{region.name}"'
            injected.append(inject(where, displacing[region.name], painter, grid, registry.regions, label, solid))
            painter = injected[-1].painter
        else:
            painter, before = (PaintSolid(below, solid, label, within) for below in (painter, before))
    labels = label_volume(painter, grid.shape, grid.spacing, grid.origin)
    close_skin(labels, painter, registry.regions, grid)
    resampled: tuple[ResampledLabel, ...] = ()
    if isinstance(of_image, PaintImage):
        told = resampled_labels(of_image, registry.regions, grid, join=not displacing)
        resampled = told.volumes
        if not displacing:
            join_vessels(labels, told.plain, of_image, registry.regions, grid)
    _require_cells(scene, registry, labels)
    regions = tuple(registry.regions)
    return Anatomy(
        regions,
        tuple(registry.tissues),
        tuple(registry.initial_c),
        painter,
        grid,
        labels,
        measure_layers(tuple(injected), regions, grid, before, painter, labels),
        resampled,
        _outside_body(scene, registry, of_image, labels, grid),
    )


def _outside_body(
    scene: Scene,
    registry: _Registry,
    of_image: Painter,
    labels: NDArray[np.uint8],
    grid: Grid,
) -> dict[str, float]:
    """See `Anatomy.outside_body`; nothing without an anatomy image."""
    if not isinstance(of_image, PaintImage):
        return {}
    found = {}
    gas = [i for i, region in enumerate(registry.regions) if region.phase == "gas"]
    for region in scene.region:
        cells = np.argwhere(np.isin(labels, [i for i, r in enumerate(registry.regions) if r.name == region.name]))
        centres = (cells[:, ::-1] + 0.5) * grid.spacing + np.array(grid.origin)
        before = of_image.label_at(centres)
        _, within = of_image.image.sample(centres)
        found[region.name] = float((np.isin(before, gas) | ~within).mean()) if len(cells) else 0.0
    return found


def _base(scene: Scene, registry: _Registry, image: LabelImage | None) -> Painter:
    """Background and anatomy image."""
    background = scene.domain.background or (scene.anatomy.outside if scene.anatomy else None)
    assert background is not None, "refused by load_scene"
    painter = Background(registry.add(background, "tissue", background))
    if scene.anatomy is None or image is None:
        return painter
    lookup = {
        value: registry.add(entry.region_name, entry.role, entry.tissue)
        for value, entry in scene.anatomy.labels.items()
    }
    beyond = scene.anatomy.outside
    outside = None if beyond is None else registry.add(beyond, "tissue", beyond)
    try:
        return PaintImage(painter, image, lookup, outside)
    except SceneError as error:
        raise SceneError(f"{scene.path}: [anatomy] {scene.anatomy.image}: {error}") from error


def _grid(scene: Scene, image: LabelImage | None, solids: dict[str, shapes.Solid], stations: list[Vector]) -> Grid:
    """The box: as written, or a margin around targets and probes, or the whole image."""
    domain = scene.domain
    spacing = domain.spacing_mm * MM
    if domain.min_mm is not None and domain.max_mm is not None:
        lower, upper = np.array(metres(domain.min_mm)), np.array(metres(domain.max_mm))
    elif domain.margin_mm is not None:
        corners: list[Corners] = [solids[region.name].bounds() for region in scene.region if region.role == "target"]
        corners += [(np.array(point), np.array(point)) for point in stations]
        corners += _target_labels(scene, image)
        lower = np.min([low for low, _ in corners], axis=0) - domain.margin_mm * MM
        upper = np.max([high for _, high in corners], axis=0) + domain.margin_mm * MM
    else:
        assert image is not None, "refused by load_scene"
        lower, upper = image.lattice.bounds()
    counts = np.maximum(np.ceil((upper - lower) / spacing - 1e-6), 1).astype(int)
    nx, ny, nz = (int(count) for count in counts)
    x, y, z = (float(value) for value in lower)
    return Grid((nz, ny, nx), spacing, (x, y, z))


def _target_labels(scene: Scene, image: LabelImage | None) -> list[Corners]:
    """Corners of the boxes around the voxels of the image whose role is target."""
    if scene.anatomy is None or image is None:
        return []
    corners: list[Corners] = []
    for value, entry in scene.anatomy.labels.items():
        voxels = np.argwhere(image.values == value)[:, ::-1]
        if entry.role == "target" and len(voxels):
            centres = image.lattice.points(np.array([voxels.min(axis=0), voxels.max(axis=0)]))
            half = 0.5 * np.abs(image.lattice.axes).sum(axis=1)
            corners.append((centres.min(axis=0) - half, centres.max(axis=0) + half))
    return corners


def _require_cells(scene: Scene, registry: _Registry, labels: NDArray[np.uint8]) -> None:
    """Every region that the scene writes must show in the box."""
    counts = np.bincount(labels.ravel(), minlength=len(registry.regions))
    for region in scene.region:
        if not any(counts[i] for i, known in enumerate(registry.regions) if known.name == region.name):
            left = "" if region.within is None else f" and within {' or '.join(region.within)}"
            raise SceneError(
                f'{scene.path}: region "{region.name}" has no cell in the box{left}\n'
                "  remedy: move it, enlarge [domain], lower spacing_mm, or check what is painted over it"
            )
