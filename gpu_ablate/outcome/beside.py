"""The margin of a target where vessels lie beside it, which take heat or cold away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Setup
from gpu_ablate.geometry.shapes import distance_to_line
from gpu_ablate.outcome.nearest import feet_on
from gpu_ablate.units import CM2, MM

BESIDE = 5 * MM
"""What lies so near to a vessel may be kept from the temperature by its blood [m]; chosen here."""


def measure_beside_vessels(
    setup: Setup, points: NDArray[np.float64], margin: NDArray[np.float64], area: NDArray[np.float64]
) -> list[dict[str, object]]:
    """The `beside_vessels` of a target in metrics.json: for each vessel that its surface comes near to, how much of the
    surface does, and the margin there.

    points : (n, 3) of the target's surface [m]; margin : there (n,) [m]; area : of the surface at each (n,) [m²]

    vessel : name; area_cm2 : of the surface within BESIDE of it; min_margin_mm : least margin there;
    goal_percent : share of that area with the margin aimed at
    """
    found: list[dict[str, object]] = []
    for name, away in _distances(setup, points).items():
        near = away <= BESIDE
        if near.any():
            enough = near & (margin >= setup.plan.margin_goal)
            found.append(
                {
                    "vessel": name,
                    "area_cm2": float(area[near].sum()) / CM2,
                    "min_margin_mm": float(margin[near].min()) / MM,
                    "goal_percent": 100.0 * float(area[enough].sum() / area[near].sum()),
                }
            )
    return found


def _distances(setup: Setup, points: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Vessel -> distance of each point to its wall (n,) [m]; 0 within a thin one."""
    names = dict.fromkeys(region.name for region in setup.regions if region.role == "vessel")
    found = {
        name: np.linalg.norm(points - feet_on(setup.surfaces[name], points), axis=1)
        for name in names
        if name in setup.surfaces
    }
    thin = {
        vessel.name: np.maximum(distance_to_line(points, vessel.points) - vessel.radius, 0.0)
        for vessel in setup.vessels
    }
    return found | thin
