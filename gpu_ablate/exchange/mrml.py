"""A scene file of 3D Slicer (.mrml): which files it opens and how each is shown.

Sources of the format: Slicer documentation, developer guide, "MRML overview", and the tags that Slicer's own node
classes write. It could not be opened in Slicer where it was written; the files that it names open by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote
from xml.etree import ElementTree as xml

from gpu_ablate.colours import rgb

Kind = Literal["volume", "segmentation", "model", "line", "points"]

TAGS = {
    "volume": ("Volume", "VolumeDisplay", "VolumeArchetypeStorage"),
    "segmentation": ("Segmentation", "SegmentationDisplay", "SegmentationStorage"),
    "model": ("Model", "ModelDisplay", "ModelStorage"),
    "line": ("MarkupsLine", "MarkupsDisplay", "MarkupsJsonStorage"),
    "points": ("MarkupsFiducial", "MarkupsDisplay", "MarkupsJsonStorage"),
}
"""Tags of a node, of how it is shown and of its file."""

CLASSES = {"Volume": "ScalarVolume", "VolumeDisplay": "ScalarVolumeDisplay"}
"""Tag -> class, where they differ."""

COLOURS = "vtkMRMLColorTableNodeFileColdToHotRainbow.txt"


@dataclass(frozen=True)
class Node:
    """A file in the scene."""

    kind: Kind
    name: str
    file: str
    colour: str = "#000000"
    opacity: float = 1.0
    shown: bool = True


def scene_xml(nodes: Sequence[Node]) -> str:
    """The scene as text."""
    root = xml.Element("MRML", version="Slicer5.2.0", userTags="")
    for number, node in enumerate(nodes, start=1):
        own, display, storage = TAGS[node.kind]
        ids = {tag: f"vtkMRML{CLASSES.get(tag, tag)}Node{number}" for tag in (own, display, storage)}
        references = f"display:{ids[display]};storage:{ids[storage]};"
        parts = rgb(node.colour)
        shown = {
            "visibility": "true" if node.shown else "false",
            "opacity": f"{node.opacity:g}",
            "color": " ".join(f"{part:.4f}" for part in parts),
            "selectedColor": " ".join(f"{part:.4f}" for part in parts),
        }
        if node.kind == "volume":
            shown = {"colorNodeID": COLOURS, "autoWindowLevel": "true"}
        elif node.kind == "model":
            shown |= {"visibility2D": "true", "backfaceCulling": "false"}
        file = {"fileName": quote(node.file)}
        if node.kind in ("model", "line", "points"):
            file["coordinateSystem"] = "LPS"
        xml.SubElement(root, storage, {"id": ids[storage], "name": f"{node.name} file", **file})
        xml.SubElement(root, display, {"id": ids[display], "name": f"{node.name} look", **shown})
        xml.SubElement(root, own, id=ids[own], name=node.name, references=references)
    xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"
