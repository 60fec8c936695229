"""Closed surfaces as STL and VTP files, LPS millimetres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkStringArray
from vtkmodules.vtkIOXML import vtkXMLPolyDataWriter

from gpu_ablate.case.setup import Surface
from gpu_ablate.exchange.content import Content, file_names
from gpu_ablate.exchange.files import Written
from gpu_ablate.geometry.meshes import corners, poly_data, volume
from gpu_ablate.units import CM3, MM

STL_HEADER = b"gpu-ablate SPACE=LPS UNIT=mm"
"""3D Slicer reads the coordinate system from here (vtkMRMLModelStorageNode)."""

STL_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attributes", "<u2")])


def write_surfaces(content: Content, folder: Path) -> Iterator[Written]:
    """Write the surface of each zone and region as STL and VTP, and tell of each file."""
    for name, what, surface in named_surfaces(content):
        size = abs(volume(surface.points, surface.faces)) / CM3
        for suffix, write in ((".stl", write_stl), (".vtp", write_vtp)):
            write(folder / f"{name}{suffix}", surface)
            yield Written(f"{name}{suffix}", f"surface of {what}, {size:.4g} cm3", "mm")


def named_surfaces(content: Content) -> Iterator[tuple[str, str, Surface]]:
    """File name without suffix, what it is, and surface of each zone and region."""
    for zone, name in zip(content.zones, file_names([zone.name for zone in content.zones]).values(), strict=True):
        yield f"zone_{name}", zone.what, zone.surface
    names = file_names([solid.region.name for solid in content.solids])
    for solid in content.solids:
        yield f"region_{names[solid.region.name]}", f"{solid.region.name} ({solid.region.role})", solid.surface


def write_stl(path: Path, surface: Surface) -> None:
    """Write a binary STL file [mm]."""
    a, b, c = corners(_millimetres(surface), surface.faces)
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    facets = np.zeros(len(surface.faces), STL_FACET)
    facets["normal"] = normals / np.where(lengths > 0, lengths, 1)
    facets["corners"] = np.stack([a, b, c], axis=1)
    with path.open("wb") as file:
        file.write(STL_HEADER.ljust(80))
        file.write(np.uint32(len(facets)).tobytes())
        file.write(facets.tobytes())


def write_vtp(path: Path, surface: Surface) -> None:
    """Write a VTK XML file [mm]; the field SPACE says LPS, which 3D Slicer reads."""
    data = poly_data(_millimetres(surface), surface.faces)
    space = vtkStringArray()
    space.SetName("SPACE")
    space.InsertNextValue("LPS")
    data.GetFieldData().AddArray(space)
    writer = vtkXMLPolyDataWriter()
    writer.SetInputData(data)
    writer.SetFileName(str(path))
    if not writer.Write():
        raise OSError(f"{path}: could not be written")


def _millimetres(surface: Surface) -> NDArray[np.float64]:
    return np.asarray(surface.points.astype(np.float64) / MM)
