"""The host's own socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deadlines import scaled
from reef.admin import Admin, ask_admin
from reef.errors import ReefError


async def echo(request: Mapping[str, Any]) -> Any:
    return request["text"]


def test_an_answer_and_a_request_that_is_none(tmp_path: Path) -> None:
    async def scene() -> None:
        admin = Admin(tmp_path / "s", {"echo": echo})
        await admin.open()
        try:
            request = {"do": "echo", "text": "hi"}
            assert await ask_admin(tmp_path / "s", request, scaled(20)) == "hi"
            assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
            with pytest.raises(ReefError, match="no such request"):
                await ask_admin(tmp_path / "s", {"do": "dance"}, scaled(20))
        finally:
            await admin.close()

    asyncio.run(scene())


def test_what_is_being_answered_ends_with_the_host(tmp_path: Path) -> None:
    async def scene() -> None:
        asked, ended = asyncio.Event(), asyncio.Event()

        async def for_ever(_request: Mapping[str, Any]) -> Any:
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        admin = Admin(tmp_path / "s", {"wait": for_ever})
        await admin.open()
        asking = asyncio.create_task(ask_admin(tmp_path / "s", {"do": "wait"}, scaled(20)))
        await asked.wait()
        await admin.close()
        assert ended.is_set()
        with pytest.raises(ReefError, match="the host ended while it was asked"):
            await asking

    asyncio.run(scene())
