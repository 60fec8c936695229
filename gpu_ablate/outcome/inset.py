"""The bedside rule of cryoablation as a zone: the edge of the ice, as imaging shows it, moved inwards."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from gpu_ablate.case.grid import Grid
from gpu_ablate.outcome.levelset import Field, Mask
from gpu_ablate.outcome.margins import cell_centres, front, margins
from gpu_ablate.outcome.zones import measure_parts, probe_frame, zone_field, zone_parts
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

INSETS = (5.0, 10.0)
"""By the 2018 consensus the effective zone lies 5-10 mm inside the edge of the ice [mm]."""

NEAR_CELLS = 2.0
"""Cells whose distance to the edge differs by less than this from the inset get their exact one."""


def measure_insets(result: Result) -> dict[str, dict[str, object]]:
    """Zones "ice_inset_5mm" and "ice_inset_10mm" of metrics.json; none where nothing was frozen."""
    setup = result.setup
    ice, body = zone_field(result, "below_0c"), setup.phase_mask("body")
    if ice is None or not (body & (ice >= 0.0)).any():
        return {}
    frame, voxel = probe_frame(result), setup.grid.cell_volume
    return {
        f"ice_inset_{inset:g}mm": measure_parts(zone_parts(phi, body, setup.grid), voxel, frame)
        for inset, phi in zip(INSETS, inset_fields(ice, body, setup.grid), strict=True)
    }


def inset_fields(ice: Field, body: Mask, grid: Grid) -> list[Field]:
    """φ (nz, ny, nx) of the ice moved inwards by each of INSETS [m], ≥ 0 inside.

    Only an edge towards body tissue counts: where ice meets gas, fluid or the box imaging shows none.

    ice : φ of what was below 0 °C, see `levelset.excess`
    """
    edge = front(ice, body, grid)
    thawed = body & (ice < 0.0)
    away = distance_transform_edt(~thawed) * grid.spacing if thawed.any() else np.full(grid.shape, np.inf)
    depth = np.where(body & (ice >= 0.0), away, 0.0)
    near = np.zeros(grid.shape, bool)
    for inset in INSETS:
        near |= (depth > 0.0) & (np.abs(depth - inset * MM) <= NEAR_CELLS * grid.spacing)
    if near.any():
        depth[near] = np.maximum(margins(cell_centres(near, grid), edge)[0], 0.0)
    return [(depth - inset * MM).astype(np.float32) for inset in INSETS]
