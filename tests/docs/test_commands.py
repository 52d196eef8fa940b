"""docs/commands.md has every command, option, variable and key of `reef status --json`, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from pages import ROOT, code_in, first_cells, sections

from reef.cli.main import group
from reef.fleet.model import Location
from reef.host.status import fleet_status, location_status, zygote_status
from reef.hosting.contract import ZygoteStatus
from reef.locations.place import CodeLocation

COMMANDS = ROOT / "docs" / "commands.md"


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Those that do something: a group only stands before its own."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found is not None
        yield from commands(found, f"{name} {each}")


TREE = dict(commands(group, "reef"))


def heading_of(name: str, command: click.Command) -> str:
    context = click.Context(command)
    words = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    return " ".join([name, *words])


def documented_options(lines: list[str]) -> set[str]:
    """`-f`, `--follow` -> both; what follows an option's name is its value."""
    return {code.split()[0] for cell in first_cells(lines) for code in code_in(cell)}


def test_every_command_has_its_heading_and_no_other() -> None:
    written = {name for name in sections(COMMANDS) if name.startswith("reef ")}
    assert written == {heading_of(name, command) for name, command in TREE.items()}


@pytest.mark.parametrize("name", TREE)
def test_every_option_is_there(name: str) -> None:
    command = TREE[name]
    written = documented_options(sections(COMMANDS)[heading_of(name, command)])
    real = {
        option
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert written == real


def test_every_option_has_a_help_text() -> None:
    silent = [
        f"{name} {parameter.opts[-1]}"
        for name, command in TREE.items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []


def test_every_variable_is_there() -> None:
    used = set()
    for path in (ROOT / "src" / "reef").rglob("*.py"):
        text = path.read_text("utf-8")
        used |= set(re.findall(r"\bREEF_[A-Z][A-Z_]*[A-Z]\b", text))
        used |= set(re.findall(r"\bDAGSTER_GRPC_MAX_[A-Z_]+\b", text))
        used |= set(re.findall(r"environ\.get\(\"((?:XDG|VIRTUAL)_[A-Z_]+)\"", text))
    cells = first_cells(sections(COMMANDS)["Environment variables"])
    written = {code for cell in cells for code in code_in(cell)}
    assert written - {"DAGSTER_HOME"} == used


class OneZygote:
    """Stands for a hosting that has one zygote and no process."""

    zygote = ZygoteStatus("key", 1, "python", 2, ("x",), None, 0.1)

    def not_forked_because(self, location: str) -> str | None:
        return None

    def zygotes(self) -> tuple[ZygoteStatus, ...]:
        return (self.zygote,)


def keys_of(heading: str) -> list[str]:
    return [code_in(cell)[0] for cell in first_cells(sections(COMMANDS)[heading])]


def test_every_key_of_the_status_is_there() -> None:
    place, hosting = CodeLocation(Location("x")), OneZygote()
    status = fleet_status([place], hosting, {})  # type: ignore[arg-type]
    assert keys_of("A location in `locations`") == list(location_status(place, hosting, 0))  # type: ignore[arg-type]
    assert keys_of("A zygote in `zygotes`") == list(zygote_status(hosting.zygote))
    assert keys_of("`totals`") == list(status["totals"])
    assert set(status) < set(keys_of("The object that `--json` prints"))
