"""What a host that starts asks of the webserver because of new code that does not load. The webserver is a fake that
counts; the real one is in tests/watch/test_on_the_page.py."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from reef.gateway import ListenAddress
from reef.page.unserved import Unserved
from reef.releasing.quiet import Quiet
from reef.statedir import StateDir
from reef.workspace import write_workspace


class Counting:
    url = "http://localhost"

    def __init__(self) -> None:
        self.reloads = 0

    async def reload_workspace(self) -> None:
        self.reloads += 1

    async def listed(self) -> set[str]:
        return set()


@pytest.mark.parametrize(
    ("left", "reloads"),
    [(None, 0), ({}, 0), ({"a (new code, not served)": ListenAddress(socket="/gone.sock")}, 1)],
)
def test_a_start_reloads_the_workspace_only_where_entries_were_left(
    tmp_path: Path, left: dict[str, ListenAddress] | None, reloads: int
) -> None:
    state, webserver = StateDir(tmp_path), Counting()
    if left is not None:
        write_workspace(state.unserved_file, left)
    nothing = cast("Any", None)
    unserved = Unserved(
        {}, nothing, Quiet(), state, cast("Any", webserver), lambda _names: {}, lambda _text: None
    )
    unserved.begin()
    asyncio.run(unserved._look())
    assert webserver.reloads == reloads
