"""The host's own socket: one JSON line in, one JSON line out. Only its user can reach it (0700 folder)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from reef.background import Background
from reef.errors import ReefError
from reef.words import classed, describe, seconds

log = logging.getLogger("reef.control")

Command = Callable[[Mapping[str, Any]], Awaitable[Any]]
LINE_BYTES = 16 * 1024 * 1024


class Admin:
    """Answers `{"do": NAME, ...}` with `{"ok": value}` or `{"error": text, "hint": text}`."""

    def __init__(self, socket: Path, commands: Mapping[str, Command]) -> None:
        self._socket = socket
        self._commands = commands
        self._answering = Background(log, "an admin call")
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Raises OSError where the socket cannot be bound."""
        self._socket.unlink(missing_ok=True)
        old = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._begin, str(self._socket), limit=LINE_BYTES)
        finally:
            os.umask(old)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._answering.spawn(self._answer(reader, writer))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            reply = await _reply(line, self._commands)
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError) as error:
            log.debug("an admin call broke off: %s", describe(error))
        finally:
            writer.close()

    async def close(self) -> None:
        """Who waits for an answer is told by the end of its connection."""
        if self._server is not None:
            self._server.close()
        await self._answering.close()


async def _reply(line: bytes, commands: Mapping[str, Command]) -> dict[str, Any]:
    try:
        request = json.loads(line)
        command = commands[request["do"]]
    except (ValueError, KeyError, TypeError):
        return {
            "error": f"no such request: {line[:200]!r}",
            "hint": "reef and its host may differ in version",
        }
    try:
        return {"ok": await command(request)}
    except ReefError as error:
        return {"error": error.message, "hint": error.hint}
    except Exception as error:
        log.exception("admin request %s failed", request.get("do"))
        return {"error": classed(error), "hint": "the host's log knows more"}


async def ask_admin(socket: Path, request: Mapping[str, Any], timeout_s: float) -> Any:
    """One question to a running host. Raises ReefError where none answers or it refuses."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket), limit=LINE_BYTES)
    except OSError:
        raise ReefError(
            f"no Reef host answers at {str(socket)!r}", hint="start one with `reef up` or `reef serve`"
        ) from None
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        await writer.drain()
        async with asyncio.timeout(timeout_s):
            line = await reader.readline()
    except TimeoutError:
        raise ReefError(
            f"the host did not answer {request['do']!r} within {seconds(timeout_s)}",
            hint="it goes on with it: see `reef status`",
        ) from None
    except ConnectionError:
        raise ReefError("the host ended while it was asked") from None
    finally:
        writer.close()
    if not line:
        raise ReefError("the host ended while it was asked")
    reply = json.loads(line)
    if "error" in reply:
        raise ReefError(reply["error"], hint=reply.get("hint"))
    return reply["ok"]
