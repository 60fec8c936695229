"""A run for 3D Slicer: segmentations, volumes, models and needles, and a scene that opens them all.

Sources of the formats: Slicer documentation, developer guide, "Segmentations" (.seg.nrrd) and "Markups" (.mrk.json),
and vtkMRMLModelStorageNode (the field SPACE of a .vtp).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.colours import PROBE, ROLE, TISSUE_TINTS, rgb
from gpu_ablate.exchange.content import Content, file_names
from gpu_ablate.exchange.files import Written
from gpu_ablate.exchange.mrml import Node, scene_xml
from gpu_ablate.exchange.nrrd import write_nrrd
from gpu_ablate.exchange.surfaces import named_surfaces, write_vtp
from gpu_ablate.exchange.terms import Term, region_term, zone_term
from gpu_ablate.geometry.image_files import write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.units import MM

SCENE = "scene.mrml"

MARKUPS_SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)

TERMS_CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
ANATOMY_CONTEXT = "Anatomic codes - DICOM master list"


@dataclass(frozen=True)
class Segment:
    """A segment of a segmentation file: its layer and the value that it has there."""

    name: str
    colour: str
    term: Term
    layer: int
    value: int
    box: tuple[slice, ...]


def write_slicer(content: Content, folder: Path) -> Iterator[Written]:
    """Write the files and the scene that opens them into a folder, and tell of each."""
    lattice, nodes = content.lattice, []
    for name, kind, values in content.fields(lattice):
        write_image(folder / f"{name}.nrrd", values, lattice)
        nodes.append(Node("volume", name, f"{name}.nrrd"))
        yield Written(f"{name}.nrrd", kind.what, kind.unit)
    yield from write_zones(content, lattice, folder)
    yield write_regions(content, lattice, folder)
    nodes += [Node("segmentation", "zones", "zones.seg.nrrd")] if content.zones else []
    nodes.append(Node("segmentation", "regions", "regions.seg.nrrd", shown=False))
    for name, what, surface in named_surfaces(content):
        write_vtp(folder / f"{name}.vtp", surface)
        yield Written(f"{name}.vtp", f"model: surface of {what}", "mm")
    nodes += models(content)
    tracks = (content.metrics.get("needles") or {"tracks": []})["tracks"]
    for track, file in zip(tracks, file_names([track_name(track) for track in tracks]).values(), strict=True):
        _write_json(folder / f"needle_{file}.mrk.json", needle(track))
        nodes.append(Node("line", track_name(track), f"needle_{file}.mrk.json", PROBE))
        yield Written(f"needle_{file}.mrk.json", f"needle {track_name(track)}: tip and where it comes in", "mm")
    if content.setup.sensors:
        _write_json(folder / "sensors.mrk.json", sensors(content))
        nodes.append(Node("points", "sensors", "sensors.mrk.json", PROBE))
        yield Written("sensors.mrk.json", "thermometers", "mm")
    (folder / SCENE).write_text(scene_xml(nodes), encoding="utf-8")
    yield Written(SCENE, "opens all of this in 3D Slicer (drag it into the window)")


def write_zones(content: Content, lattice: Lattice, folder: Path) -> Iterator[Written]:
    """zones.seg.nrrd: a layer for each zone, since they overlap. Nothing where there is no zone."""
    if not content.zones:
        return
    made = [content.zone_on(zone, lattice) for zone in content.zones]
    layers = np.stack([one.mask.astype(np.uint8) for one in made], axis=-1)
    segments = [
        Segment(zone.name, zone.colour, zone_term(zone.name, zone.what, n == 0), n, 1, _box(made[n].mask))
        for n, zone in enumerate(content.zones)
    ]
    values = layers[..., 0] if len(segments) == 1 else layers
    write_nrrd(folder / "zones.seg.nrrd", values, lattice, segmentation(segments))
    what = ", ".join(
        f"{zone.name} ({int(one.mask.sum())} voxels)" for zone, one in zip(content.zones, made, strict=True)
    )
    yield Written("zones.seg.nrrd", f"segmentation of zones: {what}", whole=all(one.whole for one in made))


def write_regions(content: Content, lattice: Lattice, folder: Path) -> Written:
    """regions.seg.nrrd: the anatomy, one layer."""
    labels = content.regions(lattice)
    regions = content.setup.regions
    values = labels.astype(np.uint8) if len(regions) < 256 else labels
    tints = [TISSUE_TINTS[n % len(TISSUE_TINTS)] for n in range(len(regions))]
    segments = [
        Segment(region.name, ROLE.get(region.role, tint), region_term(region), 0, n, _box(labels == n))
        for n, (region, tint) in enumerate(zip(regions, tints, strict=True), start=1)
    ]
    write_nrrd(folder / "regions.seg.nrrd", values, lattice, segmentation(segments))
    return Written("regions.seg.nrrd", "segmentation of the anatomy of the model")


def segmentation(segments: Sequence[Segment]) -> dict[str, str]:
    """The key-value pairs of a .seg.nrrd."""
    fields = {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_SourceRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    names = file_names([f"{n} {segment.name}" for n, segment in enumerate(segments)])
    for n, segment in enumerate(segments):
        category, kind = (f"{c.scheme}^{c.value}^{c.meaning}" for c in (segment.term.category, segment.term.type))
        extent = [f"{one.start} {one.stop - 1}" for one in reversed(segment.box)]
        fields |= {
            f"Segment{n}_ID": names[f"{n} {segment.name}"],
            f"Segment{n}_Name": segment.name,
            f"Segment{n}_NameAutoGenerated": "0",
            f"Segment{n}_Color": " ".join(f"{part:.6f}" for part in rgb(segment.colour)),
            f"Segment{n}_ColorAutoGenerated": "0",
            f"Segment{n}_Extent": " ".join(extent),
            f"Segment{n}_Layer": str(segment.layer),
            f"Segment{n}_LabelValue": str(segment.value),
            f"Segment{n}_Tags": f"TerminologyEntry:{TERMS_CONTEXT}~{category}~{kind}~^^~{ANATOMY_CONTEXT}~^^~^^|",
        }
    return fields


def models(content: Content) -> list[Node]:
    """The surfaces in the scene: targets solid, zones and what lies around them translucent."""
    nodes = []
    surfaces = [name for name, _, _ in named_surfaces(content)]
    for number, zone in enumerate(content.zones):
        file = surfaces[number]
        nodes.append(Node("model", zone.name, f"{file}.vtp", zone.colour, 0.35, shown=number == 0))
    for solid, file in zip(content.solids, surfaces[len(content.zones) :], strict=True):
        opacity = 1.0 if solid.region.role == "target" else 0.25
        nodes.append(Node("model", solid.region.name, f"{file}.vtp", solid.colour, opacity))
    return nodes


def track_name(track: Mapping[str, Any]) -> str:
    """What a track of metrics.json is called."""
    return f"{track['probe']} track {track['track']}"


def needle(track: Mapping[str, Any]) -> dict[str, Any]:
    """A locked line from where a needle comes into the body, or into the box, to its tip."""
    tip, back = np.array(track["tip_mm"]), np.array(track["towards_handle"])
    start = tip + track["length_mm"] * back if track["entry_mm"] is None else np.array(track["entry_mm"])
    first = "box" if track["entry_mm"] is None else "entry"
    described = f"{track['device']}, {track['diameter_mm']:g} mm"
    return _markup("Line", track_name(track), [(first, start), ("tip", tip)], described)


def sensors(content: Content) -> dict[str, Any]:
    """Locked points where the thermometers are."""
    points = [(sensor.name, np.array(sensor.point) / MM) for sensor in content.setup.sensors]
    return _markup("Fiducial", "sensors", points, "thermometer")


def _markup(kind: str, name: str, points: Sequence[tuple[str, NDArray[np.float64]]], described: str) -> dict[str, Any]:
    control = [
        {
            "id": str(number),
            "label": label,
            "description": described,
            "position": [float(v) for v in place],
            "selected": True,
            "locked": True,
            "visibility": True,
            "positionStatus": "defined",
        }
        for number, (label, place) in enumerate(points, start=1)
    ]
    markup = {
        "type": kind,
        "name": name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": True,
        "fixedNumberOfControlPoints": True,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(control),
        "controlPoints": control,
        "display": {"color": list(rgb(PROBE)), "selectedColor": list(rgb(PROBE)), "pointLabelsVisibility": False},
    }
    return {"@schema": MARKUPS_SCHEMA, "markups": [markup]}


def _write_json(path: Path, found: dict[str, Any]) -> None:
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The box (k, j, i) of what is true; an empty one ends before it begins, as Slicer has it."""
    lines = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    return tuple(slice(int(line[0]), int(line[-1]) + 1) if len(line) else slice(0, 0) for line in lines)
