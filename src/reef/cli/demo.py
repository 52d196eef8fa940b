"""`reef demo`: a fleet of sixty locations that looks like real life, and `reef up` on it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import click

from reef.cli.host_options import page_options, run
from reef.errors import ReefError
from reef.fleet.interpreter import fault_of, resolved_python
from reef.settings import Beside, HostSettings, PageSettings
from reef.words import count


@click.command(name="demo")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write the fleet [default: a folder below ~/.cache/reef].",
)
@click.option("--port", type=int, help="Port of the webserver [default: 3000, or the next free one].")
@click.option("--python", help="Interpreter with Dagster for the fleet [default: Reef's own, else PATH's].")
@click.option(
    "--keep", is_flag=True, help="Use the folder as it is, also where this Reef would write another."
)
@click.option("--write-only", is_flag=True, help="Write the fleet, print its reef.yaml, run nothing.")
@page_options
def command(
    folder: Path | None,
    port: int | None,
    python: str | None,
    keep: bool,
    write_only: bool,
    page: PageSettings,
) -> None:
    """Write the demo fleet, 60 locations of 8 teams, and run it with `reef up`.

    The folder is used again the next time, with the changes that you have made to its code.
    """
    folder = (folder or default_folder()).absolute()
    spec = folder / "reef.yaml"
    if not (keep and spec.is_file()):
        spec = _write(folder, _interpreter(python))
    if write_only:
        click.echo(str(spec))
        return
    run(HostSettings(path=str(spec), beside=Beside(port=port), own_instance=True, page=page))


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/reef/demo`, else `~/.cache/reef/demo`."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "reef" / "demo"


def _write(folder: Path, python: str) -> Path:
    from reef.demo import write_fleet

    started = time.monotonic()
    fleet = write_fleet(folder, python=python)
    for warning in fleet.warnings:
        click.echo(f"warning: {warning}", err=True)
    how = "as it was left" if fleet.reused else f"written in {time.monotonic() - started:.1f} s"
    click.echo(f"demo fleet of {count(len(fleet.locations), 'location')} in {folder}, {how}", err=True)
    click.echo(f"  {fleet.broken} is meant not to load: it imports a package that is not there", err=True)
    return fleet.spec


def _interpreter(chosen: str | None) -> str:
    """The interpreter of the fleet. Raises ReefError where none has Dagster."""
    if chosen is not None:
        python = resolved_python(chosen, os.getcwd(), os.environ)
        if fault_of(python):
            raise ReefError(
                f"--python {chosen!r} is not an interpreter", hint="give the path of one with Dagster"
            )
        return python
    if importlib.util.find_spec("dagster") is not None:
        return sys.executable
    for name in ("python3", "python"):
        if (path := shutil.which(name)) and _has_dagster(path):
            return path
    raise ReefError(
        "no interpreter with Dagster was found",
        hint="pip install 'dagster-reef[dagster]', or name one with --python",
    )


def _has_dagster(python: str) -> bool:
    asked = subprocess.run([python, "-c", "import dagster"], capture_output=True, check=False)
    return asked.returncode == 0
