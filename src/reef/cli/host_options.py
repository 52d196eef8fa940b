"""Options that `reef up`, `reef serve` and `reef demo` share."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from reef.errors import ReefError
from reef.settings import HostSettings, PageSettings

F = TypeVar("F", bound=Callable[..., Any])

SHARED = (
    click.option(
        "--state-dir",
        type=click.Path(path_type=Path),
        envvar="REEF_STATE_DIR",
        help="Where Reef keeps snapshots, sockets and logs [default: one for each fleet below ~/.local/state/reef].",
    ),
    click.option(
        "--dagster-home",
        envvar="REEF_DAGSTER_HOME",
        help="Your own DAGSTER_HOME (or its dagster.yaml) [default: as `dagster dev` finds it, else an embedded one].",
    ),
    click.option(
        "--python",
        help="Interpreter of locations that name none, or its virtual environment [default: the one that has Dagster].",
    ),
    click.option(
        "--immortal/--no-immortal", default=True, help="Immortal heap in zygotes (Python 3.12 and 3.13)."
    ),
    click.option(
        "--watch",
        is_flag=True,
        help="Probe and promote what is saved, of those locations alone that import or read it.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object once the fleet is up."),
)


PAGE = (
    click.option("--page/--no-page", "page", default=True, help="Reef's own page and /metrics, over HTTP."),
    click.option("--page-host", default="127.0.0.1", show_default=True, help="Address of Reef's page."),
    click.option(
        "--page-port",
        type=click.IntRange(1, 65535),
        help="Port of Reef's page [default: that of last time, else a free one from 3200 on].",
    ),
    click.option(
        "--page-actions/--no-page-actions",
        default=None,
        help="Buttons that wake, sleep, reload and roll back [default: where only this machine reaches the page].",
    ),
)


def page_options(function: F) -> F:
    """Given to the function as one `PageSettings` named `page`."""

    @functools.wraps(function)
    def with_settings(
        *args: Any, page: bool, page_host: str, page_port: int | None, page_actions: bool | None, **more: Any
    ) -> Any:
        return function(*args, page=PageSettings(page, page_host, page_port, page_actions), **more)

    wrapped = cast(F, with_settings)
    for option in reversed(PAGE):
        wrapped = option(wrapped)
    return wrapped


def shared_options(function: F) -> F:
    for option in reversed(SHARED):
        function = option(function)
    return function


def run(settings: HostSettings) -> None:
    """Run a host until it is told to stop. Imports the host only now."""
    import sys

    from reef.host import run_host

    if not sys.platform.startswith("linux"):
        raise ReefError(
            f"Reef's host needs Linux, this is {sys.platform!r}",
            hint="run it in a Linux container, a virtual machine or WSL 2; the other commands work here",
        )
    status = asyncio.run(run_host(replace(settings, unclaimed_s=_unclaimed_s(os.environ))))
    if status:
        sys.exit(status)


def _unclaimed_s(environ: Mapping[str, str]) -> float | None:
    """REEF_UNCLAIMED_S: seconds after which code servers that no host claims end themselves."""
    written = environ.get("REEF_UNCLAIMED_S")
    if not written:
        return None
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ReefError(f'REEF_UNCLAIMED_S = "{written}", must be a number of seconds above 0')
    return seconds
