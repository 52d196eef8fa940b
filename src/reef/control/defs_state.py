"""Dagster's defs state: which version of each key is the newest, as far as that can be had without Dagster.

The pointers lie in the run storage. Only SQLite can be asked for them by a host that never loads Dagster, and in
milliseconds; of an instance elsewhere nothing is known, and nothing counts as changed.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from reef.wire.serdes import read_defs_state

log = logging.getLogger("reef.control")

KEY = "__latest_defs_state_info__"
LOCAL = ("__local__", "__code_server__")  # not in the storage: files that the load reads, or the server's own


class DefsStates:
    """Blocking. `home` is the DAGSTER_HOME of the locations."""

    def __init__(self, home: str | None) -> None:
        self._database = Path(home) / "history" / "runs.db" if home else None

    def changed(self, used: Mapping[str, str]) -> dict[str, str]:
        """Key → newest version ("" for none), of those of which it is another than the one that was loaded."""
        stored = {key: version for key, version in used.items() if version not in LOCAL}
        newest = self._newest() if stored else None
        if newest is None:
            return {}
        return {key: newest.get(key, "") for key in sorted(stored) if newest.get(key) != stored[key]}

    def _newest(self) -> dict[str, str] | None:
        if self._database is None or not self._database.exists():
            return None
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=1.0)
            ) as storage:
                row = storage.execute("SELECT value FROM kvs WHERE key = ?", (KEY,)).fetchone()
            return read_defs_state(row[0].encode()) if row else None
        except (sqlite3.Error, ValueError) as error:
            log.debug("defs state cannot be read from %s: %s", self._database, error)
            return None
