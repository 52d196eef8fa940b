"""`reef logs LOCATION [-f]`: what the code of one location printed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from reef.cli.cluster.options import cluster_options, is_remote, not_on_a_cluster
from reef.cli.reach import find_state, state_dir_option
from reef.errors import ReefError

POLL_S = 0.3
BLOCK = 65536


@click.command(name="logs")
@click.argument("location", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on printing what is added.")
@click.option("--lines", default=200, show_default=True, help="Begin with so many last lines.")
@cluster_options
@state_dir_option
def command(
    location: str | None,
    follow: bool,
    lines: int,
    context: str | None,
    namespace: str | None,
    state_dir: Path | None,
) -> None:
    """Print the log of LOCATION; `reef` itself, `webserver` and `daemon` have logs too.

    On a cluster, that of the container of LOCATION, without lines of others in it; without LOCATION, of controllers and
    gateways.
    """
    if is_remote(context, namespace):
        from reef.cli.cluster.logs import show

        not_on_a_cluster("logs", state_dir=state_dir)
        show(context, namespace, location, follow, lines)
        return
    path = _log_path(find_state(state_dir).root / "logs", location or "reef", find_state(state_dir).log_file)
    with path.open("rb") as file:
        _seek_to_last_lines(file, lines)
        for block in _blocks(file, path, follow):
            click.echo(block.decode(errors="replace"), nl=False)


def _log_path(folder: Path, name: str, of_location: object) -> Path:
    assert callable(of_location)
    candidates = [Path(of_location(name)), folder / f"{name}.log"]
    for path in candidates:
        if path.exists():
            return path
    known = sorted(path.stem for path in folder.glob("*.log"))
    raise ReefError(f"no log of {name!r} in {str(folder)!r}", hint="there are: " + ", ".join(known))


def _seek_to_last_lines(file: BinaryIO, lines: int) -> None:
    end = position = file.seek(0, os.SEEK_END)
    found = 0
    while position > 0 and found <= lines:
        step = min(BLOCK, position)
        position -= step
        file.seek(position)
        block = file.read(step)
        for index in range(len(block) - 1, -1, -1):
            if block[index : index + 1] == b"\n" and position + index + 1 < end:
                found += 1
                if found == lines:
                    file.seek(position + index + 1)
                    return
    file.seek(0)


def _blocks(file: BinaryIO, path: Path, follow: bool) -> Iterator[bytes]:
    while True:
        if block := file.read(BLOCK):
            yield block
        elif not follow:
            return
        else:
            if path.exists() and path.stat().st_size < file.tell():
                file.seek(0)  # rotated
            time.sleep(POLL_S)
