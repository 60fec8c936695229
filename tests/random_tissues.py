"""Tissues for the property-based tests: those of the library, and any that a scene may make up."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from gpu_ablate.case.materials import properties
from gpu_ablate.case.tables import covered
from gpu_ablate.library import load as library
from gpu_ablate.physics.bioheat import Freezing, TissueProperties
from gpu_ablate.scene.schema import Scene

SCENE = Scene.model_validate({"schema_version": 1, "domain": {"spacing_mm": 1.0}})

LIBRARY = {
    name: properties(SCENE, tissue, 1.0)
    for name in library.tissues()
    if (tissue := library.tissue(name)).phase != "gas"
}


@st.composite
def own_tissues(draw: st.DrawFn) -> TissueProperties:
    """A tissue with any of the freezing laws, that boils or doesn't."""
    law = draw(st.sampled_from(["linear", "saline", "none"]))
    start_c = draw(st.floats(-10.0, 2.0))
    freezes = law != "none"
    return TissueProperties(
        density=draw(st.floats(300.0, 2500.0)),
        heat_capacity=draw(st.floats(800.0, 4500.0)),
        conductivity=draw(st.floats(0.05, 3.0)),
        conductivity_slope=draw(st.sampled_from([0.0, 0.002]) | st.floats(-0.005, 0.01)),
        perfusion=draw(st.sampled_from([0.0, 0.02]) | st.floats(0.0, 0.05)),
        metabolic_heat=draw(st.floats(0.0, 5000.0)),
        freezing=Freezing(law, start_c, start_c - draw(st.floats(0.5, 20.0))),
        freezing_latent_heat=draw(st.floats(1e7, 3.3e8)) if freezes else 0.0,
        frozen_conductivity=draw(st.floats(0.05, 3.0)),
        frozen_heat_capacity=draw(st.floats(400.0, 2500.0)),
        frozen_as_ice=draw(st.booleans()),
        boiling_latent_heat=draw(st.sampled_from([0.0, 1.8e9]) | st.floats(1e7, 2.2e9)),
    )


any_tissue = st.sampled_from(sorted(LIBRARY)).map(LIBRARY.__getitem__) | own_tissues().filter(covered)


def still(tissue: TissueProperties) -> TissueProperties:
    """The same tissue without metabolic heat."""
    return replace(tissue, metabolic_heat=0.0)
