"""`reef gateway`: a process on Kubernetes that answers for every location."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from reef.errors import ReefError
from reef.kube import labels

FOLDER = click.Path(path_type=Path)


@click.command(name="gateway", hidden=True)
@click.option("--state", type=FOLDER, envvar="REEF_STATE", default="/reef/state", help="Folder for files.")
@click.option("--tls", type=FOLDER, default=labels.TLS_FOLDER, help="Folder of tls.crt, tls.key and ca.crt.")
@click.option("--namespace", envvar="REEF_NAMESPACE", help="Whose CodeLocations it answers for.")
def command(state: Path, tls: Path, namespace: str | None) -> None:
    """Answer for every location of a namespace. The chart starts it.

    At SIGTERM it says that it is not ready, goes on for five seconds, and lets calls under way end.
    """
    if not namespace:
        raise ReefError("REEF_NAMESPACE is not set", hint="the chart sets it")
    asyncio.run(_serve(state, tls, namespace, dict(os.environ)))


async def _serve(state: Path, tls: Path, namespace: str, _environ: dict[str, str]) -> None:
    from reef.cluster.client import Client
    from reef.cluster.connecting import connection
    from reef.gateways.api import ClusterApi
    from reef.gateways.run import serve_until_told
    from reef.gateways.settings import GatewaySettings

    client = Client(connection())
    try:
        await serve_until_told(GatewaySettings(state=state, tls=tls), ClusterApi(client, namespace))
    finally:
        await client.close()
