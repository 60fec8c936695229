"""Real anatomy from proposal to export: a CT series with its DICOM SEG, and a torso as NRRD."""

from __future__ import annotations

import json
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from scipy.ndimage import distance_transform_edt

from gpu_ablate.cli.app import main
from gpu_ablate.geometry.dicom_series import read_series
from gpu_ablate.geometry.images import LabelImage
from gpu_ablate.geometry.imaging import read_segmentation
from gpu_ablate.geometry.meshes import read_mesh

DATA = Path(__file__).parents[1] / "data"

BALL = """solid ball
{facets}
endsolid ball
"""


def write_ball(path: Path, middle: tuple[float, float, float], radius: float) -> None:
    """A sphere of triangles as STL text, faces outwards [mm]."""
    rings, around = 12, 20
    polar = np.linspace(0, np.pi, rings + 1)
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)

    def at(i: int, j: int) -> np.ndarray:
        t, p = polar[i], turn[j % around]
        return np.array(middle) + radius * np.array([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)])

    facets = []
    for i in range(rings):
        for j in range(around):
            a, b, c, d = at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)
            pair = [(a, b, c)] if i == 0 else [(a, b, d)] if i == rings - 1 else [(a, b, c), (a, c, d)]
            facets += ["\n".join(
                ["facet normal 0 0 0", "outer loop", *(f"vertex {x:.6f} {y:.6f} {z:.6f}" for x, y, z in corners),
                 "endloop", "endfacet"]
            ) for corners in pair]  # fmt: skip
    path.write_text(BALL.format(facets="\n".join(facets)))
    assert read_mesh(path).volume() > 0


def deepest(image: LabelImage, label: int) -> tuple[float, float, float]:
    """The point of a label that is furthest from its edge [mm]."""
    spacing = np.linalg.norm(image.lattice.axes, axis=0)[::-1]
    depth = distance_transform_edt(np.pad(image.values == label, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    index = np.array(np.unravel_index(depth.argmax(), depth.shape))[::-1]
    x, y, z = (float(v) * 1e3 for v in image.lattice.points(index[None])[0])
    return x, y, z


def test_a_tumour_in_the_liver_of_a_dicom_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SEG and series in, a plan proposed, computed coarsely, and the zone out on the slices of the series."""
    monkeypatch.chdir(tmp_path)
    abdomen = DATA / "abdomen_dicom"
    write_ball(Path("tumour.stl"), deepest(read_segmentation(abdomen / "seg.dcm"), 1), 9.0)
    inputs = ["--from", str(abdomen / "seg.dcm"), "--ct", str(abdomen / "ct"), "--tumour", "tumour.stl"]
    assert main(["new", *inputs, "--modality", "microwave", "--spacing-mm", "3", "--out", "scene.toml"]) == 0
    assert "liver_tumour" in Path("scene.toml").read_text()
    assert main(["run", "scene.toml", "--out", "run", "--no-figures", "--quiet"]) in (0, 3)
    metrics = json.loads(Path("run/metrics.json").read_text())
    assert metrics["targets"][0]["ablated_percent"] > 50.0

    assert main(["export", "run", "--to", "dicom", "--on", str(abdomen / "ct"), "--keep-patient"]) == 0
    seg = highdicom.seg.segread("run/export/dicom/zones_seg.dcm")
    series = read_series(abdomen / "ct")
    assert seg.FrameOfReferenceUID == series.frame_of_reference
    volume = seg.get_volume(combine_segments=False)
    names = [segment.SegmentLabel for segment in seg.SegmentSequence]
    zone = volume.array[..., names.index("cem43_240")] > 0
    size = zone.sum() * series.lattice.voxel_volume * 1e6
    assert size == pytest.approx(metrics["zones"]["cem43_240"]["volume_cm3"], rel=2e-3)
    assert not any(pydicom.dcmread(path).get("PatientBirthDate") for path in Path("run/export/dicom").glob("*.dcm"))


def test_a_lesion_of_the_iliac_bone_in_a_torso(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels as NRRD with their names in a table, 3 mm voxels: cryoprobes through bone, kept off the organs."""
    monkeypatch.chdir(tmp_path)
    torso = DATA / "torso_ct_3mm"
    write_ball(Path("lesion.stl"), deepest(read_segmentation(torso / "labels.nrrd"), 77), 11.0)
    inputs = [
        "--from",
        str(torso / "labels.nrrd"),
        "--names",
        str(torso / "labels.csv"),
        "--ct",
        str(torso / "ct.nii.gz"),
    ]
    assert main(["new", *inputs, "--tumour", "lesion.stl", "--spacing-mm", "3", "--out", "scene.toml"]) == 0
    text = Path("scene.toml").read_text()
    assert "lytic_metastasis" in text
    assert text.count("[[probe]]") in (2, 3)  # below 3 cm
    assert main(["check", "scene.toml"]) == 0
    assert main(["run", "scene.toml", "--out", "run", "--no-figures", "--quiet", "--set", "run.duration_s=600"]) in (
        0,
        3,
    )
    assert json.loads(Path("run/metrics.json").read_text())["zones"]["below_0c"]["volume_cm3"] > 5.0
