"""STL and VTP files: closed, facing outwards, with the volumes of metrics.json, and readable by others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from vtkmodules.vtkIOGeometry import vtkSTLReader

from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.surfaces import write_surfaces
from gpu_ablate.geometry.meshes import read_mesh
from gpu_ablate.units import CM3


def test_volumes_are_those_of_the_metrics(content: Content, tmp_path: Path) -> None:
    """`read_mesh` refuses what is open or inside out."""
    written = [one.name for one in write_surfaces(content, tmp_path)]
    held = {name: zone["volume_cm3"] for name, zone in content.metrics["zones"].items() if not name.endswith("_now")}
    expected = {f"zone_{name}": size for name, size in held.items() if size}
    expected |= {f"region_{target['name']}": target["volume_cm3"] for target in content.metrics["targets"]}
    for stem, size in expected.items():
        for suffix in (".stl", ".vtp"):
            assert f"{stem}{suffix}" in written
            assert read_mesh(tmp_path / f"{stem}{suffix}").volume() / CM3 == pytest.approx(size, rel=1e-5)


def test_vtk_reads_millimetres_and_the_coordinate_system(content: Content, tmp_path: Path) -> None:
    list(write_surfaces(content, tmp_path))
    reader = vtkSTLReader()
    reader.SetFileName(str(tmp_path / "region_tumour.stl"))
    reader.Update()
    surface = content.setup.surfaces["tumour"].points * 1e3
    low, high = np.array(reader.GetOutput().GetBounds()).reshape(3, 2).T
    np.testing.assert_allclose([low, high], [surface.min(axis=0), surface.max(axis=0)], atol=1e-5)
    assert b"SPACE=LPS" in (tmp_path / "region_tumour.stl").read_bytes()[:80]
