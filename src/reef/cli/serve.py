"""`reef serve [PATH]`: the host alone, for somebody else's webserver and daemon."""

from __future__ import annotations

from pathlib import Path

import click

from reef.cli.host_options import run, shared_options
from reef.settings import HostSettings


@click.command(name="serve")
@click.argument("path", required=False)
@click.option(
    "--listen",
    type=click.Choice(["unix", "tcp"]),
    default="unix",
    show_default=True,
    help="A unix socket or a TCP port for each location.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the TCP listeners.")
@click.option("--base-port", default=4000, show_default=True, help="First port of the TCP listeners.")
@shared_options
def command(
    path: str | None,
    listen: str,
    host: str,
    base_port: int,
    state_dir: Path | None,
    dagster_home: str | None,
    python: str | None,
    immortal: bool,
    as_json: bool,
) -> None:
    """Serve the fleet at PATH and write the workspace.yaml that a webserver and a daemon need.

    At SIGTERM or Ctrl-C, servers that hold live runs are left running for the next host to take up.
    """
    run(
        HostSettings(
            path=path,
            state_dir=state_dir,
            dagster_home=dagster_home,
            beside=None,
            listen=listen,
            listen_host=host,
            base_port=base_port,
            python=python,
            leave_children=True,
            immortal=immortal,
            as_json=as_json,
        )
    )
