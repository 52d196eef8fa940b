"""Which Dagster instance a host uses: as `dagster dev` finds it, except that storage outlives the host."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace

from reef.beside.home import DagsterHome, embedded_home, home_of_file, users_home
from reef.errors import ReefError, Where
from reef.fleet.dotenv import read_env_file
from reef.fleet.model import Fleet, Location
from reef.settings import HostSettings
from reef.statedir import StateDir

OPTION = "--dagster-home"
NAME = "dagster.yaml"
MISSPELT = "dagster.yml"  # `dagster dev` speaks of it, and does not read it

Say = Callable[[str], None]


def variables_of(folder: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the `.env` of the folder over it, as every command of Dagster makes it."""
    return {**environ, **_env_file(folder, environ)}


def _env_file(folder: str, environ: Mapping[str, str]) -> dict[str, str]:
    path = os.path.join(folder, ".env")
    try:
        return read_env_file(path, environ) if os.path.isfile(path) else {}
    except ReefError:
        return {}  # whoever reads the fleet says so


def choose_home(
    settings: HostSettings, fleet: Fleet, state: StateDir, environ: Mapping[str, str], say: Say
) -> DagsterHome | None:
    """None where no instance is known, which only `reef serve` allows. Says what is passed over. Raises ReefError."""
    written = _env_file(fleet.folder, environ).get("DAGSTER_HOME")
    home = _named(settings, written, environ, say) or _unnamed(settings, fleet, state, say)
    if home is not None:
        _refuse_two(home, written, fleet.folder)
        for line in home.settings.not_taken():
            say(f"warning: {line}")
        _pass_over(home.settings.file, fleet, say)
    return home


def _named(
    settings: HostSettings, written: str | None, environ: Mapping[str, str], say: Say
) -> DagsterHome | None:
    if settings.dagster_home:
        return users_home(settings.dagster_home)
    inherited = None if settings.own_instance else written or environ.get("DAGSTER_HOME")
    if not inherited:
        return None
    home = users_home(inherited)
    if settings.beside is not None:
        say(f"the Dagster instance is that of DAGSTER_HOME, {home.path}; {OPTION} names another")
    return home


def _unnamed(settings: HostSettings, fleet: Fleet, state: StateDir, say: Say) -> DagsterHome | None:
    file = os.path.join(fleet.folder, NAME)
    if settings.beside is None:
        if os.path.isfile(file):
            say(
                f"warning: {file} is not taken: `reef serve` takes the instance of {OPTION}, or of DAGSTER_HOME"
            )
        return None
    cores = os.cpu_count() or 2
    if settings.own_instance or not os.path.isfile(file):
        return embedded_home(state, cores)
    home = home_of_file(state, file, cores)
    say(f"the Dagster instance is as {file} says, as under `dagster dev`; its storage stays in {home.path}")
    return home


def _refuse_two(home: DagsterHome, written: str | None, folder: str) -> None:
    """Dagster's commands put the `.env` of their folder over their environment."""
    if written and os.path.realpath(os.path.expanduser(written)) != os.path.realpath(home.path):
        raise ReefError(
            f'DAGSTER_HOME = "{written}", but {OPTION} is {home.path!r}: code servers would use the first',
            where=Where(os.path.join(folder, ".env")),
            hint="remove one of the two",
        )


def _pass_over(taken: str, fleet: Fleet, say: Say) -> None:
    """A file that somebody may think to be in use."""
    folders = dict.fromkeys((fleet.folder, os.path.dirname(fleet.source)))
    for file in (os.path.join(folder, name) for folder in folders for name in (NAME, MISSPELT)):
        if not os.path.isfile(file) or os.path.realpath(file) == os.path.realpath(taken):
            continue
        why = f"the instance is as {taken} says; start Reef in the file's folder, or name it with {OPTION}"
        if file.endswith(MISSPELT):
            why = f"Dagster reads {NAME} only"
        say(f"warning: {file} is not taken: {why}")


def with_secret_files(fleet: Fleet, home: DagsterHome | None) -> Fleet:
    """The `.env` files that a secrets loader of Dagster's reads count as source: also one that is not there yet."""
    if home is None:
        return fleet

    def one(spec: Location) -> Location:
        files = home.settings.env_files_of(spec.name, spec.cwd)
        return replace(spec, awaited_files=(*spec.awaited_files, *files)) if files else spec

    return replace(fleet, locations=tuple(map(one, fleet.locations)))
