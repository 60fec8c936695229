"""Comparison and case report in a real browser: nothing fails, nothing is fetched, nothing is cut off at 1280 px."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_ablate.report.case_report import write_case_report
from gpu_ablate.report.comparison import write_comparison
from gpu_ablate.report.one_run import OneRun
from gpu_ablate.scene.case_file import Lesion, LoadedCase, Planned
from tests.render.conftest import make_result
from tests.render.made_metrics import make_metrics
from tests.render.made_runs import made_run

WIDTH = 1280
LONG = "Anunusuallylongwordwithoutanyplacetobreakit" * 2


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[OneRun]:
    folder = tmp_path_factory.mktemp("runs")
    result = make_result()
    return [made_run(folder / f"plan_with_a_rather_long_name_{n}", result, make_metrics(result)) for n in range(6)]


@pytest.fixture(scope="module", params=["comparison of 2", "comparison of 3", "comparison of 6", "case"])
def page(request: pytest.FixtureRequest, runs: list[OneRun], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    if request.param.startswith("comparison"):
        write_comparison(runs[: int(request.param[-1])], path)
        return path
    lesions = tuple(
        Planned(
            Lesion(name=f"lesion {n}", run=f"r{n}", site=LONG, diameter_mm=17.0, intent="radical", order=n + 1),
            None,
            run.folder,
        )
        for n, run in enumerate(runs)
    )
    write_case_report(LoadedCase("case", "case.toml", LONG, lesions), runs, path)
    return path


@pytest.fixture
def opened(browser: Any, page: Path) -> Iterator[Any]:
    browser.command("Emulation.setDeviceMetricsOverride", width=WIDTH, height=900, deviceScaleFactor=1, mobile=False)
    browser.open(page)
    yield browser
    browser.command("Emulation.clearDeviceMetricsOverride")


def test_nothing_is_fetched_and_nothing_fails(opened: Any, page: Path) -> None:
    assert opened.errors() == []
    assert {address for address in opened.requests() if not address.startswith("data:")} == {page.as_uri()}


def test_nothing_is_wider_than_the_window(opened: Any) -> None:
    assert opened.driver.execute_script("return window.innerWidth") == WIDTH
    assert opened.driver.execute_script("return document.documentElement.scrollWidth") <= WIDTH
    beyond = (
        "return [...document.querySelectorAll('td, th, p, li, img')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    )
    assert [cell.text for cell in opened.driver.execute_script(beyond)] == []


def test_text_is_large_enough_to_read(opened: Any) -> None:
    sizes = "return [...document.querySelectorAll('td, th, p, li, figcaption')].map(e => getComputedStyle(e).fontSize)"
    assert min(float(size.removesuffix("px")) for size in opened.driver.execute_script(sizes)) >= 14


def test_a_picture_chosen_fills_the_window_and_goes_back(opened: Any) -> None:
    figure = opened.find("figure")
    small = figure.size["width"]
    figure.find_element("css selector", "img").click()
    assert figure.size["width"] == opened.driver.execute_script("return document.documentElement.clientWidth")
    opened.find("figure .close").click()
    assert figure.size["width"] == small
