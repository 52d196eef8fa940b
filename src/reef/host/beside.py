"""Dagster's own processes beside the host, and what only its instance can be asked or told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping

from reef.beside.choosing import variables_of
from reef.beside.companion import Companion
from reef.beside.dagster import (
    Page,
    daemon_spec,
    dagster_env,
    interpreters,
    python_with,
    until_listening,
    webserver_spec,
)
from reef.beside.home import DagsterHome
from reef.beside.instance import TIMEOUT_S, InstanceUnavailable, ask
from reef.beside.other_daemon import refuse_second_daemon
from reef.errors import ReefError
from reef.fleet.model import Fleet
from reef.serving.runs import RunProcess
from reef.settings import Beside
from reef.statedir import StateDir
from reef.words import describe

log = logging.getLogger("reef")

WEBSERVER_BOOT_S = 120.0


class DagsterBeside:
    """`page` is where the webserver is, None where Reef runs none. `home` None: no instance is known. All run in the
    fleet's folder, whose `.env` Dagster reads."""

    def __init__(
        self,
        state: StateDir,
        fleet: Callable[[], Fleet],
        home: DagsterHome | None,
        page: Page | None,
        say: Callable[[str], None],
    ) -> None:
        self.companions: list[Companion] = []
        self.home = home
        self.page = page
        self._state = state
        self._fleet = fleet
        self._say = say
        self._python: str | None = None

    async def make_storages(self, beside: Beside | None) -> None:
        """Where the instance has none yet they are made by one process, before anybody else opens it: two at once
        would race on their migrations, and leave a database that nobody can open."""
        if (
            self.home is None
            or not self.home.fresh
            or beside is None
            or not (beside.daemon or beside.webserver)
        ):
            return
        python = await self._interpreter(beside)
        await self._asked("touch", python, self._env(python, self.home))

    async def start(self, beside: Beside, storages: asyncio.Future[None]) -> None:
        """Once the instance's storages are there."""
        assert self.home is not None
        if not (beside.daemon or beside.webserver):
            return
        await asyncio.shield(storages)
        python = await self._interpreter(beside)
        env, cwd = self._env(python, self.home), self._fleet().folder
        await self._ready_instance(beside, python, env)
        if beside.webserver and self.page is not None:
            self._run_beside(
                Companion(webserver_spec(self._state, beside, self.page, python, env, cwd), self._say)
            )
            if self.home.fresh:  # what a new instance lacks besides its storages, one of the two makes
                await until_listening(self.page.host, self.page.port, WEBSERVER_BOOT_S)
        if beside.daemon:
            self._run_beside(Companion(daemon_spec(self._state, python, env, cwd), self._say))

    async def _interpreter(self, beside: Beside) -> str:
        if self._python is None:
            needed = "dagster_webserver" if beside.webserver else "dagster"
            self._python = await python_with(needed, interpreters(self._fleet()))
        return self._python

    async def _ready_instance(self, beside: Beside, python: str, env: Mapping[str, str]) -> None:
        """Nobody else reports to one that is Reef's own, or whose storages Reef has just made."""
        assert self.home is not None
        if self.home.embedded or self.home.fresh:
            return
        if beside.daemon:
            record, cwd = self._state.root / "beside" / "daemon.json", self._fleet().folder
            with self._opening():
                await refuse_second_daemon(record, self.home.path, python, env, cwd)
        else:
            await self._asked("touch", python, env)

    async def _asked(self, command: str, python: str, env: Mapping[str, str]) -> None:
        with self._opening():
            await ask(python, env, command, cwd=self._fleet().folder)

    @contextlib.contextmanager
    def _opening(self) -> Iterator[None]:
        assert self.home is not None
        try:
            yield
        except InstanceUnavailable as error:
            elsewhere = os.path.dirname(self.home.settings.file) != self.home.path
            file = self.home.settings.file if elsewhere else "its dagster.yaml"
            raise ReefError(
                f"Dagster cannot open its instance in {self.home.path!r}: {describe(error).rpartition(chr(10))[2]}",
                hint=f"check {file} and that its database answers",
            ) from None

    def _run_beside(self, companion: Companion) -> None:
        companion.start()
        self.companions.append(companion)

    async def report_orphans(self, over: list[RunProcess]) -> None:
        """Runs whose server and process are gone: failed, unless they reported their own end."""
        message = "Reef found that the process of this run and its code server are gone."
        failed = await self.ask_instance("fail-runs", over, message)
        if failed:
            log.warning("runs reported failed, their processes were gone: %s", failed)

    async def ask_instance(
        self, command: str, runs: list[RunProcess], message: str, patience_s: float = TIMEOUT_S
    ) -> object:
        if not runs or self.home is None:
            return None
        return await self.ask_instance_anyway(command, {run.run_id: message for run in runs}, patience_s)

    def _env(self, python: str, home: DagsterHome) -> dict[str, str]:
        return dagster_env(variables_of(self._fleet().folder, os.environ), python, home.path)

    async def ask_instance_anyway(
        self, command: str, request: object, patience_s: float = TIMEOUT_S
    ) -> object:
        """Raises ReefError where no instance is known, InstanceUnavailable where Dagster cannot open it."""
        if self.home is None:
            raise ReefError(
                "no Dagster instance is known", hint="give it with --dagster-home or DAGSTER_HOME"
            )
        python = self._python or await python_with("dagster", interpreters(self._fleet()))
        env, cwd = self._env(python, self.home), self._fleet().folder
        return await ask(python, env, command, request, cwd=cwd, patience_s=patience_s)

    def status(self) -> dict[str, dict[str, int | None]]:
        return {one.spec.name: {"pid": one.pid, "restarts": one.restarts} for one in self.companions}
