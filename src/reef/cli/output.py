"""Where a command's documents go: stdout, a file, or a folder."""

from __future__ import annotations

import os

import click

from reef.errors import ReefError, Where
from reef.fleet.text import shown
from reef.words import fault


def write_text(path: str, text: str) -> None:
    """Raises ReefError."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        reason = fault(error) if isinstance(error, OSError) else "it is no path"
        raise ReefError(f"cannot be written: {reason}", where=Where(shown(path))) from None


def write_folder(folder: str, files: dict[str, str]) -> None:
    """Each file of a folder, which is made; says on stderr what was written. Raises ReefError."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ReefError(f"cannot be made: {fault(error)}", where=Where(shown(folder))) from None
    for name, text in files.items():
        path = os.path.join(folder, name)
        write_text(path, text)
        click.echo(f"wrote {shown(path)}", err=True)
