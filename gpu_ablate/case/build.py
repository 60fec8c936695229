"""From a scene (clinic units, names) to a case (SI, arrays); all that can be wrong is said before computing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.anatomy import Anatomy, build_anatomy, in_scene, metres
from gpu_ablate.case.antennas import build_antenna
from gpu_ablate.case.background import backdrop_notes, resampled_backdrop
from gpu_ablate.case.case import Case, History, RunSettings
from gpu_ablate.case.cautions import cautions
from gpu_ablate.case.checks import box_notes, check_places
from gpu_ablate.case.cold import FROZEN_C, LETHAL_C, cold_histories
from gpu_ablate.case.cryoprobes import cryo_notes, cryo_rows
from gpu_ablate.case.earlier import Earlier, read_earlier
from gpu_ablate.case.exchange import FACES, build_exchange
from gpu_ablate.case.grid import Vector
from gpu_ablate.case.heat import build_sources, setting_sources
from gpu_ablate.case.infusion import InfusionRows, infusion_rows
from gpu_ablate.case.layers import layer_notes
from gpu_ablate.case.materials import citations, dielectric_tables, nusselt, properties, sourced_rows
from gpu_ablate.case.memory import require_memory
from gpu_ablate.case.plan_checks import plan_warnings
from gpu_ablate.case.probes import build_probe, probe_stations
from gpu_ablate.case.resampling import resampling_notes
from gpu_ablate.case.setup import Endpoint, Limit, Plan, Probe, Sensor, Setup, Surface, ThinVessel
from gpu_ablate.case.shafts import shaft_rows
from gpu_ablate.case.tables import rate_table, thermal_tables
from gpu_ablate.case.vessels import VesselRows, blood_c, lumen_labels, vessel_notes, vessel_rows
from gpu_ablate.errors import SceneError
from gpu_ablate.geometry.image_files import read_temperatures
from gpu_ablate.geometry.voxelize import surface
from gpu_ablate.library import load as library
from gpu_ablate.physics.damage import (
    ARRHENIUS,
    CEM43,
    CEM43_LETHAL_MIN,
    COLD_STASIS_C,
    PERFUSION_STEP,
    VASCULAR_STASIS,
)
from gpu_ablate.scene.body import TO_KILL, ConvectiveFace, HeldFace
from gpu_ablate.scene.inputs import fingerprints
from gpu_ablate.scene.schema import Scene
from gpu_ablate.scene.treatment import OwnEndpoint
from gpu_ablate.spec.device import CryoDevice, MicrowaveDevice
from gpu_ablate.units import BODY_C, MM

Array = NDArray[np.float64]

ENDPOINTS = {
    "cem43_240": Endpoint("cem43_240", "cem43", CEM43_LETHAL_MIN),
    "arrhenius_1": Endpoint("arrhenius_1", "arrhenius", 1.0),
    "above_60c": Endpoint("above_60c", "max_temperature", 60.0),
    "lethal40": Endpoint("lethal40", "min_temperature", LETHAL_C),
    "lethal20x2": Endpoint("lethal20x2", "cycles_m20c", 1.5),
    "ice": Endpoint("ice", "min_temperature", FROZEN_C),
}
"""When tissue counts as dead; sources in physics.damage and, for cold, the 2018 consensus on cryoablation."""


def endpoint_of(scene: Scene) -> Endpoint:
    """When tissue of a scene counts as dead."""
    chosen = scene.endpoint()
    if not isinstance(chosen, OwnEndpoint):
        return ENDPOINTS[chosen]
    if chosen.cem43_minutes is not None:
        return Endpoint(f"own_cem43_{chosen.cem43_minutes:g}", "cem43", chosen.cem43_minutes)
    if chosen.above_c is not None:
        return Endpoint(f"own_above_{chosen.above_c:g}c", "max_temperature", chosen.above_c)
    assert chosen.below_c is not None
    return Endpoint(f"own_below_{chosen.below_c:g}c".replace("-", "m"), "min_temperature", chosen.below_c)


SURFACED = ("target", "skin", "involved_skin", "risk", "nerve", "vessel", "isolation")
"""Roles whose regions get a surface."""

ANTENNA_NOTE = (
    "Antennas are solved from Maxwell's equations in the mean of what lies around their axis; what an interface beside "
    "the needle refracts or reflects to one side is not seen."
)


def build_case(scene: Scene) -> Case:
    """The SI model of a scene.

    Raises
    ------
    SceneError
        Something cannot be computed; names the file, the place and the remedy.
    """
    probes = tuple(build_probe(scene, probe) for probe in scene.probe)
    stations = [point for probe in probes for point in probe_stations(probe)]
    anatomy = build_anatomy(scene, stations, lambda grid: require_memory(scene, grid))
    grid = anatomy.grid
    gas = np.isin(anatomy.labels, [i for i, r in enumerate(anatomy.regions) if r.phase == "gas"])
    lumens = lumen_labels(scene, anatomy)
    unsolved = gas | np.isin(anatomy.labels, list(lumens))
    check_places(scene, anatomy, probes)
    earlier = read_earlier(scene, anatomy) if scene.initial.from_run is not None else None
    devices = {probe.name: library.device(probe.device, scene.device) for probe in scene.probe}
    try:
        antennas = {name: build_antenna(d) for name, d in devices.items() if isinstance(d, MicrowaveDevice)}
        cryoprobes = [
            cryo_rows(probe, device, grid, unsolved)
            for probe in probes
            if isinstance(device := devices[probe.name], CryoDevice)
        ]
    except SceneError as error:
        raise SceneError(f"{scene.path}: {error}") from error
    shafts = shaft_rows(probes, antennas, grid, unsolved)
    vessels = vessel_rows(scene, anatomy, unsolved)
    infusions = infusion_rows(scene, anatomy)
    notes = (*_notes(scene, anatomy, probes, vessels, infusions, earlier), *cryo_notes(cryoprobes))
    setup = _setup(scene, anatomy, probes, notes)
    warnings = backdrop_notes(setup)
    warnings += plan_warnings(setup, scene.plan.puncture_clearance_mm * MM, scene.initial.uniform_c)
    setup = replace(setup, notes=(*setup.notes, *warnings, *cautions(setup, scene.initial.uniform_c)))
    per_region = [
        None if region.phase == "gas" or label in lumens else properties(scene, tissue, nusselt(scene, region))
        for label, (region, tissue) in enumerate(zip(anatomy.regions, anatomy.tissues, strict=True))
    ]
    tables = thermal_tables(per_region, grid.spacing, scene.model.blood_temperature_c)
    return Case(
        setup=setup,
        tables=tables,
        initial=_initial(scene, anatomy, gas, earlier),
        remembered=earlier.remembered if earlier else {},
        sources=(
            *build_sources(scene, grid, ~unsolved),
            *setting_sources(anatomy, earlier.same_matter if earlier else None),
        ),
        exchange=build_exchange(scene, grid, gas, unsolved, vessels, shafts, cryoprobes, infusions),
        histories=_histories(scene, anatomy, setup, earlier),
        antennas=antennas,
        shafts=tuple(shaft.piece for shaft in shafts),
        cryoprobes={rows.name: rows.probe for rows in cryoprobes},
        dielectric=dielectric_tables(scene, anatomy, tables),
        run=RunSettings(
            scene.run.duration_s,
            scene.record_every_s(),
            scene.run.trace_every_s,
            scene.run.precision,
            scene.run.accuracy,
        ),
    )


def _initial(scene: Scene, anatomy: Anatomy, gas: NDArray[np.bool_], earlier: Earlier | None) -> NDArray[np.float32]:
    """T - 37 at the start [K]; air outside has the air's temperature and a vessel its blood's, which are only drawn."""
    field = np.full(anatomy.grid.shape, scene.initial.uniform_c, np.float32)
    if earlier is not None:
        field = np.where(earlier.same_matter, earlier.temperature_c, field)
    if scene.initial.image is not None:
        image = in_scene(scene, "[initial] image", read_temperatures, scene.folder / scene.initial.image)
        values, inside = image.sample(anatomy.grid.centres())
        if not inside.all():
            raise SceneError(
                f"{scene.path}: [initial] image {scene.initial.image} does not cover the whole box\n"
                "  remedy: give a larger image or a smaller [domain]"
            )
        field = values.astype(np.float32).reshape(anatomy.grid.shape)
    for index, initial_c in enumerate(anatomy.initial_c):
        if initial_c is not None:
            field[anatomy.labels == index] = initial_c
    for label, vessel in lumen_labels(scene, anatomy).items():
        field[anatomy.labels == label] = blood_c(scene, vessel)
    field[gas] = scene.skin_surface.temperature_c
    field -= BODY_C
    return field


def _extremes(scene: Scene, anatomy: Anatomy, earlier: Earlier | None) -> tuple[float, float]:
    """Coldest and hottest temperature that anything in the scene can bring about [°C]."""
    outside = [] if earlier is None else list(earlier.span_c)
    outside += [scene.initial.uniform_c, scene.model.blood_temperature_c, scene.skin_surface.temperature_c]
    outside += [patch.temperature_c for patch in scene.surface_patch]
    outside += [layer.inflow_c for layer in scene.isolation if layer.infusion_ml_min is not None]
    outside += [r.initial_temperature_c for r in scene.region if r.initial_temperature_c is not None]
    for name in FACES:
        face = scene.boundary.face(name)
        if isinstance(face, (HeldFace, ConvectiveFace)):
            outside.append(face.temperature_c)
    anything = scene.initial.image is not None
    coldest = -math.inf if scene.cools() or anything else min(outside)
    sets = any(tissue.setting_heat_j_m3 is not None for tissue in anatomy.tissues)
    hottest = math.inf if scene.heats() or sets or anything else max(outside)
    return coldest, hottest


def _histories(scene: Scene, anatomy: Anatomy, setup: Setup, earlier: Earlier | None) -> tuple[History, ...]:
    """The fields that remember; only those that the scene can change or asks for, or that an earlier stage left."""
    coldest, hottest = _extremes(scene, anatomy, earlier)
    remembered = earlier.remembered if earlier else {}
    needed = {setup.endpoint.field, *remembered}
    quantities_asked = {limit.quantity for limit in setup.limits}
    if hottest > CEM43.gate_c:
        needed |= {"max_temperature", "cem43", "arrhenius"}
    if coldest < 0.0 or any(limit.field == "min_temperature" for limit in setup.limits):
        needed.add("min_temperature")
    if "max_temperature_c" in quantities_asked:
        needed.add("max_temperature")
    needed |= {"cem43"} if "cem43_minutes" in quantities_asked else set()
    needed |= {"arrhenius"} if "arrhenius" in quantities_asked else set()
    histories = [
        History("max_temperature", "max"),
        History("min_temperature", "min"),
        History("cem43", "accumulate", rate_table(CEM43)),
        History("arrhenius", "accumulate", rate_table(ARRHENIUS[scene.model.arrhenius])),
    ]
    kept = [history for history in histories if history.name in needed]
    heat = hottest > VASCULAR_STASIS.gate_c and scene.model.perfusion_heat != "none"
    cold = coldest < COLD_STASIS_C and scene.model.perfusion_cold_stasis
    if heat or cold or "perfusion" in remembered:
        law = PERFUSION_STEP if scene.model.perfusion_heat == "step" else VASCULAR_STASIS
        stops_below = COLD_STASIS_C - BODY_C if cold else -math.inf
        kept.append(History("perfusion", "decay", rate_table(law) if heat else None, stops_below))
    of_cold = cold_histories()
    if scene.freezes() or any(history.name in remembered for history in of_cold):
        kept += of_cold
    return tuple(kept)


def _setup(scene: Scene, anatomy: Anatomy, probes: tuple[Probe, ...], notes: tuple[str, ...]) -> Setup:
    present = {where for region in anatomy.regions for where in (region.name, region.role)}
    counts = np.bincount(anatomy.labels.ravel(), minlength=len(anatomy.regions))
    in_box = {region.role for region, count in zip(anatomy.regions, counts, strict=True) if count}
    own = {(limit.where, limit.quantity) for limit in scene.limit}
    defaults = [
        limit
        for limit in library.default_limits()
        if limit.where in in_box and (limit.where, limit.quantity) not in own
    ]
    if scene.model.arrhenius != "weaver_stoll":
        defaults = [limit for limit in defaults if limit.quantity != "arrhenius"]
    limits = tuple(
        Limit(limit.where, limit.quantity, limit.warn, limit.fail, limit.source or "scene")
        for limit in (*scene.limit, *defaults)
        if limit.where in present
    )
    grid = anatomy.grid
    return Setup(
        name=scene.name,
        title=scene.title,
        frame=scene.domain.frame,
        grid=grid,
        regions=anatomy.regions,
        labels=anatomy.labels,
        surfaces=_surfaces(anatomy),
        probes=probes,
        sensors=tuple(Sensor(sensor.name, metres(sensor.point_mm)) for sensor in scene.sensor),
        limits=limits,
        endpoint=endpoint_of(scene),
        plan=Plan(
            scene.plan.intent,
            scene.plan.margin_goal_mm * MM,
            scene.plan.body_mass_kg,
            metres(scene.plan.nipple_mm) if scene.plan.nipple_mm is not None else None,
        ),
        tissues=sourced_rows(scene, anatomy),
        citations=citations(scene, anatomy, limits),
        notes=notes,
        inputs=fingerprints(scene),
        isolation=anatomy.layers,
        vessels=tuple(
            ThinVessel(vessel.name, tuple(metres(point) for point in vessel.points_mm), vessel.radius_mm * MM)
            for vessel in scene.vessel
            if vessel.points_mm is not None and vessel.radius_mm is not None
        ),
        damage_law=scene.model.arrhenius,
        backdrop=resampled_backdrop(scene, grid),
        resampled=anatomy.resampled,
        modality="MR" if scene.anatomy is not None and scene.anatomy.mr is not None else "CT",
    )


def _surfaces(anatomy: Anatomy) -> dict[str, Surface]:
    """Closed surfaces of all regions that matter to the plan, and of the body against gas."""
    grid = anatomy.grid
    present = set(np.unique(anatomy.labels).tolist())
    wanted: dict[str, tuple[set[int], float]] = {}
    for index, region in enumerate(anatomy.regions):
        if region.role in SURFACED and index in present:
            spacing = 0.5 * grid.spacing if region.role in TO_KILL else grid.spacing
            labels, _ = wanted.get(region.name, (set(), spacing))
            wanted[region.name] = labels | {index}, spacing
    solid = {index for index, region in enumerate(anatomy.regions) if region.phase != "gas"}
    if present - solid:
        wanted["body"] = solid & present, grid.spacing
    surfaces = {}
    for name, (labels, spacing) in wanted.items():
        lower, upper = _extent(anatomy, labels)
        points, faces = surface(anatomy.painter, labels, lower, upper, spacing)
        if len(faces):
            surfaces[name] = Surface(points, faces)
    return surfaces


def _extent(anatomy: Anatomy, labels: set[int]) -> tuple[Vector, Vector]:
    """Corners [m] of the cells with some labels, two cells wider, within the box."""
    grid = anatomy.grid
    where = np.argwhere(np.isin(anatomy.labels, list(labels)))
    low = np.maximum(where.min(axis=0) - 2, 0)[::-1]
    high = np.minimum(where.max(axis=0) + 3, grid.shape)[::-1]
    x0, y0, z0 = (float(o + i * grid.spacing) for o, i in zip(grid.origin, low, strict=True))
    x1, y1, z1 = (float(o + i * grid.spacing) for o, i in zip(grid.origin, high, strict=True))
    return (x0, y0, z0), (x1, y1, z1)


def _notes(
    scene: Scene,
    anatomy: Anatomy,
    probes: tuple[Probe, ...],
    vessels: list[VesselRows],
    infusions: list[InfusionRows],
    earlier: Earlier | None,
) -> tuple[str, ...]:
    notes = [] if earlier is None else [earlier.note]
    if any(step.action in ("hold", "pull") for probe in probes for step in probe.steps):
        notes.append(ANTENNA_NOTE)
    notes += resampling_notes(anatomy.resampled, anatomy.regions, anatomy.grid.spacing)
    notes += layer_notes(anatomy.layers)
    notes += [infusion.note for infusion in infusions]
    notes += box_notes(scene, anatomy, probes)
    notes += vessel_notes(vessels)
    if any(tissue.perfusion_thermography_1_s is not None for tissue in anatomy.tissues):
        notes.append(
            f'Perfusion preset "{scene.model.perfusion_preset}": published values of gland differ twelvefold, '
            "which moves the outer edge of a zone by 1-2 mm."
        )
    if scene.model.perfusion_cold_stasis and _extremes(scene, anatomy, earlier)[0] >= COLD_STASIS_C:
        notes.append(
            f"[model] perfusion_cold_stasis changes nothing: nothing here gets colder than {COLD_STASIS_C:g} °C."
        )
    asked = scene.domain.max_mm
    if asked is not None:
        reached = [value / MM for value in anatomy.grid.upper]
        if any(abs(r - a) > 1e-6 for r, a in zip(reached, asked, strict=True)):
            text = ", ".join(f"{value:g}" for value in reached)
            notes.append(f"The box was rounded up to whole cells: max_mm is [{text}].")
    return tuple(notes)
