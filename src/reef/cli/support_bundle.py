"""`reef support-bundle`: one file for whoever helps."""

from __future__ import annotations

import json
import os
import time

import click

from reef.cli.cluster.options import only_on_clusters
from reef.errors import ReefError, Where
from reef.words import count, fault


@click.command(name="support-bundle")
@click.option("-o", "--output", metavar="FILE", help="Where to write it [default: reef-support-TIME.tar.gz].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: file, files, missing.")
@only_on_clusters
def command(output: str | None, as_json: bool, context: str | None, namespace: str | None) -> None:
    """Write what Reef is and does in a namespace of a cluster into a file: objects, events, logs of Reef's processes.

    No Secret is read. Values of variables and passwords in URLs are left out. Look into it before you hand it on.
    """
    from reef.remote.bundle import collect, written
    from reef.remote.reaching import run

    path = output or time.strftime("reef-support-%Y%m%d-%H%M%S.tar.gz")
    bundle = run(context, namespace, collect)
    _write(path, written(bundle))
    for name, why in bundle.missing.items():
        click.echo(f"not in it: {name}: {why}", err=True)
    if as_json:
        click.echo(json.dumps({"file": path, "files": sorted(bundle.files), "missing": bundle.missing}))
    else:
        click.echo(path)
        click.echo(f"{count(len(bundle.files), 'file')}; look into it before you hand it on", err=True)


def _write(path: str, content: bytes) -> None:
    """For nobody else to read. A file that is there stays."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise ReefError(f"cannot be written: {fault(error)}", where=Where(path)) from None
