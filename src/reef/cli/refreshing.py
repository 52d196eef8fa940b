"""Printing what changes: once, or again and again until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

REFRESH_S = 2.0


def print_status(text: Callable[[], str], *, watch: bool, as_json: bool) -> None:
    """`watch` shows people one screen, and gives programs one line each time."""
    while True:
        told = text()
        if watch and not as_json:
            click.clear()
        click.echo(told)
        if not watch:
            return
        time.sleep(REFRESH_S)
