"""Prescribed heat sources of a scene as normalised fields or moving points."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from gpu_ablate.case.anatomy import Anatomy, in_scene, metres, solid_of
from gpu_ablate.case.case import HeatSource
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import read_scalars
from gpu_ablate.geometry.shapes import Solid
from gpu_ablate.scene.schema import Scene
from gpu_ablate.scene.treatment import Source
from gpu_ablate.spec import shape as spec
from gpu_ablate.units import MM

Array = NDArray[np.float64]

SAMPLES = (np.arange(3) + 0.5) / 3 - 0.5
"""Points per axis at which a cell is tested for lying in a solid [cells]."""


def build_sources(scene: Scene, grid: Grid, solved: NDArray[np.bool_]) -> tuple[HeatSource, ...]:
    """All [[source]] of a scene; solved (nz, ny, nx): cells that can take heat.

    Raises
    ------
    SceneError
        A source puts no heat into any solved cell, or moves and is not a point.
    """
    return tuple(_source(scene, source, grid, solved) for source in scene.source)


def setting_sources(anatomy: Anatomy, set_before: NDArray[np.bool_] | None) -> tuple[HeatSource, ...]:
    """The heat of all that sets, such as bone cement, one source for each region of it.

    set_before : (nz, ny, nx) cells that held the same tissue in an earlier stage already; None without one
    """
    found = []
    for label, (region, tissue) in enumerate(zip(anatomy.regions, anatomy.tissues, strict=True)):
        cells = anatomy.labels == label
        if set_before is not None:
            cells &= ~set_before
        if tissue.setting_heat_j_m3 is None or not cells.any():
            continue
        assert tissue.setting_start_s is not None  # `Tissue` asks for all three
        assert tissue.setting_duration_s is not None
        volume, duration = float(cells.sum()) * anatomy.grid.cell_volume, tissue.setting_duration_s.value
        start = tissue.setting_start_s.value
        power = tissue.setting_heat_j_m3.value * volume / duration
        found.append(HeatSource(f"setting of {region.name}", power, start, start + duration, cells / volume))
    return tuple(found)


def _source(scene: Scene, source: Source, grid: Grid, solved: NDArray[np.bool_]) -> HeatSource:
    where = f'{scene.path}: source "{source.name}"'
    end = math.inf if source.end_s is None else source.end_s
    velocity = metres(source.velocity_mm_s)
    shape = source.shape
    if isinstance(shape, spec.Point):
        point = metres(shape.point_mm)
        if not grid.contains(point) or not solved[grid.cell_at(point)]:
            raise SceneError(f"{where}: its point lies in no tissue of the box; move point_mm or enlarge [domain]")
        power = float(source.power_w or 0.0)
        return HeatSource(source.name, power, source.start_s, end, None, point, velocity)
    if any(velocity):
        raise SceneError(f'{where}: velocity_mm_s: only a shape of kind "point" can move in this version')
    if shape is None:
        density = _image_density(scene, source, grid) * solved
        power = float(density.sum()) * grid.cell_volume
        field = density / power if power else density
    else:
        power = float(source.power_w or 0.0)
        field = _density(shape, grid) * solved
    if not field.any():
        raise SceneError(f"{where}: puts no heat into any tissue of the box; move it or enlarge [domain]")
    if isinstance(shape, spec.Solid):
        field = field / (float(field.sum()) * grid.cell_volume)
    return HeatSource(source.name, power, source.start_s, end, field)


def _density(shape: spec.SourceShape, grid: Grid) -> Array:
    """Cell means per watt [m⁻³]; solids are normalised by the caller, lines and bells hold 1 W in all space."""
    if isinstance(shape, spec.Gaussian):
        return _gaussian(grid, metres(shape.center_mm), shape.sigma_mm * MM)
    if isinstance(shape, spec.Line):
        return _line(grid, metres(shape.from_mm), metres(shape.to_mm))
    assert not isinstance(shape, spec.Point)
    return _share_inside(solid_of(shape), grid)


def _gaussian(grid: Grid, centre: Vector, sigma: float) -> Array:
    """Exact cell means of exp(-r²/2σ²)/(2πσ²)^(3/2): a product of error functions."""
    means = []
    for axis, c in zip(grid.axes(), centre, strict=True):
        edges = np.append(axis - 0.5 * grid.spacing, axis[-1] + 0.5 * grid.spacing)
        means.append(np.diff(erf((edges - c) / (math.sqrt(2.0) * sigma))) / (2.0 * grid.spacing))
    x, y, z = means
    return np.asarray(z[:, None, None] * y[None, :, None] * x[None, None, :])


def _line(grid: Grid, start: Vector, end: Vector) -> Array:
    """A line's power shared among the cells that it crosses, by length (20 samples a cell)."""
    length = math.dist(start, end)
    count = max(2, math.ceil(20 * length / grid.spacing))
    points = np.array(start) + ((np.arange(count) + 0.5) / count)[:, None] * np.subtract(end, start)
    index = np.floor((points - np.array(grid.origin)) / grid.spacing).astype(int)[:, ::-1]
    inside = np.all((index >= 0) & (index < grid.shape), axis=1)
    field = np.zeros(grid.shape)
    np.add.at(field, tuple(index[inside].T), 1.0 / (count * grid.cell_volume))
    return field


def _share_inside(solid: Solid, grid: Grid) -> Array:
    """Share of each cell that lies in a solid, by 27 points."""
    lower, upper = solid.bounds()
    axes = grid.axes()
    window = []
    for axis, low, high in zip(axes, lower, upper, strict=True):
        near = np.flatnonzero((axis >= low - grid.spacing) & (axis <= high + grid.spacing))
        window.append(slice(near[0], near[-1] + 1) if len(near) else slice(0, 0))
    z, y, x = np.meshgrid(*(axis[part] for axis, part in zip(axes[::-1], window[::-1], strict=True)), indexing="ij")
    centres = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    share = np.zeros(len(centres))
    for offset in product(SAMPLES * grid.spacing, repeat=3):
        share += solid.contains(centres + np.array(offset))
    field = np.zeros(grid.shape)
    field[tuple(window[::-1])] = (share / len(SAMPLES) ** 3).reshape(x.shape)
    return field


def _image_density(scene: Scene, source: Source, grid: Grid) -> Array:
    """Power density of an image at the cell centres [W m⁻³]; 0 beyond its edge."""
    image = in_scene(scene, f'source "{source.name}", image', read_scalars, scene.folder / str(source.image))
    values, inside = image.sample(grid.centres())
    return np.where(inside, values, 0.0).astype(np.float64).reshape(grid.shape)
