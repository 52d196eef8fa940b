"""Dagster's defs state: which version of each key is the newest, as far as that can be had without Dagster.

The pointers lie in the run storage. Only SQLite can be asked for them by a host that never loads Dagster, and in
milliseconds; an instance elsewhere is asked through Dagster, in a process of its own, when a person asks for a plan. Of
one that is not known nothing counts as changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

import yaml

from reef.wire.serdes import read_defs_state
from reef.words import describe

log = logging.getLogger("reef.control")

KEY = "__latest_defs_state_info__"
LOCAL = ("__local__", "__code_server__")  # not in the storage: files that the load reads, or the server's own


class NewestDefsState:
    """`home` is the DAGSTER_HOME of the locations. `ask` has an instance that is not on SQLite say key → newest
    version, and may raise anything."""

    def __init__(self, home: str | None, ask: Callable[[], Awaitable[object]] | None = None) -> None:
        self._home = Path(home) if home else None
        self._told: dict[str, str] | None = None
        self._accepted: dict[tuple[str, str], str] = {}  # key and version that was loaded → newest version
        self._ask = ask

    async def look(self, used: Iterable[Mapping[str, str]]) -> None:
        """Have the instance asked, where it is needed for these locations and takes a process."""
        if self._home is None or self._ask is None:
            return
        if await asyncio.to_thread(_database_of, self._home) is not None:
            return
        if not any(version not in LOCAL for one in used for version in one.values()):
            return
        try:
            told = await self._ask()
        except Exception as error:
            log.warning("defs state cannot be asked for: %s", describe(error))
            return
        if isinstance(told, dict):
            self._told = {str(key): str(version) for key, version in told.items()}

    def changed(self, used: Mapping[str, str], *, as_told: bool = False) -> dict[str, str]:
        """Key → newest version ("" for none), of those of which it is another than the one that was loaded. Blocking.
        `as_told`: also by what the last look was told, which is old as soon as something else loads."""
        stored = {key: version for key, version in used.items() if version not in LOCAL}
        newest = self._newest() if stored else None
        if newest is None and stored and as_told:
            newest = self._told
        if newest is None:
            return {}
        found = {key: newest.get(key, "") for key in sorted(stored)}
        return {
            key: version for key, version in found.items() if not self._is_known(key, stored[key], version)
        }

    def _is_known(self, key: str, loaded: str, newest: str) -> bool:
        return newest in (loaded, self._accepted.get((key, loaded)))

    def accept(self, used: Mapping[str, str]) -> None:
        """A load that was meant to use the newest versions has used these: what else is said here is no news."""
        self._accepted |= {(key, used[key]): version for key, version in self.changed(used).items()}

    def _newest(self) -> dict[str, str] | None:
        database = _database_of(self._home) if self._home else None
        if database is None:
            return None
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=1.0)
            ) as storage:
                row = storage.execute("SELECT value FROM kvs WHERE key = ?", (KEY,)).fetchone()
            return read_defs_state(row[0].encode()) if row else None
        except (sqlite3.Error, ValueError) as error:
            log.debug("defs state cannot be read from %s: %s", database, describe(error))
            return None


def _database_of(home: Path) -> Path | None:
    """The run storage, if it is on SQLite at its usual place: one that is left over from earlier is not read."""
    database = home / "history" / "runs.db"
    if not database.exists():
        return None
    try:
        config = yaml.safe_load((home / "dagster.yaml").read_bytes())
    except (OSError, yaml.YAMLError):
        config = None
    elsewhere = isinstance(config, dict) and not {"storage", "run_storage"}.isdisjoint(config)
    return None if elsewhere else database
