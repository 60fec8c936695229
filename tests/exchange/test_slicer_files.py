"""Files for 3D Slicer: read back by slicerio, ITK and VTK, with names, colours and places."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
import SimpleITK as sitk
import slicerio
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from gpu_ablate.colours import ISOTHERM, ZONE, rgb
from gpu_ablate.exchange.content import Content
from gpu_ablate.exchange.slicer import SCENE, write_slicer
from tests.exchange.conftest import content_on, oblique


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Content, Path]:
    """The run on oblique voxels, written once."""
    content, folder = content_on(run, oblique()), tmp_path_factory.mktemp("slicer")
    list(write_slicer(content, folder))
    return content, folder


def test_slicerio_reads_overlapping_zones(exported: tuple[Content, Path]) -> None:
    content, folder = exported
    found = slicerio.read_segmentation(str(folder / "zones.seg.nrrd"))
    assert [segment["name"] for segment in found["segments"]] == [zone.name for zone in content.zones]
    first, *others = found["segments"]
    np.testing.assert_allclose(first["color"], rgb(ZONE), atol=1e-6)
    assert first["terminology"]["type"] == ["SCT", "6574001", "Necrosis"]
    for segment, zone in zip(others, content.zones[1:], strict=True):
        np.testing.assert_allclose(segment["color"], rgb(ISOTHERM[zone.name]), atol=1e-6)
    for segment, zone in zip(found["segments"], content.zones, strict=True):
        layer = found["voxels"][segment["layer"]] if found["voxels"].ndim == 4 else found["voxels"]
        ours = content.zone_on(zone, content.lattice).mask
        np.testing.assert_array_equal(layer.transpose(2, 1, 0) == segment["labelValue"], ours)
        i0, i1, j0, j1, k0, k1 = segment["extent"]
        where = np.argwhere(ours)
        assert [[k0, j0, i0], [k1, j1, i1]] == [where.min(axis=0).tolist(), where.max(axis=0).tolist()]


def test_slicerio_places_voxels_exactly(exported: tuple[Content, Path]) -> None:
    content, folder = exported
    found = slicerio.read_segmentation(str(folder / "zones.seg.nrrd"))
    to_lps = np.asarray(found["ijkToLPS"])
    np.testing.assert_array_equal(to_lps[:3, :3], content.lattice.axes * 1e3)
    np.testing.assert_array_equal(to_lps[:3, 3], content.lattice.origin * 1e3)


def test_itk_reads_the_layers_and_the_regions(exported: tuple[Content, Path]) -> None:
    content, folder = exported
    zones = sitk.ReadImage(str(folder / "zones.seg.nrrd"))
    assert zones.GetNumberOfComponentsPerPixel() == len(content.zones)
    np.testing.assert_allclose(zones.GetOrigin(), content.lattice.origin * 1e3, atol=1e-9)
    np.testing.assert_allclose(zones.GetSpacing(), [0.8, 0.8, 2.5], atol=1e-9)
    for number, zone in enumerate(content.zones):
        layer = sitk.GetArrayFromImage(zones)[..., number]
        np.testing.assert_array_equal(layer, content.zone_on(zone, content.lattice).mask)
    regions = sitk.ReadImage(str(folder / "regions.seg.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(regions), content.regions(content.lattice))


def test_slicerio_finds_regions_by_name(exported: tuple[Content, Path]) -> None:
    content, folder = exported
    found = slicerio.read_segmentation(str(folder / "regions.seg.nrrd"))
    values = {segment["name"]: segment["labelValue"] for segment in found["segments"]}
    assert values == {region.name: n for n, region in enumerate(content.setup.regions, start=1)}


def test_vtk_reads_models_that_say_their_coordinates(exported: tuple[Content, Path]) -> None:
    content, folder = exported
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(folder / "region_tumour.vtp"))
    reader.Update()
    model = reader.GetOutput()
    assert model.GetFieldData().GetAbstractArray("SPACE").GetValue(0) == "LPS"
    points = vtk_to_numpy(model.GetPoints().GetData())
    np.testing.assert_allclose(points, content.setup.surfaces["tumour"].points * 1e3, atol=1e-5)


def test_needles_are_locked_lines_from_entry_to_tip(exported: tuple[Content, Path]) -> None:
    content, folder = exported
    track = content.metrics["needles"]["tracks"][0]
    found = json.loads((folder / "needle_A_track_1.mrk.json").read_text())
    (markup,) = found["markups"]
    assert found["@schema"].endswith("markups-schema-v1.0.3.json#")
    assert (markup["type"], markup["coordinateSystem"], markup["coordinateUnits"]) == ("Line", "LPS", "mm")
    assert markup["locked"]
    assert markup["name"] == "A track 1"
    first, last = markup["controlPoints"]
    assert (last["label"], last["position"], last["positionStatus"]) == ("tip", track["tip_mm"], "defined")
    along = np.array(first["position"]) - last["position"]
    np.testing.assert_allclose(along, track["length_mm"] * np.array(track["towards_handle"]), atol=1e-6)
    assert all(point["locked"] for point in markup["controlPoints"])


def test_sensors_are_points(exported: tuple[Content, Path]) -> None:
    markups = json.loads((exported[1] / "sensors.mrk.json").read_text())["markups"]
    (point,) = markups[0]["controlPoints"]
    assert point["label"] == "tc1"
    np.testing.assert_allclose(point["position"], [2, 3, 4])


def test_the_scene_names_every_file_once_and_only_files_that_are_there(exported: tuple[Content, Path]) -> None:
    folder = exported[1]
    root = ElementTree.parse(folder / SCENE).getroot()
    ids = {element.get("id") for element in root}
    assert len(ids) == len(root)
    referred = [part.split(":")[1] for one in root for part in (one.get("references") or "").split(";") if part]
    assert set(referred) <= ids
    assert len(referred) == len(set(referred))
    files = [unquote(name) for one in root if (name := one.get("fileName"))]
    assert sorted(files) == sorted(path.name for path in folder.iterdir() if path.name != SCENE)
