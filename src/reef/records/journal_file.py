"""The journal of the last deploy: a file on this machine's disk."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reef.records.journal import Journal
from reef.statedir import write_atomic


class JournalFile:
    """Implements `JournalRecords`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> Journal | None:
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Journal)
            if found.state == "running":
                found.state = "interrupted"
                self.write(found)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return found

    def write(self, journal: Journal) -> None:
        write_atomic(self._path, msgspec.json.encode(journal))
