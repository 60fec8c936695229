"""Tissues of a scene as SI properties, as an antenna's surroundings, and as rows of the report."""

from __future__ import annotations

import numpy as np

from gpu_ablate.case.anatomy import Anatomy
from gpu_ablate.case.setup import Limit, Region, SourcedRow, SourcedValue
from gpu_ablate.case.tables import DielectricTables, ThermalTables, covered
from gpu_ablate.errors import SceneError
from gpu_ablate.library import load as library
from gpu_ablate.physics.bioheat import Freezing, TissueProperties
from gpu_ablate.physics.dielectric import drying_conductivity, drying_permittivity
from gpu_ablate.physics.phase_change import WATER_VAPORISATION
from gpu_ablate.scene.schema import Scene
from gpu_ablate.spec.base import quantities
from gpu_ablate.spec.device import Device, MicrowaveDevice
from gpu_ablate.spec.tissue import LinearFreezing, Tissue
from gpu_ablate.spec.vessel import VesselKind
from gpu_ablate.units import BODY_C


def dielectric_tables(scene: Scene, anatomy: Anatomy, tables: ThermalTables) -> DielectricTables | None:
    """Laws of all regions at the frequency of the scene's antennas; None without antennas.

    Watery tissue follows the law of drying liver where the scene lets the antenna see that it heats, else it keeps
    its values at 37 °C.

    Raises
    ------
    SceneError
        Antennas of two frequencies, or a tissue without values at theirs.
    """
    devices = [library.device(probe.device, scene.device) for probe in scene.probe]
    frequencies = {device.frequency_mhz.value for device in devices if isinstance(device, MicrowaveDevice)}
    if not frequencies:
        return None
    if len(frequencies) > 1:
        raise SceneError(f"{scene.path}: all probes of a scene must work at one frequency in this version")
    (frequency_mhz,) = frequencies
    found = DielectricTables(np.ones(tables.theta.shape), np.zeros(tables.theta.shape))
    for i, (region, tissue) in enumerate(zip(anatomy.regions, anatomy.tissues, strict=True)):
        if region.phase == "gas":
            continue
        permittivity, conductivity = _dielectric(scene, tissue, frequency_mhz)
        if not np.isfinite(tables.heat_capacity[i]):  # blood that flows carries off what it takes up; see docs/limits
            found.permittivity[i] = permittivity
            continue
        if tissue.dielectric_law == "drying" and scene.model.sar_update:
            temperature_c = BODY_C + tables.theta[i]
            found.permittivity[i] = drying_permittivity(temperature_c, permittivity)
            found.conductivity[i] = drying_conductivity(temperature_c, conductivity)
        else:
            found.permittivity[i], found.conductivity[i] = permittivity, conductivity
    return found


def _dielectric(scene: Scene, tissue: Tissue, frequency_mhz: float) -> tuple[float, float]:
    """Relative permittivity and conductivity [S m⁻¹] of a tissue at 37 °C."""
    values = tissue.dielectric(frequency_mhz)
    if values is None or values[1] <= 0.0:
        band = f"{frequency_mhz:g}"
        raise SceneError(
            f'{scene.path}: tissue "{tissue.name}" has no dielectric values at {band} MHz, which the antenna needs\n'
            f"  remedy: give relative_permittivity_{band} and conductivity_s_m_{band} in [tissue.{tissue.name}]"
        )
    return values


def nusselt(scene: Scene, region: Region) -> float:
    """By what mixing multiplies the conductivity of a liquid layer."""
    for layer in scene.isolation:
        if layer.region == region.name and layer.mixing == "mixed":
            return layer.nusselt
    return 1.0


def properties(scene: Scene, tissue: Tissue, mixing: float) -> TissueProperties:
    """The SI properties of a tissue of the library or scene."""
    perfusion = tissue.perfusion_1_s
    if scene.model.perfusion_preset == "thermography" and tissue.perfusion_thermography_1_s is not None:
        perfusion = tissue.perfusion_thermography_1_s
    law = tissue.freezing
    if law == "none":
        freezing = Freezing("none")
    elif isinstance(law, LinearFreezing):
        freezing = Freezing("linear", law.from_c, law.to_c)
    else:
        freezing = Freezing("saline")
    density = tissue.density_kg_m3.value
    boils = tissue.boiling == "water" and tissue.water_fraction is not None
    found = TissueProperties(
        density=density,
        heat_capacity=tissue.heat_capacity_j_kgk.value,
        conductivity=tissue.conductivity_w_mk.value * mixing,
        conductivity_slope=tissue.conductivity_slope_1_k.value,
        perfusion=perfusion.value,
        metabolic_heat=tissue.metabolic_heat_w_m3.value,
        freezing=freezing,
        freezing_latent_heat=tissue.latent_heat_j_m3.value if tissue.latent_heat_j_m3 else 0.0,
        frozen_conductivity=(tissue.frozen_conductivity_w_mk or tissue.conductivity_w_mk).value,
        frozen_heat_capacity=(tissue.frozen_heat_capacity_j_kgk or tissue.heat_capacity_j_kgk).value,
        frozen_as_ice=tissue.frozen_law == "ice",
        boiling_latent_heat=tissue.water_fraction.value * density * WATER_VAPORISATION  # type: ignore[union-attr]
        if boils
        else 0.0,
    )
    if not covered(found):
        raise SceneError(
            f'{scene.path}: tissue "{tissue.name}": its latent heats are beyond what can be computed beside so small a '
            "heat capacity\n  remedy: look at density_kg_m3, heat_capacity_j_kgk, latent_heat_j_m3 and water_fraction"
        )
    return found


def sourced_rows(scene: Scene, anatomy: Anatomy) -> tuple[SourcedRow, ...]:
    """Every number of the tissues, devices and vessel presets of a case, with unit, range and source."""
    tables: dict[str, Tissue | Device | VesselKind] = {tissue.name: tissue for tissue in anatomy.tissues}
    for probe in scene.probe:
        tables[probe.device] = library.device(probe.device, scene.device)
    for vessel in scene.vessel:
        if vessel.preset is not None:
            tables[vessel.preset] = library.vessels()[vessel.preset]
    return tuple(
        SourcedRow(
            name,
            {key: SourcedValue(q.value, _unit(key), q.low, q.high, q.source) for key, q in quantities(table)},
        )
        for name, table in tables.items()
    )


UNITS = {
    "w_m2k": "W/(m² K)", "w_mk": "W/(m K)", "kg_m3": "kg/m³", "j_kgk": "J/(kg K)", "1_s": "1/s", "w_m3": "W/m³",
    "j_m3": "J/m³", "1_k": "1/K", "mhz": "MHz", "mm": "mm", "w": "W", "s_m_2450": "S/m", "s_m_915": "S/m",
    "c": "°C", "s": "s",
}  # fmt: skip
"""Unit of a key by its ending; longest first."""


def _unit(key: str) -> str:
    return next((unit for end, unit in UNITS.items() if key.endswith(f"_{end}")), "")


ARRHENIUS_SOURCES = {"weaver_stoll": "weaver1969", "henriques_moritz": "henriques1947", "liver": "comsol_mwa"}
"""Key of references.bib for each Arrhenius law."""


def citations(scene: Scene, anatomy: Anatomy, limits: tuple[Limit, ...]) -> tuple[str, ...]:
    """Keys of references.bib that a case rests on, sorted."""
    keys = {"pennes1948", "sapareto1984", "yarmolenko2011", ARRHENIUS_SOURCES[scene.model.arrhenius]}
    for tissue in anatomy.tissues:
        keys |= library.citations_of(tissue)
    for probe in scene.probe:
        device = library.device(probe.device, scene.device)
        keys |= library.citations_of(device)
        if isinstance(device, MicrowaveDevice):
            keys |= {"ji2011", "jin2014"}
    for vessel in scene.vessel:
        if vessel.preset is not None:
            keys |= library.citations_of(library.vessels()[vessel.preset])
    for limit in limits:
        keys |= library.cited_in(limit.source)
    if scene.anatomy is not None:
        keys |= library.cited_in(scene.anatomy.source or "")
    if scene.model.perfusion_heat == "stasis":
        keys.add("brown1992")
    return tuple(sorted(keys))
