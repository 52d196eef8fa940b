"""What `reef up` and `reef serve` say once the fleet is there."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import click

from reef.beside.dagster import Page, until_listening
from reef.fleet.model import Fleet
from reef.host.broken import MOST_NAMED, broken_lines, told
from reef.hosting.contract import ZygoteStatus
from reef.locations.place import CodeLocation
from reef.statedir import StateDir
from reef.words import count, leaves_out, seconds

log = logging.getLogger("reef")

WEBSERVER_BOOT_S = 120.0


def say(text: str) -> None:
    click.echo(text, err=True)
    log.info("%s", text.strip())


def failed(places: Iterable[CodeLocation]) -> list[CodeLocation]:
    """Those of which it is known that they do not load."""
    return [
        place
        for place in places
        if not is_loading(place) and (place.served is None or place.served.load_error)
    ]


def is_loading(place: CodeLocation) -> bool:
    """Its first load is slow, and goes on."""
    return place.served is None and place.release.loads_slowly.is_set() and place.release.probing.locked()


def summary(
    places: list[CodeLocation], page: Page | None, reef_page: str | None, state: StateDir, seconds: float
) -> str:
    """The object that `--json` prints."""
    found: dict[str, Any] = {
        "locations": len(places),
        "failed": [place.name for place in failed(places)],
        "loading": [place.name for place in places if is_loading(place)],
        "page": page.url if page else None,
        "reef_page": reef_page,
        "workspace": str(state.workspace_file),
        "state_dir": str(state.root),
        "pid": os.getpid(),
        "seconds": round(seconds, 2),
    }
    return json.dumps(found)


async def announce(
    fleet: Fleet,
    places: list[CodeLocation],
    zygotes: Iterable[ZygoteStatus],
    page: Page | None,
    fleet_page: tuple[str, str] | None,
    state: StateDir,
    started_at: float,
) -> None:
    """A few lines, the addresses last. `fleet_page` is the address of Reef's own page, and that with its token."""
    zygotes = list(zygotes)
    memory = sum(zygote.memory.pss for zygote in zygotes if zygote.memory) / 1e6
    served = count(len(places), "code location")
    say(f"Reef serves {served} of {fleet.source} after {time.time() - started_at:.1f} s")
    say(f"  {count(len(zygotes), 'zygote')}, {memory:.0f} MB; state in {state.root}")
    for name, why, import_s in _left_out(zygotes)[:MOST_NAMED]:
        say(f"  zygote {leaves_out(name, why, import_s)}")
    for line in broken_lines(failed(places)):
        say(f"  {line}")
    for place in filter(is_loading, places):
        say(f"  {place.name} is still loading; a line here will say what became of it")
    if fleet_page is not None:
        _say_fleet_page(*fleet_page)
    await _say_where(page, state)


def _say_fleet_page(url: str, link: str) -> None:
    """A token is for who sits at this terminal, and for no file or log."""
    if not sys.stderr.isatty():
        say(f"  fleet: {url}")
        return
    click.echo(f"  fleet: {link}", err=True)
    log.info("fleet: %s", url)


def _left_out(zygotes: Iterable[ZygoteStatus]) -> list[tuple[str, str, float]]:
    """Each distribution once, however many zygotes leave it out."""
    return list(dict.fromkeys((one.name, one.why, one.import_s) for z in zygotes for one in z.left_out))


async def _say_where(page: Page | None, state: StateDir) -> None:
    if page is None:
        say(f"  workspace for dagster-webserver and dagster-daemon: {state.workspace_file}")
    elif await until_listening(page.host, page.port, WEBSERVER_BOOT_S):
        say(f"  page: {page.url}")
    else:
        say(f"  the webserver does not answer yet; log: {state.root / 'logs' / 'webserver.log'}")


async def follow(place: CodeLocation) -> None:
    """Says what became of a load that went on when the others were announced."""
    began = time.monotonic()
    async with place.release.probing:
        pass
    if failed([place]):
        say(told([place]))
    else:
        say(f"{place.name} has loaded, {seconds(time.monotonic() - began)} after the others")
