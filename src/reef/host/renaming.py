"""State of schedules and sensors, carried over when a location gets another name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from reef.beside.instance import InstanceUnavailable
from reef.errors import ReefError
from reef.gateway import ListenAddress
from reef.statedir import StateDir, write_json
from reef.words import describe


class Renaming:
    """`ask` has the Dagster instance do it; `addresses` are those of all listeners there are."""

    def __init__(
        self,
        state: StateDir,
        addresses: Mapping[str, ListenAddress],
        ask: Callable[[str, object], Awaitable[object]],
        say: Callable[[str], None],
    ) -> None:
        self._state = state
        self._addresses = addresses
        self._ask = ask
        self._say = say

    async def rename(self, renamed: Mapping[str, str]) -> None:
        """Carry the state of schedules and sensors over, each pair of names (new → old) once."""
        done = await asyncio.to_thread(self._renamed)
        for new, old in renamed.items():
            if done.get(new) == old:
                continue
            request = {"old": old, "new": new, "address": _origin_address(self._addresses[new])}
            try:
                moved = await self._ask("rename", request)
            except (InstanceUnavailable, ReefError, OSError, TimeoutError) as error:
                self._say(
                    f"warning: state of {old!r} could not be carried over to {new!r}: {describe(error)}"
                )
                continue
            self._say(f"{new}: renamed from {old}; state carried over of: {_names(moved)}")
            done = {name: before for name, before in done.items() if name != old} | {new: old}
            await asyncio.to_thread(write_json, self._state.root / "renamed.json", done)

    def _renamed(self) -> dict[str, str]:
        try:
            found = json.loads((self._state.root / "renamed.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(new): str(old) for new, old in found.items()} if isinstance(found, dict) else {}


def _origin_address(address: ListenAddress) -> dict[str, object]:
    """As Dagster's workspace file names it: origin ids hash it."""
    return {"socket": address.socket} if address.socket else {"host": address.host, "port": address.port}


def _names(moved: object) -> str:
    return ", ".join(map(str, moved)) if isinstance(moved, list) and moved else "nothing (there was none)"
