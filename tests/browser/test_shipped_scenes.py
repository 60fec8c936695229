"""The report of every shipped scene in a real browser: whole, offline, legible, in words too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gpu_ablate.cli.app import main
from gpu_ablate.paths import data_dir

SCENES = sorted(path.stem for path in data_dir("scenes").glob("*.toml"))
MOST_BYTES = 12_000_000
LEAST_PIXELS = 12.0
"""Of letters in the page."""

SMALL = """
const least = arguments[0], found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const parent = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || !parent.getClientRects().length || parent.closest("script, style")) continue;
  if (parseFloat(getComputedStyle(parent).fontSize) < least) found.push(walk.currentNode.data.trim());
}
return found;
"""


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_the_report_of_a_shipped_scene(scene: str, browser: Any, tmp_path: Path) -> None:
    assert main(["run", scene, "--out", str(tmp_path / "run"), "--quiet"]) in (0, 3)
    page = tmp_path / "run" / "report.html"
    assert page.stat().st_size <= MOST_BYTES
    assert len(re.findall(rb"/Type\s*/Page\b", (page.parent / "report.pdf").read_bytes())) == 2
    browser.command("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    try:
        browser.open(page)
        browser.settle()
        assert browser.errors() == []
        assert {url for url in browser.requests() if not url.startswith(("data:", "blob:"))} == {page.as_uri()}
        assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= 1280
        assert browser.driver.execute_script(SMALL, LEAST_PIXELS) == []
        for image in browser.all("img"):
            assert len(image.get_attribute("alt")) > 20
            assert browser.driver.execute_script("return arguments[0].naturalWidth", image) > 0
    finally:
        browser.command("Emulation.clearDeviceMetricsOverride")
