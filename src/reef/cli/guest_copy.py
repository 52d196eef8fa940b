"""`reef guest-copy`: Reef's guest code for the containers of locations."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="guest-copy", hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Copy the code that runs in locations' containers to FOLDER. An init container of a pack does it."""
    from reef.packs.guest_copy import copy_guest

    copy_guest(folder)
