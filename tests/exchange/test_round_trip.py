"""From an oblique, anisotropic series into a run and out again: the target comes back as it went in."""

from __future__ import annotations

from pathlib import Path

import highdicom
import made_dicom as made
import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.cli.app import main
from gpu_ablate.geometry.image_files import read_labels

SCENE = """
schema_version = 1
[domain]
spacing_mm = 1
margin_mm = 12
frame = "patient"
[anatomy]
image = "seg.dcm"
ct = "ct"
outside = "liver"
[anatomy.labels]
0 = "liver"
1 = {{ tissue = "liver", name = "organ" }}
2 = {{ tissue = "liver_tumour", role = "target", name = "tumour" }}
[[source]]
name = "heater"
power_w = 40
shape = {{ kind = "gaussian", center_mm = {middle}, sigma_mm = 5 }}
[run]
duration_s = 20
record_every_s = 20
"""
SHAPE = (24, 60, 64)
MIDDLE = (31.7, 30.2, 11.3)
"""Of the tumour: column, row, slice."""

AXES = {
    "oblique": made.OBLIQUE,
    "feet first": np.diag([1.0, 1.0, -1.0]) @ np.diag([-1.0, 1.0, 1.0]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]) @ np.diag([1.0, 1.0, -1.0]),
}


@pytest.mark.parametrize("kind", AXES)
def test_a_target_comes_back_on_the_voxels_that_it_was_drawn_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    axes = AXES[kind].copy()
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    series = made.write_series(tmp_path / "ct", np.zeros(SHAPE, np.int16), (0.8, 0.8, 2.5), axes)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    i, j, k = MIDDLE
    tumour = (2.5 * (z - k)) ** 2 + (0.8 * (y - j)) ** 2 + (0.8 * (x - i)) ** 2 < 100
    made.write_seg(tmp_path / "seg.dcm", series, {"organ": np.ones(SHAPE, bool), "tumour": tumour})
    middle = np.array(series[0].ImagePositionPatient, float) + axes @ np.array([0.8 * i, 0.8 * j, 2.5 * k])
    (tmp_path / "scene.toml").write_text(SCENE.format(middle=middle.tolist()))
    assert main(["run", "scene.toml", "--out", "run", "--no-figures", "--quiet"]) == 0
    assert main(["export", "run", "--to", "dicom", "--to", "nifti", "--on", "ct", "--keep-patient"]) == 0

    seg = highdicom.seg.segread(tmp_path / "run/export/dicom/zones_seg.dcm")
    volume = seg.get_volume(combine_segments=False)
    names = [segment.SegmentLabel for segment in seg.SegmentSequence]
    back = np.asarray(volume.array[..., names.index("tumour")] > 0)
    first = np.array(series[0].ImagePositionPatient, float)
    drawn = first + np.argwhere(tumour)[:, ::-1] * [0.8, 0.8, 2.5] @ axes.T
    found = _points(back, volume.affine)
    assert len(found) == pytest.approx(len(drawn), rel=1e-3)
    assert np.linalg.norm(found.mean(axis=0) - drawn.mean(axis=0)) < 0.05
    assert np.linalg.norm(drawn.mean(axis=0) - middle) < 0.2

    zone = read_labels(tmp_path / "run/export/nifti/zone_cem43_240.nii.gz")
    places = zone.lattice.points(np.argwhere(zone.values > 0)[:, ::-1]) * 1e3
    killed = _points(volume.array[..., names.index("cem43_240")] > 0, volume.affine)
    assert len(places) == len(killed) > 1000
    np.testing.assert_allclose(np.sort(places, axis=0), np.sort(killed, axis=0), atol=1e-3)
    assert np.linalg.norm(places.mean(axis=0) - middle) < 0.1


def _points(mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centres (n, 3) [mm] of the voxels of a mask."""
    return np.asarray(np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3])
