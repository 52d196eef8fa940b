"""`reef import`: CodeLocations from what runs code locations today."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from reef.cli.output import write_folder
from reef.errors import ReefError
from reef.kube.findings import grouped
from reef.kube.helm.chart import Options
from reef.kube.helm.importing import Import, import_helm
from reef.kube.writing import commented, documents_text, yaml_text
from reef.words import count

WORKSPACE_MAP = "reef-workspace"


@click.group("import")
def command() -> None:
    """Write CodeLocations (Kubernetes) from what you have."""


@command.command("helm")
@click.argument("values", nargs=-1, required=True, metavar="VALUES...")
@click.option("-o", "--output", metavar="DIR", help="Write files into a folder, not to stdout.")
@click.option(
    "-n", "--namespace", help="The namespace of the release; by default that of the file, where it has one."
)
@click.option(
    "--release", default="", help="The name of the Helm release; by default that of the file, else dagster."
)
@click.option("--chart-version", help="The chart's version, which is the tag of an image without one.")
@click.option(
    "--image",
    "images",
    multiple=True,
    metavar="NAME=IMAGE",
    help="The image of a deployment that has none in the files.",
)
@click.option(
    "--workspace-configmap", default=WORKSPACE_MAP, help="The ConfigMap that has the workspace afterwards."
)
@click.option("--literal", is_flag=True, help="Take ${...} and {{...}} in values as they are.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def helm(
    values: Sequence[str],
    output: str | None,
    namespace: str | None,
    release: str,
    chart_version: str | None,
    images: Sequence[str],
    workspace_configmap: str,
    literal: bool,
    as_json: bool,
) -> None:
    """CodeLocations from values of the official Dagster chart, and the values that switch its user deployments off.

    VALUES are values files, merged as `helm -f A -f B` merges them; or a kustomization, a HelmRelease of Flux, an
    Application of Argo CD.
    """
    options = Options(release, namespace, chart_version, _images(images), literal)
    _show(import_helm(values, options, workspace_configmap), output, as_json)


def _images(given: Sequence[str]) -> dict[str, str]:
    images = {}
    for each in given:
        name, equals, image = each.partition("=")
        if not (name and equals and image):
            raise ReefError(f"--image {each}, must be NAME=IMAGE", hint="--image sales=registry/sales:1.4.0")
        images[name] = image
    return images


def _show(done: Import, output: str | None, as_json: bool) -> None:
    documents = [*done.made, *(each.document() for each in done.locations)]
    if as_json:
        click.echo(json.dumps(_as_json(done), ensure_ascii=False))
    elif output:
        write_folder(output, _files(done, documents))
    else:
        click.echo(documents_text(documents), nl=False)
        if done.off:
            click.echo(commented(_OFF + yaml_text(done.off)), nl=False)
    for line in grouped(done.findings):
        click.echo(line, err=True)
    left_out = sum(each.kind == "left_out" for each in done.findings)
    click.echo(f"{count(len(done.locations), 'CodeLocation')}, {left_out} left out", err=True)
    if left_out:
        sys.exit(1)


_OFF = "Helm values, to give last: they switch the chart's own user deployments off.\n"


def _files(done: Import, documents: list[dict[str, object]]) -> dict[str, str]:
    off = {"values-off.yaml": commented(_OFF) + yaml_text(done.off)} if done.off else {}
    return {"codelocations.yaml": documents_text(documents), **off}


def _as_json(done: Import) -> dict[str, object]:
    return {
        "code_locations": [each.document() for each in done.locations],
        "objects": list(done.made),
        "values_off": done.off,
        "findings": [each.to_json() for each in done.findings],
    }
