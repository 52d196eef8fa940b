"""What this gateway was told to show for each location, in memory and on disk: a restarted one goes on from there."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
from msgspec import Struct

from reef.gateway.contract import Served
from reef.peers.messages import ServedNow, Shown
from reef.statedir import slug, write_atomic
from reef.words import describe

log = logging.getLogger("reef.gateways")


class Record(Struct, frozen=True, kw_only=True):
    """`shown` None: nothing yet. `frozen`: a generation that other gateways may show already; until one is told this
    gateway must not answer for the location, whatever it shows."""

    name: str
    shown: Shown | None = None
    frozen: int | None = None

    @property
    def generation(self) -> int:
        return self.shown.generation if self.shown else 0


class Book:
    """What says that it blocks is called in a thread, for one location at a time; all else on the event loop."""

    def __init__(self, folder: Path) -> None:
        """Blocks: reads what is there. What cannot be read is passed over, and told again by the controller."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._records: dict[str, Record] = {}
        self._held: dict[str, Shown] = {}
        for path in folder.glob("*.json"):
            if (record := _read(path)) is not None:
                self._records[record.name] = record

    def record(self, name: str) -> Record:
        return self._records.get(name) or Record(name=name)

    def records(self) -> tuple[Record, ...]:
        return tuple(self._records.values())

    def held(self, name: str) -> Shown | None:
        return self._held.get(name)

    def hold(self, name: str, offered: Shown) -> None:
        """The newest is kept; what is not newer than what is shown is passed over."""
        before = self._held.get(name)
        if offered.generation > self.record(name).generation and (
            before is None or offered.generation > before.generation
        ):
            self._held[name] = offered

    def take(self, name: str, generation: int) -> Record | None:
        """The record as it is once this generation is shown; None where it is not held. An older one changes nothing
        but a freeze for it."""
        record, held = self.record(name), self._held.get(name)
        frozen = None if record.frozen is None or generation >= record.frozen else record.frozen
        if record.generation >= generation:
            return msgspec.structs.replace(record, frozen=frozen)
        if held is None or held.generation != generation:
            return None
        return Record(name=name, shown=held, frozen=frozen)

    def write(self, record: Record) -> None:
        """Blocks. On the disk before anybody is told. Raises OSError."""
        if record != self._records.get(record.name):
            write_atomic(self._path(record.name), msgspec.json.encode(record))

    def noted(self, record: Record) -> None:
        """It was written."""
        self._records[record.name] = record
        held = self._held.get(record.name)
        if held is not None and held.generation <= record.generation:
            del self._held[record.name]

    def forget(self, name: str) -> None:
        self._records.pop(name, None)
        self._held.pop(name, None)
        self._path(name).unlink(missing_ok=True)

    def snapshots(self) -> frozenset[str]:
        """All that are shown or held."""
        shown = [record.shown for record in self._records.values() if record.shown]
        return frozenset(one.served.snapshot for one in (*shown, *self._held.values()) if one.served.snapshot)

    def _path(self, name: str) -> Path:
        return self._folder / f"{slug(name)}.json"


def served_of(now: ServedNow) -> Served:
    """As the gateway's board takes it."""
    return Served(now.server_id, now.snapshot, now.load_error)


def _read(path: Path) -> Record | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.warning("%s cannot be used: %s", path.name, describe(error))
        return None
