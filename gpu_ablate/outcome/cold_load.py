"""The cold load of a freeze: the heat that it drew from the body, and how far that could cool its core."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from gpu_ablate.case.setup import Surface
from gpu_ablate.result.result import Result
from gpu_ablate.units import KJ, MM

BODY_HEAT_CAPACITY = 3490.0
"""Of a whole human body [J kg⁻¹ K⁻¹]: 0.83 kcal/kg/K, from memory, not re-read."""

LARGE_MM = 50.0
"""Lesions longer than this are singled out by the 2018 consensus [mm]."""

LARGE_NOTE = (
    "Target {name}: {size:.0f} mm long. Lesions of more than 5 cm are singled out by the 2018 consensus on cryoablation"
    " of bone and soft-tissue tumours: think of several sessions, warm the patient and watch the core temperature (our "
    "words)."
)


def measure_cold_load(result: Result) -> dict[str, object] | None:
    """The `cold_load` of metrics.json; None where no cryoprobe is used.

    drawn_kj : heat that all probes drew, less what helium gave back
    from_vessels_kj, from_perfusion_kj, from_skin_kj : brought by them meanwhile, to tissue of the box
    core_fall_c : upper bound of the fall of the core temperature: all that was drawn, missing in a body of
        `body_mass_kg` that makes no heat of its own
    note : on targets longer than 5 cm; None without one
    """
    setup = result.setup
    if not any(probe.freezes for probe in setup.probes):
        return None
    drawn = -result.energy["probes_j"]
    mass = setup.plan.body_mass
    sizes = {
        region.name: longest_mm(setup.surfaces[region.name])
        for region in setup.regions
        if region.role == "target" and region.name in setup.surfaces
    }
    notes = [LARGE_NOTE.format(name=name, size=size) for name, size in sizes.items() if size > LARGE_MM]
    return {
        "drawn_kj": drawn / KJ,
        "from_vessels_kj": result.energy["vessels_j"] / KJ,
        "from_perfusion_kj": result.energy["perfusion_j"] / KJ,
        "from_skin_kj": result.energy["skin_j"] / KJ,
        "body_mass_kg": mass,
        "core_fall_c": core_fall(drawn, mass),
        "note": " ".join(notes) or None,
    }


def core_fall(drawn: float, body_mass: float) -> float:
    """Upper bound of the fall of the core temperature [K]: heat drawn [J] that is missing in a body [kg] that makes
    none."""
    return max(drawn, 0.0) / (body_mass * BODY_HEAT_CAPACITY)


def longest_mm(surface: Surface) -> float:
    """Greatest distance between two points of a surface [mm]."""
    points = np.asarray(surface.points, np.float64)
    with suppress(QhullError):  # flat: all of its points are few
        points = points[ConvexHull(points).vertices]
    return float(pdist(points).max()) / MM
