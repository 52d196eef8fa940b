"""The host's own socket: one JSON line in, one JSON line out. Only its user can reach it (0700 folder)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from reef.errors import ReefError
from reef.words import classed, describe, seconds

log = logging.getLogger("reef.control")

Command = Callable[[Mapping[str, Any]], Awaitable[Any]]
LINE_BYTES = 16 * 1024 * 1024


async def serve_admin(socket: Path, commands: Mapping[str, Command]) -> asyncio.Server:
    """Answer `{"do": NAME, ...}` with `{"ok": value}` or `{"error": text, "hint": text}`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            reply = await _reply(line, commands)
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError, ValueError) as error:
            log.debug("an admin call broke off: %s", describe(error))
        finally:
            writer.close()

    socket.unlink(missing_ok=True)
    old = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(answer, str(socket), limit=LINE_BYTES)
    finally:
        os.umask(old)


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
        line = await asyncio.wait_for(reader.readline(), timeout_s)
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
