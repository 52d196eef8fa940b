"""What was promoted for each location, and why: one line of JSON a promotion, on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reef.statedir import slug, write_atomic

MOST = 500  # promotions that are remembered of one location for sure
MOST_BYTES = 4 << 20


class HistoryFiles:
    """Implements `HistoryRecords`. A line that a full disk or a crash cut off is passed over."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, entry: dict[str, Any]) -> None:
        """Raises OSError where there is no room."""
        line = json.dumps({"location": name, **entry}, sort_keys=True).encode() + b"\n"
        with self._path(name).open("a+b") as file:
            whole = file.tell() == 0 or os.pread(file.fileno(), 1, file.tell() - 1) == b"\n"
            file.write(line if whole else b"\n" + line)
            size = file.tell()
        if size > MOST_BYTES:
            self._shorten(self._path(name))

    def _shorten(self, path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        write_atomic(path, b"".join(lines[-MOST:]))

    def of(self, name: str) -> list[dict[str, Any]]:
        """Oldest first: `{"time", "version", "server_id", "by", "wave", "why", "definitions"}`."""
        return list(_entries(self._path(name)))

    def locations(self) -> list[str]:
        """Of which something is remembered."""
        found = (next(_entries(path), None) for path in self._folder.glob("*.jsonl"))
        return sorted(str(entry["location"]) for entry in found if entry)

    def _path(self, name: str) -> Path:
        return self._folder / f"{slug(name)}.jsonl"


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
