"""Names of patients in imported files - in the file's name, in its header - reach nothing that a run shows or says."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from gpu_ablate.cli.app import main
from gpu_ablate.render.curves import draw_curves, panels
from gpu_ablate.render.dose_volume import draw_dose_volume
from gpu_ablate.render.slices import draw_slices
from gpu_ablate.render.view import look_at
from gpu_ablate.report.write import write_reports
from gpu_ablate.result.store import load_metrics, load_result

HEADER = {"db_name": (14, "ROE_ARCHIVE"), "descrip": (148, "ROE^JANE 19500101"), "aux_file": (228, "ROE_AUX"),
          "intent_name": (328, "ROE_INTENT")}  # fmt: skip
"""Fields of a NIfTI-1 header that hold text: offset [bytes], and what stands there."""

SECRETS = ("ROE", "JANE", "DOE", "JOHN", "1950")
"""The run's own words must hold none of these."""

SCENE = """
schema_version = 1
title = "A small tumour"

[domain]
spacing_mm = 2.0

[anatomy]
image = "DOE_JOHN_labels.nii.gz"
outside = "air"
[anatomy.labels]
0 = "air"
1 = "breast_gland"
2 = { tissue = "breast_tumour", role = "target", name = "tumour" }

[[probe]]
name = "A"
device = "microwave_2450_16g"
tip_mm = [0, 0, -24]
entry_mm = [0, 0, 0]
steps = [{ action = "hold", power_w = 15, duration_s = 5 }]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run whose anatomy names a patient, started with the image named on the command line too."""
    folder = tmp_path_factory.mktemp("patient")
    z, y, x = np.ogrid[:18, :12, :12]
    labels = np.ones((18, 12, 12), np.uint8)
    labels[(z - 8) ** 2 + (y - 6) ** 2 + (x - 6) ** 2 < 7] = 2
    labels[-3:] = 0
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((2, 2, 2))
    image.SetOrigin((-11, -11, -27))
    sitk.WriteImage(image, str(folder / "plain.nii"))
    raw = bytearray((folder / "plain.nii").read_bytes())
    for offset, text in HEADER.values():
        raw[offset : offset + len(text)] = text.encode()
    (folder / "DOE_JOHN_labels.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    (folder / "plain.nii").unlink()
    (folder / "plan.toml").write_text(SCENE)
    named = f"anatomy.image={folder / 'DOE_JOHN_labels.nii.gz'}"
    out = folder / "out"
    assert main(["run", str(folder / "plan.toml"), "--out", str(out), "--set", named, "--no-figures"]) == 0
    return out


def test_the_header_does_hold_a_name(run: Path) -> None:
    (copy,) = (run / "inputs").iterdir()
    assert all(text.encode() in gzip.decompress(copy.read_bytes()) for _, text in HEADER.values())


@pytest.mark.parametrize("file", ["metrics.json", "log.txt", "traces.csv", "references.bib"])
def test_no_file_of_a_run_names_the_patient(run: Path, file: str) -> None:
    text = (run / file).read_text(encoding="utf-8")
    assert text
    assert [secret for secret in SECRETS if secret in text] == []


def test_neither_the_report_nor_its_pictures_name_the_patient(run: Path, tmp_path: Path) -> None:
    result, metrics = load_result(run), load_metrics(run)
    assert result.setup.inputs
    files = {name: tmp_path / f"{name}.png" for name in ("slices", "curves", "dose_volume")}
    view = look_at(result, result.setup.mask("target"), None)
    title = result.setup.title
    draw_slices(result.setup, view, None, view.focus, "middle", title, "", files["slices"])
    draw_curves(result, panels(result, []), title, "", files["curves"])
    draw_dose_volume(result, metrics, title, "", files["dose_volume"])
    for file in files.values():
        with Image.open(file) as picture:
            assert [secret for secret in SECRETS if secret in str(picture.info)] == []
    write_reports(result, metrics, {}, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert next(iter(result.setup.inputs.values())) in page
    assert [secret for secret in SECRETS if secret in page] == []
