"""The picture of the dose-volume histograms: drawn from metrics.json, the target in its colour, the endpoint marked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from PIL import Image

from gpu_ablate.case.setup import Endpoint, Limit
from gpu_ablate.outcome.dose_volume import SCALES, measure_dose_volume
from gpu_ablate.render import style
from gpu_ablate.render.dose_volume import draw_dose_volume
from gpu_ablate.render.figures import write_figures
from gpu_ablate.result.result import Result


@pytest.fixture
def told(result: Result) -> dict[str, Any]:
    """Only what the picture is drawn from."""
    return {"dose_volume": measure_dose_volume(result)}


def pixels_of(path: Path, colour: str) -> int:
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return int((np.abs(picture - np.array(to_rgb(colour)) * 255).max(axis=-1) <= 2).sum())


def test_the_target_is_the_boldest_curve(result: Result, told: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "dose_volume.png"
    draw_dose_volume(result, told, "title", "", path)
    assert Image.open(path).width == round(13.0 * style.DPI)
    assert pixels_of(path, style.TUMOUR) > pixels_of(path, style.SKIN_INK) > 100


@pytest.mark.parametrize(("endpoint", "marked"), [
    (Endpoint("cem43_240", "cem43", 240.0), [240.0]), (Endpoint("above_60c", "max_temperature", 60.0), [60.0]),
    (Endpoint("lethal40", "min_temperature", -40.0), [-40.0]), (Endpoint("lethal20x2", "cycles_m20c", 1.5), []),
])  # fmt: skip
def test_the_threshold_of_the_endpoint_is_marked_on_its_scale(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint, marked: list[float]
) -> None:
    cold = {"min_temperature": np.full(result.setup.grid.shape, -20, np.float32)}
    other = replace(result, setup=replace(result.setup, endpoint=endpoint, limits=()), final=result.final | cold)
    told = {"dose_volume": measure_dose_volume(other)}
    lines: list[float] = []
    monkeypatch.setattr(Axes, "axvline", lambda _, x, **__: lines.append(x))
    draw_dose_volume(other, told, "title", "", tmp_path / "dose_volume.png")
    assert lines == marked


def test_limits_of_what_is_drawn_are_marked(
    result: Result, told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = (Limit("skin", "cem43_minutes", 10.0, 16.0), Limit("skin", "max_temperature_c", 43.0, None),
              Limit("nerve", "cem43_minutes", None, 5.0))  # fmt: skip
    other = replace(result, setup=replace(result.setup, limits=limits))
    lines: list[tuple[float, str]] = []
    monkeypatch.setattr(Axes, "axvline", lambda _, x, **how: lines.append((x, how["label"])))
    draw_dose_volume(other, told, "title", "", tmp_path / "dose_volume.png")
    assert lines == [(240.0, "CEM43 ≥ 240 min"), (16.0, "limit of skin: 16 min")]


def test_curves_are_those_of_the_metrics(
    result: Result, told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Any, Any]] = []
    monkeypatch.setattr(Axes, "plot", lambda _, x, y, **__: drawn.append((x, y)))
    monkeypatch.setattr(Axes, "get_legend_handles_labels", lambda _: ([], []))
    draw_dose_volume(result, told, "title", "", tmp_path / "dose_volume.png")
    found = told["dose_volume"]
    kept = [quantity for quantity in ("cem43_minutes", "max_temperature_c") if quantity in found["thresholds"]]
    assert drawn == [(found["thresholds"][q], region[q]["percent"]) for q in kept for region in found["regions"]]
    assert all(len(x) == len(SCALES[q].thresholds) for (x, _), q in zip(drawn, np.repeat(kept, 2), strict=False))


def test_it_is_among_the_figures_where_the_metrics_hold_it(
    result: Result, metrics: dict[str, Any], told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpu_ablate.render.gl.missing_gl", lambda: "no drivers")
    assert "dose_volume" not in write_figures(result, metrics, tmp_path, lambda line: None)
    assert list(write_figures(result, metrics | told, tmp_path, lambda line: None))[-1] == "dose_volume"
