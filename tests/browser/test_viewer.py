"""The interactive view in a real browser: every control does something, nothing is fetched, light adds up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_ablate.render import style
from gpu_ablate.render.interactive import Interactive
from gpu_ablate.render.packing import Packer
from gpu_ablate.render.words import disclaimer_words
from gpu_ablate.report.viewer_html import viewer_html
from gpu_ablate.report.write import write_reports
from tests.render.conftest import make_result
from tests.render.made_metrics import make_metrics

MM = 1e-3
TAB, SPACE, LEFT, RIGHT, HOME = "\ue004", " ", "\ue012", "\ue014", "\ue011"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the made-up pull-back."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("report")
    Image.new("RGB", (400, 200), "grey").save(folder / "slices.png")
    result = make_result()
    write_reports(result, make_metrics(result), {"slices": folder / "slices.png"}, folder)
    return folder / "report.html"


@pytest.fixture(scope="module")
def opened(browser: Any, page: Path) -> Any:
    browser.open(page)
    browser.settle()
    return browser


@pytest.fixture
def view(opened: Any) -> Any:
    """The view as it is at the beginning, in the middle of the procedure (when all layers have a surface)."""
    opened.find(".viewer-reset").click()
    set_range(opened, opened.find(".viewer-time"), 5)
    return opened


def set_range(browser: Any, slider: Any, value: int) -> None:
    script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
    browser.driver.execute_script(script, slider, value)


def changed(before: NDArray[np.int64], after: NDArray[np.int64]) -> int:
    """Pixels that differ by more than noise."""
    return int((np.abs(before - after).max(axis=2) > 3).sum())


def test_nothing_is_fetched_and_nothing_fails(opened: Any, page: Path) -> None:
    assert opened.errors() == []
    fetched = opened.requests()
    assert page.as_uri() in fetched
    assert {address for address in fetched if not address.startswith(("data:", "blob:"))} == {page.as_uri()}


def test_every_surface_has_its_switch_and_opacity(view: Any) -> None:
    rows = view.all(".viewer-layer")
    assert [row.text for row in rows][:3] == ["tumour", "isolation: saline layer", "skin"]
    assert len(rows) == 8
    for row in rows:
        box, slider = row.find_elements("css selector", "input")
        if not box.is_selected():
            box.click()
    start = view.picture()
    for row in rows:
        box, slider = row.find_elements("css selector", "input")
        box.click()
        assert changed(start, view.picture()) > 20, row.text
        box.click()
        set_at_first = int(slider.get_attribute("value"))
        set_range(view, slider, 40 if set_at_first > 60 else 80)
        assert changed(start, view.picture()) > 20, row.text
        set_range(view, slider, set_at_first)
    assert changed(start, view.picture()) == 0


def test_time_moves_the_zone(view: Any) -> None:
    slider, told = view.find(".viewer-time"), view.find(".viewer-told")
    set_range(view, slider, 0)
    first = view.picture()
    assert told.text.startswith("0 s · A: 60 W")
    assert "none now" in view.all(".viewer-layer")[3].text
    set_range(view, slider, int(slider.get_attribute("max")))
    assert changed(first, view.picture()) > 500
    assert told.text.startswith("292 s (4 min 52 s)")
    assert slider.get_attribute("aria-valuetext") == told.text


def test_play_runs_to_the_end(view: Any) -> None:
    slider, play = view.find(".viewer-time"), view.find(".viewer-play")
    last = int(slider.get_attribute("max"))
    set_range(view, slider, last - 1)
    play.click()
    assert "Pause" in play.text
    view.driver.execute_async_script("setTimeout(arguments[0], 1700)")
    assert int(slider.get_attribute("value")) == last
    assert "Play" in play.text


def test_presets_move_the_camera(view: Any) -> None:
    pictures = []
    for button in view.all("button[data-camera]"):
        button.click()
        pictures.append(view.picture())
    assert len(pictures) == 3
    for i in range(3):
        assert changed(pictures[i], pictures[i - 1]) > 2000


def test_dragging_turns_and_reset_brings_all_back(view: Any) -> None:
    from selenium.webdriver import ActionChains

    view.find(".viewer-reset").click()
    start, canvas = view.picture(), view.find("#viewer canvas")
    ActionChains(view.driver).drag_and_drop_by_offset(canvas, 90, 40).perform()
    view.all(".viewer-layer input[type=checkbox]")[2].click()
    assert changed(start, view.picture()) > 2000
    view.find(".viewer-reset").click()
    assert changed(start, view.picture()) == 0


def test_the_tumour_takes_the_colours_of_its_margin(view: Any) -> None:
    for name in (".viewer-labels", ".viewer-banded"):
        view.find(name).click()
    shown = view.picture().reshape(-1, 3)
    assert view.find(".viewer-bands > span").text == "below 0 mm"
    bands = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in style.MARGIN_BANDS])
    share = shown @ bands.T / (np.linalg.norm(shown, axis=1)[:, None] * np.linalg.norm(bands, axis=1) + 1e-9)
    assert sum((share[:, i] > 0.995).sum() > 100 for i in range(len(bands))) >= 2


def test_all_controls_are_reached_by_keyboard_and_named(view: Any) -> None:
    controls = [e for e in view.all("#viewer canvas, #viewer button, #viewer input") if e.is_displayed()]
    reached = set()
    view.driver.execute_script("document.activeElement.blur()")
    for _ in range(len(controls) + 6):
        view.driver.switch_to.active_element.send_keys(TAB)
        reached.add(view.driver.switch_to.active_element.id)
    assert {control.id for control in controls} <= reached
    assert all(control.accessible_name for control in controls)


def test_keys_turn_the_picture_and_work_the_switches(view: Any) -> None:
    canvas = view.find("#viewer canvas")
    start = view.picture()
    canvas.send_keys(LEFT, LEFT)
    assert changed(start, view.picture()) > 500
    canvas.send_keys(HOME)
    canvas.send_keys("+")
    assert changed(start, view.picture()) > 500
    box = view.find(".viewer-layer input[type=checkbox]")
    box.send_keys(SPACE)
    assert not box.is_selected()
    slider = view.find(".viewer-time")
    slider.send_keys(RIGHT)
    assert slider.get_attribute("value") == "6"


def test_scale_axes_needle_and_disclaimer_are_in_the_picture(view: Any) -> None:
    assert view.find(".viewer-overlay .bar").text in ("5 mm", "10 mm", "20 mm")
    assert {word.text for word in view.all(".viewer-overlay .axis")} <= {"x", "y", "z"}
    assert len(view.all(".viewer-overlay .axis")) >= 2
    assert view.find(".viewer-overlay .needle").text == "A"
    foot = view.find(".viewer-foot")
    assert foot.is_displayed()
    assert disclaimer_words() in foot.text


def test_paper_holds_the_pictures_alone(view: Any) -> None:
    view.command("Emulation.setEmulatedMedia", media="print")
    try:
        assert not view.find("#viewer").is_displayed()
        assert view.find("figure img").is_displayed()
    finally:
        view.command("Emulation.setEmulatedMedia", media="")


def sheets(colours: list[tuple[str, float, float]]) -> Interactive:
    """Square sheets (colour, opacity, height [mm]) across the picture, seen from above, without light."""
    packer = Packer()
    layers = []
    for colour, opacity, height in colours:
        corners = np.array([[-30, -30, height], [30, -30, height], [30, 30, height], [-30, 30, height]]) * MM
        number = packer.add(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
        layers.append({"label": colour, "group": "zone", "colour": colour, "opacity": opacity, "shown": True,
                       "meshes": [number], "margins": False, "lit": False})  # fmt: skip
    packed, meshes = packer.pack()
    camera = {"name": "From above", "focus_mm": [0, 0, 0], "towards": [0, 0, 1], "up": [0, 1, 0], "height_mm": 40}
    facts = {
        "packed": packed, "layers": layers, "times": ["0 s"], "doing": [""], "aspect": 1.4,
        "bands": [{"below_mm": 0.0, "colour": "#000000"}, {"below_mm": 5.0, "colour": "#000000"},
                  {"below_mm": None, "colour": "#000000"}],
        "cameras": [camera] * 3, "axes": [["", "x"], ["", "y"], ["", "z"]], "marks": [], "needles": [],
        "paper": "#FFFFFF",
    }  # fmt: skip
    return Interactive(facts, meshes)


BLUE, RED = ("#0000FF", 0.5, 5.0), ("#FF0000", 0.5, -5.0)


@pytest.mark.parametrize(
    ("colours", "seen"),
    [
        ([BLUE, RED], (127, 63, 191)),
        ([RED, BLUE], (127, 63, 191)),
        ([("#00FF00", 1.0, 0.0), RED, BLUE], (0, 127, 127)),
        ([("#00FF00", 0.25, 8.0), RED, BLUE], (95, 111, 143)),
    ],
)
def test_light_passes_in_the_order_of_depth(
    browser: Any, tmp_path: Path, colours: list[tuple[str, float, float]], seen: tuple[int, int, int]
) -> None:
    page = tmp_path / "sheets.html"
    page.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body>{viewer_html(sheets(colours))}', encoding="utf-8")
    browser.open(page)
    browser.settle()
    picture = browser.picture()
    middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    assert np.abs(middle - seen).max() <= 2, middle
    assert browser.errors() == []


def test_without_webgl_a_message_stands_there(browser: Any, page: Path) -> None:
    script = "HTMLCanvasElement.prototype.getContext = () => null"
    made = browser.command("Page.addScriptToEvaluateOnNewDocument", source=script)
    try:
        browser.open(page)
        assert "WebGL 2" in browser.find(".viewer-missing").text
        assert not browser.find(".viewer-stage").is_displayed()
        assert browser.find("figure img").is_displayed()
        assert browser.errors() == []
    finally:
        browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=made["identifier"])


def test_without_scripts_a_message_stands_there(browser: Any, page: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        assert "JavaScript" in browser.find("#viewer noscript").text
        assert not browser.find(".viewer-stage").is_displayed()
        assert browser.find("figure img").is_displayed()
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)
