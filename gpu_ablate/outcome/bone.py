"""How much of a bone's cortex was frozen: what a fracture after cryoablation would start from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Region, Setup
from gpu_ablate.outcome.coverage import killed_share
from gpu_ablate.outcome.zones import zone_field
from gpu_ablate.result.result import Result
from gpu_ablate.units import CM2, MM

CORTEX = "cortical_bone"
"""Bone whose tissue is this, or whose tissue's name begins with it, is cortex."""

BONES = (CORTEX, "cancellous_bone", "red_marrow", "yellow_marrow", "bone_cyst", "bone_cement")
"""Tissue whose name begins so is bone or lies in it."""

LYTIC = "lytic_metastasis"

TUMOURS_IN_BONE = (LYTIC, "sclerotic_metastasis", "osteoid_osteoma_nidus")
"""Tumours that lie in bone, by what the tissue's name begins with."""

SLICE_MM = 3.0
"""Thickness of the slices through a bone [mm]; at least two voxels."""

LEAST_SECTION = 0.25
"""Slices with less cortex than this share of the median one are the ends of a bone, and left out."""

NOTED_PERCENT = 1.0
"""Less frozen cortex than this is not worth a note [%]."""


def is_bone(tissue: str) -> bool:
    """Whether a tissue is bone or lies in it; tumours are not."""
    return tissue.startswith(BONES)


def in_bone(region: Region) -> bool:
    """Whether a region is bone or lies in it, tumours too."""
    return is_bone(region.tissue) or region.tissue.startswith(TUMOURS_IN_BONE)


def measure_bones(result: Result) -> list[dict[str, object]]:
    """The `bones` of metrics.json: for each region of cortex the worst slice across the bone's long axis.

    name; axis: unit vector along the bone, superior in patient frames (the load of an upright body), else the axis of
    greatest extent; frozen_percent: of the whole cortex, ever below 0 °C; worst_slice_percent: of the cortical
    cross-section, in the slice where it is most; worst_slice_mm: its middle; worst_slice_cm2: its cortex; note:
    a sentence where it was frozen, else None
    """
    setup = result.setup
    ice = zone_field(result, "below_0c")
    if ice is None:
        return []
    share = killed_share(ice, setup.phase_mask("body"))
    lytic = any(region.tissue.startswith(LYTIC) and region.role == "target" for region in setup.regions)
    names = dict.fromkeys(region.name for region in setup.regions if region.tissue.startswith(CORTEX))
    return [found for name in names if (found := _measure(setup, name, share, lytic)) is not None]


def _measure(setup: Setup, name: str, share: NDArray[np.float32], lytic: bool) -> dict[str, object] | None:
    cells = np.argwhere(setup.mask(name))
    if not len(cells):
        return None
    grid = setup.grid
    frozen = share[tuple(cells.T)].astype(np.float64)
    points = np.asarray(grid.origin) + (cells[:, ::-1] + 0.5) * grid.spacing
    axis = _long_axis(points) if setup.frame == "local" else np.array([0.0, 0.0, 1.0])
    along = points @ axis
    thickness = max(SLICE_MM * MM, 2.0 * grid.spacing)
    slices = np.floor((along - along.min() + 0.5 * grid.spacing) / thickness).astype(int)
    counts = np.bincount(slices)
    by_slice = np.bincount(slices, frozen) / np.maximum(counts, 1)
    whole = counts >= LEAST_SECTION * np.median(counts[counts > 0])
    worst = int(np.argmax(np.where(whole, by_slice, -1.0)))
    percent = 100.0 * float(by_slice[worst])
    middle = points[slices == worst].mean(axis=0)
    note = None
    if percent >= NOTED_PERCENT:
        note = (
            f"Fracture: {percent:.0f} % of the cortical cross-section of {name} was frozen in its worst slice"
            + (", and the metastasis is lytic" if lytic else "")
            + ". Think of cement or fixation where this bone bears weight."
        )
    return {
        "name": name,
        "axis": axis.tolist(),
        "frozen_percent": 100.0 * float(frozen.mean()),
        "worst_slice_percent": percent,
        "worst_slice_mm": (middle / MM).tolist(),
        "worst_slice_cm2": float(counts[worst]) * grid.cell_volume / thickness / CM2,
        "note": note,
    }


def _long_axis(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector of greatest extent of a cloud (n, 3), turned towards +z, or where it is level +y or +x."""
    centred = points - points.mean(axis=0)
    axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    lead = int(np.flatnonzero(np.abs(axis) > 1e-6)[-1])
    return np.asarray(axis * np.sign(axis[lead]))
