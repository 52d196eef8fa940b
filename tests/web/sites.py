"""A page over a host that is made up: the listener, the answers and the pages are the real ones."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from status_rows import row, status

from deadlines import scaled
from reef.errors import ReefError
from reef.web.address import PageAddress, listening_socket, may_ask
from reef.web.answers import Answers, Handler
from reef.web.app import application
from reef.web.chronicle import Chronicle
from reef.web.listener import Listener
from reef.web.series import Series
from reef.web.site import Site
from reef.web.told import About, Detail, Told, Version

TOKEN = "the-token"  # noqa: S105


@dataclass
class FakeHost:
    """Stands for a host: says what the test wants, and notes what it is asked to do."""

    rows: list[dict[str, Any]] = field(default_factory=lambda: [row("sales"), row("x y/z")])
    log: str = ""
    traceback: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    asked: list[dict[str, Any]] = field(default_factory=list)
    looks: int = 0
    usage: dict[str, Any] | None = None

    async def status(self) -> dict[str, Any]:
        self.looks += 1
        return status(*self.rows, started_at=1_700_000_000.0)

    async def detail(self, name: str) -> Detail:
        versions = (Version("abcdef0123456789", 1_700_000_000.0, True, "new", True, False),)
        return Detail(self.log, versions, self.traceback, self.extra)

    async def used(self, _name: str) -> dict[str, Any]:
        assert self.usage is not None
        return self.usage

    async def do(self, request: Mapping[str, Any]) -> Any:
        self.asked.append(dict(request))
        if request["do"] == "rollback":
            raise ReefError("no version was served before", hint="see `reef history`")
        return {**self.rows[0], "note": None}

    def told(self, *, acts: bool = True) -> Told:
        about = About("/f/reef.yaml", "http://127.0.0.1:3000", "/s/page-token", 1_700_000_000.0, False)
        verbs = ("wake", "sleep", "reload", "rollback") if acts else ()
        usage = self.used if self.usage is not None else None
        return Told(self.status, self.detail, lambda: about, dict.fromkeys(verbs, self.do), usage)


@dataclass
class Listening:
    host: FakeHost
    chronicle: Chronicle
    listener: Listener
    answers: Answers
    site: Site

    @property
    def port(self) -> int:
        return self.listener.address.port

    async def ask(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Status, body, headers. The client is another thread's."""
        return await asyncio.to_thread(self._ask, path, method, dict(headers or {}), body)

    def _ask(
        self, path: str, method: str, headers: dict[str, str], body: str | None
    ) -> tuple[int, str, Mapping[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=scaled(60))
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            told = {key.lower(): value for key, value in answer.getheaders()}
            return answer.status, answer.read().decode(), told
        finally:
            connection.close()

    async def act(self, verb: str, name: str, **headers: str) -> tuple[int, dict[str, Any]]:
        sent = {"Authorization": f"Bearer {TOKEN}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        code, body, _ = await self.ask(f"/api/do/{verb}?name={name}", "POST", sent)
        return code, json.loads(body)


@asynccontextmanager
async def site(
    folder: Path,
    host: FakeHost | None = None,
    *,
    acts: bool = True,
    register: Mapping[str, Handler] | None = None,
) -> AsyncIterator[Listening]:
    """Listening on a free port of loopback."""
    host = host or FakeHost()
    chronicle, answers = Chronicle(lambda _name: False), Answers()
    made = Site(host.told(acts=acts), chronicle, Series(), TOKEN)
    made.register(answers)
    for path, handler in (register or {}).items():
        answers.get(path, handler)
    bound = await asyncio.to_thread(listening_socket, "127.0.0.1", None, folder / "page-port")
    listener = Listener(
        bound,
        PageAddress("127.0.0.1", bound.getsockname()[1]),
        lambda: application(answers, lambda name: may_ask(name, "127.0.0.1"), made.refused_page),
        made.stop,
    )
    listener.start()
    try:
        yield Listening(host, chronicle, listener, answers, made)
    finally:
        await listener.stop()
