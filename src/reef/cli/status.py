"""`reef status`: every location's state, what it costs, and what a server for each would cost."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster
from reef.cli.reach import ask, state_dir_option
from reef.cli.refreshing import print_status
from reef.cli.status_table import render
from reef.errors import ReefError


@click.command(name="status")
@click.argument("location", required=False)
@click.option("--watch", is_flag=True, help="Refresh every two seconds until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object (with --watch one a line).")
@cluster_options
@state_dir_option
def command(
    location: str | None,
    watch: bool,
    as_json: bool,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Show each location's state, memory, wakes and last error; totals; LOCATION alone in full.

    On a cluster: owner, placement, version, whether it is served and why not, and where it is.
    """
    if is_remote(context, namespace):
        from reef.cli.cluster.status import show

        not_on_a_cluster("status", state_dir=state_dir)
        show(context, namespace, location, watch, as_json)
        return

    def text() -> str:
        status = ask(state_dir, {"do": "status"})
        if location is not None:
            status = _only(status, location)
        return json.dumps(status) if as_json else _for_people(status, watch, full=location is not None)

    print_status(text, watch=watch, as_json=as_json)


def _only(status: dict[str, Any], name: str) -> dict[str, Any]:
    rows = [row for row in status["locations"] if row["name"] == name]
    if not rows:
        raise ReefError(f"no code location {name!r}", hint="`reef status` lists them")
    return {**status, "locations": rows}


def _for_people(status: dict[str, Any], watch: bool, *, full: bool) -> str:
    """To a file or a pipe goes everything, to a terminal what has room there."""
    if not sys.stdout.isatty():
        return render(status, full=full)
    size = shutil.get_terminal_size()
    return render(status, size.columns, size.lines if watch and not full else None, full=full)
