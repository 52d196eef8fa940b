"""The pictures of README.md: Reef's page of the demo fleet, light and dark, made by headless Chromium.

`python benchmarks/screenshots.py` runs `reef demo` for some minutes, so that lines have a past, and writes
`docs/figures/fleet-light.png` and the others. With `--page URL` it takes them of a page that is there already.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import measure
from processes import processes

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1280, "height": 800}
SETTLED_S = 500.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", metavar="URL", help="a page that is there [default: that of `reef demo`]")
    parser.add_argument("--minutes", type=float, default=8.0, help="how long the demo runs before")
    parser.add_argument("--location", default="orders", help="whose own page is shown")
    parser.add_argument("--into", type=Path, default=FIGURES)
    args = parser.parse_args()
    args.into.mkdir(exist_ok=True)
    if args.page:
        _take(args.page, None, args.location, args.into)
        return 0
    with _demo() as (page, token):
        measure.say(f"the demo is there at {page}; its pictures are taken in {args.minutes:g} minutes")
        time.sleep(60 * args.minutes)
        _take(page, token, args.location, args.into)
    return 0


@contextmanager
def _demo() -> Iterator[tuple[str, str]]:
    """Address and token of the page of a demo that has a home of its own, so that no path of this machine is shown."""
    with processes("reef-shot-") as running:
        home = running.folder / "home"
        home.mkdir()
        env = measure.environ(HOME=str(home), XDG_CACHE_HOME=str(home / ".cache"))
        env.setdefault("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv"))
        state = running.folder / "state"
        env["REEF_STATE_DIR"] = str(state)
        command = [sys.executable, "-m", "reef.cli.main", "demo", "--python", sys.executable]
        process = running.start(command, log="demo", env=env)
        log = running.folder / "demo.log"

        def up() -> bool | None:
            if process.poll() is not None:
                raise RuntimeError(log.read_text()[-3000:])
            return "page: http" in log.read_text() or None

        measure.wait_for(up, "the demo is up", SETTLED_S)
        asked = [sys.executable, "-m", "reef.cli.main", "status", "--json", "--state-dir", str(state)]
        told = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True, env=env).stdout)
        yield told["reef_page"], (state / "page-token").read_text().strip()


def _take(page: str, token: str | None, location: str, into: Path) -> None:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit("this needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport=SIZE, color_scheme=scheme)
            shown = context.new_page()
            for name, address in (("fleet", "/"), ("location", f"/location/{location}")):
                _one(
                    shown,
                    page + address + (f"#token={token}" if token else ""),
                    into / f"{name}-{scheme}.png",
                )
            context.close()
        browser.close()


def _one(shown: Any, address: str, file: Path) -> None:
    shown.goto(address)
    shown.locator("[data-live-state].on").wait_for()
    shown.screenshot(path=file)
    measure.say(f"{file}: {file.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
