"""Dagster's own processes beside the host, and what only its instance can be asked or told."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping

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
from reef.beside.instance import InstanceUnavailable, ask
from reef.beside.other_daemon import refuse_second_daemon
from reef.control.runs import RunProcess
from reef.errors import ReefError
from reef.fleet.model import Fleet
from reef.settings import Beside
from reef.statedir import StateDir
from reef.words import describe

log = logging.getLogger("reef")

WEBSERVER_BOOT_S = 120.0


class DagsterBeside:
    """`page` is where the webserver is, None where Reef runs none. `home` None: the environment's, if any."""

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

    async def start(self, beside: Beside) -> None:
        assert self.home is not None
        candidates = interpreters(self._fleet())
        if beside.daemon or beside.webserver:
            python = await python_with("dagster_webserver" if beside.webserver else "dagster", candidates)
            self._python = python
            env = dagster_env(os.environ, python, self.home.path)
            await self._ready_instance(beside, python, env)
            if beside.webserver and self.page is not None:
                self._run_beside(
                    Companion(webserver_spec(self._state, beside, self.page, python, env), self._say)
                )
                if self.home.fresh:  # it creates the storages; two at once would race on their migrations
                    await until_listening(self.page.host, self.page.port, WEBSERVER_BOOT_S)
            if beside.daemon:
                self._run_beside(Companion(daemon_spec(self._state, python, env), self._say))

    async def _ready_instance(self, beside: Beside, python: str, env: Mapping[str, str]) -> None:
        assert self.home is not None
        try:
            if beside.daemon and not self.home.embedded:
                record = self._state.root / "beside" / "daemon.json"
                await refuse_second_daemon(record, self.home.path, python, env)
            elif not self.home.embedded or (self.home.fresh and not beside.webserver):
                await ask(python, env, "touch")
        except InstanceUnavailable as error:
            raise ReefError(
                f"Dagster cannot open its instance in {self.home.path!r}: {describe(error).rpartition(chr(10))[2]}",
                hint="check its dagster.yaml and that its database answers",
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

    async def ask_instance(self, command: str, runs: list[RunProcess], message: str) -> object:
        if not runs or not self._home():
            return None
        return await self.ask_instance_anyway(command, {run.run_id: message for run in runs})

    def _home(self) -> str | None:
        return self.home.path if self.home else os.environ.get("DAGSTER_HOME")

    async def ask_instance_anyway(self, command: str, request: object) -> object:
        """Raises ReefError where no instance is known, InstanceUnavailable where Dagster cannot open it."""
        home = self._home()
        if not home:
            raise ReefError(
                "no Dagster instance is known", hint="give it with --dagster-home or DAGSTER_HOME"
            )
        python = self._python or await python_with("dagster", interpreters(self._fleet()))
        env = dagster_env(os.environ, python, home)
        return await ask(python, env, command, request)

    def status(self) -> dict[str, dict[str, int | None]]:
        return {one.spec.name: {"pid": one.pid, "restarts": one.restarts} for one in self.companions}
