"""`reef init`: a reef.yaml from what Dagster reads."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from reef.errors import ReefError, Where
from reef.fleet.model import Fleet
from reef.fleet.reading import read_dagster
from reef.fleet.text import shown
from reef.fleet.write_reef import is_writable, reef_yaml
from reef.statedir import write_atomic
from reef.words import count, fault


@click.command("init")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write; by default reef.yaml beside what was read."
)
@click.option("--force", is_flag=True, help="Replace a reef.yaml that is there.")
@click.option("--json", "as_json", is_flag=True, help="Say what was done as one JSON object.")
def command(paths: Sequence[str], output: str | None, force: bool, as_json: bool) -> None:
    """Write a reef.yaml from a workspace.yaml, a project or a dg workspace; location names stay as they are.

    PATH is a file or a folder, by default the current one; several workspace files become one fleet.
    """
    fleet = read_dagster(paths, os.environ, sys.executable)
    file = os.path.abspath(output or os.path.join(_folder(fleet), "reef.yaml"))
    if os.path.exists(file) and not force:
        raise ReefError("is there already", where=Where(shown(file)), hint="--force replaces it")
    _write(file, reef_yaml(fleet, os.path.dirname(file)))
    _report(fleet, file, as_json)


def _folder(fleet: Fleet) -> str:
    return fleet.source if os.path.isdir(fleet.source) else os.path.dirname(fleet.source)


def _write(file: str, text: str) -> None:
    """Whole or not at all: a reader never sees half of it."""
    try:
        write_atomic(Path(file), text.encode(), mode=0o644)
    except OSError as error:
        raise ReefError(f"cannot be written: {fault(error)}", where=Where(shown(file))) from None


def _report(fleet: Fleet, file: str, as_json: bool) -> None:
    notes = [*fleet.warnings, *(each.broken for each in fleet.locations if each.broken)]
    left_out = [each.name for each in fleet.locations if not is_writable(each)]
    written = [each.name for each in fleet.locations if is_writable(each)]
    if as_json:
        done = {"file": file, "source": fleet.source, "kind": fleet.kind, "locations": written}
        click.echo(json.dumps({**done, "left_out": left_out, "warnings": notes}, ensure_ascii=False))
        return
    for note in notes:
        click.echo(f"warning: {note}", err=True)
    left = f", {len(left_out)} left out as comments" if left_out else ""
    click.echo(f"{shown(file)}: {count(len(written), 'location')} from {shown(fleet.source)}{left}", err=True)
