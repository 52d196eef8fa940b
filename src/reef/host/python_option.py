"""`--python` as a person types it: relative to where they stand; one that cannot be used ends the start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reef.beside.dagster import interpreters, python_with
from reef.environments import EnvironmentProblem, inspect_all
from reef.errors import ReefError
from reef.fleet.interpreter import fault_of, resolved_python
from reef.fleet.model import Fleet
from reef.fleet.paths import undotted
from reef.settings import Beside


def python_of_option(written: str, environ: Mapping[str, str]) -> str:
    """The absolute path of the interpreter. Raises ReefError where there is none."""
    python = undotted(resolved_python(written, os.getcwd(), environ))
    if fault := fault_of(python):
        raise ReefError(
            f'--python = "{written}": {python} {fault}',
            hint="name an interpreter, or the folder of a virtual environment",
        )
    return python


async def refuse_unusable(written: str, fleet: Fleet, beside: Beside | None, cache: Path) -> None:
    """Raises ReefError where locations would run in the interpreter of `--python`, and it is none for them."""
    python = fleet.default_python
    users = [
        one for one in fleet.locations if one.code is not None and one.python == python and not one.broken
    ]
    if not users:
        return
    found = (await inspect_all([python], cache=cache))[python]
    if not isinstance(found, EnvironmentProblem):
        return
    if beside is not None and (beside.webserver or beside.daemon):  # then this is the nearer mistake
        await python_with("dagster_webserver" if beside.webserver else "dagster", interpreters(fleet))
    raise ReefError(f'--python = "{written}": {found.reason}', hint=found.hint)
