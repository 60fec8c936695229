"""NIfTI files: read by nibabel and ITK at the places and with the values of the run, on any voxels."""

from __future__ import annotations

import csv
from itertools import permutations, product
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from gpu_ablate.case.cold import cold_histories
from gpu_ablate.case.setup import LIMIT_FIELDS
from gpu_ablate.exchange.content import HISTORIES, Content, Zone
from gpu_ablate.exchange.nifti import write_nifti
from gpu_ablate.geometry.image_files import read_labels, read_scalars
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.geometry.meshes import centroid, volume
from tests.exchange.conftest import KILLED_MM, content_on, oblique

TURNS = [np.eye(3)[:, order] * signs for order in permutations(range(3)) for signs in product((1, -1), repeat=3)]


def test_every_field_zone_and_region_is_there(content: Content, tmp_path: Path) -> None:
    written = [one.name for one in write_nifti(content, tmp_path)]
    assert sorted(written) == sorted(path.name for path in tmp_path.iterdir())
    fields = {"temperature_end", "max_temperature", "cem43", "cycles_m20c"}
    held = {f"zone_{name}" for name, zone in content.metrics["zones"].items() if zone["volume_cm3"]}
    zones = {name for name in held if not name.endswith("_now")}
    assert {"zone_cem43_240", "zone_above_45c"} < zones < held
    assert {name.partition(".")[0] for name in written} == fields | zones | {"regions"}
    np.testing.assert_array_equal(read_scalars(tmp_path / "cem43.nii.gz").values, content.result.final["cem43"])
    np.testing.assert_array_equal(
        read_scalars(tmp_path / "temperature_end.nii.gz").values, content.result.temperature(2)
    )
    labels = read_labels(tmp_path / "regions.nii.gz").values
    np.testing.assert_array_equal(labels, content.setup.labels + 1)
    with (tmp_path / "regions.csv").open() as file:
        names = {int(row["label"]): row["name"] for row in csv.DictReader(file)}
    assert names == {n: region.name for n, region in enumerate(content.setup.regions, start=1)}


def test_every_history_that_a_run_can_keep_is_known() -> None:
    """`passage` is the clock of the rates and is not kept."""
    kept = {history.name for history in cold_histories()} - {"passage"}
    assert kept <= HISTORIES.keys()
    assert set(LIMIT_FIELDS.values()) <= HISTORIES.keys()


def test_another_time_of_the_temperature(run: Path, tmp_path: Path) -> None:
    content = content_on(run, None)
    early = Content(content.result, content.metrics, run, content.lattice, "made up", at_s=0.5)
    list(write_nifti(early, tmp_path))
    values = read_scalars(tmp_path / "temperature_0p5s.nii.gz").values
    np.testing.assert_array_equal(values, early.result.temperature(0.5))


def test_nibabel_finds_voxels_where_they_are(run: Path, tmp_path: Path) -> None:
    """RAS+ of nibabel against our LPS, on an oblique image; the 32-bit header moves them by less than 0.1 µm."""
    lattice = oblique()
    list(write_nifti(content_on(run, lattice), tmp_path))
    image = nibabel.load(tmp_path / "zone_cem43_240.nii.gz")
    corners = np.array(list(product(*[(0, size - 1) for size in lattice.size])))
    theirs = nibabel.affines.apply_affine(image.affine, corners) * [-1, -1, 1]
    assert np.abs(theirs - lattice.points(corners) * 1e3).max() < 1e-4
    assert image.header.get_xyzt_units()[0] == "mm"


def test_itk_finds_the_killed_ball_on_an_oblique_image(run: Path, tmp_path: Path) -> None:
    content = content_on(run, oblique())
    list(write_nifti(content, tmp_path))
    image = sitk.ReadImage(str(tmp_path / "zone_cem43_240.nii.gz"))
    stats = sitk.LabelShapeStatisticsImageFilter()
    stats.Execute(image)
    zone = content.zones[0]
    size_mm3 = volume(zone.surface.points, zone.surface.faces) * 1e9
    assert abs(stats.GetPhysicalSize(1) - size_mm3) <= max(1e-3 * size_mm3, 0.8 * 0.8 * 2.5 / 2)
    assert content.metrics["zones"]["cem43_240"]["volume_cm3"] * 1e3 == pytest.approx(size_mm3, rel=1e-6)
    assert np.linalg.norm(np.array(stats.GetCentroid(1)) - middle_mm(zone)) < 0.05


def middle_mm(zone: Zone) -> NDArray[np.float64]:
    return centroid(zone.surface.points, zone.surface.faces) * 1e3


@pytest.mark.parametrize("number", range(0, 48, 7))
def test_turned_images_hold_the_same_voxels(run: Path, tmp_path: Path, number: int) -> None:
    """Flipped and permuted: fields and zones have, at each place, the bits that they have on the solver's cells."""
    content = content_on(run, None)
    cells = content.setup.grid.lattice()
    axes = TURNS[number] * content.setup.grid.spacing
    size = np.abs(TURNS[number].T @ cells.size).astype(int)
    origin = cells.points(np.array([(cells.size - 1) / 2]))[0] - axes @ ((size - 1) / 2)
    turned = Lattice((int(size[2]), int(size[1]), int(size[0])), origin, axes)
    straight, other = tmp_path / "straight", tmp_path / "turned"
    straight.mkdir()
    other.mkdir()
    list(write_nifti(content, straight))
    list(write_nifti(content_on(run, turned), other))
    centres = np.concatenate([points for _, points in cells.centres()])
    index = np.rint(turned.indices(centres)).astype(int)
    for name in ("cem43", "temperature_end", "zone_cem43_240", "zone_above_45c", "regions"):
        ours = read_scalars(straight / f"{name}.nii.gz").values.ravel()
        i, j, k = index.T
        np.testing.assert_array_equal(read_scalars(other / f"{name}.nii.gz").values[k, j, i], ours)


def test_beyond_the_box_is_body_temperature_and_nothing_else(run: Path, tmp_path: Path) -> None:
    wide = oblique((30, 30, 20), (3.0, 3.0, 4.0))
    content = content_on(run, wide)
    list(write_nifti(content, tmp_path))
    grid = content.setup.grid
    places = np.concatenate([points for _, points in wide.centres()])
    outside = ((places < np.array(grid.origin)) | (places > np.array(grid.upper))).any(axis=1)
    assert outside.any()
    assert not outside.all()
    expected = {"temperature_end": 37, "max_temperature": 37, "cem43": 0, "zone_cem43_240": 0, "regions": 0}
    for name, value in expected.items():
        np.testing.assert_array_equal(read_scalars(tmp_path / f"{name}.nii.gz").values.ravel()[outside], value)
    assert (read_labels(tmp_path / "regions.nii.gz").values.ravel()[~outside] > 0).all()


def test_the_killed_ball_is_where_it_was_killed(content: Content) -> None:
    """Fluid, which is never killed, takes a piece of the ball; what remains is centred within a voxel of it."""
    assert np.linalg.norm(middle_mm(content.zones[0]) - KILLED_MM[0]) < 1.0
