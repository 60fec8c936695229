"""Isolation layers: what they move, how much liquid that takes, and how far it takes the tumour from what it guards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from gpu_ablate.case.air import outside_air
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.setup import IsolationLayer, Region
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.shapes import Solid
from gpu_ablate.geometry.voxelize import Displace, Painter, label_volume, outward_direction, surface
from gpu_ablate.scene.isolation import Isolation
from gpu_ablate.units import MM

Labels = NDArray[np.uint8]

ROOM_CELLS = 2
"""So many cells beyond the nearest ones are searched for the shortest distance."""


@dataclass(frozen=True)
class Injected:
    """A layer that moves tissue: its region, and what paints it."""

    region: Region
    superficial: bool
    painter: Displace


def inject(
    where: str, layer: Isolation, below: Painter, grid: Grid, regions: list[Region], label: int, solid: Solid
) -> Injected:
    """Inject a layer of liquid into what is painted below it.

    Superficial: what lies above the layer rises. Deep: what lies below it (muscle, rib, pleura) sinks, as far as the
    box reaches and beyond. In a supine patient the breast over a retromammary layer rises rather than that the chest
    wall sinks; the distances between tissues come out the same, since only their places relative to each other count,
    and the tumour, the needle and the skin stay where the scene puts them.

    Raises
    ------
    SceneError
        Nothing leads outwards, the layer has no thickness or begins in gas, or tissue is lifted out of the box.
    """
    gases = [i for i, region in enumerate(regions) if region.phase == "gas"]
    superficial = layer.displaces == "superficial"
    try:
        outward = layer.outward or _outward(solid, below, grid, gases)
        x, y, z = outward if superficial else (-v for v in outward)
        painter = Displace(below, solid, label, (x, y, z))
        columns = painter.columns
    except SceneError as error:
        raise SceneError(f"{where}: {error}") from error
    crossed = np.argwhere(columns.thickness > 0)
    entries = (
        np.column_stack([columns.origin + crossed * columns.spacing, columns.entry[tuple(crossed.T)]]) @ columns.frame
    )
    if np.isin(below.label_at(entries), gases).mean() > 0.5:
        raise SceneError(f"{where}: the layer begins in gas\n  remedy: move its shape under the skin")
    if superficial:
        _require_room(where, painter, grid, gases)
    return Injected(regions[label], superficial, painter)


def _outward(solid: Solid, below: Painter, grid: Grid, gases: list[int]) -> Vector:
    """Towards the body surface that is nearest to the middle of a solid."""
    lower, upper = solid.bounds()
    gas = np.isin(label_volume(below, grid.shape, grid.spacing, grid.origin), gases)
    x, y, z = outward_direction(outside_air(gas), grid.spacing, grid.origin, tuple((lower + upper) / 2))
    return (float(x), float(y), float(z))


def _require_room(where: str, painter: Displace, grid: Grid, gases: list[int]) -> None:
    """Where tissue was lifted, gas must lie above it in the box: else lifted tissue has left the box."""
    axis = int(np.abs(painter.columns.outward).argmax())
    up = painter.columns.outward[axis] > 0
    axes = list(grid.axes())
    axes[axis] = axes[axis][-1:] if up else axes[axis][:1]
    layer = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    s, entry, thickness = painter.columns.at(layer)
    lifted = (thickness > 0.5 * grid.spacing) & (s > entry)
    if lifted.any() and not np.isin(painter.label_at(layer[lifted]), gases).all():
        face = f"{'xyz'[axis]}_{'max' if up else 'min'}"
        raise SceneError(
            f"{where}: tissue that it lifts leaves the box at {face}\n"
            f"  remedy: enlarge [domain] there by {float(thickness.max()) / MM:.0f} mm or more: air belongs above it"
        )


def measure_layers(
    injected: tuple[Injected, ...],
    regions: tuple[Region, ...],
    grid: Grid,
    before: Painter,
    after: Painter,
    labels: Labels,
) -> tuple[IsolationLayer, ...]:
    """What each layer amounts to.

    before, after : the anatomy without any layer that moves tissue, and with all of them
    labels : of the anatomy with them (nz, ny, nx)
    """
    if not injected:
        return ()
    target = _labels(regions, "role", "target")
    skin = _labels(regions, "role", "skin")
    deep = _labels(regions, "role", "risk") or _labels(regions, "tissue", "muscle")
    stood = label_volume(before, grid.shape, grid.spacing, grid.origin)

    def distances(others: set[int]) -> tuple[float | None, float | None]:
        return shortest(before, stood, target, others, grid), shortest(after, labels, target, others, grid)

    to_skin, to_deep = distances(skin), distances(deep)
    deep_names = tuple(dict.fromkeys(regions[label].name for label in sorted(deep)))
    return tuple(
        IsolationLayer(
            name=layer.region.name,
            tissue=layer.region.tissue,
            displaces="superficial" if layer.superficial else "deep",
            along=tuple(layer.painter.columns.outward.tolist()),
            volume=float(layer.painter.columns.thickness.sum()) * layer.painter.columns.spacing**2,
            thickness_max=float(layer.painter.columns.thickness.max()),
            thickness_mean=float(layer.painter.columns.thickness[layer.painter.columns.thickness > 0].mean()),
            target_to_skin=to_skin,
            deep=deep_names,
            target_to_deep=to_deep,
        )
        for layer in injected
    )


def _labels(regions: tuple[Region, ...], kind: str, wanted: str) -> set[int]:
    return {i for i, region in enumerate(regions) if getattr(region, kind) == wanted}


def shortest(painter: Painter, labels: Labels, some: set[int], others: set[int], grid: Grid) -> float | None:
    """Shortest distance [m] between the surfaces of two unions of labels, finer than a voxel; None where one has no
    cell.

    Between the points of two meshes at the grid's spacing h: too long by about h²/8d at a distance d, and by a third
    of a cell at most where they touch.
    """
    one, other = np.isin(labels, list(some)), np.isin(labels, list(others))
    if not (one.any() and other.any()):
        return None
    away = np.where(one, distance_transform_edt(~other), np.inf)
    least = float(away.min())
    near = np.argwhere(away <= least + ROOM_CELLS)
    reach = int(np.ceil(least)) + ROOM_CELLS
    low = np.maximum(near.min(axis=0) - reach, 0)[::-1]
    high = np.minimum(near.max(axis=0) + 1 + reach, grid.shape)[::-1]
    x0, y0, z0 = (float(o + i * grid.spacing) for o, i in zip(grid.origin, low, strict=True))
    x1, y1, z1 = (float(o + i * grid.spacing) for o, i in zip(grid.origin, high, strict=True))
    points = [surface(painter, each, (x0, y0, z0), (x1, y1, z1), grid.spacing)[0] for each in (some, others)]
    if not all(map(len, points)):
        return least * grid.spacing
    distance, _ = cKDTree(points[1]).query(points[0])
    return float(np.min(distance))


def layer_notes(layers: tuple[IsolationLayer, ...]) -> list[str]:
    """What the user must know of the layers that move tissue, a sentence each."""
    notes = []
    for layer in layers:
        direction = ", ".join(f"{v:.2f}" for v in layer.along)
        does = "lifts what lies above it" if layer.displaces == "superficial" else "pushes what lies deep to it away"
        notes.append(
            f'Liquid isolation: "{layer.name}" {does} by up to {layer.thickness_max / MM:.1f} mm along [{direction}]; '
            f"{layer.volume * 1e6:.1f} ml, {layer.thickness_mean / MM:.1f} mm thick on average"
            f"{_moved('spared skin', layer.target_to_skin)}{_moved(' or '.join(layer.deep), layer.target_to_deep)}."
        )
    return notes


def _moved(what: str, distance: tuple[float | None, float | None]) -> str:
    """From the target to what is guarded, before and after; empty without one of them."""
    before, after = distance
    if before is None or after is None:
        return ""
    return f"; target to {what} {before / MM:.1f} mm without isolation, {after / MM:.1f} mm with it"
