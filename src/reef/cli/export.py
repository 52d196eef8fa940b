"""`reef export`: back to plain Dagster."""

from __future__ import annotations

import json
import os
import sys

import click

from reef.cli.documents import finish
from reef.cli.fleet_source import source
from reef.errors import ReefError, Where
from reef.fleet.reading import read
from reef.fleet.text import shown
from reef.fleet.write_workspace import Export, workspace_yaml
from reef.kube.findings import grouped
from reef.kube.helm.exporting import export_helm
from reef.kube.helm.monolith import export_monolith
from reef.kube.render import Target
from reef.kube.writing import yaml_text
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
    _write(output, export.text)


@command.command("helm")
@click.argument("path", required=False)
@click.option(
    "--model",
    type=click.Choice(["pod-per-location", "monolith"]),
    default="pod-per-location",
    help="A pod for each location, or one image whose webserver and daemon load all.",
)
@click.option("--image", help="The image of locations that name none; of a monolith the one for all.")
@click.option(
    "--workdir", metavar="DIR", help="Where the images have the fleet's folder; by default their WORKDIR."
)
@click.option("--release", default="dagster", help="The name of the Helm release; by default dagster.")
@click.option(
    "--key",
    metavar="PATH",
    help="Where in the values they belong, as a dotted path; `.` for a chart of its own.",
)
@click.option(
    "-o", "--output", metavar="FILE", help="Write to a file, not to stdout; a file there is replaced."
)
@click.option("--json", "as_json", is_flag=True, help="Print values and findings as one JSON object.")
def helm(
    path: str | None,
    model: str,
    image: str | None,
    workdir: str | None,
    release: str,
    key: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Write values of the official Dagster chart that run the fleet without Reef.

    PATH is a file or a folder of CodeLocations, or what `reef up` takes. What the chart cannot say is listed on stderr.
    """
    found = source(path, Target(image, workdir))
    if model == "monolith":
        done = export_monolith(found.locations, image, workdir)
    else:
        done = export_helm(found.locations, found.accounts, release, "" if key == "." else key)
    findings = [*found.findings, *done.findings]
    text = yaml_text(done.values)
    if output is not None:
        _write(output, text)
    if as_json:
        said = {"values": done.values, "findings": [each.to_json() for each in findings]}
        click.echo(json.dumps(said, ensure_ascii=False))
    elif output is None:
        click.echo(text, nl=False)
    for line in grouped(findings):
        click.echo(line, err=True)
    finish(found.locations, findings)


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ReefError(f"cannot be written: {fault(error)}", where=Where(shown(path))) from None


def _say_losses(export: Export) -> None:
    for setting, names in export.lost.items():
        few = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        click.echo(f"warning: workspace.yaml cannot say {setting}: lost for {few}", err=True)
