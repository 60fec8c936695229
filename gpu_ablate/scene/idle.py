"""What a scene says that could have no effect: refused, since it was meant to have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gpu_ablate.errors import SceneError
from gpu_ablate.library import load as library
from gpu_ablate.scene.problems import Problem
from gpu_ablate.scene.schema import Scene
from gpu_ablate.spec.device import DeviceEntry
from gpu_ablate.spec.tissue import Phase, Tissue, TissueEntry

Placed = tuple[str, str, str]
"""Name, role and tissue of a region."""


def placed_regions(scene: Scene) -> list[Placed]:
    """Every region that a scene forms: background, outside, labels of the anatomy, and its own regions."""
    found: list[Placed] = []
    if scene.domain.background is not None:
        found.append((scene.domain.background, "tissue", scene.domain.background))
    if scene.anatomy is not None:
        if scene.anatomy.outside is not None:
            found.append((scene.anatomy.outside, "tissue", scene.anatomy.outside))
        found += [(label.region_name, label.role, label.tissue) for label in scene.anatomy.labels.values()]
    return found + [(region.name, region.role, region.tissue) for region in scene.region]


def idle_tissues(scene: Scene) -> Iterator[Problem]:
    """Tables [tissue.NAME] and [device.NAME] that nothing is made of."""
    tissues = _used(scene.tissue, {tissue for _, _, tissue in placed_regions(scene)})
    devices = _used(scene.device, {probe.device for probe in scene.probe})
    for kind, own, used in (("tissue", scene.tissue, tissues), ("device", scene.device, devices)):
        for name in own:
            if name not in used:
                yield Problem(f'{kind} "{name}"', f"no {_user(kind)} uses it", "name it there, or remove it")


def idle_regions(scene: Scene) -> Iterator[Problem]:
    """Temperatures of gas, liquid layers of body tissue, layers described twice, gas that is mixed."""
    phases = {name: _phase(scene, tissue) for name, _, tissue in placed_regions(scene)}
    for region in scene.region:
        where = f'region "{region.name}"'
        if region.initial_temperature_c is not None and phases[region.name] == "gas":
            what = f'initial_temperature_c has no effect on the gas "{region.tissue}"'
            yield Problem(where, what, "remove it; [skin_surface] says how warm the air is")
        if region.role == "isolation" and phases[region.name] == "body":
            what = f'has the role isolation, but its tissue "{region.tissue}" is body tissue'
            yield Problem(where, what, 'use saline, d5w, co2 or air, or a tissue with phase = "fluid"')
    seen: set[str] = set()
    for layer in scene.isolation:
        where = f'isolation "{layer.region}"'
        if layer.region in seen:
            yield Problem(where, "this region has an [[isolation]] already", "keep one of them")
        seen.add(layer.region)
        if layer.mixing == "mixed" and phases.get(layer.region) == "gas":
            yield Problem(where, 'mixing = "mixed" has no effect on a gas, which is not computed', "remove it")
        if layer.infusion_ml_min is not None and phases.get(layer.region) == "gas":
            yield Problem(where, "infusion_ml_min has no effect on a gas, which is not computed", "remove it")
        if layer.infusion_ml_min is not None and 0 < scene.duration_s() <= layer.start_s:
            what = f"its infusion starts ({layer.start_s:g} s) after the end of the run ({scene.duration_s():g} s)"
            yield Problem(where, what, "start it earlier, or lengthen [run] duration_s")


def idle_times(scene: Scene) -> Iterator[Problem]:
    """Sources and patches that are switched on only when the run is over."""
    end = scene.duration_s()
    for kind, entries in (("source", scene.source), ("surface_patch", scene.surface_patch)):
        for entry in entries:
            if 0 < end <= entry.start_s:
                what = f"start_s ({entry.start_s:g}) lies after the end of the run ({end:g} s)"
                yield Problem(f'{kind} "{entry.name}"', what, "start it earlier, or lengthen [run] duration_s")


def idle_places(scene: Scene) -> Iterator[Problem]:
    """Limits and conditions on what never lives or dies, and limits given twice."""
    dead = _places_without_tissue(scene)
    remedy = "name body tissue; a sensor can watch a fluid"
    seen: set[tuple[str, str]] = set()
    for limit in scene.limit:
        where = f'limit "{limit.where}"'
        if limit.where in dead:
            yield Problem(where, f'"{limit.where}" is all {dead[limit.where]}, not body tissue', "name body tissue")
        if (limit.where, limit.quantity) in seen:
            yield Problem(where, f"{limit.quantity} is limited twice there", "keep one of them")
        seen.add((limit.where, limit.quantity))
    for probe in scene.probe:
        for place, until in probe.conditions:
            if until.where in dead:
                where = f'probe "{probe.name}", {place}'
                yield Problem(where, f'"{until.where}" is all {dead[until.where]}, not body tissue', remedy)


def _places_without_tissue(scene: Scene) -> dict[str, str]:
    """Region names and roles that hold no body tissue -> the phase that they hold."""
    phases: dict[str, set[Phase | None]] = {}
    for name, role, tissue in placed_regions(scene):
        for place in (name, role):
            phases.setdefault(place, set()).add(_phase(scene, tissue))
    return {
        place: " and ".join(sorted(map(str, found))) for place, found in phases.items() if not found & {"body", None}
    }


def _phase(scene: Scene, tissue: str) -> Phase | None:
    found = _known(scene, tissue)
    return None if found is None else found.phase


def sets(scene: Scene, tissue: str) -> bool:
    """Whether a tissue gives off heat as it sets."""
    found = _known(scene, tissue)
    return found is not None and found.setting_heat_j_m3 is not None


def _known(scene: Scene, tissue: str) -> Tissue | None:
    """A tissue of the library or the scene; None of an unknown one, which is reported where it is named."""
    try:
        return library.tissue(tissue, scene.tissue)
    except SceneError:
        return None


def _used(own: Mapping[str, TissueEntry] | Mapping[str, DeviceEntry], named: set[str]) -> set[str]:
    """The names, and those that they are `like`."""
    used: set[str] = set()
    left = list(named)
    while left:
        name = left.pop()
        if name in used or name not in own:
            continue
        used.add(name)
        like = own[name].like
        left += [] if like is None else [like]
    return used


def _user(kind: str) -> str:
    return "probe" if kind == "device" else "region, label or background"
