"""Cross-checks of a scene: names, references, files, schedules. `case.build` checks the geometry."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from gpu_ablate.errors import SceneError
from gpu_ablate.library import load as library
from gpu_ablate.scene.body import ROLES, Region, SurfacePatch
from gpu_ablate.scene.idle import idle_places, idle_regions, idle_times, idle_tissues, placed_regions, sets
from gpu_ablate.scene.problems import Problem, near_or_all
from gpu_ablate.scene.schema import Scene, step_duration_s
from gpu_ablate.scene.treatment import Hold, OwnEndpoint, Probe, Pull, Reinsert, Sensor, Source, Step, Thaw
from gpu_ablate.scene.vessel import Vessel
from gpu_ablate.spec.device import CryoDevice, Device, MicrowaveDevice
from gpu_ablate.spec.tissue import Tissue


def find_problems(scene: Scene) -> list[Problem]:
    """Everything in a scene that refers to nothing, clashes or cannot be carried out."""
    checks: tuple[Callable[[Scene], Iterator[Problem]], ...] = (
        _domain, _nipple, _names, _tissues, _devices, _places, _withins, _isolations, _vessels, _schedules, _duration,
        _endpoint, _files,
        idle_tissues, idle_regions, idle_times, idle_places,
    )  # fmt: skip
    return [problem for check in checks for problem in check(scene)]


def implicit_regions(scene: Scene) -> list[str]:
    """Names of the regions that the background and the anatomy's labels form, without repeats."""
    own = len(scene.region)
    return list(dict.fromkeys(name for name, _, _ in placed_regions(scene)[: -own or None]))


def _domain(scene: Scene) -> Iterator[Problem]:
    domain, anatomy = scene.domain, scene.anatomy
    if anatomy is None and domain.background is None:
        yield Problem("[domain]", '"background" is missing', "name the tissue that fills the box")
    if anatomy is None and domain.min_mm is None and domain.margin_mm is None:
        yield Problem("[domain]", "the box is missing", "give min_mm and max_mm, or margin_mm")
    if anatomy is not None and anatomy.outside is None and domain.background is None:
        yield Problem("[anatomy]", '"outside" is missing', 'name what lies beyond the image, say "air"')
    has_target = any(region.role == "target" for region in scene.region) or (
        anatomy is not None and any(label.role == "target" for label in anatomy.labels.values())
    )
    if domain.margin_mm is not None and not (has_target or scene.probe):
        yield Problem("[domain]", "margin_mm needs a target or probe to go around", "give min_mm and max_mm")
    if anatomy is not None:
        yield from _labels_agree(scene)


def _nipple(scene: Scene) -> Iterator[Problem]:
    if scene.plan.nipple_mm is not None and scene.domain.frame != "patient":
        what = '"nipple_mm" needs to know where the head is, and the frame is "local"'
        yield Problem("[plan]", what, 'write frame = "patient" under [domain] if its axes are LPS, or remove nipple_mm')


BODY_SURFACE = "body"
"""Name of the surface of all tissue against gas, which no region may have."""


def _labels_agree(scene: Scene) -> Iterator[Problem]:
    """Labels that share a region's name must mean the same."""
    assert scene.anatomy is not None
    seen: dict[str, tuple[str, str]] = {}
    for value, label in scene.anatomy.labels.items():
        meaning = (label.tissue, label.role)
        if label.region_name == BODY_SURFACE:
            what = f'its name "{BODY_SURFACE}" is that of the surface of the whole body'
            yield Problem(f"[anatomy], label {value}", what, "give it another name")
        if seen.setdefault(label.region_name, meaning) != meaning:
            what = f'the region "{label.region_name}" has another tissue or role under another label'
            yield Problem(f"[anatomy], label {value}", what, "give one of them a name of its own")
        if label.region_name in ROLES and label.role not in (label.region_name, "tissue"):
            what = f'its name "{label.region_name}", the tissue\'s, is a role, but its role is {label.role}'
            yield Problem(f"[anatomy], label {value}", what, "give it a name: limits would take it for the other")


def _names(scene: Scene) -> Iterator[Problem]:
    taken = dict.fromkeys(implicit_regions(scene), "a tissue of the background or anatomy")
    tables: dict[str, Sequence[Region | Probe | Sensor | Source | SurfacePatch | Vessel]] = {
        "region": scene.region,
        "probe": scene.probe,
        "sensor": scene.sensor,
        "source": scene.source,
        "surface_patch": scene.surface_patch,
        "vessel": scene.vessel,
    }
    for table, entries in tables.items():
        for entry in entries:
            where = f'{table} "{entry.name}"'
            if entry.name == BODY_SURFACE and table == "region":
                yield Problem(where, "this name is that of the surface of the whole body", "choose another")
            elif entry.name in ROLES:
                yield Problem(where, "this name is a role", "choose another: `where` could not tell them apart")
            elif entry.name in taken:
                yield Problem(where, f"this name is taken by {taken[entry.name]}", "choose another")
            else:
                taken[entry.name] = f"a {table}".replace("_", " ")


def _tissues(scene: Scene) -> Iterator[Problem]:
    named: list[tuple[str, str]] = []
    if scene.domain.background is not None:
        named.append(("[domain], background", scene.domain.background))
    if scene.anatomy is not None:
        if scene.anatomy.outside is not None:
            named.append(("[anatomy], outside", scene.anatomy.outside))
        labels = scene.anatomy.labels.items()
        named += [(f"[anatomy], label {value}", label.tissue) for value, label in labels]
    named += [(f'region "{region.name}"', region.tissue) for region in scene.region]
    known = [*scene.tissue, *library.tissues()]
    for where, name in named:
        if name not in known:
            yield Problem(where, f'unknown tissue "{name}"', near_or_all(name, known, "tissues"))
    for name, entry in scene.tissue.items():
        if entry.like is not None and entry.like not in known:
            what = f'"like" names the unknown tissue "{entry.like}"'
            yield Problem(f'tissue "{name}"', what, near_or_all(entry.like, known, "tissues"))
        else:
            yield from _complete(lambda name=name: library.tissue(name, scene.tissue))  # type: ignore[misc]


def _devices(scene: Scene) -> Iterator[Problem]:
    known = [*scene.device, *library.devices()]
    for name, entry in scene.device.items():
        if entry.like is not None and entry.like not in known:
            what = f'"like" names the unknown device "{entry.like}"'
            yield Problem(f'device "{name}"', what, near_or_all(entry.like, known, "devices"))
        else:
            yield from _complete(lambda name=name: library.device(name, scene.device))  # type: ignore[misc]
    for probe in scene.probe:
        if probe.device not in known:
            what = f'unknown device "{probe.device}"'
            yield Problem(f'probe "{probe.name}"', what, near_or_all(probe.device, known, "devices"))


def _complete(resolve: Callable[[], Tissue | Device]) -> Iterator[Problem]:
    try:
        resolve()
    except SceneError as error:
        yield Problem("", str(error))


def _places(scene: Scene) -> Iterator[Problem]:
    regions = [*implicit_regions(scene), *(region.name for region in scene.region)]
    roles = {region.role for region in scene.region}
    if scene.anatomy is not None:
        roles |= {label.role for label in scene.anatomy.labels.values()}
    bodies = list(dict.fromkeys([*regions, *sorted(roles)]))
    sensors = [sensor.name for sensor in scene.sensor]
    freezing = [probe.name for probe in scene.probe if any(step.action == "freeze" for step in probe.steps)]
    for limit in scene.limit:
        if limit.where not in bodies:
            what = f'"where" names no region or role of this scene: "{limit.where}"'
            remedy = near_or_all(limit.where, bodies, "regions and roles")
            yield Problem(f'limit "{limit.where}"', what, remedy)
    conditions = [
        (f'probe "{probe.name}", {place}', until) for probe in scene.probe for place, until in probe.conditions
    ]
    for where, until in conditions:
        if until.covered_percent is not None and until.where in (*sensors, *freezing):
            what = f'"{until.where}" is a {"sensor" if until.where in sensors else "probe"}, which can\'t be covered'
            yield Problem(where, what, "name a region or role")
        elif until.ice_margin_mm is not None and until.where not in bodies:
            what = f'"where" names no region or role of this scene: "{until.where}"'
            yield Problem(where, what, near_or_all(until.where, bodies, "regions and roles"))
        elif until.where not in (places := [*bodies, *sensors, *freezing]):
            what = f'"where" names no region, role, sensor or cryoprobe of this scene: "{until.where}"'
            yield Problem(where, what, near_or_all(until.where, places, "regions, roles, sensors and cryoprobes"))


def _withins(scene: Scene) -> Iterator[Problem]:
    """A region can be painted within those that are painted before it."""
    known = [place for region in placed_regions(scene)[: -len(scene.region) or None] for place in region[:2]]
    for region in scene.region:
        for place in region.within or ():
            if place not in known:
                what = f'"within" names no region or role that is painted before it: "{place}"'
                yield Problem(f'region "{region.name}"', what, near_or_all(place, known, "painted before it"))
        known += [region.name, region.role]


def _isolations(scene: Scene) -> Iterator[Problem]:
    tissue_of = {region.name: region.tissue for region in scene.region}
    labelled = {} if scene.anatomy is None else {x.region_name: x.tissue for x in scene.anatomy.labels.values()}
    parts = {region.name for region in scene.region if region.within is not None}
    for isolation in scene.isolation:
        where = f'isolation "{isolation.region}"'
        name = tissue_of.get(isolation.region, labelled.get(isolation.region))
        if name is None:
            remedy = near_or_all(isolation.region, [*tissue_of, *labelled], "regions")
            yield Problem(where, "there is no region or label of this name", remedy)
            continue
        if isolation.region not in tissue_of and isolation.displaces != "none":
            what = "its region is a label of the anatomy, where all tissue is in its place already"
            yield Problem(where, what, 'write displaces = "none"')
        if isolation.region in parts and isolation.displaces != "none":
            what = "its region is painted within another, which a layer that moves tissue can't be"
            yield Problem(where, what, 'remove "within" there, or write displaces = "none"')
        try:
            phase = library.tissue(name, scene.tissue).phase
        except SceneError:
            continue  # reported where the tissue is named
        if phase == "body":
            what = f'its tissue "{name}" is body tissue, not a fluid or gas'
            yield Problem(where, what, 'use saline, d5w, co2 or air, or a tissue with phase = "fluid"')


WIDEST_VESSEL = 3.0
"""Radius up to which a vessel is a line with a pattern of cells around it [voxels]."""


def _vessels(scene: Scene) -> Iterator[Problem]:
    placed = {name: tissue for name, _, tissue in placed_regions(scene)}
    taken: set[str] = set()
    for vessel in scene.vessel:
        where = f'vessel "{vessel.name}"'
        if vessel.region is not None:
            yield from _lumen(scene, where, vessel.region, placed, taken)
            continue
        assert vessel.radius_mm is not None
        voxels = vessel.radius_mm / scene.domain.spacing_mm
        if voxels > WIDEST_VESSEL:
            what = f"its radius is {voxels:.1f} voxels; along points_mm it may have at most {WIDEST_VESSEL:g}"
            least = math.ceil(100.0 * vessel.radius_mm / WIDEST_VESSEL) / 100.0
            yield Problem(where, what, f"make it a region of blood, or use a spacing_mm of {least:g} or more")


def _lumen(scene: Scene, where: str, name: str, placed: dict[str, str], taken: set[str]) -> Iterator[Problem]:
    """The region of a vessel is there, fluid, and a lumen of one vessel only, and no isolation layer."""
    if name not in placed:
        yield Problem(where, f'no region is called "{name}"', near_or_all(name, placed, "regions"))
        return
    if name in taken:
        yield Problem(where, f'"{name}" is the lumen of another vessel already', "keep one of them")
    taken.add(name)
    if any(layer.region == name for layer in scene.isolation):
        yield Problem(where, f'"{name}" is an isolation layer', "name the region of a vessel")
    try:
        phase = library.tissue(placed[name], scene.tissue).phase
    except SceneError:
        return  # reported where the tissue is named
    if phase != "fluid":
        what = f'its region "{name}" is of {placed[name]}, which is no fluid'
        yield Problem(where, what, 'give it the tissue "blood", or one with phase = "fluid"')


def _schedules(scene: Scene) -> Iterator[Problem]:
    for probe in scene.probe:
        if sum(step_duration_s(step) for step in probe.steps) == 0:
            what = "its schedule lasts 0 s: it only pulls, at once"
            yield Problem(f'probe "{probe.name}"', what, "add a hold, or give a pull a speed_mm_s")
        yield from _idle_reinserts(probe)
        try:
            device = library.device(probe.device, scene.device)
        except SceneError:
            continue  # reported where the device is named
        for number, step in enumerate(probe.steps, start=1):
            where = f'probe "{probe.name}", step {number} ({step.action})'
            yield from _abilities(where, step, device)


ACTIONS = {"microwave": ("hold", "pull", "rest", "reinsert"), "cryo": ("freeze", "thaw", "rest")}
"""What a probe can do, by the kind of its device."""


def _abilities(where: str, step: Step, device: Device) -> Iterator[Problem]:
    """What a device cannot do: an action of the other kind, a thaw by gas without one, more power than it gives."""
    if step.action not in ACTIONS[device.kind]:
        kind = "an antenna" if device.kind == "microwave" else "a cryoprobe"
        what = f'its device "{device.name}" is {kind}, which can {", ".join(ACTIONS[device.kind])}'
        yield Problem(where, what, "change the action, or the device")
        return
    if isinstance(device, CryoDevice):
        if isinstance(step, Thaw) and step.by == "helium" and device.thaw_temperature_c is None:
            what = f'its device "{device.name}" has no gas that warms it'
            yield Problem(where, what, 'write by = "passive", or give the device a thaw_temperature_c')
        return
    power, most = _generator_power_w(step, device), device.max_power_w.value
    if power > most:
        what = f"{power:g} W at the generator is more than the device gives ({most:g} W)"
        remedy = f'lower it, or make a [device.NAME] like "{device.name}" with its own max_power_w'
        yield Problem(where, what, remedy)


def _idle_reinserts(probe: Probe) -> Iterator[Problem]:
    """Something must be done on a track before the needle leaves it again."""
    for number, (step, following) in enumerate(zip(probe.steps, [*probe.steps[1:], None], strict=True), start=1):
        if isinstance(step, Reinsert) and (following is None or isinstance(following, Reinsert)):
            where = f'probe "{probe.name}", step {number} (reinsert)'
            yield Problem(where, "nothing is done on this track", "add a hold after it, or remove it")


def _generator_power_w(step: Step, device: MicrowaveDevice) -> float:
    """Power at the generator [W]; for a net power the least that it can be."""
    if not isinstance(step, (Hold, Pull)):
        return 0.0
    if step.net_power_w is not None:
        return step.net_power_w / device.cable_efficiency.value
    return step.power_w or 0.0


def _duration(scene: Scene) -> Iterator[Problem]:
    if scene.run.duration_s is None and not scene.probe and scene.duration_s() == 0:
        what = "nothing says how long to compute: no probe has a schedule and no source ends"
        yield Problem("[run]", what, "give duration_s")


def _endpoint(scene: Scene) -> Iterator[Problem]:
    if scene.initial.from_run is not None:
        if scene.run.endpoint is None:
            what = "a second stage (from_run) needs its endpoint chosen: it measures what both stages killed"
            yield Problem("[run]", what, 'write endpoint = "lethal40", or that of the run before')
        return
    heats = scene.heats() or any(sets(scene, tissue) for _, _, tissue in placed_regions(scene))
    if scene.run.endpoint is None and heats and scene.cools():
        what = "with both heat and cold the endpoint must be chosen"
        yield Problem("[run]", what, 'write endpoint = "cem43_240", or another')
    if scene.run.endpoint is None or scene.initial.image is not None:
        return
    chosen = scene.run.endpoint
    if isinstance(chosen, OwnEndpoint):
        cold, name = chosen.below_c is not None, "of your own"
    else:
        cold, name = chosen in ("lethal40", "lethal20x2", "ice"), f'"{chosen}"'
    if cold and not scene.cools():
        what = f"endpoint {name} can't be reached: nothing in the scene goes below 0 °C"
        yield Problem("[run]", what, "remove it, or add what cools")
    if chosen == "lethal20x2" and not scene.freezes():
        what = 'endpoint "lethal20x2" counts the cycles of a cryoprobe, and no probe freezes'
        yield Problem("[run]", what, 'write endpoint = "lethal40", or add a probe that freezes')
    if not cold and not heats:
        what = f"endpoint {name} can't be reached: nothing in the scene heats"
        yield Problem("[run]", what, "remove it, or add what heats")


def _files(scene: Scene) -> Iterator[Problem]:
    named = [(f'region "{region.name}"', "mesh", region.mesh) for region in scene.region]
    named += [(f'source "{source.name}"', "image", source.image) for source in scene.source]
    named += [("[initial]", "image", scene.initial.image), ("[initial]", "from_run", scene.initial.earlier_file)]
    if scene.anatomy is not None:
        named.append(("[anatomy]", "image", scene.anatomy.image))
    for where, key, written in named:
        if written is not None and (scene.folder / written).is_dir():
            yield Problem(where, f'the {key} "{written}" is a folder', "name the file in it")
        elif written is not None and not (scene.folder / written).is_file():
            what = f'the {key} "{written}" does not exist'
            remedy = f"looked for {scene.folder / written}; paths are relative to the scene's folder"
            yield Problem(where, what, remedy)
