"""`reef render`: a fleet as CodeLocations."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from reef.cli import placements as shown
from reef.cli.documents import show_rendered
from reef.cli.fleet_source import source
from reef.errors import ReefError
from reef.fleet.reading import read
from reef.hosting.launch import GUEST
from reef.kube.dns_labels import Labels
from reef.kube.objects.shared_service import PROGRAM
from reef.kube.render import Target, rendered
from reef.kube.services import rendered_services, tell


@click.command("render")
@click.argument("path", required=False)
@click.option("--image", help="The image of locations and services that name none.")
@click.option(
    "--workdir", metavar="DIR", help="Where the images have the fleet's folder; by default their WORKDIR."
)
@click.option("-n", "--namespace", help="The namespace of the CodeLocations and services.")
@click.option(
    "--reef-image",
    metavar="IMAGE",
    help="Reef's own image: a pod of it takes calls of the services, and lets them sleep.",
)
@click.option("-o", "--output", metavar="DIR", help="Write files into a folder, not to stdout.")
@click.option(
    "--placements",
    is_flag=True,
    help="Print where each location would run on Kubernetes, in which pack, and why.",
)
@click.option(
    "--share-packs", is_flag=True, help="With --placements: locations of several owners may share a pack."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def command(
    path: str | None,
    image: str | None,
    workdir: str | None,
    namespace: str | None,
    reef_image: str | None,
    output: str | None,
    placements: bool,
    share_packs: bool,
    as_json: bool,
) -> None:
    """Print the fleet for Kubernetes: CodeLocations, and the objects of its shared services.

    PATH is what `reef up` takes, by default the current folder; with --placements also a file or a
    folder of CodeLocations.
    """
    if placements:
        _check_output(output)
        shown.show(source(path, Target(image, workdir, namespace)), share_packs, as_json)
        return
    if share_packs:
        raise ReefError("--share-packs changes nothing here", hint="it says what --placements may do")
    fleet = read(path, os.environ, sys.executable)
    for warning in fleet.warnings:
        click.echo(f"warning: {warning}", err=True)
    target, labels = Target(image, workdir, namespace), Labels()
    done = rendered(fleet, target, os.environ, labels)
    services = rendered_services(fleet, target, labels, _program(), reef_image)
    tell(done.locations, services.addresses)
    findings = (*done.findings, *services.findings)
    show_rendered(done.locations, findings, output, as_json, services.documents, services.made)


def _program() -> dict[str, str]:
    """What runs in the pods of shared services."""
    return {name: (Path(GUEST) / name).read_text(encoding="utf-8") for name in PROGRAM}


def _check_output(output: str | None) -> None:
    if output is not None:
        raise ReefError("--placements writes no files", hint="leave -o out, and redirect stdout")
