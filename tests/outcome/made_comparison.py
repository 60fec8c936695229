"""A made-up ablation, and what was seen of it later; lengths in mm."""

from __future__ import annotations

import numpy as np

from gpu_ablate.geometry.meshes import Mesh
from gpu_ablate.outcome.compared import compare, simulated_zone
from gpu_ablate.outcome.observed import Observed, merged
from gpu_ablate.outcome.places import recall
from tests.outcome.conftest import ellipsoid_surface

CENTER = (0, 0, -18)


def ball(center, radius, around=60):
    surface = ellipsoid_surface(center, (radius,) * 3, around)
    return Mesh(surface.points.astype(float), surface.faces)


def seen(*parts):
    parts = tuple(sorted(parts, key=lambda part: -part.volume()))
    return Observed("seen.nii.gz", 1, "", parts, merged(parts).bounds())


def inwards(center, radius):
    return lambda x, y, z: radius - np.sqrt(sum((p - c) ** 2 for p, c in zip((x, y, z), center, strict=True)))


def make_treated(world):
    """A tumour of 6 mm, 18 mm below air, killed 8 mm around it; the zone without blood flow is a ball of 15 mm."""
    made = world((-30, -30, -50), (30, 30, 6))
    made.put("outside", lambda x, y, z: z)
    made.put_tumour(CENTER, 6.0)
    made.needle((0, 0, -20), (0, 0, 1))
    made.kill(inwards(CENTER, 14.0))
    away = made.at(lambda x, y, z: -inwards(CENTER, 0.0)(x, y, z))
    made.final["max_temperature"] = np.maximum(37.0, 97.0 - 3 * away).astype(np.float32)
    made.final["perfusion"] = np.exp(-np.log(2) * 2.0 ** (15.0 - away)).astype(np.float32)
    return made


def told(made, observed, what="zone", at="immediate"):
    result = made.result()
    zone = simulated_zone(result, "nonperfused", "run")
    return compare(recall(result), observed, zone, "nonperfused", at, what)
