"""`reef top`: the fleet as a live table in a terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from reef.cli.reach import ask, state_dir_option
from reef.cli.top_state import SORTS, TopState
from reef.errors import ReefError


@click.command(name="top")
@click.option(
    "--sort", type=click.Choice(SORTS), default="name", show_default=True, help="What it is sorted by."
)
@click.option("--filter", "words", default="", help="Show only locations with these words.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    default=1.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what `reef status --json` prints, once.")
@state_dir_option
def command(sort: str, words: str, interval: float, as_json: bool, state_dir: Path | None) -> None:
    """Watch the fleet: state, memory, last wake and why, cold start, calls of each location.

    Keys: / filters, 1 to 6 and s sort, r turns the order, arrows and Enter show one location, q ends.
    """
    if as_json:
        click.echo(json.dumps(ask(state_dir, {"do": "status"})))
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ReefError(
            "`reef top` needs a terminal",
            hint="`reef status` prints a table, `reef status --json` one object",
        )
    from reef.cli.top_terminal import watch  # brings Rich

    def look() -> dict[str, Any]:
        found: dict[str, Any] = ask(state_dir, {"do": "fleet"})
        return found

    down = sort not in ("name", "state")
    try:
        watch(look, interval, TopState(sort=sort, down=down, filter=words))
    except KeyboardInterrupt:
        return
