"""The history of a host: what its locations used, by minutes for a day or two and by hours for as long as it is kept.

`minutes-20200131` and `hours-20200131` are files of `frames`, one a day (UTC). A record holds one minute, or one hour,
of all locations that were awake in it, by numbers; records of names say which location a number is. A location that
sleeps is in none, and costs nothing. Where there is no record at all, no host ran.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from reef.decide.sizing.stretches import DAY_S, Stretch
from reef.decide.sizing.used import Watch
from reef.usage import frames
from reef.usage.columns import packed, unpacked
from reef.usage.recorded import (
    HOUR_S,
    MINUTE_S,
    MINUTES_KEPT_S,
    Entry,
    Seen,
    Span,
    all_seen,
    hours_due,
    seen_of,
    watched,
)

__all__ = ["FOLDER", "HOUR_S", "MINUTE_S", "History", "Seen"]

FOLDER = "usage"


class History:
    """One process writes, any number read. All methods block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: dict[Path, dict[str, int]] = {}  # names that a file has already

    # -- writing -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Mend what a host that was killed left, and make the hours that it did not come to. Raises OSError."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._written.clear()
        for path in self._files("minutes") + self._files("hours"):
            frames.mend(path)
        self.make_hours(time.time())

    def add_minute(self, start: int, seconds: int, stretches: Mapping[str, Stretch]) -> None:
        """What was used from `start` on, for so many `seconds`. Raises OSError where there is no room."""
        self._add("minutes", start, seconds, stretches)

    def make_hours(self, now: float) -> None:
        """Of all minutes of hours that are over, and of which there is no hour yet. Raises OSError."""
        for hour, seconds, whole in hours_due(self, now):
            self._add("hours", hour, seconds, whole)

    def prune(self, now: float, days: int, most_bytes: int) -> None:
        """Remove what is older, and the oldest of what is left where it is too much. Raises OSError."""
        spans: tuple[tuple[Span, int], ...] = (
            ("minutes", min(MINUTES_KEPT_S, days * DAY_S)),
            ("hours", days * DAY_S),
        )
        for kind, kept_s in spans:
            for path in self._files(kind):
                if _day_start(path) + DAY_S <= now - kept_s:
                    path.unlink(missing_ok=True)
        left = sorted(
            self._files("minutes") + self._files("hours"), key=lambda path: path.name.partition("-")[2]
        )
        size = sum(path.stat().st_size for path in left)
        for path in left[:-2]:
            if size <= most_bytes:
                break
            size -= path.stat().st_size
            path.unlink(missing_ok=True)

    def _add(self, kind: Span, start: int, seconds: int, stretches: Mapping[str, Stretch]) -> None:
        path = self._path(kind, start)
        names = self._names_of(path)
        new = {
            name: len(names) + more
            for more, name in enumerate(name for name in stretches if name not in names)
        }
        if new:
            frames.append(path, {"names": new})
            names.update(new)
        columns = packed({names[name]: each for name, each in stretches.items()})
        frames.append(path, {"t": start, "s": seconds, "c": columns}, start)

    def _names_of(self, path: Path) -> dict[str, int]:
        if path not in self._written or not path.exists():
            self._written = {known: names for known, names in self._written.items() if known.exists()}
            self._written[path] = {}
            for record in frames.records(path):
                self._written[path].update(record.get("names", {}))
        return self._written[path]

    # -- reading -----------------------------------------------------------------------------------

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._files("minutes") + self._files("hours"))

    def locations(self) -> list[str]:
        """Of which something is known."""
        return sorted(
            {
                name
                for kind in get_args(Span)
                for record in self._records(kind, 0)
                for name in record.get("names", {})
            }
        )

    def of(self, name: str, since: float = 0.0) -> Seen:
        """Hours, and the minutes of hours that are not over."""
        return seen_of(self, name, since)

    def all(self, since: float = 0.0, only: str | None = None) -> dict[str, Seen]:
        """As `of`, of every location."""
        return all_seen(self, since, only)

    def watch(self, since: float = 0.0) -> Watch:
        """When the host looked."""
        return watched(self, since)

    def minutes(self, name: str, since: float) -> list[Stretch]:
        """Of the last day; minutes in which it slept are not there."""
        return [found[name] for _, _, found in self.each("minutes", since, name) if name in found]

    def each(self, span: Span, since: float, only: str | None) -> Iterator[Entry]:
        """As `Records`."""
        for path in self._files(span):
            if _day_start(path) + DAY_S <= since:
                continue
            names: dict[int, str] = {}
            for record in frames.records(path, since):
                names.update({number: name for name, number in record.get("names", {}).items()})
                if "t" in record:
                    yield record["t"], record["s"], _named(record, names, only)

    def _records(self, kind: Span, since: float) -> Iterator[Any]:
        for path in self._files(kind):
            if _day_start(path) + DAY_S > since:
                yield from frames.records(path, since)

    def _files(self, kind: Span) -> list[Path]:
        found = [path for path in self.folder.glob(f"{kind}-*") if path.name.partition("-")[2].isdigit()]
        return sorted(found)

    def _path(self, kind: Span, start: int) -> Path:
        return self.folder / time.strftime(f"{kind}-%Y%m%d", time.gmtime(start))


def _named(record: Mapping[str, Any], names: Mapping[int, str], only: str | None) -> Mapping[str, Stretch]:
    number = None
    if only is not None:
        number = next((number for number, name in names.items() if name == only), None)
        if number is None:
            return {}
    return {
        names[number]: each for number, each in unpacked(record["c"], record["t"], number) if number in names
    }


def _day_start(path: Path) -> int:
    """Unix seconds; 0 of a name that is no day."""
    day = path.name.partition("-")[2]
    try:
        return calendar.timegm((int(day[:4]), int(day[4:6]), int(day[6:8]), 0, 0, 0))
    except ValueError:
        return 0
