"""`reef serve [PATH]`: the host alone, for somebody else's webserver and daemon."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

from reef.cli.host_options import page_options, run, shared_options
from reef.errors import ReefError
from reef.settings import HostSettings, PageSettings


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
@click.option(
    "--webserver",
    metavar="URL",
    help="Address of the webserver that shows this fleet: it is told when locations come, go or change.",
)
@page_options
@shared_options
def command(
    path: str | None,
    listen: str,
    host: str,
    base_port: int,
    webserver: str | None,
    page: PageSettings,
    state_dir: Path | None,
    dagster_home: str | None,
    python: str | None,
    immortal: bool,
    watch: bool,
    as_json: bool,
) -> None:
    """Serve the fleet at PATH and write the workspace.yaml that a webserver and a daemon need.

    At SIGTERM or Ctrl-C, servers that hold live runs are left running for the next host to take up.
    """
    run(
        HostSettings(
            path=path,
            state_dir=state_dir,
            page=page,
            dagster_home=dagster_home,
            beside=None,
            listen=listen,
            listen_host=host,
            base_port=base_port,
            webserver=webserver_url(webserver),
            webserver_headers=webserver_headers(os.environ),
            python=python,
            leave_children=True,
            immortal=immortal,
            watch=watch,
            as_json=as_json,
        )
    )


def webserver_url(written: str | None) -> str | None:
    """Raises ReefError for what is no address of a webserver."""
    if written is None:
        return None
    parts = urlsplit(written)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ReefError(
            f'--webserver = "{written}", must be the address of a webserver', hint="http://localhost:3000"
        )
    if parts.username or parts.password:
        raise ReefError(
            "--webserver must not hold a password", hint="put a header into REEF_WEBSERVER_HEADER"
        )
    return written


def webserver_headers(environ: Mapping[str, str]) -> dict[str, str]:
    """REEF_WEBSERVER_HEADER: one `Name: value` a line, sent with each request; it may hold a secret."""
    lines = [line.strip() for line in environ.get("REEF_WEBSERVER_HEADER", "").splitlines() if line.strip()]
    if any(not name.strip() or not colon for name, colon, _ in (line.partition(":") for line in lines)):
        raise ReefError("REEF_WEBSERVER_HEADER must have lines such as `Authorization: Bearer ...`")
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
