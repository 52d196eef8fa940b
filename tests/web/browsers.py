"""Chromium of the system, and what it finds wrong with a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deadlines import scaled

NAMES = ("chromium", "chromium-browser", "google-chrome")
SCREENSHOTS = "REEF_TEST_SCREENSHOTS"  # a folder for pictures of what was tested


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Skips where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make install")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def opened(browser: Any, address: str, **context: Any) -> Iterator[Any]:
    """A page in a browser of its own; it is an error if anything is written to its console, or fails to load."""
    own = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **context})
    own.set_default_timeout(scaled(20) * 1000)
    page = own.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: _only_here(request.url, address, wrong))
    try:
        page.goto(address)
        yield page
        assert wrong == []
    finally:
        own.close()


def _only_here(url: str, address: str, wrong: list[str]) -> None:
    if url.split("/")[:3] != address.split("/")[:3]:
        wrong.append(f"somebody else was asked: {url}")


def violations(page: Any) -> list[str]:
    """What axe finds: rule, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]


def picture(page: Any, name: str) -> None:
    """Only where somebody asks for pictures."""
    if folder := os.environ.get(SCREENSHOTS):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
