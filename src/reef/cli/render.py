"""`reef render`: a fleet as CodeLocations."""

from __future__ import annotations

import os
import sys

import click

from reef.cli.documents import show_rendered
from reef.fleet.reading import read
from reef.kube.render import Target, rendered


@click.command("render")
@click.argument("path", required=False)
@click.option("--image", help="The image of locations that name none.")
@click.option(
    "--workdir", metavar="DIR", help="Where the images have the fleet's folder; by default their WORKDIR."
)
@click.option("-n", "--namespace", help="The namespace of the CodeLocations.")
@click.option("-o", "--output", metavar="DIR", help="Write files into a folder, not to stdout.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def command(
    path: str | None,
    image: str | None,
    workdir: str | None,
    namespace: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Print the fleet as CodeLocations (Kubernetes). PATH is what `reef up` takes, by default the current folder."""
    fleet = read(path, os.environ, sys.executable)
    for warning in fleet.warnings:
        click.echo(f"warning: {warning}", err=True)
    done = rendered(fleet, Target(image, workdir, namespace), os.environ)
    show_rendered(done.locations, done.findings, output, as_json)
