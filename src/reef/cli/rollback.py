"""`reef rollback LOCATION`: serve a version again that was served before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster
from reef.cli.deploy_talk import shown_diff
from reef.cli.reach import ask, state_dir_option
from reef.errors import NotDone, ReefError
from reef.words import headline

TIMEOUT_S = 400.0  # it is loaded first


@click.command(name="rollback")
@click.argument("location")
@click.argument("version", required=False)
@click.option("--to", help="The version, or its beginning [default: the one before].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@cluster_options
@state_dir_option
def command(
    location: str,
    version: str | None,
    to: str | None,
    as_json: bool,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Serve an earlier version of LOCATION from its kept copy: code and settings are those of then.

    VERSION, or its beginning, is by default the one before. The location is pinned to it until the next `reef deploy`
    or `reef reload` of it, on a cluster until it asks for something else. Exit status 1 where it is refused; what was
    served before is then served on.
    """
    if version and to:
        raise ReefError("the version is named twice", hint="give VERSION or --to, not both")
    version = version or to
    if is_remote(context, namespace):
        from reef.cli.cluster.versions import roll_back

        not_on_a_cluster("rollback", state_dir=state_dir)
        roll_back(context, namespace, location, version, as_json)
        return
    asked = {"do": "rollback", "location": location, "version": version}
    event = ask(state_dir, asked, TIMEOUT_S)
    if as_json:
        click.echo(json.dumps(event))
    if event["state"] == "refused":
        raise NotDone(f"{location} is not rolled back: {headline(event['reason'])}")
    if not as_json:
        click.echo(_told(location, event))


def _told(name: str, event: dict[str, Any]) -> str:
    if event["state"] == "unchanged":
        return f"{name}: unchanged {event['version'][:12]}: {event['reason']}"
    before = (event["before"] or "nothing")[:12]
    line = f"{name}: promoted {before} → {event['version'][:12]} in {event['seconds']:.1f} s, pinned to it"
    return "\n".join([line, *shown_diff(event["definitions"])])
