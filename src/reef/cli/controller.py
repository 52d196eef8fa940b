"""`reef controller`: the process on Kubernetes that decides versions and places."""

from __future__ import annotations

import asyncio
import os

import click


@click.command(name="controller", hidden=True)
def command() -> None:
    """Run the controller of a namespace. The chart starts it, and sets REEF_NAMESPACE, REEF_IMAGE, REEF_STATE and the
    database in its environment."""
    from reef.controller.run import run
    from reef.controller.settings import read_settings
    from reef.logs import write_to_stderr

    write_to_stderr(os.environ)
    asyncio.run(run(read_settings(os.environ)))
