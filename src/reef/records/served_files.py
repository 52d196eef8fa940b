"""What is promoted for each location: one file for each, on this machine's disk."""

from __future__ import annotations

import logging

import msgspec

from reef.records.served import FORMAT, ServedRecord
from reef.statedir import StateDir, write_atomic
from reef.words import describe

log = logging.getLogger("reef.control")


class ServedFiles:
    """Implements `ServedRecords`."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def load(self, name: str) -> ServedRecord | None:
        try:
            record = msgspec.json.decode(self._state.served_file(name).read_bytes(), type=ServedRecord)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("record of %s cannot be used, it is made anew: %s", name, describe(error))
            return None
        return record if record.format == FORMAT and record.location == name else None

    def save(self, record: ServedRecord) -> None:
        data = msgspec.json.format(msgspec.json.encode(record), indent=1)
        write_atomic(self._state.served_file(record.location), data)
