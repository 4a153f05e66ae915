"""A headless Chromium for the tests of pages, driven by the ChromeDriver that is installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

#: Set where a missing browser is a failure, not a reason to skip.
REQUIRED = "DENOGRAD_REQUIRE_CHROMIUM"
# As root, without a screen, without anything that looks for a network.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def programs() -> tuple[str, str]:
    """Paths of Chromium and ChromeDriver; skips or fails the test where something is missing."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if browser and driver and find_spec("selenium"):
        return browser, driver
    message = (
        "needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver) "
        "and selenium (pip install -e '.[dev]')"
    )
    if os.environ.get(REQUIRED):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def chromium(profile: Path) -> Iterator[Any]:
    """A browser with an empty profile in this folder."""
    browser, driver = programs()
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # The path of the driver is given, so that nothing is looked for or downloaded.
    service = webdriver.ChromeService(executable_path=driver)
    started = webdriver.Chrome(options=options, service=service)
    try:
        yield started
    finally:
        started.quit()
