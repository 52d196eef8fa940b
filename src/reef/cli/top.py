"""`reef top`: the fleet as a live table in a terminal."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster
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
@cluster_options
@state_dir_option
def command(
    sort: str,
    words: str,
    interval: float,
    as_json: bool,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Watch the fleet: state, memory, last wake and why, cold start, calls of each location.

    On a cluster: what Reef's page there shows, reached by `kubectl port-forward`.

    Keys: / filters, 1 to 6 and s sort, r turns the order, arrows and Enter show one location, q ends.
    """
    with _fleet(context, namespace, state_dir) as look:
        if as_json:
            click.echo(json.dumps(look("status")))
            return
        _watch(lambda: look("fleet"), sort, words, interval)


@contextlib.contextmanager
def _fleet(
    context: str | None, namespace: str | None, state_dir: Path | None
) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Asks for `status`, or for `fleet`, which has what is known over time besides."""
    if not is_remote(context, namespace):
        yield lambda what: ask(state_dir, {"do": what})
        return
    from reef.cli.cluster.page import page_of

    not_on_a_cluster("top", state_dir=state_dir)
    with page_of(context, namespace) as page:
        yield lambda _what: json.loads(page.ask("/api/fleet"))


def _watch(look: Callable[[], dict[str, Any]], sort: str, words: str, interval: float) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ReefError(
            "`reef top` needs a terminal",
            hint="`reef status` prints a table, `reef status --json` one object",
        )
    from reef.cli.top_terminal import watch  # brings Rich

    down = sort not in ("name", "state")
    try:
        watch(look, interval, TopState(sort=sort, down=down, filter=words))
    except KeyboardInterrupt:
        return
