"""The zones to be expected of a plan by rules of thumb, before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.heated import heated_places
from gpu_ablate.case.probes import along, legs
from gpu_ablate.case.setup import Probe, Setup
from gpu_ablate.physics.zone_estimate import ICE_BEYOND, SLENDERNESS, ice_across, short_axis


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
        rise = (points - self.begin) @ self.direction
        run = float((self.end - self.begin) @ self.direction)
        rest = rise - np.clip(rise, min(0.0, run), max(0.0, run))
        off = points - self.begin - rise[..., None] * self.direction
        across = np.linalg.norm(off, axis=-1)
        scaled = np.hypot(across / self.radius, rest / self.half_length)
        return np.asarray(self.radius * (1.0 - scaled))


def expected_zones(setup: Setup, start_c: float) -> list[ExpectedZone]:
    """The zones of all probes: of each heated place one, of each cryoprobe the ice of its longest freeze.

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
    return found


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
