"""`reef gateway`: a process on Kubernetes that answers for every location."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reef.errors import ReefError
from reef.kube.labels import HEALTH_PORT, PEER_PORT, TLS_FOLDER

if TYPE_CHECKING:
    from reef.gateways.settings import GatewaySettings

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(name="gateway", hidden=True)
@click.option(
    "--namespace",
    envvar="REEF_NAMESPACE",
    help="Whose CodeLocations it answers for; by default its pod's own.",
)
@click.option(
    "--state",
    type=FOLDER,
    envvar="REEF_STATE",
    default="/reef/state",
    show_default=True,
    help="Where it keeps what it shows.",
)
@click.option(
    "--tls", type=FOLDER, default=TLS_FOLDER, show_default=True, help="Where tls.crt, tls.key and ca.crt are."
)
@click.option("--host", default="", help="Address to listen on; by default every address of the pod.")
@click.option(
    "--peer-port",
    type=int,
    default=PEER_PORT,
    show_default=True,
    help="Port for the controller, over mutual TLS.",
)
@click.option(
    "--health-port", type=int, default=HEALTH_PORT, show_default=True, help="Port for /livez and /readyz."
)
@click.option(
    "--linger",
    type=float,
    default=5.0,
    show_default=True,
    help="Seconds of answering on after SIGTERM, not ready.",
)
@click.option(
    "--grace",
    type=float,
    default=30.0,
    show_default=True,
    help="Seconds that calls under way then have to end.",
)
def command(
    namespace: str | None,
    state: Path,
    tls: Path,
    host: str,
    peer_port: int,
    health_port: int,
    linger: float,
    grace: float,
) -> None:
    """Answer for every location of a namespace. The chart starts it."""
    from reef.gateways.settings import GatewaySettings

    settings = GatewaySettings(
        state=state,
        tls=tls,
        host=host,
        peer_port=peer_port,
        health_port=health_port,
        linger_s=linger,
        grace_s=grace,
    )
    asyncio.run(_serve(settings, namespace))


async def _serve(settings: GatewaySettings, namespace: str | None) -> None:
    from reef.cluster.client import Client
    from reef.cluster.connecting import connection
    from reef.gateways.api import ClusterApi
    from reef.gateways.run import serve_until_told

    client = Client(connection())
    try:
        if not (namespace := namespace or client.namespace):
            raise ReefError("it is not known which namespace to answer for", hint="set REEF_NAMESPACE")
        await serve_until_told(settings, ClusterApi(client, namespace))
    finally:
        await client.close()
