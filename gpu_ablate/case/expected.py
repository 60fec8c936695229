"""The zones to be expected of a plan by rules of thumb, before anything is computed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.heated import heated_places
from gpu_ablate.case.probes import along, legs
from gpu_ablate.case.setup import Probe, Setup
from gpu_ablate.physics.zone_estimate import ICE_BEYOND, SLENDERNESS, ice_across, short_axis

SAMPLES = 48
"""Points along each edge of the box in which overlapping zones are measured."""


@dataclass(frozen=True)
class ExpectedZone:
    """A capsule or ellipsoid around a shaft that will probably be killed (heat) or frozen (cold), ± 30 %.

    begin, end : middle of the heat or cold at first and at last, xyz (3,) [m]
    direction : unit vector along the shaft
    radius, half_length : across and along the shaft [m]
    """

    probe: Probe
    freezes: bool
    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    direction: NDArray[np.float64]
    radius: float
    half_length: float

    def depth(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """How deep points (..., 3) [m] lie in the zone [m], about; negative outside.

        The way between begin and end is taken out along the shaft, so that a pull makes a stretched zone.
        """
        return np.asarray(self.radius * (1.0 - self.reached(points)))

    def reached(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times as large the zone has to be to reach points (..., 3) [m]: below 1 inside."""
        rise = (points - self.begin) @ self.direction
        run = float((self.end - self.begin) @ self.direction)
        rest = rise - np.clip(rise, min(0.0, run), max(0.0, run))
        off = points - self.begin - rise[..., None] * self.direction
        across = np.linalg.norm(off, axis=-1)
        return np.asarray(np.hypot(across / self.radius, rest / self.half_length))

    @property
    def volume(self) -> float:
        """Of the stretched ellipsoid [m³]."""
        run = float(np.linalg.norm(self.end - self.begin))
        return math.pi * self.radius**2 * (4.0 / 3.0 * self.half_length + run)


def expected_zones(setup: Setup, start_c: float) -> list[ExpectedZone]:
    """The zones of all probes: of each heated place one, of each cryoprobe the ice of its longest freeze.

    Where heated zones overlap all of them grow by one factor, until together they fill the sum of their volumes: the
    rule of thumb is one of energy, and no tissue is warmed twice.

    start_c : temperature of the tissue at the start [°C]
    """
    found = []
    for probe in setup.probes:
        for place in heated_places(probe, start_c):
            direction = np.array(place.legs[0].direction)
            half_length = 0.5 * short_axis(place.energy, start_c) / SLENDERNESS
            begin, end = np.array(place.begin), np.array(place.end)
            found.append(ExpectedZone(probe, False, begin, end, direction, 0.5 * place.width, half_length))
        for leg in legs(probe):
            freeze = max((s.duration * s.output for s in probe.steps if s.action == "freeze"), default=0.0)
            if leg.step.action == "freeze" and freeze > 0.0:
                middle = np.array(along(leg.after, leg.direction, probe.emission_offset))
                across = ice_across(freeze, probe.active_length)
                half_length = 0.5 * (probe.active_length + ICE_BEYOND * across)
                direction = np.array(leg.direction)
                found.append(ExpectedZone(probe, True, middle, middle, direction, 0.5 * across, half_length))
                break
    heated = [zone for zone in found if not zone.freezes]
    factor = _growth(heated) if len(heated) > 1 else 1.0
    return [
        zone if zone.freezes else replace(zone, radius=factor * zone.radius, half_length=factor * zone.half_length)
        for zone in found
    ]


def _growth(zones: list[ExpectedZone]) -> float:
    """The factor by which zones have to grow, so that their union is as large as all of them together."""
    ends = np.array([place for zone in zones for place in (zone.begin, zone.end)])
    most = len(zones) ** (1.0 / 3.0) * max(max(zone.radius, zone.half_length) for zone in zones)
    low, high = ends.min(axis=0) - most, ends.max(axis=0) + most
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES
    points = low + np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3) * (high - low)
    reached = np.sort(np.min([zone.reached(points) for zone in zones], axis=0))
    cells = round(sum(zone.volume for zone in zones) / float(np.prod(high - low)) * len(points))
    return max(1.0, float(reached[min(cells, len(points) - 1)]))


def expected_depth(setup: Setup, zones: list[ExpectedZone]) -> NDArray[np.float32]:
    """How deep each cell lies in the expected zones together (nz, ny, nx) [m], about; negative outside of all."""
    xs, ys, zs = setup.grid.axes()
    depth = np.full(setup.grid.shape, -np.inf, np.float32)
    y, x = np.meshgrid(ys, xs, indexing="ij")
    for k, z in enumerate(zs):
        points = np.stack([x, y, np.full_like(x, z)], axis=-1)
        for zone in zones:
            np.maximum(depth[k], zone.depth(points), out=depth[k])
    return depth
