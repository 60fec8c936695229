"""Liquid that flows through isolation layers, as exchange rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.anatomy import Anatomy
from gpu_ablate.errors import SceneError
from gpu_ablate.scene.isolation import Isolation
from gpu_ablate.scene.schema import Scene
from gpu_ablate.units import ML_MIN

WARM_C = 45.0
"""At this temperature of the layer its note says what the flow carries off [°C]: tissue beside it begins to suffer."""


@dataclass(frozen=True)
class InfusionRows:
    """Cells of a layer of constant volume V that liquid flows through, and ρ c Q/V [W m⁻³ K⁻¹]."""

    layer: Isolation
    cells: NDArray[np.int64]
    conductance: float
    note: str


def infusion_rows(scene: Scene, anatomy: Anatomy) -> list[InfusionRows]:
    """The exchange of all layers with infusion: q = ρ c (Q/V) (T_in - T) per volume.

    Liquid comes in at T_in, evenly all over the layer, and as much leaves at the local temperature: summed over the
    layer that is the balance of a stirred vessel, ρ c Q (T_in - T_mean). ρ and c are the liquid's own, at 37 °C.

    Raises
    ------
    SceneError
        A layer has no cell in the box.
    """
    return [_rows(scene, anatomy, layer, q) for layer in scene.isolation if (q := layer.infusion_ml_min) is not None]


def _rows(scene: Scene, anatomy: Anatomy, layer: Isolation, flow_ml_min: float) -> InfusionRows:
    labels = [i for i, region in enumerate(anatomy.regions) if region.name == layer.region]
    cells = np.flatnonzero(np.isin(anatomy.labels, labels))
    if not len(cells):
        raise SceneError(
            f'{scene.path}: [[isolation]] "{layer.region}" has no cell in the box that liquid could flow into\n'
            "  remedy: enlarge [domain], or remove infusion_ml_min"
        )
    liquid = anatomy.tissues[labels[0]]
    carried = liquid.density_kg_m3.value * liquid.heat_capacity_j_kgk.value * flow_ml_min * ML_MIN
    leak = "" if layer.leak_ml_min is None else f", of which {layer.leak_ml_min:g} ml/min leak out"
    note = (
        f'Infusion: {flow_ml_min:g} ml/min at {layer.inflow_c:g} °C flow through "{layer.region}"{leak}; where it has '
        f"{WARM_C:g} °C they carry off {carried * (WARM_C - layer.inflow_c):.1f} W. The layer keeps its volume."
    )
    return InfusionRows(layer, cells, carried / (len(cells) * anatomy.grid.cell_volume), note)
