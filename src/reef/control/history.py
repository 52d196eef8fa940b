"""What was promoted for each location, and why: one line of JSON a promotion, on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reef.statedir import slug, write_atomic

MOST = 500  # promotions that are remembered of one location


class History:
    """Blocking. A line that a full disk or a crash cut off is passed over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, location: str, entry: dict[str, Any]) -> None:
        """Raises OSError where there is no room."""
        path = self._path(location)
        lines = path.read_bytes().splitlines() if path.exists() else []
        line = json.dumps({"location": location, **entry}, sort_keys=True).encode()
        write_atomic(path, b"\n".join([*lines[-(MOST - 1) :], line]) + b"\n")

    def of(self, location: str) -> list[dict[str, Any]]:
        """Oldest first: `{"time", "version", "server_id", "by", "why", "definitions"}`."""
        return list(_entries(self._path(location)))

    def locations(self) -> list[str]:
        """Of which something is remembered."""
        found = (next(_entries(path), None) for path in self._folder.glob("*.jsonl"))
        return sorted(str(entry["location"]) for entry in found if entry)

    def _path(self, location: str) -> Path:
        return self._folder / f"{slug(location)}.jsonl"


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "location" in entry:
            yield entry
