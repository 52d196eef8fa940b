"""`reef up [PATH]`: the whole fleet on this machine, with Dagster's webserver and daemon."""

from __future__ import annotations

from pathlib import Path

import click

from reef.cli.host_options import page_options, run, shared_options
from reef.settings import Beside, HostSettings, PageSettings


@click.command(name="up")
@click.argument("path", required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the webserver.")
@click.option("--port", type=int, help="Port of the webserver [default: 3000, or the next free one].")
@click.option("--path-prefix", help="Path prefix of the webserver, such as /dagster.")
@click.option("--read-only", is_flag=True, help="Start the webserver in read-only mode.")
@click.option("--no-webserver", is_flag=True, help="Do not start a webserver.")
@click.option("--no-daemon", is_flag=True, help="Do not start a daemon.")
@page_options
@shared_options
def command(
    path: str | None,
    host: str,
    port: int | None,
    path_prefix: str | None,
    read_only: bool,
    no_webserver: bool,
    no_daemon: bool,
    page: PageSettings,
    state_dir: Path | None,
    dagster_home: str | None,
    python: str | None,
    immortal: bool,
    watch: bool,
    as_json: bool,
) -> None:
    """Run the fleet at PATH: a reef.yaml, a workspace.yaml, a Dagster project or dg workspace, or their folder.

    Ctrl-C ends everything, live runs included; a second Ctrl-C at once.
    """
    beside = Beside(
        webserver=not no_webserver,
        daemon=not no_daemon,
        host=host,
        port=port,
        path_prefix=path_prefix,
        read_only=read_only,
    )
    run(
        HostSettings(
            path=path,
            state_dir=state_dir,
            page=page,
            dagster_home=dagster_home,
            beside=beside,
            python=python,
            immortal=immortal,
            watch=watch,
            as_json=as_json,
        )
    )
