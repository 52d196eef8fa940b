"""Whether an instance is asked for another daemon's reports. The processes beside the host are fakes here: who asks is
noted, nobody is started."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from reef import fleet as fleets
from reef.beside.home import users_home
from reef.host import beside
from reef.settings import Beside
from reef.statedir import open_state_dir


class FakeCompanion:
    def __init__(self, *_: Any) -> None: ...
    def start(self) -> None: ...


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the instance, in order."""
    asked: list[str] = []

    async def ask(_python: str, _env: Any, command: str, **_: Any) -> None:
        asked.append(command)

    async def refuse(*_: Any) -> None:
        asked.append("another daemon?")

    async def python_with(*_: Any) -> str:
        return sys.executable

    monkeypatch.setattr(beside, "ask", ask)
    monkeypatch.setattr(beside, "refuse_second_daemon", refuse)
    monkeypatch.setattr(beside, "python_with", python_with)
    monkeypatch.setattr(beside, "Companion", FakeCompanion)
    return asked


@pytest.mark.parametrize(
    ("used_before", "daemon", "asked"),
    [
        (False, True, ["touch"]),  # its storages are made here: no daemon has reported to them
        (False, False, ["touch"]),
        (True, True, ["another daemon?"]),
        (True, False, ["touch"]),
    ],
)
def test_only_an_instance_that_was_used_before_can_have_another_daemon(
    tmp_path: Path, folder: Path, done: list[str], used_before: bool, daemon: bool, asked: list[str]
) -> None:
    home = folder / "home"
    (home / "history" if used_before else home).mkdir(parents=True)
    (folder / "reef.yaml").write_text("locations:\n  one: {code: one.py}\n")
    fleet = fleets.read(str(folder / "reef.yaml"), {}, sys.executable)
    started = Beside(daemon=daemon, webserver=not daemon)

    async def start() -> None:
        dagster = beside.DagsterBeside(
            open_state_dir(folder / "s"), lambda: fleet, users_home(str(home)), None, print
        )
        storages = asyncio.ensure_future(dagster.make_storages(started))
        await dagster.start(started, storages)

    asyncio.run(start())
    assert done == asked
