"""One headless Chromium for all tests, and what they do with a page. Half a pixel for each of the page's saves time:
there is no GPU."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SETTLED = """
const done = arguments[0], view = document.getElementById("viewer");
const look = () => (view && view.dataset.picture === "still" ? requestAnimationFrame(done) : setTimeout(look, 20));
requestAnimationFrame(look);
"""
"""Wait until the picture stands still, is drawn, and is on the screen."""


class Browser:
    """A page in Chromium: what it logs, what it fetches, how it looks."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path) -> None:
        """Open a file."""
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(page.as_uri())

    def settle(self) -> None:
        self.driver.execute_async_script(SETTLED)

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def all(self, selector: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", selector))

    def picture(self) -> NDArray[np.int64]:
        """What the canvas shows, with the words over it, (height, width, 3)."""
        from PIL import Image

        self.settle()
        shot = Image.open(io.BytesIO(self.find("#viewer canvas").screenshot_as_png)).convert("RGB")
        return np.asarray(shot).astype(np.int64)

    def errors(self) -> list[str]:
        """Messages of the console that are errors."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def requests(self) -> set[str]:
        """Addresses fetched since the page was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return {*sent, *(e["params"]["url"] for e in events if e["method"] == "Network.webSocketCreated")}

    def command(self, name: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        pytest.skip("no chromium or chromedriver here: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium here: pip install selenium")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "headless=new", "no-sandbox", "disable-gpu", "use-angle=swiftshader", "enable-unsafe-swiftshader",
        "disable-dev-shm-usage", "disable-background-networking", "disable-component-update", "disable-sync",
        "no-first-run", "force-device-scale-factor=0.5", "window-size=1000,800",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.set_script_timeout(30)
    yield Browser(driver)
    driver.quit()
