"""`reef pack-host`: the process beside the containers of a pack."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from reef.kube import labels
from reef.packs.settings import PackSettings

FOLDER = click.Path(path_type=Path)


@click.command(name="pack-host", hidden=True)
@click.option(
    "--state", type=FOLDER, envvar="REEF_STATE", default="/reef/state", help="Folder that outlives a restart."
)
@click.option(
    "--config", type=FOLDER, default=labels.PACK_CONFIG, help="What to serve, as a ConfigMap mounts it."
)
@click.option("--tls", type=FOLDER, default=labels.TLS_FOLDER, help="Folder of tls.crt, tls.key and ca.crt.")
@click.option(
    "--run", type=FOLDER, default=labels.PACK_FOLDER, help="Folder that is shared with the containers."
)
@click.option("--host", default="", help="Address to listen on [default: every one of the pod].")
@click.option(
    "--peer-port", default=labels.PEER_PORT, help="Port for gateways and the controller, mutual TLS."
)
@click.option("--health-port", default=labels.HEALTH_PORT, help="Port for /livez and /readyz, plain HTTP.")
def command(
    state: Path, config: Path, tls: Path, run: Path, host: str, peer_port: int, health_port: int
) -> None:
    """Serve the locations of a pack. It runs in the pack's pod, where the controller put it.

    At SIGTERM, calls under way have 25 seconds to end.
    """
    from reef.packs.pod import Pod
    from reef.packs.run import run_pack_host

    settings = PackSettings(
        state=state,
        config=config,
        tls=tls,
        run=run,
        host=host,
        peer_port=peer_port,
        health_port=health_port,
    )
    asyncio.run(run_pack_host(settings, Pod))
