"""A run made by hand, with everything that goes out, in a folder as `gpu-ablate run` leaves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_dicom import OBLIQUE
from PIL import Image

from gpu_ablate.case.setup import Sensor
from gpu_ablate.exchange.content import Content
from gpu_ablate.geometry.image_files import write_image
from gpu_ablate.geometry.images import Lattice
from gpu_ablate.outcome.metrics import measure
from gpu_ablate.result.result import Result
from gpu_ablate.result.store import load_metrics, load_result, write_result
from tests.outcome.conftest import MM, World, ball

KILLED_MM = ((0.31, -0.17, 0.42), 9.0)
"""Middle and radius of the ball that is killed."""

SCENE = """
schema_version = 1
title = "Made by hand"

[domain]
spacing_mm = 1.0
min_mm = [-16, -15, -14]
max_mm = [18, 17, 16]
background = "breast_fat"

[anatomy]
image = "inputs/labels.nii.gz"
[anatomy.labels]
0 = "breast_fat"

[[source]]
name = "heater"
shape = { kind = "point", point_mm = [0, 0, 0] }
power_w = 1.0

[run]
duration_s = 2
endpoint = "cem43_240"
"""


def made_result() -> Result:
    """A body with a tumour, skin, a fluid and air outside; a ball of it is killed."""
    world = World((-16, -15, -14), (18, 17, 16))
    world.put("skin", lambda x, y, z: z - 11 + 0 * x * y)
    world.put("outside", lambda x, y, z: z - 13 + 0 * x * y)
    world.put("saline layer", ball((10, 0, 0), 4))
    world.put_tumour((1, 0, 0), 5)
    world.kill(ball(*KILLED_MM))
    world.needle((0, 0, -6), (0.6, 0.0, 0.8))
    world.sensors = (Sensor("tc1", (2 * MM, 3 * MM, 4 * MM)),)
    world.traces["sensor.tc1_c"] = np.array([37.0, 50.0, 48.0])
    warm = world.at(lambda x, y, z: 37 + 0.3 * x + 0.2 * y - 0.1 * z)
    warm[world.labels == 4] = 25.0
    world.final["max_temperature"] = warm + np.float32(10)
    world.final["cycles_m20c"] = (world.at(lambda x, y, z: x + 0 * y * z) > 2).astype(np.float32)
    for time_s in (0.0, 1.0, 2.0):
        world.records.append(time_s, {"temperature": warm + np.float32(time_s), "cem43": world.final["cem43"]})
    return world.result()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the finished run. Not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "run"
    (folder / "inputs").mkdir(parents=True)
    (folder / "figures").mkdir()
    (folder / "scene.toml").write_text(SCENE)
    result = made_result()
    image = Lattice((16, 17, 18), np.array([-18e-3, -16e-3, -15e-3]), np.diag([2e-3, 2e-3, 2e-3]))
    write_image(folder / "inputs" / "labels.nii.gz", np.zeros(image.shape, np.uint8), image)
    write_result(result, measure(result), folder)
    (folder / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    Image.fromarray(np.arange(7 * 5 * 3, dtype=np.uint8).reshape(7, 5, 3)).save(folder / "figures" / "slices.png")
    return folder


@pytest.fixture
def content(run: Path) -> Content:
    """The run on the solver's own cells."""
    return content_on(run, None)


def content_on(run: Path, lattice: Lattice | None) -> Content:
    """The run on given voxels."""
    result = load_result(run)
    lattice = result.setup.grid.lattice() if lattice is None else lattice
    return Content(result, load_metrics(run), run, lattice, "made up")


def oblique(counts: tuple[int, int, int] = (50, 52, 18), spacing_mm: tuple[float, ...] = (0.8, 0.8, 2.5)) -> Lattice:
    """Voxels turned about two axes around the killed ball."""
    axes = OBLIQUE * np.array(spacing_mm) * MM
    return Lattice(counts[::-1], np.array(KILLED_MM[0]) * MM + 0.2 * MM - axes @ (np.array(counts) / 2), axes)
