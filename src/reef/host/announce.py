"""What `reef up` and `reef serve` say once the fleet is there."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable
from typing import Any

import click

from reef.beside.dagster import Page, until_listening
from reef.control.location import CodeLocation
from reef.fleet.model import Fleet
from reef.hosting.contract import ZygoteStatus
from reef.statedir import StateDir

log = logging.getLogger("reef")

WEBSERVER_BOOT_S = 120.0
MOST_NAMED = 10


def say(text: str) -> None:
    click.echo(text, err=True)
    log.info("%s", text.strip())


def failed(places: Iterable[CodeLocation]) -> list[CodeLocation]:
    return [place for place in places if place.served is None or place.served.load_error]


def summary(places: list[CodeLocation], page: Page | None, state: StateDir, seconds: float) -> str:
    """The object that `--json` prints."""
    found: dict[str, Any] = {
        "locations": len(places),
        "failed": [place.name for place in failed(places)],
        "page": page.url if page else None,
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
    state: StateDir,
    started_at: float,
) -> None:
    """A few lines, the page's address last."""
    zygotes = list(zygotes)
    memory = sum(zygote.memory.pss for zygote in zygotes if zygote.memory) / 1e6
    say(f"Reef serves {len(places)} code locations of {fleet.source} after {time.time() - started_at:.1f} s")
    say(f"  {len(zygotes)} zygote(s), {memory:.0f} MB; state in {state.root}")
    broken = failed(places)
    for place in broken[:MOST_NAMED]:
        say(f"  {place.name} does not load: {_reason(place)[:160]}")
    if len(broken) > MOST_NAMED:
        say(f"  and {len(broken) - MOST_NAMED} more that do not load: see `reef status`")
    await _say_where(page, state)


async def _say_where(page: Page | None, state: StateDir) -> None:
    if page is None:
        say(f"  workspace for dagster-webserver and dagster-daemon: {state.workspace_file}")
    elif await until_listening(page.host, page.port, WEBSERVER_BOOT_S):
        say(f"  page: {page.url}")
    else:
        say(f"  the webserver does not answer yet; log: {state.root / 'logs' / 'webserver.log'}")


def _reason(place: CodeLocation) -> str:
    unknown = "it is still loading" if place.loads_slowly.is_set() else "no reason known"
    return (place.load_error or unknown).strip().splitlines()[0]
