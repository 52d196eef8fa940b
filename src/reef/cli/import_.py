"""`reef import`: CodeLocations from what runs code locations today."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from reef.cli.documents import Output, finish, put, show_rendered
from reef.errors import ReefError
from reef.fleet.document import read_document
from reef.fleet.reading import read
from reef.kube.cloud.importing import Images, import_dagster_cloud
from reef.kube.cloud.project import import_project, says_only_how_to_build
from reef.kube.helm.chart import Options
from reef.kube.helm.importing import Import, import_helm
from reef.kube.image_workspace import import_workspace
from reef.kube.render import Target
from reef.kube.writing import commented, documents_text, yaml_text

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
    off = {"values-off.yaml": commented(_OFF) + yaml_text(done.off)} if done.off else {}
    better = {f"corrected-{os.path.basename(file)}": text for file, text in done.corrections.items()}
    extra = {"objects": list(done.made), "values_off": done.off, "corrections": dict(done.corrections)}
    put(
        Output(
            {"codelocations.yaml": documents_text(documents), **off, **better},
            documents_text(documents) + (commented(_OFF + yaml_text(done.off)) if done.off else ""),
            {"code_locations": [each.document() for each in done.locations], **extra},
            done.findings,
        ),
        output,
        as_json,
    )
    if not output:
        for file, text in done.corrections.items():
            click.echo(f"{file}, corrected:\n{text}", err=True, nl=False)
    finish(done.locations, done.findings)


_OFF = "Helm values, to give last: they switch the chart's own user deployments off.\n"


@command.command("workspace")
@click.argument("files", nargs=-1, required=True, metavar="WORKSPACE...")
@click.option("--image", help="The image that has the code of all locations.")
@click.option(
    "--workdir", metavar="DIR", help="Where the image has the folder of the file; by default its WORKDIR."
)
@click.option("-n", "--namespace", help="The namespace of the CodeLocations.")
@click.option("-o", "--output", metavar="DIR", help="Write files into a folder, not to stdout.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def workspace(
    files: Sequence[str],
    image: str | None,
    workdir: str | None,
    namespace: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """CodeLocations from a workspace.yaml whose locations are all in one image, or from a ConfigMap that has it."""
    documents = [read_document(each) for each in files]
    done = import_workspace(documents, Target(image, workdir, namespace))
    show_rendered(done.locations, done.findings, output, as_json)


@command.command("dagster-cloud")
@click.argument("file", metavar="FILE")
@click.option("--image", "images", multiple=True, metavar="NAME=IMAGE", help="The image of a location.")
@click.option("--tag", help="The tag of images that the file only says the registry of.")
@click.option(
    "-n", "--namespace", help="The namespace of the CodeLocations; by default that of the container context."
)
@click.option("-o", "--output", metavar="DIR", help="Write files into a folder, not to stdout.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def dagster_cloud(
    file: str,
    images: Sequence[str],
    tag: str | None,
    namespace: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """CodeLocations from a dagster_cloud.yaml or a build.yaml of Dagster+ Hybrid on Kubernetes.

    Where a build.yaml only says how the image is built, its folder's dg project or workspace says the locations.
    """
    document, given = read_document(file), Images(tag, _images(images))
    if says_only_how_to_build(document):
        fleet = read(os.path.dirname(os.path.abspath(file)), os.environ, sys.executable)
        done = import_project(fleet, document, given, namespace, os.environ)
    else:
        done = import_dagster_cloud(document, given, namespace)
    show_rendered(done.locations, done.findings, output, as_json)
