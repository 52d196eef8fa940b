"""`reef page`: the process on Kubernetes that shows the fleet of a namespace."""

from __future__ import annotations

import asyncio
import os

import click


@click.command(name="page", hidden=True)
def command() -> None:
    """Show the code locations of a namespace on a page. The chart starts it, and sets REEF_NAMESPACE and REEF_PAGE_… in
    its environment."""
    from reef.viewing.run import run
    from reef.viewing.settings import read_view_settings

    asyncio.run(run(read_view_settings(os.environ)))
