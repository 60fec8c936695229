"""Cautions: what a plan comes near to. Sentences for the board, which never stop a run.

That a target at a nerve, the spinal canal, a joint or a growth plate asks for caution is after the 2018 consensus on
cryoablation of bone and soft-tissue tumours, its text not at hand and not re-read; all distances are chosen here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt

from gpu_ablate.case import structures
from gpu_ablate.case.expected import expected_depth, expected_zones
from gpu_ablate.case.setup import Region, Setup
from gpu_ablate.geometry.shapes import distance_to_line
from gpu_ablate.units import MM

NEAR = 5e-3
"""A target nearer than this to what can be harmed is cautioned of [m]; chosen here."""

SINK_RADIUS = 1.5e-3
"""Thin vessels of this radius and more count as heat sinks [m]: 3 mm wide, the usual mark, from memory, not re-read."""

ENCLOSED = 0.5
"""A target that covers this share of a nerve's surface, along the stretch where it touches it, encloses it; chosen
here."""

NEIGHBOURS: tuple[tuple[Callable[[Region], bool], str], ...] = (
    (lambda region: region.role == "skin", "spare the skin: warm or cool it, or lift it off by liquid"),
    (structures.is_bowel, "move it away by liquid or gas, and keep its wall out of the zone"),
    (structures.is_pleura, "think of gas or liquid between them, and of a pneumothorax"),
    (structures.is_joint, "keep cartilage and growth plate out of the zone"),
)
"""What a target lies near to, and what to think of (our words)."""


def cautions(setup: Setup, start_c: float) -> list[str]:
    """All cautions of a plan, one sentence each.

    start_c : temperature of the tissue at the start [°C]
    """
    found = []
    for name in dict.fromkeys(region.name for region in setup.regions if region.role == "target"):
        target = np.isin(setup.labels, [i for i, region in enumerate(setup.regions) if region.name == name])
        if target.any():
            away = _away(setup, target)
            found += [*_nerves(setup, name, target, away), *_canal(setup, name, away)]
            found += [*_neighbours(setup, name, away), *_sinks(setup, name, target, away)]
    return [*found, *_zones_where_they_harm(setup, start_c)]


def _away(setup: Setup, target: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance of each cell from the target (nz, ny, nx), between the faces of cells [m]; 0 beside it."""
    return np.asarray(np.maximum(distance_transform_edt(~target) - 1.0, 0.0) * setup.grid.spacing)


def _regions(setup: Setup, belongs: Callable[[Region], bool]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and cells of the regions of a kind that show in the box, but for targets."""
    for name in dict.fromkeys(r.name for r in setup.regions if belongs(r) and r.role != "target"):
        cells = np.isin(setup.labels, [i for i, region in enumerate(setup.regions) if region.name == name])
        if cells.any():
            yield name, cells


def _nerves(setup: Setup, target: str, inside: NDArray[np.bool_], away: NDArray[np.float64]) -> Iterator[str]:
    """Nerves that a target touches or encloses."""
    for name, cells in _regions(setup, structures.is_nerve):
        if away[cells].min() > 0.0:
            continue
        share, length = _embraced(setup, inside, cells)
        what = "encloses" if share >= ENCLOSED else "touches"
        yield (
            f'Caution: target "{target}" {what} the nerve "{name}" ({100 * share:.0f} % of its surface along '
            f"{length / MM:.0f} mm); to kill the target is to risk the nerve (2018 consensus, not re-read): watch its "
            "function or temperature, or move it away by liquid or gas."
        )


def _embraced(setup: Setup, inside: NDArray[np.bool_], nerve: NDArray[np.bool_]) -> tuple[float, float]:
    """Share of a nerve's surface that lies at the target, and along how much of the nerve it does [m]."""
    around = np.argwhere(binary_dilation(nerve) & ~nerve)
    at_target = inside[tuple(around.T)]
    points = np.argwhere(nerve).astype(float)
    axis = np.linalg.eigh(np.cov((points - points.mean(axis=0)).T))[1][:, -1] if len(points) > 2 else np.eye(3)[0]
    along = around @ axis
    low, high = along[at_target].min(), along[at_target].max()
    beside = (along >= low) & (along <= high)
    return float(at_target[beside].mean()), float((high - low + 1.0) * setup.grid.spacing)


def _canal(setup: Setup, target: str, away: NDArray[np.float64]) -> Iterator[str]:
    """A target that reaches the spinal canal."""
    reached = [
        name.replace("_", " ") for name, cells in _regions(setup, structures.is_canal) if away[cells].min() == 0.0
    ]
    if reached:
        yield (
            f'Caution: target "{target}" reaches the spinal canal ({", ".join(reached)}); cord and roots lie in the '
            "reach of the zone (2018 consensus, not re-read): gas or liquid in the epidural space, and a thermometer "
            "there."
        )


def _zones_where_they_harm(setup: Setup, start_c: float) -> Iterator[str]:
    """Zones by rule of thumb that enter the spinal canal, or spared skin."""
    canal = list(_regions(setup, structures.is_canal))
    skin = list(_regions(setup, lambda region: region.role == "skin"))
    zones = expected_zones(setup, start_c) if canal or skin else []
    if not zones:
        return
    depth = expected_depth(setup, zones)
    what = "ice" if any(zone.freezes for zone in zones) else "zone"

    def entered(places: list[tuple[str, NDArray[np.bool_]]]) -> str:
        deepest = {name: float(depth[cells].max()) for name, cells in places}
        return ", ".join(f"{name.replace('_', ' ')} by {d / MM:.0f} mm" for name, d in deepest.items() if d > 0.5 * MM)

    if listed := entered(skin):
        yield (
            f"Caution: the {what} expected by rule of thumb (± 30 %) reaches the skin ({listed}): lift it off by "
            "liquid, warm or cool it, or give less; the run says how hot or cold it gets."
        )
    if listed := entered(canal):
        yield (
            f"Caution: the {what} expected by rule of thumb (± 30 %) enters the spinal canal ({listed}); the run says "
            "how cold or hot it gets there."
        )


def _neighbours(setup: Setup, target: str, away: NDArray[np.float64]) -> Iterator[str]:
    """Structures near to a target that can be harmed."""
    for belongs, remedy in NEIGHBOURS:
        for name, cells in _regions(setup, belongs):
            gap = float(away[cells].min())
            if gap < NEAR:
                yield f'Caution: target "{target}" lies {_gap(gap)} "{name}"; {remedy}.'


def _sinks(setup: Setup, target: str, inside: NDArray[np.bool_], away: NDArray[np.float64]) -> Iterator[str]:
    """Large vessels near to a target."""
    gaps = {name: float(away[cells].min()) for name, cells in _regions(setup, structures.is_vessel)}
    cells = np.argwhere(inside & ~_core(inside))
    rim = np.asarray(setup.grid.origin) + (cells[:, ::-1] + 0.5) * setup.grid.spacing
    for vessel in setup.vessels:
        if vessel.radius >= SINK_RADIUS:
            wall = vessel.radius + 0.5 * setup.grid.spacing  # the rim's points are centres of cells
            gaps[vessel.name] = max(float(distance_to_line(rim, vessel.points).min()) - wall, 0.0)
    for name, gap in gaps.items():
        if gap < NEAR:
            yield (
                f'Caution: target "{target}" lies {_gap(gap)} the vessel "{name}", whose blood keeps its wall near '
                "body temperature; the zone will be thinner there."
            )


def _core(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells of a mask that have none outside it beside them."""
    return np.asarray(~binary_dilation(~inside))


def _gap(gap: float) -> str:
    return f"{gap / MM:.0f} mm from" if gap >= 0.5 * MM else "at"
