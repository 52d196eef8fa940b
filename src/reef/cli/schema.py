"""`reef schema`: the schemas of reef.yaml and of a CodeLocation."""

from __future__ import annotations

import click

from reef.fleet.json_schema import schema_text


@click.command("schema")
@click.option("--crd", is_flag=True, help="Print the CustomResourceDefinition of CodeLocations (Kubernetes).")
def command(crd: bool) -> None:
    """Print the JSON schema of reef.yaml, for editors."""
    if crd:
        from reef.kube.model.crd import definition_text

        click.echo(definition_text(), nl=False)
        return
    click.echo(schema_text(), nl=False)
