"""`reef doctor-pod`: the process beside the container of a location that `reef doctor --in-cluster` examines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from reef.errors import ReefError
from reef.kube import labels
from reef.kube.objects.doctor_job import ORDER
from reef.kube.objects.reef_parts import STATE_FOLDER
from reef.words import describe

FOLDER = click.Path(path_type=Path)


@click.command(name="doctor-pod", hidden=True)
@click.option("--order", envvar=ORDER, required=True, help="What to examine, as JSON.")
@click.option(
    "--run", type=FOLDER, default=labels.PACK_FOLDER, help="Folder that is shared with the container."
)
@click.option("--state", type=FOLDER, default=STATE_FOLDER, help="Folder of its own.")
def command(order: str, run: Path, state: Path) -> None:
    """Examine the location of this pod and print what was found as one line of JSON. A Job of `reef doctor` runs it."""
    import msgspec

    from reef.doctor.in_pod import examined
    from reef.peers.diagnosis import order_from_json

    try:
        asked = order_from_json(order)
    except ValueError as error:
        raise ReefError(f"{ORDER} is not understood: {describe(error)}") from None
    told = asyncio.run(examined(asked, run / asked.location.container, state))
    click.echo(msgspec.json.encode(told).decode())
