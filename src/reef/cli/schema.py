"""`reef schema`: the JSON schema of reef.yaml."""

from __future__ import annotations

import click

from reef.fleet.json_schema import schema_text


@click.command("schema")
def command() -> None:
    """Print the JSON schema of reef.yaml, for editors."""
    click.echo(schema_text(), nl=False)
