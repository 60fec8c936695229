"""What can be switched on and off in the interactive view: anatomy, needles, killed tissue and isotherms over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Endpoint, Setup, Surface
from gpu_ablate.geometry.meshes import Faces
from gpu_ablate.geometry.reduce import reduced
from gpu_ablate.language import say
from gpu_ablate.outcome.levelset import excess
from gpu_ablate.outcome.margins import front, margins
from gpu_ablate.outcome.zones import zone_field, zone_surface
from gpu_ablate.render import style
from gpu_ablate.render.anatomy import bone_surfaces, vessel_surfaces
from gpu_ablate.render.moments import place_at
from gpu_ablate.render.packing import Packer
from gpu_ablate.render.view import View, surfaces_of
from gpu_ablate.render.words import endpoint_words, own, plain
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

ANATOMY_TRIANGLES = 12_000
BONE_TRIANGLES = 30_000
ZONE_TRIANGLES = 5_000
SKIN_BEYOND = 12 * MM
"""How far the skin goes on beyond what is looked at [m]."""
NEEDLE_SIDES = 16
ISOTHERM_SHOWN = {43.0: False, 54.0: False, 60.0: False, 0.0: True, -20.0: False, -40.0: False}
"""Ice is what imaging shows, so its edge is on from the start; the other isotherms are a click away."""


@dataclass(frozen=True)
class Layer:
    """A surface with its own switch.

    group : "anatomy", "zone", "temperature" or "needle"; meshes : number of the mesh at each time, -1 for none;
    margins : whether its points carry margins
    """

    label: str
    group: str
    colour: str
    opacity: float
    shown: bool
    meshes: tuple[int, ...]
    margins: bool = False


def anatomy_layers(result: Result, view: View, times: int, packer: Packer) -> list[Layer]:
    """Tumours, bone, skin and all else that the setup has a surface of; each the same at all times."""
    setup = result.setup
    layers = []

    def add(
        label: str, colour: str, opacity: float, surface: Surface, most: int = ANATOMY_TRIANGLES, closed: bool = True
    ) -> None:
        number = packer.add(*reduced(surface.points, surface.faces, most, closed))
        if number >= 0:
            layers.append(Layer(label, "anatomy", colour, opacity, True, (number,) * times))

    for name, surface in surfaces_of(setup, "target"):
        points, faces = reduced(surface.points, surface.faces, ANATOMY_TRIANGLES)
        known = target_margins(result, points)
        number = packer.add(points, faces, known)
        carries = known is not None
        layers.append(Layer(plain(name), "anatomy", style.TUMOUR, 1.0, True, (number,) * times, carries))
    for role in ("nerve", "risk", "vessel", "involved_skin", "isolation"):
        opacity = style.FLUID_OPACITY if role == "isolation" else style.SOLID_OPACITY
        for name, surface in surfaces_of(setup, role):
            add(role_label(role, name), style.ROLE[role], opacity, surface)
    for name, surface in vessel_surfaces(setup):
        add(role_label("vessel", name), style.VESSEL, style.SOLID_OPACITY, surface)
    for name, surface in bone_surfaces(setup):
        add(name, style.BONE, style.VEIL_OPACITY, surface, BONE_TRIANGLES)
    if view.skin is not None:
        add(say("skin"), style.SKIN, style.VEIL_OPACITY, near_skin(view.skin, view), closed=False)
    return layers


def near_skin(skin: Surface, view: View) -> Surface:
    """The skin around what is looked at."""
    middle = skin.points[skin.faces].mean(axis=1)
    near = ((middle > view.lower - SKIN_BEYOND) & (middle < view.upper + SKIN_BEYOND)).all(axis=1)
    used, corners = np.unique(skin.faces[near], return_inverse=True)
    return Surface(skin.points[used], corners.reshape(-1, 3).astype(np.int32))


def role_label(role: str, name: str) -> str:
    """A region's name, after what it is."""
    words = {
        "nerve": say("nerve: {name}", name=plain(name)),
        "vessel": say("vessel: {name}", name=plain(name)),
        "involved_skin": say("invaded skin: {name}", name=plain(name)),
        "isolation": say("isolation: {name}", name=plain(name)),
    }
    return words.get(role, say("at risk: {name}", name=plain(name)))


def target_margins(result: Result, points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Margin (n,) [m] at points (n, 3) [m] of a target's surface at the end; None where nothing was killed."""
    phi = zone_field(result, result.setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    edge = front(phi, result.setup.phase_mask("body"), result.setup.grid)
    return margins(points, edge)[0] if len(edge.killed.faces) else None


def zone_layers(result: Result, view: View, records: list[int], packer: Packer) -> list[Layer]:
    """The killed tissue, and the isotherms at the recorded times (by their index); isotherms run through fluid as
    well."""
    setup = result.setup
    body, solved = setup.phase_mask("body"), ~setup.phase_mask("gas")
    endpoint = setup.endpoint
    killed, at_times = [], {isotherm: [] for isotherm in view.isotherms}  # type: ignore[var-annotated]
    for record in records:
        if endpoint.field in result.records.names:
            killed.append(packed_zone(result.records.read(record, endpoint.field), endpoint, body, setup, packer))
        temperature = result.records.read(record, "temperature")
        for isotherm, numbers in at_times.items():
            numbers.append(packed_zone(temperature, criterion(isotherm), solved, setup, packer))
    label = say("killed so far ({rule})", rule=endpoint_words(endpoint))
    if not killed:
        label = say("killed at the end ({rule})", rule=endpoint_words(endpoint))
        killed = [packed_zone(result.final[endpoint.field], endpoint, body, setup, packer)] * max(len(records), 1)
    layers = [Layer(label, "zone", style.ZONE, style.KILLED_OPACITY, True, tuple(killed))]
    for isotherm, numbers in at_times.items():
        edge = isotherm.temperature_c
        label = say("below {edge:g} °C", edge=edge) if isotherm in style.COLD else say("above {edge:g} °C", edge=edge)
        layers.append(
            Layer(label, "temperature", isotherm.colour, style.NOW_OPACITY, ISOTHERM_SHOWN[edge], tuple(numbers))
        )
    return [layer for layer in layers if any(number >= 0 for number in layer.meshes)]


def criterion(isotherm: style.Isotherm) -> Endpoint:
    """All that is beyond an isotherm."""
    field = "min_temperature" if isotherm in style.COLD else "max_temperature"
    return Endpoint(f"{isotherm.temperature_c:g}", field, isotherm.temperature_c)


def packed_zone(
    values: NDArray[np.float32], beyond: Endpoint, cells: NDArray[np.bool_], setup: Setup, packer: Packer
) -> int:
    """Number of the mesh around the cells where a field is beyond a threshold, -1 where none is."""
    surface = zone_surface(excess(values, beyond), cells, setup.grid)
    return packer.add(*reduced(surface.points, surface.faces, ZONE_TRIANGLES))


def needle_layers(result: Result, times: list[float], length: float, packer: Packer) -> list[Layer]:
    """Each probe where it is at each time [s], so long [m]; none while it is moved to another track."""
    layers = []
    for probe in result.setup.probes:
        numbers = []
        for time_s in times:
            placed = place_at(probe, result.stations, time_s)
            numbers.append(-1 if placed is None else packer.add(*needle_mesh(*placed, probe.radius, length)))
        label = say("needle {name}", name=own(probe.name))
        layers.append(Layer(label, "needle", style.PROBE, 1.0, True, tuple(numbers)))
    return layers


def needle_mesh(
    tip: NDArray[np.float64], direction: NDArray[np.float64], radius: float, length: float
) -> tuple[NDArray[np.float64], Faces]:
    """A shaft with a conical tip four radii long, open at the handle: points (n, 3) [m], faces (m, 3)."""
    first = np.cross(direction, np.eye(3)[int(np.argmin(np.abs(direction)))])
    first /= np.linalg.norm(first)
    angles = 2 * np.pi * np.arange(NEEDLE_SIDES) / NEEDLE_SIDES
    ring = radius * (np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * np.cross(direction, first))
    points = np.concatenate([[tip], tip + 4 * radius * direction + ring, tip + length * direction + ring])
    here = 1 + np.arange(NEEDLE_SIDES)
    beside = 1 + (np.arange(NEEDLE_SIDES) + 1) % NEEDLE_SIDES
    cone = np.stack([np.zeros_like(here), beside, here], axis=1)
    shaft = [np.stack([here, beside, here + NEEDLE_SIDES], axis=1),
             np.stack([beside, beside + NEEDLE_SIDES, here + NEEDLE_SIDES], axis=1)]  # fmt: skip
    return points, np.concatenate([cone, *shaft]).astype(np.int32)
