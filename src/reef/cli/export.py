"""`reef export`: back to plain Dagster."""

from __future__ import annotations

import os
import sys

import click

from reef.errors import ReefError, Where
from reef.fleet.reading import read
from reef.fleet.text import shown
from reef.fleet.write_workspace import Export, workspace_yaml
from reef.words import fault


@click.group("export")
def command() -> None:
    """Write the fleet in another form."""


@command.command("workspace")
@click.argument("path", required=False)
@click.option(
    "-o", "--output", metavar="FILE", help="Write to a file, not to stdout; a file there is replaced."
)
def workspace(path: str | None, output: str | None) -> None:
    """Write the fleet as Dagster's workspace.yaml; what that cannot say is listed on stderr."""
    export = workspace_yaml(read(path, os.environ, sys.executable))
    _say_losses(export)
    if output is None:
        click.echo(export.text, nl=False)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(export.text)
    except OSError as error:
        raise ReefError(f"cannot be written: {fault(error)}", where=Where(shown(output))) from None


def _say_losses(export: Export) -> None:
    for setting, names in export.lost.items():
        few = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        click.echo(f"warning: workspace.yaml cannot say {setting}: lost for {few}", err=True)
