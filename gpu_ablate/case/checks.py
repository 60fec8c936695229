"""What can only be checked once the anatomy stands: that all a scene names lies in tissue, and in the box."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.anatomy import Anatomy, metres
from gpu_ablate.case.exchange import FACES
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.case.probes import along, legs, probe_stations
from gpu_ablate.case.setup import Probe
from gpu_ablate.errors import SceneError
from gpu_ablate.scene.body import TO_KILL, ConvectiveFace, HeldFace
from gpu_ablate.scene.schema import Scene
from gpu_ablate.scene.treatment import Reinsert
from gpu_ablate.spec.shape import Point
from gpu_ablate.units import MM

MOST_OUTSIDE = 0.5
"""Share of a target that may lie outside the body: some grow out of it."""

FAR_FACE = 30e-3
"""A face held at body temperature should lie at least this far from the heat [m] (diffusion length in 15 min)."""


def check_places(scene: Scene, anatomy: Anatomy, probes: tuple[Probe, ...]) -> None:
    """Refuse what lies outside the box, in gas, or names a place without living tissue.

    Raises
    ------
    SceneError
        With the place and the remedy.
    """
    phases = np.array([region.phase for region in anatomy.regions])[anatomy.labels]
    if not (phases != "gas").any():
        raise SceneError(f"{scene.path}: [domain]: the box holds nothing but gas; give it a tissue, or move it")
    _check_targets(scene, anatomy)
    gas: NDArray[np.bool_] = phases == "gas"
    for probe in probes:
        _check_probe(scene, anatomy.grid, gas, probe)
    for sensor in scene.sensor:
        _require_solved(scene, anatomy.grid, gas, f'sensor "{sensor.name}": point_mm', metres(sensor.point_mm))
    for source in scene.source:
        if isinstance(source.shape, Point) and any(source.velocity_mm_s):
            end = min(source.end_s if source.end_s is not None else math.inf, scene.duration_s())
            x, y, z = (
                p + (end - source.start_s) * v
                for p, v in zip(metres(source.shape.point_mm), metres(source.velocity_mm_s), strict=True)
            )
            _require_solved(scene, anatomy.grid, gas, f'source "{source.name}": at the end of its way, it', (x, y, z))
    _check_where(scene, anatomy, phases == "body")


def _check_targets(scene: Scene, anatomy: Anatomy) -> None:
    """A target that is drawn over the anatomy must lie in the body, for the most part.

    Raises
    ------
    SceneError
        More than half of it lies in gas, or beyond the anatomy image.
    """
    for region in scene.region:
        out = anatomy.outside_body.get(region.name, 0.0)
        if region.role in TO_KILL and out > MOST_OUTSIDE:
            source = "the mesh" if region.mesh is not None else "the shape"
            raise SceneError(
                f'{scene.path}: region "{region.name}": {100 * out:.0f} % of the {region.role} lies outside the body, '
                "in gas or beyond the anatomy image\n"
                f"  remedy: {source} and the image must share one frame, LPS in mm; one in RAS has the signs of x and "
                "y turned"
            )


def _check_probe(scene: Scene, grid: Grid, gas: NDArray[np.bool_], probe: Probe) -> None:
    if probe.freezes:  # its tip may lie beyond the box, as long as the middle of what freezes does not
        middle = along(probe.tip, probe.direction, probe.emission_offset)
        _require_solved(scene, grid, gas, f'probe "{probe.name}": the middle of its freezing part', middle)
        return
    for number, tip in enumerate(probe_stations(probe), 1):
        _require_inside(scene, grid, f'probe "{probe.name}", station {number}: its tip', tip)
    for leg in legs(probe):
        for tip in (leg.before, leg.after) if leg.step.power > 0.0 else ():
            place = f'probe "{probe.name}", step {leg.number} ({leg.step.action}): the middle of its radiating part'
            _require_solved(scene, grid, gas, place, along(tip, leg.direction, probe.emission_offset))


def _require_inside(scene: Scene, grid: Grid, what: str, point: Vector) -> None:
    if not grid.contains(point):
        at = ", ".join(f"{value / MM:.1f}" for value in point)
        raise SceneError(
            f"{scene.path}: {what} at [{at}] mm lies outside the domain ({grid.describe()})\n"
            "  remedy: move it, shorten the pulls of a probe, or enlarge [domain]"
        )


def _require_solved(scene: Scene, grid: Grid, gas: NDArray[np.bool_], what: str, point: Vector) -> None:
    _require_inside(scene, grid, what, point)
    if gas[grid.cell_at(point)]:
        at = ", ".join(f"{value / MM:.1f}" for value in point)
        raise SceneError(f"{scene.path}: {what} at [{at}] mm lies in gas\n  remedy: move it into tissue")


def _check_where(scene: Scene, anatomy: Anatomy, body: NDArray[np.bool_]) -> None:
    """Conditions and limits must watch a place that holds living tissue."""
    points = {sensor.name for sensor in scene.sensor} | {probe.name for probe in scene.probe}  # checked themselves
    asked = [(f'limit on "{limit.where}"', limit.where) for limit in scene.limit]
    for probe in scene.probe:
        for number, step in enumerate(probe.steps, 1):
            if not isinstance(step, Reinsert) and step.until is not None:
                asked.append((f'probe "{probe.name}", step {number}, until: "{step.until.where}"', step.until.where))
    for what, where in asked:
        if where in points:
            continue
        labels = [i for i, region in enumerate(anatomy.regions) if where in (region.name, region.role)]
        if not (np.isin(anatomy.labels, labels) & body).any():
            raise SceneError(
                f"{scene.path}: {what} has no living tissue in the box\n"
                "  remedy: name a region, role or sensor in tissue, or check what is painted over it"
            )


def box_notes(scene: Scene, anatomy: Anatomy, probes: tuple[Probe, ...]) -> list[str]:
    """What the user must know of the box: targets that it cuts, faces held at body temperature near the heat."""
    notes = []
    grid = anatomy.grid
    for index, region in enumerate(anatomy.regions):
        inside = anatomy.labels == index
        edge = inside.copy()
        edge[1:-1, 1:-1, 1:-1] = False
        if region.role in TO_KILL and edge.any():
            notes.append(f'The box cuts "{region.name}", which is to be killed; what lies outside it is not judged.')
    heats = [
        np.array(along(tip, leg.direction, probe.emission_offset))
        for probe in probes
        for leg in legs(probe)
        if leg.step.power > 0.0 or leg.step.action == "freeze"
        for tip in (leg.before, leg.after)
    ]
    near = []
    for name, (axis, index) in FACES.items():
        face = scene.boundary.face(name)
        if not heats or face == "insulated" or isinstance(face, (HeldFace, ConvectiveFace)):
            continue
        layer = np.unique(np.take(anatomy.labels, index, axis=axis))
        if all(anatomy.regions[label].phase == "gas" for label in layer):
            continue
        at = (grid.origin if index == 0 else grid.upper)[2 - axis]
        distance = min(abs(float(heat[2 - axis]) - at) for heat in heats)
        if distance < FAR_FACE:
            near.append(f"{name} {distance / MM:.0f} mm")
    if near:
        notes.append(
            f"Faces held at body temperature lie near the heat or cold ({', '.join(near)}; {FAR_FACE / MM:.0f} mm or "
            "more is better): they act on the zone. Enlarge the box, or make them insulated."
        )
    return notes
