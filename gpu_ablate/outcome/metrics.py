"""metrics.json: everything measured on a result, under the keys that users rely on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpu_ablate.case.setup import Setup, Surface
from gpu_ablate.geometry.meshes import volume
from gpu_ablate.outcome.bone import measure_bones
from gpu_ablate.outcome.cold_load import measure_cold_load
from gpu_ablate.outcome.coverage import collateral, covered_percent, killed_share
from gpu_ablate.outcome.cryoprobes import measure_cryoprobes
from gpu_ablate.outcome.dose_volume import measure_dose_volume
from gpu_ablate.outcome.ice_course import measure_ice_course
from gpu_ablate.outcome.inset import measure_insets
from gpu_ablate.outcome.levelset import Field, Mask
from gpu_ablate.outcome.limits import measure_limits
from gpu_ablate.outcome.margins import NO_MARGIN, Front, area_near, front, measure_margins
from gpu_ablate.outcome.needles import measure_needles
from gpu_ablate.outcome.outer import outer_surface
from gpu_ablate.outcome.skin import measure_skin
from gpu_ablate.outcome.thinnest import measure_thinnest
from gpu_ablate.outcome.verdict import is_cold, verdict
from gpu_ablate.outcome.ways import ways_taken
from gpu_ablate.outcome.zones import measure_zones, zone_field
from gpu_ablate.result.result import ENERGY_TERMS, Result
from gpu_ablate.scene.body import TO_KILL
from gpu_ablate.units import CM2, CM3, MM

SCHEMA_VERSION = 1

MEGA = 1e6
"""Cell-steps in the unit of `mcell_steps_per_s`."""


def measure(result: Result) -> dict[str, Any]:
    """All metrics of a result, as written to metrics.json: JSON types only, every number finite or None.

    Raises
    ------
    ResultError
        The result lacks the history on which the scene's endpoint rests.
    """
    setup, grid = result.setup, result.setup.grid
    outer = outer_surface(setup)
    targets, killed = measure_targets(result, outer)
    ways = ways_taken(result)
    metrics = {
        "schema_version": SCHEMA_VERSION,
        "status": result.status,
        "scene": setup.name,
        "backend": result.run.get("backend"),
        "device": result.run.get("device"),
        "precision": result.run.get("precision"),
        "grid": {"shape": list(grid.shape), "spacing_mm": [grid.spacing / MM] * 3, "cells": grid.cells},
        "time": measure_time(result),
        "energy": {
            **{term: result.energy.get(term, 0.0) for term in ENERGY_TERMS},
            "relative_imbalance": result.energy.get("relative_imbalance"),
        },
        "zones": {**measure_zones(result), **(measure_insets(result) if is_cold(setup.endpoint) else {})},
        "targets": targets,
        "thinnest": measure_thinnest(setup, targets, ways, outer),
        "needles": measure_needles(setup, ways),
        "dose_volume": measure_dose_volume(result),
        "collateral": killed,
        "skin": measure_skin(result, outer),
        "isolation": measure_isolation(setup),
        "limits": measure_limits(result),
        "verdict": verdict(setup.plan, setup.endpoint, targets),
        "sensors": measure_sensors(result),
        "cryoprobes": measure_cryoprobes(result),
        "ice_course": measure_ice_course(result),
        "cold_load": measure_cold_load(result),
        "bones": measure_bones(result),
        "bracket": None,
        "numerical_error": None,
    }
    return finite(metrics)


def measure_targets(result: Result, outer: Surface) -> tuple[list[dict[str, object]], dict[str, dict[str, float]]]:
    """The `targets` and the `collateral` of metrics.json.

    outer : the body's surface at the air outside

    at_surface_cm2 : area of a target's surface that is nearer to the air outside than the margin goal (half a voxel
        at least): margins end at viable tissue only, and there is none beyond
    boundary_margin_mm : least margin of the ablation boundary, which is the edge of the ice for an endpoint
        of cold, else the endpoint itself
    """
    setup = result.setup
    body = setup.phase_mask("body")
    phi = zone_field(result, setup.endpoint.name)
    assert phi is not None  # of the endpoint: zone_field raises instead
    share = killed_share(phi, body)
    edges = fronts(result, phi, body) if setup.labels_of("target") else None
    near_air = max(setup.plan.margin_goal, 0.5 * setup.grid.spacing)
    targets: list[dict[str, object]] = []
    for region in setup.regions:
        if region.role not in TO_KILL:
            continue
        surface = setup.surfaces.get(region.name)
        asked = measure_both_margins(setup, region.name, *edges) if edges and region.role == "target" else NO_MARGIN
        targets.append(
            {
                "name": region.name,
                "role": region.role,
                "volume_cm3": 0.0 if surface is None else abs(volume(surface.points, surface.faces)) / CM3,
                "ablated_percent": covered_percent(setup, share, region.name),
                **asked,
                "at_surface_cm2": 0.0 if surface is None else area_near(surface, outer, near_air) / CM2,
            }
        )
    return targets, collateral(setup, share)


def fronts(result: Result, phi: Field, body: Mask) -> tuple[Front, Front]:
    """Where killed tissue ends by the endpoint, and where the ablation boundary lies (see `measure_targets`)."""
    setup = result.setup
    edge = front(phi, body, setup.grid)
    if not is_cold(setup.endpoint):
        return edge, edge
    ice = zone_field(result, "below_0c")
    assert ice is not None  # the endpoint rests on the same history
    return edge, front(ice, body, setup.grid)


def measure_both_margins(setup: Setup, name: str, edge: Front, boundary: Front) -> dict[str, object]:
    """The margin keys of a target, by the endpoint and by the ablation boundary."""
    measured = measure_margins(setup, name, edge)
    beyond = measured if boundary is edge else measure_margins(setup, name, boundary)
    return {**measured, "boundary_margin_mm": beyond["min_margin_mm"]}


def measure_isolation(setup: Setup) -> list[dict[str, object]]:
    """The `isolation` of metrics.json: layers that move tissue, and how far they take the targets from what they
    guard."""

    def mm(length: float | None) -> float | None:
        return None if length is None else length / MM

    return [
        {
            "name": layer.name,
            "tissue": layer.tissue,
            "displaces": layer.displaces,
            "volume_ml": layer.volume / CM3,
            "thickness_max_mm": mm(layer.thickness_max),
            "thickness_mean_mm": mm(layer.thickness_mean),
            "target_to_skin_before_mm": mm(layer.target_to_skin[0]),
            "target_to_skin_after_mm": mm(layer.target_to_skin[1]),
            "deep": list(layer.deep),
            "target_to_deep_before_mm": mm(layer.target_to_deep[0]),
            "target_to_deep_after_mm": mm(layer.target_to_deep[1]),
        }
        for layer in setup.isolation
    ]


def measure_time(result: Result) -> dict[str, object]:
    """The `time` of metrics.json."""
    solve_s = float(result.run.get("solve_s", 0.0))
    cell_steps = int(result.run.get("cell_steps", 0))
    return {
        "simulated_s": result.run.get("simulated_s"),
        "wall_s": result.run.get("wall_s"),
        "solve_s": solve_s,
        "cell_steps": cell_steps,
        "mcell_steps_per_s": cell_steps / solve_s / MEGA if solve_s > 0 else None,
    }


def measure_sensors(result: Result) -> dict[str, dict[str, object]]:
    """The `sensors` of metrics.json, from their traces; null for a sensor without one."""
    sensors: dict[str, dict[str, object]] = {}
    for sensor in result.setup.sensors:
        trace = result.traces.get(f"sensor.{sensor.name}_c", np.zeros(0))
        final, low, high = (trace[-1], trace.min(), trace.max()) if len(trace) else (None, None, None)
        sensors[sensor.name] = {"final_c": final, "min_c": low, "max_c": high}
    return sensors


def finite(value: Any) -> Any:
    """The same tree of plain Python types, with None for every number that is not finite."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
