"""The picture of a comparison: both outlines where they are, in their colours, with and without OpenGL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpu_ablate.case.setup import Surface
from gpu_ablate.language import speaking
from gpu_ablate.render import gl, style
from gpu_ablate.render.outlines import Outlines, apart_words, around, colours, draw_outlines, pieces
from gpu_ablate.render.view import look_at

MM = 1e-3


def ball(center_mm, radius_mm) -> Surface:
    import pyvista as pv

    mesh = pv.Icosphere(radius=radius_mm, center=center_mm, nsub=3)
    return Surface((mesh.points * MM).astype(np.float32), mesh.regular_faces.astype(np.int32))


@pytest.fixture
def drawn() -> Outlines:
    """An observed ball shifted by 6 mm from the simulated one."""
    observed = ball((6, 2, -12), 10)
    away = np.linalg.norm(observed.points / MM - (0, 2, -12), axis=1) - 10
    return Outlines(ball((0, 2, -12), 10), observed, away * MM, np.array([0, 2, -12]) * MM, "middle", "observed zone")


def view_of(result):
    return look_at(result, np.zeros(result.setup.grid.shape, bool), None)


def count(picture: Path, colour: str) -> int:
    pixels = np.asarray(Image.open(picture).convert("RGB"), int)
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(pixels - wanted).max(axis=2) <= 3).sum())


def test_both_outlines_are_drawn_without_opengl(result, drawn, tmp_path):
    path = tmp_path / "outlines.png"
    draw_outlines(result.setup, view_of(result), drawn, "Title", "below", path, False)
    blue, orange = count(path, style.SIMULATED), count(path, style.OBSERVED)
    assert blue > 2000
    assert 0.4 * blue < orange < 0.95 * blue  # dashed, of equal length
    assert count(path, style.TUMOUR) > 1000


def test_opengl_adds_the_body_in_the_colours_of_its_distance(result, drawn, tmp_path, monkeypatch):
    reason = gl.missing_gl()
    if reason is not None:
        pytest.skip(reason)
    for name, value in gl.offscreen_environment().items():
        monkeypatch.setenv(name, value)
    flat, full = tmp_path / "flat.png", tmp_path / "full.png"
    draw_outlines(result.setup, view_of(result), drawn, "Title", "below", flat, False)
    draw_outlines(result.setup, view_of(result), drawn, "Title", "below", full, True)
    assert Image.open(full).height > Image.open(flat).height + 300


def test_each_part_of_the_surface_has_the_colour_of_its_distance(result, drawn):
    view = around(result.setup, view_of(result), drawn)
    banded = {piece.colour: piece.mesh for piece in pieces(result.setup, view, drawn) if piece.colour != style.PROBE}
    assert {style.APART_BANDS[i][1] for i in (1, 2, 3, 4, 5)} == set(banded)
    furthest = banded[style.APART_BANDS[5][1]].points / MM
    assert (np.linalg.norm(furthest - (0, 2, -12), axis=1) >= 14.9).all()
    _, entries = colours(result.setup, drawn)
    assert [colour for colour, _ in entries] == [colour for _, colour in style.APART_BANDS]
    assert len({name for _, name in entries}) == len(entries)


def test_bands_read_alike_on_both_sides():
    assert apart_words(-5.0, -2.5) == "inside 2.5–5 mm"
    assert apart_words(2.5, 5.0) == "outside 2.5–5 mm"
    assert apart_words(-2.5, 2.5) == "within 2.5 mm"


def test_what_lies_beyond_the_box_is_seen_whole(result, drawn):
    far = Outlines(drawn.simulated, ball((60, 0, -12), 8), None, drawn.at, "middle", "observed lesion")
    view = around(result.setup, view_of(result), far)
    assert view.upper[0] > 68 * MM > result.setup.grid.upper[0]


def test_without_a_needle_and_in_chinese(result, drawn, tmp_path):
    bare = replace(result, setup=replace(result.setup, probes=()), stations=[])
    with speaking("zh-CN"):
        draw_outlines(bare.setup, view_of(bare), drawn, "提示", "below", tmp_path / "outlines.png", False)
    assert count(tmp_path / "outlines.png", style.OBSERVED) > 500
