"""What `reef wake`, `reef sleep` and `reef reload` have in common: one location, one request, one line."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import click

from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster
from reef.cli.reach import ask_telling, state_dir_option
from reef.words import seconds


def action(verb: str, help_text: str, doing: str) -> click.Command:
    """A command that asks the host to do `verb` to each location named. While that takes long, a line on standard error
    says now and then that it is still `doing`."""

    @click.command(name=verb, help=help_text)
    @click.argument("locations", nargs=-1, required=True)
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each location.")
    @click.option(
        "--timeout", default=200.0, show_default=True, help="Seconds to wait for the host's answer."
    )
    @cluster_options
    @state_dir_option
    def command(
        locations: tuple[str, ...],
        as_json: bool,
        timeout: float,
        context: str | None,
        namespace: str | None,
        state_dir: Path | None,
    ) -> None:
        if is_remote(context, namespace):
            not_on_a_cluster(verb, state_dir=state_dir)
            _act_on_a_cluster(verb, context, namespace, locations, as_json, timeout)
            return
        for location in locations:
            request = {"do": verb, "location": location}
            row = ask_telling(state_dir, request, timeout, partial(_tell, location, doing))
            click.echo(json.dumps(row) if as_json else f"{row['name']}: {row['state']}{_note(row)}")

    return command


def _act_on_a_cluster(
    verb: str,
    context: str | None,
    namespace: str | None,
    locations: tuple[str, ...],
    as_json: bool,
    timeout_s: float,
) -> None:
    from reef.cli.cluster.errands import errands
    from reef.cli.cluster.versions import reload

    if verb == "reload":
        reload(context, namespace, locations, as_json, timeout_s)
    else:
        errands(context, namespace, "wake" if verb == "wake" else "sleep", locations, as_json, timeout_s)


def _tell(name: str, doing: str, after_s: float) -> None:
    click.echo(f"{name}: still {doing} after {seconds(after_s)}", err=True)


def _note(row: dict[str, object]) -> str:
    return f" ({row['note']})" if row.get("note") else ""
