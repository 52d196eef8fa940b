"""The host's HTTP listener: what it answers comes from the parts of this host."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from reef.errors import ReefError
from reef.host.assembly import Assembly
from reef.host.metrics import answer_metrics
from reef.settings import PageSettings
from reef.statedir import StateDir
from reef.web.address import PageAddress, listening_socket, may_ask
from reef.web.answers import Answer, Answers, Asked, as_json
from reef.web.app import application
from reef.web.listener import Listener


async def page_listener(
    settings: PageSettings,
    state: StateDir,
    parts: Assembly,
    status: Callable[[], Awaitable[dict[str, Any]]],
    say: Callable[[str], None],
) -> Listener | None:
    """Its address is taken, nothing is answered yet. None where no page is wanted, or no port was free that nobody
    named. Raises ReefError for an address that somebody named and that cannot be listened on."""
    if not settings.wanted:
        return None
    try:
        bound = await asyncio.to_thread(
            listening_socket, settings.host, settings.port, state.root / "page-port"
        )
    except ReefError as error:
        if settings.is_asked_for:
            raise
        say(f"warning: {error.message}")
        return None
    return _listening(settings, bound, parts, status)


def _listening(
    settings: PageSettings,
    bound: socket.socket,
    parts: Assembly,
    status: Callable[[], Awaitable[dict[str, Any]]],
) -> Listener:
    address = PageAddress(settings.host, bound.getsockname()[1])
    answers = Answers()

    async def fleet(_asked: Asked) -> Answer:
        return as_json(await status())

    answers.get("/api/fleet", fleet)
    answer_metrics(answers, parts)

    def make_app() -> Any:
        return application(answers, lambda host: may_ask(host, settings.host, (socket.gethostname(),)))

    return Listener(bound, address, make_app, lambda: None)
