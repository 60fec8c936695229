"""Run folders of the made-up pull-back, as a comparison and a case report read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from gpu_ablate.report.one_run import OneRun
from gpu_ablate.result.result import Result
from tests.render.test_report import Reader

SCENE = """title = "t"
[domain]
spacing_mm = 1.0
[model]
perfusion_heat = "stasis"
[[isolation]]
name = "saline"
volume = 3
"""


def made_run(folder: Path, result: Result, metrics: dict[str, Any], scene: str = SCENE) -> OneRun:
    """A run in a folder, with a 3D picture and a scene."""
    (folder / "figures").mkdir(parents=True)
    Image.new("RGB", (8, 8), "red").save(folder / "figures" / "scene3d.png")
    (folder / "scene.toml").write_text(scene, encoding="utf-8")
    return OneRun(folder, result, metrics, {"scene3d": folder / "figures" / "scene3d.png"})


def cold_load(drawn_kj: float, mass_kg: float = 70.0) -> dict[str, Any]:
    """The cold load of metrics.json for so much heat; 3490 J/kg/K."""
    return {"drawn_kj": drawn_kj, "body_mass_kg": mass_kg, "core_fall_c": drawn_kj * 1e3 / (mass_kg * 3490.0)}


def require_offline(page: str) -> None:
    """A page that fetches nothing, runs nothing and describes its pictures."""
    tags = Reader(page).tags
    assert not {tag for tag, _ in tags} & {"link", "iframe", "object", "base", "script"}
    images = [attributes for tag, attributes in tags if tag == "img"]
    assert images
    assert all((image["src"] or "").startswith("data:image/png;base64,") and image["alt"] for image in images)
    for forbidden in ("http:", "https:", "url(", "@import"):
        assert forbidden not in page
