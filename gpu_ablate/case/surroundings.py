"""Where a needle lies in the body: depths, and distances to the tumour's deep edge and to the skin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.air import outside_air
from gpu_ablate.case.depth import FOOTPRINT, SkinDepth
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.probes import along
from gpu_ablate.case.setup import Probe, Setup, Track
from gpu_ablate.geometry.voxelize import outward_direction


@dataclass(frozen=True)
class Place:
    """Where a needle stands [m]; nan where the scene does not hold what a number needs.

    tip_depth, heat_depth : of the tip and of the middle of the heat below the skin, square to it where the shaft enters
    to_deep_edge : how much deeper than the middle of the heat the deepest point of any target lies, along the inward
        normal of the skin that is nearest to the targets' centre; negative where the heat lies deeper
    to_skin : from the middle of the heat to the nearest cell of spared skin (role skin)
    """

    tip_depth: float
    heat_depth: float
    to_deep_edge: float
    to_skin: float


class Surroundings:
    """Knows the skin and the targets of a set-up; what is asked for is worked out once."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.depth_on = cache(self._depth_on)

    @cached_property
    def air(self) -> NDArray[np.bool_]:
        """The gas outside of the body, (nz, ny, nx)."""
        return outside_air(self.setup.phase_mask("gas"))

    def _depth_on(self, track: Track) -> SkinDepth:
        """Depths below the skin where a track enters."""
        return SkinDepth(self.setup.grid, self.air, track)

    def place(self, probe: Probe, track: int, tip: Vector) -> Place:
        """Where a probe stands with its tip (x, y, z) [m] on its track of this number (from 0)."""
        way = probe.tracks[track]
        heat = along(tip, way.direction, probe.emission_offset)
        depth = self.depth_on(way)
        return Place(depth.at(tip), depth.at(heat), self.to_deep_edge(heat), self.to_skin(heat))

    def to_deep_edge(self, point: Vector) -> float:
        """How much deeper than a point the deepest point of any target lies [m] (see `Place`)."""
        inward = self._inward
        if inward is None or not self._targets:
            return float("nan")
        return float(max((points @ inward).max() for points in self._targets.values()) - point @ inward)

    def to_skin(self, point: Vector) -> float:
        """Distance of a point to the nearest cell of spared skin [m]."""
        if not len(self._skin):
            return float("nan")
        away = np.maximum(np.abs(self._skin - point) - 0.5 * self.setup.grid.spacing, 0.0)
        return float(np.sqrt(np.einsum("ij,ij->i", away, away).min()))

    def nearest_target(self, point: Vector) -> str | None:
        """Name of the target whose surface is nearest to a point; None without target."""
        away = {name: float(((points - point) ** 2).sum(axis=1).min()) for name, points in self._targets.items()}
        return min(away, key=lambda name: away[name]) if away else None

    @cached_property
    def _targets(self) -> dict[str, NDArray[np.float64]]:
        """Points (n, 3) of the surface of each target [m], by its name."""
        names = dict.fromkeys(region.name for region in self.setup.regions if region.role == "target")
        surfaces = self.setup.surfaces
        return {name: surfaces[name].points.astype(float) for name in names if name in surfaces}

    @cached_property
    def _inward(self) -> NDArray[np.float64] | None:
        """Unit vector into the body, square to the skin nearest to the targets' centre; None without air or target."""
        grid, cells = self.setup.grid, np.argwhere(self.setup.mask("target"))
        if not len(cells) or not self.air.any():
            return None
        x, y, z = (float(v) for v in grid.origin + (cells.mean(axis=0)[::-1] + 0.5) * grid.spacing)
        return -outward_direction(self.air, grid.spacing, grid.origin, (x, y, z), FOOTPRINT)

    @cached_property
    def _skin(self) -> NDArray[np.float64]:
        """Centres (n, 3) of the cells of spared skin [m]."""
        grid = self.setup.grid
        cells = np.argwhere(self.setup.mask("skin"))
        return np.array(grid.origin) + (cells[:, ::-1] + 0.5) * grid.spacing
