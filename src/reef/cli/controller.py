"""`reef controller`: the process on Kubernetes that decides versions and places."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

import click

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@click.command(name="controller", hidden=True)
def command() -> None:
    """Run the controller of a namespace. The chart starts it, and sets REEF_NAMESPACE, REEF_IMAGE, REEF_STATE and the
    database in its environment."""
    from reef.controller.book import Books
    from reef.controller.postgres import PostgresBooks
    from reef.controller.run import run
    from reef.controller.settings import Settings, read_settings

    def open_books(settings: Settings, token: int) -> Books:
        return PostgresBooks(settings.database, settings.namespace, token)

    logging.basicConfig(level=logging.INFO, format=FORMAT, stream=sys.stderr)
    asyncio.run(run(read_settings(os.environ), open_books))
