"""A tiny scene that runs in a second, and one finished run of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gpu_ablate.cli.app import main

TINY = """
schema_version = 1
title = "A small tumour in a block of gland"

[domain]
spacing_mm = 2.0
min_mm = [-16, -16, -34]
max_mm = [16, 16, 8]
background = "breast_gland"

[[region]]
name = "outside"
role = "tissue"
tissue = "air"
shape = { kind = "box", min_mm = [-16, -16, 0], max_mm = [16, 16, 8] }

[[region]]
name = "cover"
role = "skin"
tissue = "skin"
shape = { kind = "box", min_mm = [-16, -16, -2], max_mm = [16, 16, 0] }

[[region]]
name = "tumour"
role = "target"
tissue = "breast_tumour"
shape = { kind = "sphere", center_mm = [0, 0, -12], radius_mm = 5 }

[[probe]]
name = "A"
device = "microwave_2450_16g"
tip_mm = [0, 0, -30]
entry_mm = [0, 0, 0]
steps = [
  { action = "hold", power_w = 15, duration_s = 20 },
  { action = "pull", distance_mm = 4 },
  { action = "hold", power_w = 10, duration_s = 10 },
]

[[limit]]
where = "tumour"
quantity = "max_temperature_c"
fail_above = 300

[run]
record_every_s = 10
"""


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tiny scene, in the working folder of the test."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(TINY)
    return "tiny.toml"


def computed(scene: Path, text: str) -> Path:
    """Compute a scene without figures; its run folder lies beside it."""
    scene.write_text(text)
    run = scene.parent / "run"
    assert main(["run", str(scene), "--out", str(run), "--no-figures", "--quiet"]) == 0
    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run, without figures. Not to be changed."""
    return computed(tmp_path_factory.mktemp("finished") / "tiny.toml", TINY)


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Exception | KeyboardInterrupt], None]:
    """Make the function at a dotted place raise."""

    def replace(place: str, error: Exception | KeyboardInterrupt) -> None:
        def raising(*_: object) -> None:
            raise error

        monkeypatch.setattr(place, raising)

    return replace
