"""A scene on DICOM: its copy gives the same case, and holds nothing of the patient."""

from __future__ import annotations

from pathlib import Path

import made_dicom as made
import numpy as np
import pytest

import gpu_ablate as ga
from gpu_ablate.errors import SceneError
from gpu_ablate.scene.inputs import copy_inputs, fingerprints
from gpu_ablate.scene.load import load_scene
from gpu_ablate.scene.write import write_scene

SCENE = """
schema_version = 1
[domain]
spacing_mm = 1.5
frame = "patient"
[initial]
temperature_c = 45
[anatomy]
image = "{file}"
{modality} = "DOE_JOHN/series"
outside = "air"
[anatomy.labels]
0 = "air"
1 = "liver"
2 = {{ tissue = "liver_tumour", role = "target", name = "tumour" }}
[run]
duration_s = 1
"""
SHAPE = (12, 24, 28)


def scene_folder(folder: Path, file: str, modality: str) -> Path:
    """A scene on an oblique series with an organ and a tumour in it, as a SEG or an RTSTRUCT."""
    rng = np.random.default_rng(7)
    values = rng.integers(0, 1500, SHAPE).astype(np.int16)
    series = made.write_series(folder / "DOE_JOHN" / "series", values, modality=modality.upper())
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    squared = (2.5 * (z - 5.5)) ** 2 + (0.8 * (y - 12)) ** 2 + (0.8 * (x - 14)) ** 2
    if file == "seg.dcm":
        made.write_seg(folder / file, series, {"organ": squared < 81, "tumour": squared < 16})
    else:
        squares = {"organ": _squares(series, 6), "tumour": _squares(series, 3)}
        made.write_contours(folder / file, series, squares)
    path = folder / "scene.toml"
    path.write_text(SCENE.format(file=file, modality=modality))
    return path


def _squares(series: list, half: int) -> list[np.ndarray]:
    corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) + np.array([14.3, 12.2])
    found = []
    for dataset in series[4:8]:
        position = np.array(dataset.ImagePositionPatient, float)
        found.append(position + 0.8 * corners @ made.OBLIQUE[:, :2].T)
    return found


def test_a_series_is_no_segmentation(tmp_path: Path) -> None:
    path = scene_folder(tmp_path, "seg.dcm", "ct")
    path.write_text(path.read_text().replace('image = "seg.dcm"', 'image = "DOE_JOHN/series"'))
    with pytest.raises(SceneError, match=r'the image "DOE_JOHN/series" is a folder'):
        load_scene(path)


@pytest.mark.parametrize("modality", ["ct", "mr"])
@pytest.mark.parametrize("file", ["seg.dcm", "rtstruct.dcm"])
def test_the_copy_gives_the_same_case_and_knows_no_patient(tmp_path: Path, file: str, modality: str) -> None:
    scene = load_scene(scene_folder(tmp_path / "own", file, modality))
    case = ga.build_case(scene)
    assert case.setup.modality == modality.upper()
    assert case.setup.backdrop is not None
    assert case.setup.mask("target").sum() * 1.5**3 > 100.0
    run = tmp_path / "run"
    run.mkdir()
    write_scene(scene, run / "scene.toml", copy_inputs(scene, run))
    copied = load_scene(run / "scene.toml")
    again = ga.build_case(copied)
    assert list(fingerprints(copied).values()) == list(case.setup.inputs.values())
    assert again.setup.backdrop is not None
    assert np.array_equal(again.setup.labels, case.setup.labels)
    assert np.array_equal(again.setup.backdrop, case.setup.backdrop)
    for surface, other in zip(again.setup.surfaces.values(), case.setup.surfaces.values(), strict=True):
        np.testing.assert_allclose(surface.points, other.points, atol=1e-9)
    files = [path for path in run.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {f"dicom_{modality}.nrrd", "dicom_labels.nrrd", "scene.toml"}
    for path in files:
        content = path.read_bytes()
        for value in (*made.PATIENT.values(), "DOE", "JOHN"):
            assert value == "F" or value.encode() not in content, (path, value)


def test_an_mr_keeps_its_usual_values_between_0_and_1000(tmp_path: Path) -> None:
    setup = ga.build_case(load_scene(scene_folder(tmp_path, "seg.dcm", "mr"))).setup
    assert setup.backdrop is not None
    inside = setup.backdrop[setup.mask("target")]
    assert -20 <= int(inside.min()) < 200
    assert 800 < int(inside.max()) <= 1020


def test_a_ct_and_an_mr_exclude_each_other(tmp_path: Path) -> None:
    path = scene_folder(tmp_path, "seg.dcm", "ct")
    path.write_text(path.read_text().replace("outside", 'mr = "x.nii.gz"\noutside'))
    with pytest.raises(SceneError, match="ct and mr exclude each other"):
        load_scene(path)


def test_an_image_that_misses_the_box_is_refused(tmp_path: Path) -> None:
    path = scene_folder(tmp_path, "seg.dcm", "ct")
    box = "min_mm = [200, 200, 200]\nmax_mm = [220, 220, 220]\nspacing_mm"
    path.write_text(path.read_text().replace("spacing_mm", box).replace('outside = "air"', 'outside = "liver"'))
    with pytest.raises(SceneError, match="does not reach into the box"):
        ga.build_case(load_scene(path))
